"""Which rows an export holds: whose, of when, by which filters."""

from __future__ import annotations

import datetime as dt

import pytest
import requests

from support import events, exports
from support.server import Server, User


@pytest.fixture
def three_users(server: Server, admin: User) -> list[User]:
    """Each has sent one event with obj_id 0, 1, 2; the server sent one, obj_id 9, about nobody."""
    users = [server.add_user("anna", "user"), server.add_user("bert", "worker"), server.add_user("carla", "business")]
    for index, user in enumerate(users):
        assert events.send(server, user, [events.event(obj_id=index)]).status_code == 201
    assert events.ingest(server, [events.server_event(obj_id=9)]).status_code == 200
    return users


def user_id(server: Server, user: User) -> int:
    return requests.get(f"{server.url}/api/users/self", headers=user.headers, timeout=10).json()["id"]


def test_users_see_their_own_rows(server: Server, three_users: list[User]) -> None:
    for index, user in enumerate(three_users):
        assert [row["obj_id"] for row in exports.rows(server, user)] == [str(index)]


def test_admins_see_all(server: Server, admin: User, three_users: list[User]) -> None:
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["0", "1", "2", "9"]
    of_bert = exports.rows(server, admin, user_id=user_id(server, three_users[1]))
    assert [row["obj_id"] for row in of_bert] == ["1"]


def test_a_filter_against_the_rights_is_forbidden(server: Server, three_users: list[User]) -> None:
    anna, bert, _ = three_users
    own, other = user_id(server, anna), user_id(server, bert)
    for method, path in (("GET", "/api/events"), ("POST", "/api/events/export")):
        answers = {
            query: requests.request(method, server.url + path, params=query, headers=anna.headers, timeout=10)
            for query in (f"user_id={own}", f"user_id={other}")
        }
        assert answers[f"user_id={own}"].status_code == 202
        assert answers[f"user_id={other}"].status_code == 403
        assert answers[f"user_id={other}"].json()["detail"]
    # Neither for a poll.
    query_id = exports.start(server, anna)
    assert exports.get(server, anna, query_id=query_id, user_id=other).status_code == 403


def test_filters(server: Server, admin: User) -> None:
    batch = [
        events.server_event(obj_id=n, org_id=n % 2, project_id=n % 3, task_id=n % 5, job_id=n % 7, user_id=n % 11)
        for n in range(100)
    ]
    assert events.ingest(server, batch).status_code == 200
    for filters in (
        {"org_id": 1}, {"project_id": 2}, {"task_id": 3}, {"job_id": 4}, {"user_id": 5}, {"job_id": 4, "user_id": 5},
        {"project_id": 999},
    ):  # fmt: skip
        expected = [item["obj_id"] for item in batch if all(item[name] == value for name, value in filters.items())]
        rows = exports.rows(server, admin, **filters)
        assert sorted(int(row["obj_id"]) for row in rows) == expected, filters


def at(day: int, **fields: int) -> dt.datetime:
    return dt.datetime(2024, 7, day, tzinfo=dt.UTC).replace(**fields)


def test_bounds_are_inclusive_to_the_millisecond(server: Server, admin: User) -> None:
    times = [at(1, microsecond=microsecond) for microsecond in (999_000, 0, 1_000, 2_000)]
    assert events.ingest(server, [events.server_event(at=time) for time in times]).status_code == 200
    for begin, end, expected in (
        ("2024-07-01T00:00:00Z", "2024-07-01T00:00:00.999Z", 4),
        ("2024-07-01T00:00:00.001Z", "2024-07-01T00:00:00.002Z", 2),
        ("2024-07-01 00:00:00.001", "2024-07-01 00:00:00.001", 1),
        ("2024-07-01T02:00:00.001+02:00", "2024-07-01T02:00:00.001+02:00", 1),
        ("2024-07-01T00:00:00.003Z", "2024-07-01T00:00:00.998Z", 0),
    ):
        assert len(exports.rows(server, admin, **{"from": begin, "to": end})) == expected, (begin, end)


