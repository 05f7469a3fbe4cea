"""`GET /api/explain`: each gap of a person's time with its verdict, adding up to the hours that were counted."""

from __future__ import annotations

import pytest
import requests

from support import events
from support.server import Server, User

# Seconds from a moment an hour ago on. A gap of 100 s or more is not counted; 99.999 s are.
CLICKS_S = [0, 30, 129.999, 229.999, 240]


def explain(server: Server, user: User, **query: object) -> requests.Response:
    return requests.get(f"{server.url}/api/explain", params=query, auth=user.basic, timeout=20)


def id_of(server: Server, user: User) -> int:
    return requests.get(f"{server.url}/api/users/self", auth=user.basic, timeout=20).json()["id"]


def moment(start: events.dt.datetime, seconds: float) -> events.dt.datetime:
    return start + events.dt.timedelta(seconds=seconds)


def ms(time: events.dt.datetime) -> int:
    return round(time.timestamp() * 1000)


def work(server: Server, user: User, start: events.dt.datetime, clicks_s: list[float], job_id: int) -> None:
    made = [
        events.event("click:element", moment(start, s), job_id=job_id, obj_id=number)
        for number, s in enumerate(clicks_s)
    ]
    assert events.send(server, user, made).status_code == 201


def test_each_gap_says_whether_it_was_counted(server: Server, anna: User) -> None:
    start = events.now().replace(microsecond=0) - events.dt.timedelta(hours=1)
    work(server, anna, start, CLICKS_S, 7)
    # A second window, at work for ten seconds of the same time.
    work(server, anna, moment(start, 10), [0, 10], 8)
    answer = explain(server, anna, **{"from": ms(start) - 5000, "to": ms(start) + 300_000}).json()
    gaps = [step for step in answer["steps"] if step["kind"] == "gap"]
    # The clock of each window is corrected on its own, by the milliseconds that its request took.
    nearly = pytest.approx
    expected = [
        ("too_long", None, 0, 0),
        ("counted", nearly(10_000, abs=2000), nearly(10_000, abs=2000), 0),
        ("overlapping", 10_000, 20_000, 10_000),
        ("counted", nearly(10_000, abs=2000), nearly(10_000, abs=2000), 0),
        ("counted", 99_999, 99_999, 0),
        ("too_long", 100_000, 0, 0),
        ("counted", 10_001, 10_001, 0),
        ("too_long", None, 0, 0),
    ]
    assert [(gap["verdict"], gap["whole_ms"], gap["counted_ms"], gap["twice_ms"]) for gap in gaps] == expected
    ends = [answer["from_ms"], *(gap["until_ms"] for gap in gaps)]
    assert [gap["from_ms"] for gap in gaps] == ends[:-1]
    assert ends[-1] == answer["until_ms"]
    assert answer["counted_ms"] == 30_000 + 99_999 + 10_001 + 10_000
    assert (answer["twice_ms"], answer["booked_ms"], answer["gap_limit_ms"]) == (10_000, 0, 100_000)
    assert [of["counted_ms"] for of in gaps[2]["counted_for"]] == [10_000, 10_000]
    assert sorted(of["job_id"] for of in gaps[2]["counted_for"]) == [7, 8]
    done = [step for step in answer["steps"] if step["kind"] == "event"]
    assert len(done) == len(CLICKS_S) + 2
    assert all(step["is_activity"] for step in done)


def test_a_long_stretch_is_explained_in_parts_that_add_up(server: Server, anna: User) -> None:
    start = events.now().replace(microsecond=0) - events.dt.timedelta(hours=1)
    work(server, anna, start, [3 * n for n in range(40)], 7)
    whole = explain(server, anna, **{"from": ms(start), "to": ms(start) + 200_000}).json()
    assert (whole["counted_ms"], whole["is_whole"]) == (117_000, True)
    sum_ms, n_parts, at_ms = 0, 0, ms(start)
    while True:
        part = explain(server, anna, **{"from": at_ms, "to": ms(start) + 200_000, "limit": 7}).json()
        assert part["from_ms"] == at_ms
        assert all(step["whole_ms"] == 3000 for step in part["steps"] if step.get("verdict") == "counted")
        sum_ms, n_parts, at_ms = sum_ms + part["counted_ms"], n_parts + 1, part["until_ms"]
        if part["is_whole"]:
            break
    assert (sum_ms, n_parts) == (117_000, 6)


def test_hours_of_other_tools_and_what_servers_did_stand_beside(server: Server, admin: User, anna: User) -> None:
    at = events.now().replace(microsecond=0) - events.dt.timedelta(minutes=30)
    sent = events.server_event(
        "send:working_time",
        at,
        payload='{"working_time": 5000}',
        duration=5000,
        user_id=id_of(server, anna),
        job_id=7,
    )
    change = events.server_event("update:job", moment(at, 1), user_id=id_of(server, anna), job_id=7)
    assert events.ingest(server, [sent, change]).status_code == 200
    query = {"from": ms(at) - 1000, "to": ms(at) + 10_000, "user_id": id_of(server, anna)}
    answer = explain(server, admin, **query).json()
    assert (answer["booked_ms"], answer["counted_ms"]) == (5000, 0)
    kinds = [(step["kind"], step.get("scope") or step.get("verdict")) for step in answer["steps"]]
    # What a server did is no activity, so it parts no gap.
    assert kinds == [("gap", "too_long"), ("booked", None), ("event", "update:job")]
    assert not answer["steps"][2]["is_activity"]


def test_nobody_has_the_time_of_others_explained(server: Server, anna: User) -> None:
    bob = server.add_user("bob")
    start = events.now().replace(microsecond=0) - events.dt.timedelta(hours=1)
    work(server, anna, start, [0, 30], 7)
    query = {"from": ms(start), "to": ms(start) + 60_000, "user_id": id_of(server, anna)}
    nothing = explain(server, bob, **{**query, "user_id": 999_999}).json()
    asked = explain(server, bob, **query).json()
    assert {**asked, "user_id": 999_999} == nothing
    assert explain(server, anna, **query).json()["counted_ms"] == 30_000


def test_what_cannot_be_asked_is_named(server: Server, anna: User) -> None:
    cases = [
        ({}, "from"),
        ({"from": "yesterday"}, "from: must be"),
        ({"from": 0, "to": "x"}, "to: must be"),
        ({"from": 10, "to": 5}, "to: is before from"),
        ({"from": 0, "to": 172_800_001}, "48 hours"),
        ({"from": 0, "to": 5, "limit": 0}, "limit"),
        ({"from": 0, "to": 5, "limit": 10_001}, "limit"),
        ({"from": 0, "to": 5, "user_id": "anna"}, "user_id"),
    ]
    for query, words in cases:
        response = explain(server, anna, **query)
        assert response.status_code == 400, query
        assert words in response.text, query
