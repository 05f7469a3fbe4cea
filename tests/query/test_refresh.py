"""A query that is asked again while events arrive: what is kept and what is new are the result of computing all."""

from __future__ import annotations

import datetime as dt
import json
import random

import pytest
import requests

from support import events
from support.server import Server, User

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

# Not grouped by time, but made of what slices of it have.
DIVIDED = {
    "a list": "SELECT DISTINCT obj_id FROM events "
    "WHERE $__timeFilter(timestamp) AND obj_id IS NOT NULL ORDER BY obj_id",
    "a list of two": "SELECT DISTINCT scope, user_id % 2 FROM events WHERE $__timeFilter(timestamp) ORDER BY ALL",
    "groups": "SELECT scope, avg(duration), min(duration), max(obj_id), sum(count), count() FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY scope HAVING count() > 2 ORDER BY scope",
    "extremes": "SELECT user_id, min(timestamp), max(obj_val), maxIf(duration, scope = 'load:cvat'), "
    "avgIf(obj_id, obj_id > 9), minIf(obj_id, obj_id > 900) FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY user_id ORDER BY user_id",
    "different values": "SELECT scope, uniqExact(user_id), count(DISTINCT obj_val), uniqExact(source, obj_id), "
    "countIf(duration > 5), sum(duration) / 1000 AS s FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY scope ORDER BY s DESC, scope",
    "one group": "SELECT count(), uniqExact(user_id), max(timestamp), avg(count), sum(obj_id), min(scope) FROM events "
    "WHERE $__timeFilter(timestamp) AND user_id = 2",
    "no rows": "SELECT count(), max(timestamp), max(duration), avg(duration), sum(count), uniqExact(scope) FROM events "
    "WHERE $__timeFilter(timestamp) AND scope = 'no such'",
    "of groups": "SELECT n, count() FROM (SELECT user_id, intDiv(obj_id, 10) AS n FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY user_id, n) GROUP BY n ORDER BY count() DESC, n LIMIT 4",
    "by a part of the time": "SELECT toHour(timestamp) AS hour, sum(duration), toDate(max(timestamp)) FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY hour ORDER BY hour",
    "the newest": "SELECT timestamp, obj_id, obj_val FROM events "
    "WHERE $__timeFilter(timestamp) AND scope = 'load:cvat' ORDER BY timestamp DESC, obj_id LIMIT 5",
    "the newest of few": "SELECT * FROM events WHERE $__timeFilter(timestamp) AND obj_id % 9 = 0 "
    "ORDER BY timestamp DESC, obj_id, user_id LIMIT 1000",
    "of the payload": "SELECT JSONExtractString(payload, 'name') AS name, "
    "sum(JSONExtractUInt(payload, 'working_time')) AS ms FROM events WHERE JSONHas(payload, 'name') "
    "AND $__timeFilter(timestamp) GROUP BY name ORDER BY ms, name LIMIT 1 BY ms",
}


def ask(server: Server, user: User, sql: str, first: dt.datetime, last: dt.datetime, cache: bool) -> tuple[list, int]:
    """The rows, and how many of them had been kept."""
    body = {"sql": sql, "from": events.iso(first), "to": events.iso(last), "interval_ms": 300_000, "cache": cache}
    answer = requests.post(f"{server.url}/api/query", json=body, headers=user.headers, timeout=60)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    return document["rows"], document["stats"]["cached_rows"]


def some_events(random_: random.Random, first: dt.datetime, last: dt.datetime, n: int) -> list[dict]:
    span_s = (last - first).total_seconds()
    times = sorted(first + dt.timedelta(seconds=random_.randrange(int(span_s * 1000)) / 1000) for _ in range(n))
    return [
        events.server_event(
            random_.choice(["load:cvat", "create:task"]),
            at,
            user_id=random_.randrange(1, 4),
            obj_id=i,
            obj_val=random_.choice(["a", "", "\u017c"]),
            count=random_.choice([None, 3, 500]),
            duration=random_.randrange(20),
            payload=json.dumps({"name": random_.choice("ab"), "working_time": random_.randrange(9)}),
        )
        for i, at in enumerate(times)
    ]


@pytest.mark.parametrize("name", [*QUERIES, *DIVIDED])
def test_a_moving_window_with_late_events(server: Server, admin: User, name: str) -> None:
    sql, random_ = (QUERIES | DIVIDED)[name], random.Random(name)
    now = START + 60 * MINUTE
    assert events.ingest(server, some_events(random_, START, now, 60)).ok
    n_cached = 0
    for _ in range(12):
        window = now - 45 * MINUTE, now
        rows, cached = ask(server, admin, sql, *window, cache=True)
        expected, none = ask(server, admin, sql, *window, cache=False)
        assert rows == expected
        assert none == 0
        n_cached += cached
        later = now + random_.choice([0, 1, 7, 30]) * MINUTE
        new = some_events(random_, now, later + MINUTE, random_.randrange(3))
        # From a browser that was offline: long ago, also before the first event.
        late = some_events(random_, START - 90 * MINUTE, now, random_.randrange(2))
        if new + late:
            assert events.ingest(server, new + late).ok
        now = later
    if name not in ("by day", "no rows"):
        assert n_cached > 0


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
        rows, cached = ask(server, admin, QUERIES["by interval"], START, START + 60 * MINUTE, cache=True)
        assert len(rows) > 5
        assert cached == 0