def test_everything_up_to_now_is_the_default(server: Server, admin: User) -> None:
    present = dt.datetime.now(dt.UTC)
    for index, days in enumerate((0, 29.9, 30.1, 400)):
        item = events.server_event(at=present - dt.timedelta(days=days), obj_id=index)
        assert events.ingest(server, [item]).status_code == 200

    def found(**query: str) -> list[int]:
        rows = exports.parse(exports.export(server, admin, **query))
        return sorted(int(row["obj_id"]) for row in rows)

    assert found() == [0, 1, 2, 3]
    # One bound alone leaves the other side open.
    assert found(to=(present - dt.timedelta(days=20)).isoformat()) == [1, 2, 3]
    assert found(**{"from": (present - dt.timedelta(days=100)).isoformat()}) == [0, 1, 2]


def test_exceptions_are_for_administrators(server: Server, admin: User, anna: User) -> None:
    scopes = ["create:task", "send:exception"]
    own = user_id(server, anna)
    recorded = [events.server_event(scope=scope, user_id=own) for scope in scopes]
    foreign = events.server_event(scope="create:task", source="importer", user_id=own)
    assert events.ingest(server, [*recorded, foreign]).status_code == 200
    assert [row["scope"] for row in exports.rows(server, anna)] == ["create:task"]
    assert sorted(row["scope"] for row in exports.rows(server, admin)) == scopes


def test_rows_are_in_time_order(server: Server, admin: User) -> None:
    batch = [events.server_event(at=at(1 + n * 7 % 30, microsecond=n * 1000)) for n in range(1000)]
    assert events.ingest(server, batch).status_code == 200
    times = [row["timestamp"] for row in exports.rows(server, admin)]
    assert len(times) == 1000
    parsed = [dt.datetime.fromisoformat(time) for time in times]
    assert parsed == sorted(parsed)


BAD_QUERIES = {
    "from": {"from": "yesterday-ish"},
    "to": {"to": "2024-13-45"},
    "order": {"from": "2024-07-02T00:00:00Z", "to": "2024-07-01T00:00:00Z"},
    "action": {"action": "delete"},
    "user_id": {"user_id": "abc"},
    "org_id": {"org_id": "abc"},
    "job_id": {"job_id": "1; DROP TABLE events"},
    "huge id": {"task_id": str(2**70)},
    "location": {"location": "cloud_storage"},
    "cloud_storage_id": {"cloud_storage_id": "1"},
    "location unknown": {"location": "moon"},
}


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES)
def test_bad_queries(shared_server: Server, shared_admin: User, query: dict[str, str]) -> None:
    answer = exports.get(shared_server, shared_admin, **query)
    assert answer.status_code == 400, answer.text
    assert exports.one_string(answer)
    if "action" not in query:
        url = f"{shared_server.url}/api/events/export"
        answer = requests.post(url, params=query, headers=shared_admin.headers, timeout=10)
        assert answer.status_code == 400, answer.text
        assert exports.one_string(answer)


def test_organizations_are_not_there_yet(server: Server, anna: User) -> None:
    """Unknown organization: 404; the empty slug is the sandbox; two different ones contradict each other."""

    def status(headers: dict[str, str], query: str = "") -> int:
        url = f"{server.url}/api/events{query}"
        sent = events.body([events.event()])
        return requests.post(url, json=sent, headers={**anna.headers, **headers}, timeout=10).status_code

    assert status({"X-Organization": "acme"}) == 404
    assert status({}, "?org=acme") == 404
    assert status({"X-Organization": ""}) == 201
    assert status({}, "?org=") == 201
    assert status({"X-Organization": "a"}, "?org=b") == 400
    assert status({}, "?org=a&org_id=1") == 400
    assert status({}, "?org_id=abc") == 400
