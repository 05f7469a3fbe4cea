"""A retry doubles nothing: rows and hours are those of a good network, whatever was lost on the way."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
from collections.abc import Callable, Iterator

import pytest
import requests

from support import events, exports
from support.server import Server, User

SEEDS = range(40 if os.environ.get("ANNOSCOPE_SOAK") == "1" else 4)


class Browser:
    """The client's logger as CVAT ships it: one save at a time; a failed batch goes back in front of newer events."""

    def __init__(self, server: Server, user: User):
        self.server = server
        self.user = user
        self.queue: list[dict] = []
        self.previous: dict | None = None

    def save(self, sent_at: events.Time, fate: str = "good") -> None:
        """Sends what is queued. `fate`: "good", "answer lost" (stored, but the browser does not learn it), "lost"."""
        batch, self.queue = self.queue, []
        if not batch:
            return
        if fate != "lost":
            answer = events.send(self.server, self.user, batch, sent_at=sent_at, previous=self.previous)
            assert answer.status_code == 201, answer.text
        if fate == "good":
            self.previous = batch[-1]
        else:
            self.queue = batch + self.queue


def saves(day: list[dict], chance: random.Random) -> Iterator[list[dict]]:
    """Cuts a day's events into what the browser has at each save."""
    rest = iter(day)
    while batch := list(itertools.islice(rest, chance.randint(1, 30))):
        yield batch


def sent_fields(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """What must be equal in both runs: all but who sent it and the time, which depends on the moment of receipt."""
    names = [name for name in events.FIELDS if not name.startswith("user_") and name != "timestamp"]
    return sorted(tuple(row[name] for name in names) for row in events.without_working_time(rows))


def run_day(server: Server, user: User, day: list[dict], fates: Callable[[], str], seed: int) -> list[dict[str, str]]:
    """One browser's day; returns the rows that are stored of it."""
    browser = Browser(server, user)
    for batch in saves(day, random.Random(seed)):
        browser.queue += batch
        browser.save(events.end_of(batch[-1]), fates())
    browser.save(events.end_of(day[-1]))
    return exports.rows(server, user)


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_requests_and_answers(server: Server, seed: int) -> None:
    chance = random.Random(seed)
    day = events.workday(300, events.now())
    good = run_day(server, server.add_user("good"), day, lambda: "good", seed)
    bad = run_day(
        server, server.add_user("bad"), day, lambda: chance.choice(("good", "answer lost", "answer lost", "lost")), seed
    )
    assert sent_fields(bad) == sent_fields(good)
    assert len(events.without_working_time(good)) == len(day)
    assert events.stored_hours(good) == events.expected_hours(day)
    assert events.stored_hours(bad) == events.expected_hours(day)


def test_restarts_and_kills_between(server: Server) -> None:
    """The window of recent events is as durable as the events."""
    day = events.workday(200, events.now())
    chance = random.Random(1)
    ends = itertools.cycle((Server.kill, Server.stop))

    def fate() -> str:
        if chance.random() < 0.3:
            next(ends)(server)
            server.start()
        return chance.choice(("good", "answer lost"))

    rows = run_day(server, server.add_user("anna"), day, fate, seed=1)
    assert sorted(int(row["obj_id"]) for row in events.without_working_time(rows)) == list(range(len(day)))
    assert events.stored_hours(rows) == events.expected_hours(day)


def test_the_morning_after(server: Server, anna: User) -> None:
    """The page stays open overnight with a batch whose answer was lost; in the morning it sends it again, in front."""
    evening = events.now() - dt.timedelta(hours=14)
    morning = evening + dt.timedelta(hours=14)
    first = events.workday(50, evening)
    second = events.workday(50, morning, start_id=50)[-20:]
    browser = Browser(server, anna)
    browser.queue = list(first)
    browser.save(evening, "answer lost")
    # The server was restarted in the night.
    server.stop()
    server.start()
    browser.queue += second
    browser.save(morning)

    rows = exports.rows(server, anna)
    ids = sorted(int(row["obj_id"]) for row in events.without_working_time(rows))
    assert ids == sorted(item["obj_id"] for item in first + second)
    assert events.stored_hours(rows) == events.expected_hours(first + second)


def test_the_same_event_twice_in_one_batch(server: Server, anna: User) -> None:
    day = events.workday(10, events.now())
    assert events.send(server, anna, day + day).status_code == 201
    rows = exports.rows(server, anna)
    assert len(events.without_working_time(rows)) == 10
    assert events.stored_hours(rows) == events.expected_hours(day)


def test_equal_events_of_two_users_are_two(server: Server, admin: User, anna: User) -> None:
    item = events.event(obj_id=1)
    for user in (anna, server.add_user("bert"), anna):
        assert events.send(server, user, [item]).status_code == 201
    assert sorted(row["user_name"] for row in exports.rows(server, admin)) == ["anna", "bert"]


def test_the_answer_to_a_repeat_is_that_of_the_first_time(server: Server, anna: User) -> None:
    """The browser must not see a difference, or it would keep its batch for ever."""
    sent = events.body([events.event(obj_id=1), events.event(obj_id=2)])
    first, second = (
        requests.post(f"{server.url}/api/events", json=sent, headers=anna.headers, timeout=10) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert [item["obj_id"] for item in second.json()["events"]] == [1, 2]
    assert first.json().keys() == second.json().keys()


def test_the_ingest_port(server: Server, admin: User) -> None:
    """CVAT's handler sends a whole set again, also when most of it had gone through."""
    batch = [events.server_event(obj_id=index) for index in range(50)]
    more = [events.server_event(obj_id=index) for index in range(50, 60)]
    assert events.ingest(server, batch).status_code == 200
    assert events.ingest(server, batch).status_code == 200
    server.kill()
    server.start()
    assert events.ingest(server, batch + more).status_code == 200
    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == list(range(60))


def test_without_a_time_of_its_own_an_event_cannot_be_recognized(server: Server, admin: User) -> None:
    item = events.server_event(obj_id=1)
    del item["timestamp"]
    for _ in range(2):
        assert events.ingest(server, [item]).status_code == 200
    assert len(exports.rows(server, admin)) == 2


def test_concurrent_duplicates(server: Server, admin: User) -> None:
    """A sender that timed out sends again while the first try still waits in the queue."""
    from concurrent.futures import ThreadPoolExecutor

    batches = [[events.server_event(obj_id=500 * batch + index) for index in range(500)] for batch in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: events.ingest(server, batch).status_code, batches * 4))
    assert set(answers) == {200}
    ids = [int(row["obj_id"]) for row in exports.rows(server, admin)]
    assert sorted(ids) == list(range(4000))
