"""Events as the senders make them, and the rules that the tests hold the server to."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import requests

from support.server import Server, User

# The columns of the export, in their order.
FIELDS = [
    *("scope", "obj_name", "obj_id", "obj_val", "source", "timestamp", "count", "duration"),
    *("project_id", "task_id", "job_id", "user_id", "user_name", "user_email", "org_id", "org_slug", "payload"),
]

Time = dt.datetime


def now() -> Time:
    """The present, in whole milliseconds, as browsers tell it."""
    time = dt.datetime.now(dt.UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def iso(time: Time) -> str:
    """As JavaScript writes it: 2024-07-01T12:00:00.123Z."""
    return time.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(scope: str = "click:element", at: Time | None = None, **fields: object) -> dict:
    """One event of a client."""
    return {"scope": scope, "timestamp": iso(at or now()), **fields}


def end_of(event: dict) -> Time:
    """When an event of a client was over: no client sends it earlier."""
    begin = dt.datetime.fromisoformat(event["timestamp"])
    return begin + dt.timedelta(milliseconds=event.get("duration", 0) if event["scope"] == "change:frame" else 0)


def body(events: list[dict], sent_at: Time | None = None, previous: dict | None = None) -> dict:
    """The body of POST /api/events, as the browser's logger makes it."""
    message = {"events": events, "timestamp": iso(sent_at or now())}
    return message if previous is None else {**message, "previous_event": previous}


def send(server: Server, user: User, events: list[dict], **more: object) -> requests.Response:
    """Sends the events of a client; `more` goes to `body`."""
    return requests.post(f"{server.url}/api/events", json=body(events, **more), headers=user.headers, timeout=60)


def server_event(scope: str = "create:task", at: Time | str | None = None, **fields: object) -> dict:
    """One event as CVAT's server logs it: the time is text of unix seconds, absent fields are absent."""
    if not isinstance(at, str):
        at = str((at or dt.datetime.now(dt.UTC)).timestamp())
    return {"scope": scope, "source": "server", "timestamp": at, "payload": '{"request": {"id": null}}', **fields}


def ingest(server: Server, events: object, **more: object) -> requests.Response:
    """Posts to the ingest port what CVAT's logging handler would."""
    return requests.post(server.ingest_url, json=events, timeout=60, **more)


def expected_hours(events: Iterable[dict]) -> dict[int | None, int]:
    """Working time in ms by job_id, for one uncut sequence of client events (contract.md, "Working time")."""
    gap_limit = dt.timedelta(seconds=100)
    hours: dict[int | None, dt.timedelta] = {}
    previous_end, previous_job = None, None
    for item in events:
        begin = dt.datetime.fromisoformat(item["timestamp"])
        end = begin
        if item["scope"] == "change:frame":
            end += dt.timedelta(milliseconds=item.get("duration", 0))
        if previous_end is None:
            previous_end, previous_job = begin, item.get("job_id")
        worked = dt.timedelta()
        if begin > previous_end:
            if begin - previous_end < gap_limit:
                worked += begin - previous_end
            previous_end = begin
        if end > previous_end:
            worked += end - previous_end
            previous_end = end
        hours[previous_job] = hours.get(previous_job, dt.timedelta()) + worked
        previous_job = item.get("job_id")
    return {job: time // dt.timedelta(milliseconds=1) for job, time in hours.items() if time}


def stored_hours(rows: Iterable[dict[str, str]]) -> dict[int | None, int]:
    """Working time in ms by job_id, summed from exported rows."""
    hours: dict[int | None, int] = {}
    for row in rows:
        if row["scope"] == "send:working_time":
            job = int(row["job_id"]) if row["job_id"] else None
            worked = json.loads(row["payload"])["working_time"]
            assert worked == int(row["duration"]), row
            hours[job] = hours.get(job, 0) + worked
    return hours


def without_working_time(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The rows that somebody sent."""
    return [row for row in rows if row["scope"] != "send:working_time"]


def workday(n_events: int, end: Time, job_ids: tuple[int, ...] = (7, 8), start_id: int = 0) -> list[dict]:
    """Events of one annotator in order, the last at `end`: clicks, compressed frames that do not overlap, job
    switches, a coffee break now and then. Each has its own obj_id."""
    steps_s = itertools.cycle((1, 3, 0.25, 12, 40, 2, 99.999, 5, 100, 0.001, 7, 600))
    times = [end]
    for step_s, _ in zip(steps_s, range(n_events - 1), strict=False):
        times.append(times[-1] - dt.timedelta(seconds=step_s))
    times.reverse()
    events = []
    for index, (at, after) in enumerate(itertools.pairwise([*times, end])):
        job_id = job_ids[index // 25 % len(job_ids)]
        ids = {"job_id": job_id, "task_id": job_id * 10, "project_id": 1, "obj_id": start_id + index}
        if index % 3 == 2:
            room_ms = (after - at) // dt.timedelta(milliseconds=1)
            events.append(event("change:frame", at, duration=min(room_ms, 2500), count=1, **ids))
        else:
            events.append(event("draw:object", at, duration=200_000, payload='{"label":"car"}', **ids))
    return events


def dead_letters(data_dir: Path) -> Iterator[dict]:
    """What was put aside, with its reason."""
    path = data_dir / "dead-letter.ndjson"
    return (json.loads(line) for line in path.read_text().splitlines()) if path.exists() else iter(())
