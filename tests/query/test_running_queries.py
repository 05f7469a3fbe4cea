"""Queries while they run: listed, ended, and left by their clients."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from support.query import MANY_ROWS, NO_ROW, Endless, ask, ended, rows, running
from support.server import Server, User, wait_for

# A client that hangs up frees its query within this time. The promise is 0.1 s, 0.01 s are usual; the tests' machine
# may have other work.
FREE_DEADLINE_S = 0.5


@pytest.mark.parametrize("sql", [NO_ROW, MANY_ROWS], ids=["before its first row", "while rows are sent"])
def test_a_client_that_hangs_up_frees_its_query(make_server, sql: str) -> None:
    server = make_server(query_max_rows=1_000_000_000, query_max_concurrent=1).start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, sql)
    wait_for("the query to run", lambda: running(server, admin))
    if sql == MANY_ROWS:
        wait_for("rows", lambda: running(server, admin)[0]["rows"] > 0)
    else:
        # Into the store, beyond the check.
        time.sleep(0.3)
    begin = time.monotonic()
    client.hang_up()
    wait_for("the query to be gone", lambda: not running(server, admin), FREE_DEADLINE_S, 0.005)
    # It is not only off the list: the one place is free.
    assert rows(server, admin, "SELECT number FROM numbers(1)") == [[0]]
    took = time.monotonic() - begin
    print(f"free after {took * 1000:.0f} ms")
    assert took < FREE_DEADLINE_S
    assert ended(server, "abandoned") == 1


def test_the_list_of_queries(server: Server, admin: User, business: User) -> None:
    assert running(server, admin) == []
    mine = Endless(server, admin, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, admin))
    assert set(query) == {"id", "user", "sql", "started", "elapsed_ms", "rows"}
    assert query["user"] == "root"
    assert query["sql"] == NO_ROW
    assert query["rows"] == 0
    assert query["elapsed_ms"] < 60_000
    assert query["started"].endswith("Z")
    theirs = Endless(server, business, f"{NO_ROW} -- {'x' * 20_000}")
    listed = wait_for("both", lambda: len(running(server, admin)) == 2 and running(server, admin))
    assert [query["user"] for query in listed] == ["root", "bea"]
    assert len(listed[1]["sql"]) == 10_000
    # Business sees its own only.
    assert [query["user"] for query in running(server, business)] == ["bea"]
    mine.hang_up()
    theirs.hang_up()


def end(server: Server, user: User, query_id: str) -> int:
    answer = requests.delete(f"{server.url}/api/queries/{query_id}", headers=user.headers, timeout=10)
    return answer.status_code


def test_a_query_can_be_ended(server: Server, admin: User, business: User) -> None:
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server, business, NO_ROW)))
    asking.start()
    [query] = wait_for("the query to run", lambda: running(server, business))
    time.sleep(0.1)
    begin = time.monotonic()
    assert end(server, business, query["id"]) == 204
    asking.join()
    assert time.monotonic() - begin < FREE_DEADLINE_S
    [answer] = answers
    assert answer.status_code == 400
    assert answer.json()["error"]["kind"] == "cancelled"
    assert end(server, business, query["id"]) == 404
    assert end(server, business, "nothing") == 404
    assert ended(server, "cancelled") == 1


def test_whose_query_may_be_ended(server: Server, admin: User, business: User) -> None:
    mine = Endless(server, admin, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, admin))
    assert end(server, business, query["id"]) == 403
    assert end(server, admin, query["id"]) == 204
    theirs = Endless(server, business, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, business))
    assert end(server, admin, query["id"]) == 204
    mine.hang_up()
    theirs.hang_up()


def test_a_query_whose_client_does_not_read_can_be_ended(make_server) -> None:
    server = make_server(query_max_rows=1_000_000_000, query_max_concurrent=1).start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, MANY_ROWS)

    wait_for("the query to run", lambda: running(server, admin))

    def stalled() -> bool:
        # Nobody reads: the kernel's buffers are full at some time.
        before = running(server, admin)[0]["rows"]
        time.sleep(0.2)
        return 0 < before == running(server, admin)[0]["rows"]

    wait_for("the buffers to be full", stalled)
    [query] = running(server, admin)
    assert end(server, admin, query["id"]) == 204
    # The place is free, though the client is still there.
    assert rows(server, admin, "SELECT number FROM numbers(1)") == [[0]]
    client.hang_up()
