"""/readyz says what would become of an event: 503 in every state in which none is stored, and 200 again afterwards.

An event is stored once it is in the journal; how far behind the database is stands in the answer.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
import requests

from support import events, exports
from support.server import Server, User, wait_for


def ready(server: Server) -> int:
    return requests.get(f"{server.url}/readyz", timeout=20).status_code


def in_time(server: Server, status: int) -> None:
    """The answer counts for a second."""
    wait_for(f"/readyz to say {status}", lambda: ready(server) == status, deadline_s=15, interval_s=0.2)


def stores(server: Server, obj_id: int) -> bool:
    return events.ingest(server, [events.server_event(obj_id=obj_id)]).status_code == 200


def test_no_room_for_the_database(make_server) -> None:
    """Events wait in the journal, and the answer says so."""
    server = make_server(store_min_free_bytes="1000TiB").start()
    admin = server.add_user("root", "admin")
    assert stores(server, 1)
    assert stores(server, 2)
    behind = "ready; the database is behind: 2 wait for it, the oldest for "

    def told() -> str:
        answer = requests.get(f"{server.url}/readyz", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text if answer.text.startswith(behind) else ""

    told = wait_for("/readyz to say how far the database is behind", told, interval_s=0.2)
    assert re.fullmatch(r"\d+ s\n", told.removeprefix(behind)), told
    assert server.metric("annoscope_journal_oldest_seconds") >= 1
    assert server.stop() == 0
    server.start(store_min_free_bytes="0")
    server.wait_until_applied()
    wait_for("/readyz to say no more", lambda: requests.get(f"{server.url}/readyz", timeout=20).text == "ready\n")
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["1", "2"]


def test_a_directory_that_was_removed(server: Server, admin: User) -> None:
    assert stores(server, 1)
    moved = server.data_dir.with_name("moved")
    server.data_dir.rename(moved)
    # Nothing is acknowledged into files that are in no directory.
    assert not stores(server, 2)
    in_time(server, 503)
    moved.rename(server.data_dir)
    in_time(server, 200)
    assert stores(server, 3)
    server.wait_until_applied()
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["1", "3"]


def test_another_directory_in_its_place(server: Server) -> None:
    assert stores(server, 1)
    server.data_dir.rename(server.data_dir.with_name("moved"))
    server.data_dir.mkdir()
    assert not stores(server, 2)
    in_time(server, 503)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_directory_that_cannot_be_written(server: Server) -> None:
    server.data_dir.chmod(0o500)
    in_time(server, 503)
    server.data_dir.chmod(0o700)
    in_time(server, 200)


def zero(path: Path, begin: int) -> None:
    """Overwrites a file from there on, and leaves its length."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(bytes(max(0, size - begin)))
        file.flush()
        os.fsync(file.fileno())


def test_damage_that_a_query_meets(make_server) -> None:
    server = make_server()
    admin = server.add_user("root", "admin")
    server.start()
    for batch in range(20):
        rows = [events.server_event(obj_id=batch * 5000 + n, payload={"x": f"{n * 7919}"}) for n in range(5000)]
        assert events.ingest(server, rows).status_code == 200
    server.stop()
    # The headers are in the first 12 kB: the rest is data.
    zero(server.data_dir / "events.duckdb", 3 * 262144)
    server.start()
    body = {"sql": "SELECT sum(length(payload)), max(obj_id), max(scope) FROM events", "cache": False}
    answer = requests.post(f"{server.url}/api/query", json=body, headers=admin.headers, timeout=30)
    assert answer.status_code == 500, answer.text
    assert "duckdb" not in answer.text.lower()
    assert "the data cannot be read" in server.log()
    assert server.metric("annoscope_store_unreadable_total") >= 1


def test_many_who_ask_are_one(server: Server, anna: User) -> None:
    """Nobody keeps the writer busy by asking."""
    begin = time.monotonic()
    with requests.Session() as session:
        for _ in range(300):
            assert session.get(f"{server.url}/readyz", timeout=10).status_code == 200
    assert time.monotonic() - begin < 10
