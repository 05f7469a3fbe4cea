"""Bounds of one query and of all together: rows, bytes, time, memory, how many run at once."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from support.query import COUNT, MANY_ROWS, NO_ROW, Endless, ask, ended, frames, rows, running
from support.server import Server, User, wait_for


def test_a_limit_of_rows(shared_server: Server, shared_admin: User) -> None:
    def stats(n_rows: int, **body: object) -> dict:
        document = ask(shared_server, shared_admin, f"SELECT number FROM numbers({n_rows})", **body).json()
        assert len(document["rows"]) == document["stats"]["rows"]
        return {name: document["stats"][name] for name in ("rows", "truncated")}

    assert stats(10, limit=10) == {"rows": 10, "truncated": False}
    assert stats(11, limit=10) == {"rows": 10, "truncated": True}
    assert stats(10, limit=0) == {"rows": 0, "truncated": True}
    # The default limit is the largest.
    assert stats(100_001) == {"rows": 100_000, "truncated": True}
    refused = ask(shared_server, shared_admin, COUNT, limit=100_001)
    assert refused.status_code == 400
    assert refused.json()["error"]["field"] == "limit"
    as_csv = ask(shared_server, shared_admin, "SELECT number FROM numbers(11)", accept="text/csv", limit=10).text
    assert len(as_csv.splitlines()) == 11


def test_a_limit_of_bytes(make_server) -> None:
    server = make_server(query_max_result_bytes="10KiB").start()
    admin = server.add_user("root", "admin")
    answer = ask(server, admin, "SELECT number FROM numbers(100000)")
    document = answer.json()
    assert document["stats"]["truncated"]
    assert 0 < document["stats"]["rows"] == len(document["rows"]) < 5000
    assert len(answer.content) < 11_000


def test_a_limit_of_time(make_server) -> None:
    server = make_server(query_timeout_ms="300ms").start()
    admin = server.add_user("root", "admin")
    answer = ask(server, admin, NO_ROW)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["kind"] == "time_limit"
    assert "0.3 s" in error["message"]
    assert "query.timeout_ms" in error["message"]
    assert ended(server, "timed_out") == 1
    # The place is free again.
    assert rows(server, admin, COUNT) == [[0]]


def test_an_error_after_rows_is_told(make_server) -> None:
    """The client gets rows for longer than the time limit allows."""
    server = make_server(query_timeout_ms="500ms", query_max_rows=1_000_000_000).start()
    admin = server.add_user("root", "admin")
    document = ask(server, admin, MANY_ROWS).json()
    assert list(document) == ["columns", "rows", "error"]
    assert document["error"]["kind"] == "time_limit"
    assert len(document["rows"]) > 0
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(server, admin, MANY_ROWS, accept="text/csv")


def test_more_queries_than_places_wait_for_each_other(shared_server: Server, shared_admin: User) -> None:
    """Panels of a dashboard ask all at once."""
    found: list[list] = []

    def panel() -> None:
        found.append(rows(shared_server, shared_admin, "SELECT number FROM numbers(1000)"))

    panels = [threading.Thread(target=panel) for _ in range(12)]
    for thread in panels:
        thread.start()
    for thread in panels:
        thread.join()
    assert [len(numbers) for numbers in found] == [1000] * 12


def test_too_many_queries(make_server) -> None:
    server = make_server(query_max_concurrent=1, query_max_wait_ms="100ms").start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, NO_ROW)
    wait_for("the query to run", lambda: running(server, admin))
    time.sleep(0.1)
    answer = ask(server, admin, COUNT)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    [frame] = frames(server, admin, [{"rawSql": COUNT}], status=400).values()
    assert frame["status"] == 503
    assert ended(server, "unavailable") == 2
    client.hang_up()


@pytest.mark.parametrize(
    "expression",
    ["repeat(toString(number), 1000000000)", "leftPad('a', 2000000000, 'b')", "range(1000000000 + number)"],
)
def test_a_value_that_would_fill_the_memory_is_refused(server: Server, admin: User, expression: str) -> None:
    sql = f"SELECT length({expression}) FROM numbers(20, 2)"
    answer = requests.post(f"{server.url}/api/query", json={"sql": sql}, headers=admin.headers, timeout=30)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["kind"] == "execution"
