"""A query that is asked again while events arrive: kept buckets and new ones are the result of computing all."""

from __future__ import annotations

import datetime as dt
import random

import pytest
import requests

import events
from server import Server, User

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)

QUERIES = {
    "by interval": "SELECT $__timeInterval(timestamp) AS time, count() AS n FROM events WHERE $__timeFilter(timestamp) "
    "GROUP BY time ORDER BY time",
    "a line for each user": "SELECT $__timeInterval_ms(timestamp) AS time, toString(user_id), count() FROM events "
    "WHERE $__timeFilter_ms(timestamp) AND scope != 'load:cvat' GROUP BY time, user_id ORDER BY time DESC, user_id",
    "all of the time, gaps filled": "SELECT time, uniqExact(user_id) FROM (SELECT user_id, toStartOfInterval("
    "timestamp, INTERVAL 15 minute) AS time FROM cvat.events WHERE user_id IS NOT NULL GROUP BY user_id, time "
    "ORDER BY time ASC WITH FILL STEP toIntervalMinute(15)) GROUP BY time ORDER BY time",
    "a window, gaps filled": "SELECT toStartOfFiveMinutes(timestamp) AS time, sum(duration), uniqExact(scope) "
    "FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time WITH FILL STEP INTERVAL 5 MINUTE",
    "by day": "SELECT toDate(timestamp) AS day, count(), max(user_id) FROM events WHERE $__timeFilter(timestamp) "
    "GROUP BY day HAVING count() > 1 ORDER BY day",
}


def ask(server: Server, user: User, sql: str, first: dt.datetime, last: dt.datetime, cache: bool) -> tuple[list, int]:
    """The rows, and how many of them had been kept."""
    body = {"sql": sql, "from": events.iso(first), "to": events.iso(last), "interval_ms": 300_000, "cache": cache}
    answer = requests.post(f"{server.url}/api/query", json=body, headers=user.headers, timeout=60)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    return document["rows"], document["stats"]["reused_rows"]


def some_events(random_: random.Random, first: dt.datetime, last: dt.datetime, n: int) -> list[dict]:
    span_s = (last - first).total_seconds()
    times = sorted(first + dt.timedelta(seconds=random_.randrange(int(span_s * 1000)) / 1000) for _ in range(n))
    return [
        events.server_event(random_.choice(["load:cvat", "create:task"]), at, user_id=random_.randrange(1, 4), obj_id=i)
        for i, at in enumerate(times)
    ]


@pytest.mark.parametrize("name", QUERIES)
def test_a_moving_window_with_late_events(server: Server, admin: User, name: str) -> None:
    sql, random_ = QUERIES[name], random.Random(name)
    now = START + 60 * MINUTE
    assert events.ingest(server, some_events(random_, START, now, 60)).ok
    n_reused = 0
    for _ in range(12):
        window = now - 45 * MINUTE, now
        rows, reused = ask(server, admin, sql, *window, cache=True)
        expected, none = ask(server, admin, sql, *window, cache=False)
        assert rows == expected
        assert none == 0
        n_reused += reused
        later = now + random_.choice([0, 1, 7, 30]) * MINUTE
        new = some_events(random_, now, later + MINUTE, random_.randrange(3))
        # From a browser that was offline: long ago, also before the first event.
        late = some_events(random_, START - 90 * MINUTE, now, random_.randrange(2))
        if new + late:
            assert events.ingest(server, new + late).ok
        now = later
    if name != "by day":
        assert n_reused > 0


def test_an_answered_event_is_in_every_later_answer(server: Server, admin: User) -> None:
    """Also while somebody else's request keeps a result."""
    sql = "SELECT toStartOfHour(timestamp) AS hour, count() AS n FROM events GROUP BY hour ORDER BY hour"
    for n in range(1, 30):
        assert events.ingest(server, [events.server_event(at=START + n * MINUTE / 10, obj_id=n)]).ok
        rows, _ = ask(server, admin, sql, START, START, cache=True)
        assert rows == [["2026-03-02 08:00:00", n]]


def test_the_cache_can_be_switched_off(server: Server, admin: User) -> None:
    server.stop()
    (server.data_dir / "annoscope.toml").write_text("[query]\ncache_bytes = 0\n", encoding="utf-8")
    server.start()
    assert events.ingest(server, some_events(random.Random(1), START, START + 60 * MINUTE, 60)).ok
    for _ in range(3):
        rows, reused = ask(server, admin, QUERIES["by interval"], START, START + 60 * MINUTE, cache=True)
        assert len(rows) > 5
        assert reused == 0
