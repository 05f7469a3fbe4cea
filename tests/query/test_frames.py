"""POST /api/ds/query: Grafana's way to ask, and its data frames."""

from __future__ import annotations

import pytest
import requests

from support.query import COUNT, TIMES, frames
from support.server import Server, User


@pytest.mark.parametrize("path", ["/api/ds/query", "/analytics/api/ds/query"])
def test_frames(stored: Server, admin: User, path: str) -> None:
    datasource = {"type": "grafana-clickhouse-datasource", "uid": "x"}
    query = {"rawSql": TIMES, "format": 1, "intervalMs": 15000, "maxDataPoints": 800, "datasource": datasource}
    failing = {"refId": "B", "rawSql": "SELECT scope FROM nothing", "format": "table"}
    # As Grafana answers when one of them fails.
    results = frames(stored, admin, [{"refId": "A", **query}, failing], path, status=400)
    assert list(results) == ["A", "B"]
    assert results["A"]["status"] == 200
    [frame] = results["A"]["frames"]
    assert frame["schema"]["refId"] == "A"
    assert frame["schema"]["fields"] == [
        {"name": "timestamp", "type": "time", "typeInfo": {"frame": "time.Time", "nullable": False}},
        {"name": "scope", "type": "string", "typeInfo": {"frame": "string", "nullable": False}},
        {"name": "obj_id", "type": "number", "typeInfo": {"frame": "uint64", "nullable": True}},
    ]
    assert frame["data"]["values"] == [
        [1719835200250, 1719835201000, 1719835202000],
        ["create:task", "create:task", "create:job"],
        [1, 2, None],
    ]
    assert results["B"]["status"] == 400
    assert results["B"]["frames"] == []
    assert "line 1" in results["B"]["error"]


def test_frames_are_bounded_too(make_server) -> None:
    server = make_server(query_max_rows=1000).start()
    admin = server.add_user("root", "admin")
    [frame] = frames(server, admin, [{"rawSql": "SELECT number FROM numbers(1001)"}])["A"]["frames"]
    assert frame["data"]["values"] == [list(range(1000))]
    [notice] = frame["schema"]["meta"]["notices"]
    assert notice["severity"] == "warning"
    assert "1000 rows" in notice["text"]


def test_bad_requests_for_frames(shared_server: Server, shared_admin: User) -> None:
    cases = [
        ({}, "queries"),
        ({"queries": []}, "queries"),
        ({"queries": [{"refId": "A"}]}, "queries.0.rawSql"),
        ({"queries": [{"rawSql": COUNT}], "from": "soon"}, "from"),
    ]
    for body, field in cases:
        answer = requests.post(f"{shared_server.url}/api/ds/query", json=body, headers=shared_admin.headers, timeout=10)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["field"] == field
