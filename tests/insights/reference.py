"""The relations of docs/relations.md, worked out from raw events in plain Python: what SQL says has to be the same.

Rows are dicts with the relation's columns, times as ms since the epoch.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

BREAK_MS = 100_000
OBJECT_SCOPES = {
    f"{action}:{kind}" for action in ("create", "update", "delete") for kind in ("tags", "shapes", "tracks")
}
REVIEWS = ("validation", "acceptance")


def payload(event: Row) -> Row:
    value = json.loads(event["payload"] or "{}")
    return value if isinstance(value, dict) else {}


def id_of(value: object) -> int:
    return value["id"] if isinstance(value, dict) else 0


def request_of(event: Row) -> tuple[str, int]:
    """What rows of one request share; what is outside of one is alone with those of its moment."""
    request = event["request_id"] or ""
    return request, 0 if request else event["ms"]


def same(values: Iterable[Any]) -> Any:
    """The one value that all have, or any of those that are no null."""
    return next((value for value in values if value is not None), None)


class Insights:
    """All relations over some events, with days of a time zone."""

    def __init__(self, events: list[Row], zone: str = "UTC"):
        self.events = events
        self.zone = ZoneInfo(zone)
        self.job_transitions = self._transitions()
        self.decisions = self._decisions()
        self.intervals = self._intervals()
        self.hours = self._hours()
        self.sessions = self._sessions()
        self.objects = self._objects()
        self.issues = self._issues()
        self.status_intervals = self._status_intervals()

    def day(self, ms: int) -> str:
        return dt.datetime.fromtimestamp(ms / 1000, self.zone).date().isoformat()

    def midnight(self, day: dt.date) -> int:
        return round(dt.datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() * 1000)

    # Jobs and their states

    def _transitions(self) -> list[Row]:
        changes: dict[int, dict[tuple[str, int], list[Row]]] = defaultdict(lambda: defaultdict(list))
        for event in self.events:
            if event["scope"] in ("create:job", "update:job", "delete:job") and event["job_id"] is not None:
                changes[event["job_id"]][request_of(event)].append(event)
        rows = []
        for job_id, requests in changes.items():
            ordered = sorted(requests.items(), key=lambda item: (min(event["ms"] for event in item[1]), item[0]))
            told = [self._told(events) for _, events in ordered]
            state = self._found(told)
            kind, frames, number_of_rejections = "annotation", 0, 0
            for number, ((request, _), events) in enumerate(ordered, 1):
                after = told[number - 1]
                scopes = {event["scope"] for event in events}
                change = "deleted" if "delete:job" in scopes else "created" if "create:job" in scopes else "updated"
                before = (
                    {"stage": "", "state": "", "assignee": 0} if number == 1 and change == "created" else dict(state)
                )
                state = {key: after.get(key, state[key]) for key in state}
                kind, frames = after.get("type", kind), after.get("frames", frames)
                decision = self._decision(before, state) if change == "updated" else ""
                number_of_rejections += decision == "rejected"
                at = min(event["ms"] for event in events)
                rows.append(
                    {
                        "day": self.day(at), "at": at, "request_id": request, "job_id": job_id,
                        "task_id": same(event["task_id"] for event in events),
                        "project_id": same(event["project_id"] for event in events),
                        "org_id": same(event["org_id"] for event in events),
                        "actor_id": same(event["user_id"] for event in events),
                        "change": change,
                        "stage_before": before["stage"], "stage_after": state["stage"],
                        "state_before": before["state"], "state_after": state["state"],
                        "assignee_before": before["assignee"], "assignee_after": state["assignee"],
                        "type": kind, "frames": frames, "number": number,
                        "decision": decision, "round": 1 + number_of_rejections,
                    }
                )  # fmt: skip
        return rows

    @staticmethod
    def _told(events: list[Row]) -> Row:
        """What the rows of one request say of a job: what it is after it, and under `old` what it was."""
        told: Row = {"old": {}}
        for event in sorted(events, key=lambda event: event["ms"]):
            data = payload(event)
            if event["scope"] == "create:job":
                frames = data.get("frame_count", data.get("stop_frame", 0) + 1 - data.get("start_frame", 0))
                told |= {"stage": data.get("stage", ""), "state": data.get("state", "")}
                told |= {
                    "assignee": id_of(data.get("assignee")),
                    "type": data.get("type", "annotation"),
                    "frames": frames,
                }
            elif event["scope"] == "update:job" and event["obj_name"] in ("stage", "state", "assignee"):
                name, old = event["obj_name"], data.get("old_value")
                told[name] = (event["obj_id"] or 0) if name == "assignee" else event["obj_val"]
                told["old"].setdefault(name, id_of(old) if name == "assignee" else old)
        if "stage" in told:
            told.setdefault("state", "new")
        return told

    @staticmethod
    def _found(told: list[Row]) -> Row:
        """What a job was before the first change that is known."""
        found: Row = {"stage": "", "state": "", "assignee": 0}
        for key in found:
            for change in told:
                if key in change:
                    # A reset of the state has no old value.
                    found[key] = change["old"].get(key, found[key])
                    break
        return found

    @staticmethod
    def _decision(before: Row, after: Row) -> str:
        went_to = {key for key in ("stage", "state") if before[key] != after[key]}
        if "state" in went_to and after["state"] == "rejected":
            return "rejected"
        if after["stage"] == "annotation" and before["stage"] in REVIEWS and before["state"] != "rejected":
            return "rejected"
        if "stage" in went_to and after["stage"] == "acceptance":
            return "accepted"
        if "state" in went_to and after["state"] == "completed" and after["stage"] in REVIEWS:
            return "accepted"
        return ""

    def _decisions(self) -> list[Row]:
        rows = []
        for changes in self._by_job(self.job_transitions).values():
            annotator, since, number, is_accepted = None, None, 0, False
            for change in changes:
                if change["decision"]:
                    number += 1
                    is_done = change["decision"] == "accepted" and not is_accepted
                    is_accepted |= is_done
                    was_assigned = (
                        change["stage_before"] == "annotation" and change["actor_id"] == change["assignee_before"]
                    )
                    kept = (
                        "day",
                        "at",
                        "request_id",
                        "job_id",
                        "task_id",
                        "project_id",
                        "org_id",
                        "decision",
                        "type",
                        "frames",
                    )
                    rows.append(
                        {key: change[key] for key in kept}
                        | {
                            "decider_id": None if was_assigned else change["actor_id"],
                            "assignee_id": change["assignee_before"],
                            "annotator_id": annotator or change["assignee_before"],
                            "round": change["round"] - (change["decision"] == "rejected"),
                            "number": number, "is_done": int(is_done),
                            "waiting_since": since, "wait_ms": None if since is None else change["at"] - since,
                        }
                    )  # fmt: skip
                if change["stage_after"] == "annotation" and change["assignee_after"]:
                    annotator = change["assignee_after"]
                enters = change["stage_after"] == "validation" != change["stage_before"]
                if enters or change["state_after"] == "completed" != change["state_before"]:
                    since = change["at"]
        return rows

    @staticmethod
    def _by_job(rows: list[Row]) -> dict[int, list[Row]]:
        by_job = defaultdict(list)
        for row in sorted(rows, key=lambda row: row["number"]):
            by_job[row["job_id"]].append(row)
        return by_job

    def state_at(self, job_id: int | None, ms: int) -> Row:
        """Stage, state, assignee and round of a job at a time."""
        state = {"stage": "", "state": "", "assignee": 0, "round": 0}
        for change in self._by_job([row for row in self.job_transitions if row["job_id"] == job_id]).get(job_id, []):
            if change["number"] == 1 and change["change"] != "created":
                state = {"stage": change["stage_before"], "state": change["state_before"]}
                state |= {"assignee": change["assignee_before"], "round": 1}
            if change["at"] <= ms:
                state = {"stage": change["stage_after"], "state": change["state_after"]}
                state |= {"assignee": change["assignee_after"], "round": change["round"]}
        return state

    # Working time

    def _intervals(self) -> list[Row]:
        rows = []
        for event in self.events:
            if event["scope"] != "send:working_time" or event["source"] != "server":
                continue
            worked = payload(event).get("working_time")
            if worked is None:
                continue
            ends = event["counted_ms"] or [event["ms"], event["ms"]]
            for start, end in zip(ends[::2], ends[1::2], strict=True):
                rows.append(
                    {key: event[key] for key in ("user_id", "project_id", "task_id", "job_id", "org_id")}
                    | {"timestamp": event["ms"], "started": start, "ended": end, "started_ms": start, "ended_ms": end}
                    | {
                        "ms": end - start if event["counted_ms"] else worked,
                        "has_intervals": int(bool(event["counted_ms"])),
                    }
                )
        return rows

    def _hours(self) -> list[Row]:
        deciders = {(row["job_id"], row["decider_id"], row["round"]) for row in self.decisions if row["decider_id"]}
        rows = []
        for interval in self.intervals:
            for start, end in self._days_of(interval["started"], interval["ended"]):
                state = self.state_at(interval["job_id"], start)
                role = ""
                if state["stage"] in REVIEWS:
                    role = "review"
                elif state["stage"] == "annotation":
                    decided = (interval["job_id"], interval["user_id"], state["round"]) in deciders
                    if decided and interval["user_id"] != state["assignee"]:
                        role = "review"
                    else:
                        role = "annotation" if state["round"] == 1 else "rework"
                kept = ("user_id", "project_id", "task_id", "job_id", "org_id", "has_intervals")
                rows.append(
                    {key: interval[key] for key in kept}
                    | {"day": self.day(start), "started": start, "ended": end, "stage": state["stage"], "role": role}
                    | {"ms": end - start if interval["has_intervals"] else interval["ms"]}
                )
        return rows

    def _days_of(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        while True:
            day = dt.datetime.fromtimestamp(start / 1000, self.zone).date()
            until = min(end, self.midnight(day + dt.timedelta(days=1)))
            yield start, until
            if until == end:
                return
            start = until

    def _sessions(self) -> list[Row]:
        rows = []
        by_user = defaultdict(list)
        for interval in self.intervals:
            if interval["has_intervals"] and interval["user_id"] is not None:
                by_user[interval["user_id"]].append(interval)
        for user_id, intervals in by_user.items():
            session: list[Row] = []
            for interval in sorted(intervals, key=lambda row: (row["started"], row["ended"])):
                if session and interval["started"] - max(row["ended"] for row in session) >= BREAK_MS:
                    rows.append(self._session(user_id, session))
                    session = []
                session.append(interval)
            rows.append(self._session(user_id, session))
        return rows

    def _session(self, user_id: int, intervals: list[Row]) -> Row:
        present, reached = 0, intervals[0]["started"]
        for interval in intervals:
            present += max(0, interval["ended"] - max(interval["started"], reached))
            reached = max(reached, interval["ended"])
        return {
            "day": self.day(intervals[0]["started"]), "started": intervals[0]["started"], "ended": reached,
            "user_id": user_id, "ms": sum(row["ms"] for row in intervals), "presence_ms": present,
            "intervals": len(intervals), "jobs": len({row["job_id"] for row in intervals} - {None}),
        }  # fmt: skip

    # Objects and issues

    def _objects(self) -> list[Row]:
        imports = {event["request_id"] for event in self.events if event["scope"] == "import:dataset"} - {None}
        batches = {
            event["request_id"]
            for event in self.events
            if event["scope"] == "call:function" and payload(event).get("category") == "batch"
        } - {None}
        ids = ("user_id", "project_id", "task_id", "job_id", "org_id")
        groups = defaultdict(list)
        for event in self.events:
            if event["scope"] in OBJECT_SCOPES:
                groups[(request_of(event), *(event[key] for key in ids))].append(event)
        rows = []
        for ((request, _), *values), events in groups.items():
            n = {
                action: sum(event["count"] or 0 for event in events if event["scope"].startswith(action))
                for action in ("create", "update", "delete")
            }
            at = min(event["ms"] for event in events)
            origin = "import" if request in imports else "batch" if request in batches else "hand"
            rows.append(
                dict(zip(ids, values, strict=True))
                | {
                    "day": self.day(at),
                    "at": at,
                    "request_id": request,
                    "origin": origin,
                    "net": n["create"] - n["delete"],
                }
                | {"created": n["create"], "updated": n["update"], "deleted": n["delete"]}
            )
        return rows

    def _issues(self) -> list[Row]:
        deleted = {event["obj_id"]: event["ms"] for event in self.events if event["scope"] == "delete:issue"}
        flips = defaultdict(list)
        for event in self.events:
            if event["scope"] == "update:issue" and event["obj_name"] == "resolved":
                flips[event["job_id"]].append(event)
        queues = {}
        for job_id, events in flips.items():
            queue: list[Row] = []
            before: Row | None = None
            for event in sorted(events, key=lambda event: (event["ms"], event["request_id"] or "")):
                if event["obj_val"] == "True":
                    queue.append(event)
                elif queue and event["obj_val"] == "False" and queue[-1] is before:
                    queue.pop()
                before = event
            queues[job_id] = queue
        rows = []
        created = [event for event in self.events if event["scope"] == "create:issue"]
        for event in sorted(created, key=lambda event: (event["ms"], event["obj_id"])):
            is_deleted = event["obj_id"] in deleted
            queue = queues.get(event["job_id"], [])
            resolution = queue.pop(0) if queue and not is_deleted else None
            rows.append(
                {key: event[key] for key in ("job_id", "task_id", "project_id", "org_id")}
                | {"day": self.day(event["ms"]), "opened": event["ms"], "issue_id": event["obj_id"]}
                | {
                    "opened_by": event["user_id"],
                    "assignee_id": self.state_at(event["job_id"], event["ms"])["assignee"],
                }
                | {"resolved": resolution and resolution["ms"], "resolved_by": resolution and resolution["user_id"]}
                | {"deleted": deleted.get(event["obj_id"])}
            )
        return rows

    # Lives of jobs

    def _status_intervals(self) -> list[Row]:
        work = defaultdict(list)
        for row in self.intervals:
            if row["job_id"] is not None:
                work[row["job_id"]].append((row["started"], row["user_id"] or 0, row["ms"], 0, 0, 0, row))
        for row in self.objects:
            if row["job_id"] is not None:
                counts = (row["created"], row["updated"], row["deleted"])
                work[row["job_id"]].append((row["at"], row["user_id"] or 0, 0, *counts, row))
        by_job = self._by_job(self.job_transitions)
        rows = []
        for job_id in by_job.keys() | work.keys():
            rows += self._life(job_id, by_job.get(job_id, []), sorted(work.get(job_id, []), key=lambda item: item[:6]))
        return rows

    def _life(self, job_id: int, changes: list[Row], work: list[tuple]) -> list[Row]:
        marks: list[tuple[int, str, Row]] = []
        unknown = {"assignee": 0, "stage": "", "state": ""}
        if not changes or changes[0]["change"] != "created":
            first = changes[0] if changes else None
            state = {key: first[f"{key}_before"] for key in unknown} if first else unknown
            marks.append((0, "found", state))
        for change in changes:
            is_cut = any(change[f"{key}_before"] != change[f"{key}_after"] for key in unknown)
            if change["change"] != "updated" or is_cut:
                state = {key: change[f"{key}_after"] for key in unknown}
                marks.append((change["at"], change["change"], state))
        if marks[0][1] != "found":
            marks.insert(0, (0, "found", unknown))
        stretches: list[Row] = []
        for index, (since, kind, state) in enumerate(marks):
            until = marks[index + 1][0] if index + 1 < len(marks) else None
            here = [item for item in work if item[0] >= since and (until is None or item[0] < until)]
            runs: list[list[tuple]] = []
            for item in here:
                if runs and runs[-1][-1][1] == item[1]:
                    runs[-1].append(item)
                else:
                    runs.append([item])
            for place, run in enumerate(runs or [[]]):
                starts = since if place == 0 and kind != "found" else run[0][0] if run else None
                if starts is not None:
                    stretches.append(
                        {"starts": starts, "state": state, "run": run, "is_shown": bool(run) or kind != "deleted"}
                    )
        frames = max((change["frames"] for change in changes), default=0)
        kind = changes[-1]["type"] if changes else "annotation"
        places = [*changes, *(item[6] for item in work)]
        rows = []
        for index, stretch in enumerate(stretches):
            if not stretch["is_shown"]:
                continue
            run = stretch["run"]
            n = [sum(item[column] for item in run) for column in range(2, 6)]
            rows.append(
                {"job_id": job_id, "number": len(rows) + 1, "started": stretch["starts"]}
                | {"ended": stretches[index + 1]["starts"] if index + 1 < len(stretches) else None}
                | {key: same(place[key] for place in places) for key in ("task_id", "project_id", "org_id")}
                | {
                    "assignee_id": stretch["state"]["assignee"],
                    "stage": stretch["state"]["stage"],
                    "state": stretch["state"]["state"],
                }
                | {
                    "user_id": (run[0][1] or None) if run else None,
                    "ms": n[0],
                    "created": n[1],
                    "updated": n[2],
                    "deleted": n[3],
                }
                | {"net": n[1] - n[3], "frames": frames, "type": kind}
            )
        return rows
