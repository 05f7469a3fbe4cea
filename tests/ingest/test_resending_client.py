"""A client that sends again what is refused, as CVAT's page does, under every bad event in turn: its good events and
hours are all there, and its queue is empty at the end."""

from __future__ import annotations

import datetime as dt
import random

import pytest
import requests

from support import events, exports
from support.odd_client_events import MENDED, PUT_ASIDE, TAKEN
from support.server import Server, User

# One that ends after its receipt counts up to it, so its hours are those of the moment: test_bad_input.py has it.
BAD = {name: case[0] for name, case in (MENDED | PUT_ASIDE).items() if name != "ends after receipt"} | TAKEN


class Page:
    """CVAT's logger: a batch that is not taken goes back in front of newer events; the last event of a batch that was
    taken is the next one's previous event."""

    def __init__(self, server: Server, user: User):
        self.server = server
        self.user = user
        self.queue: list[dict] = []
        self.previous: dict | None = None

    def save(self, sent_at: dt.datetime, is_answer_lost: bool) -> None:
        if not self.queue:
            return
        batch, self.queue = self.queue, []
        body = events.body(batch, sent_at=sent_at, previous=self.previous)
        url = f"{self.server.url}/api/events"
        answer = requests.post(url, json=body, headers=self.user.headers, timeout=60)
        if answer.status_code == 201 and not is_answer_lost:
            self.previous = batch[-1]
        else:
            self.queue = batch + self.queue


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("site")
    server = Server(directory / "data", directory / "server.log").start()
    yield server
    server.close()


@pytest.mark.parametrize("name", BAD)
def test_its_good_events_and_hours_are_all_there(site: Server, name: str) -> None:
    chance = random.Random(name)
    day = events.workday(60, events.now())
    # Within the day, together with a good event, so that it adds no hours of its own; and as the last of a save, which
    # makes it the previous event of the next, but for one whose time is none to go on from: that is a save's first.
    bad = {
        **events.event("copy:object", job_id=7),
        "timestamp": events.iso(events.end_of(day[20])),
        "job_id": day[20]["job_id"],
        **BAD[name],
    }
    ends_a_save = "timestamp" not in BAD[name]
    queue = [*day[:21], bad, *day[21:]]
    page = Page(site, site.add_user(f"u{abs(hash(name))}"))
    cuts = sorted({22 if ends_a_save else 21, *chance.sample(range(1, len(queue)), 6), len(queue)})
    cuts = [cut for cut in cuts if ends_a_save or cut != 22]
    begin = 0
    for cut in cuts:
        page.queue += queue[begin:cut]
        last_good = max(events.end_of(event) for event in day if event in queue[:cut])
        page.save(last_good, chance.random() < 0.4)
        begin = cut
    page.save(events.now(), False)
    assert page.queue == []
    rows = exports.rows(site, page.user, **{"from": "1900-01-01T00:00:00Z"})
    good = [row for row in events.without_working_time(rows) if row["scope"] != "copy:object"]
    assert len(good) == len(day)
    odd = [row for row in rows if row["scope"] == "copy:object"]
    assert len(odd) == (name not in PUT_ASIDE)
    expected = events.expected_hours(day)
    assert sum(events.stored_hours(rows).values()) == sum(expected.values())


def test_a_half_emoji_twice(server: Server, anna: User) -> None:
    """The page's next try brings the odd event once more, with what was done since."""

    def at(second: int, scope: str = "draw:object", **fields: object) -> dict:
        minute, second = divmod(second, 60)
        return {"scope": scope, "timestamp": f"2026-01-05T09:{minute:02}:{second:02}Z", "job_id": 7, **fields}

    first = [at(0), at(10, "debug:info", payload='{"message":"label \\ud83d is unknown"}'), at(30)]
    tries = [(first, 30, 30_000), ([*first, at(60), at(120, "save:job")], 120, 120_000)]
    for batch, sent_s, expected_ms in tries:
        sent = {"timestamp": at(sent_s)["timestamp"], "events": batch}
        answer = requests.post(f"{server.url}/api/events", json=sent, headers=anna.headers, timeout=10)
        assert answer.status_code == 201, answer.text
        assert events.stored_hours(exports.rows(server, anna)) == {7: expected_ms}
    rows = events.without_working_time(exports.rows(server, anna))
    assert len(rows) == 5
    assert r"label \ufffd is unknown" in "".join(row["payload"] for row in rows)
