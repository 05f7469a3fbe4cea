"""The outbox of clients/python: what a commit keeps and a rollback drops, full files, forks, and who sends."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import annoscope_recorder as recorder
import psycopg
import pytest
from annoscope_recorder import FileOutbox, HostOutbox


@pytest.fixture(params=["sqlite", "postgresql"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Makes connections to a host's database."""
    if request.param == "sqlite":
        path = tmp_path / "host.db"
        return lambda: sqlite3.connect(path, timeout=30)
    server = request.getfixturevalue("postgres_database")
    return lambda: psycopg.connect(server)


def n_waiting(outbox: recorder.Outbox) -> int:
    return recorder.counts(outbox).n_waiting


def event(number: int = 1, **more: object) -> recorder.Event:
    return recorder.create("task", {"id": number, **more})


def test_a_commit_keeps_events_and_a_rollback_drops_them(connect: Callable[[], Any]) -> None:
    outbox = HostOutbox(connect)
    outbox.create_tables()
    outbox.create_tables()
    with closing(connect()) as connection:
        outbox.record(connection, event(1), [event(2), event(3)])
        assert n_waiting(outbox) == 0, "another connection sees them before the commit"
        connection.commit()
        assert n_waiting(outbox) == 3
        outbox.record(connection, event(4))
        connection.rollback()
        assert n_waiting(outbox) == 3
        outbox.record(connection)
        outbox.record(connection, [])
        connection.commit()
    assert n_waiting(outbox) == 3


def test_batches_are_the_oldest_and_bounded(connect: Callable[[], Any]) -> None:
    outbox = HostOutbox(connect)
    outbox.create_tables()
    with closing(connect()) as connection:
        outbox.record(connection, [event(number, text="x" * 1_000) for number in range(10)])
        connection.commit()

    def first(n_events: int, n_bytes: int) -> list[int]:
        with outbox.transaction() as rows:
            waiting = rows.first(n_events, n_bytes)
        return [int(row.event.split('"obj_id":')[1].split(",")[0]) for row in waiting]

    assert first(3, 1_000_000) == [0, 1, 2]
    assert first(100, 1_000_000) == list(range(10))
    assert len(first(100, 3_000)) == 2
    assert first(100, 1) == [0], "one that is larger than a batch is a batch of its own"
    with outbox.transaction() as rows:
        rows.remove(rows.first(4, 1_000_000))
    assert first(2, 1_000_000) == [4, 5]


def test_one_relay_at_a_time(connect: Callable[[], Any]) -> None:
    outbox = HostOutbox(connect)
    outbox.create_tables()

    def lease(holder: str, seconds: float = 60) -> bool:
        with outbox.transaction() as rows:
            return rows.lease(holder, seconds)

    assert lease("one")
    assert not lease("other")
    assert lease("one", seconds=-1), "whose time is over at once"
    assert lease("other")
    assert not lease("one")
    with outbox.transaction() as rows:
        rows.release("one")
    assert not lease("one"), "who does not have it cannot give it up"
    with outbox.transaction() as rows:
        rows.release("other")
    assert lease("one")


def test_a_relay_s_failed_transaction_changes_nothing(connect: Callable[[], Any]) -> None:
    outbox = HostOutbox(connect)
    outbox.create_tables()
    with closing(connect()) as connection:
        outbox.record(connection, event())
        connection.commit()

    def fail_midway() -> None:
        with outbox.transaction() as rows:
            rows.refuse(rows.first(1, 1)[0], "reason")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    assert recorder.counts(outbox) == recorder.Counts(n_waiting=1, n_refused=0)


class OwnConnection(sqlite3.Connection):
    """As hosts have."""


class Asynchronous:
    async def commit(self) -> None: ...


class Unknown:
    def commit(self) -> None: ...


def test_a_connection_of_a_host_s_own_class(tmp_path: Path) -> None:
    outbox = HostOutbox(lambda: sqlite3.connect(tmp_path / "host.db", factory=OwnConnection))
    outbox.create_tables()
    assert n_waiting(outbox) == 0


@pytest.mark.parametrize(("connection", "message"), [(Asynchronous(), "asynchronous"), (Unknown(), "no connection of")])
def test_a_connection_that_cannot_be_used_is_named(connection: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        HostOutbox(lambda: connection).record(connection, event())


def test_where_the_host_s_disk_is_full_nothing_is_half_done(tmp_path: Path) -> None:
    outbox = HostOutbox(lambda: sqlite3.connect(tmp_path / "host.db"))
    outbox.create_tables()
    with closing(sqlite3.connect(tmp_path / "host.db")) as connection:
        connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA max_page_count = 32")
        n_done = 0
        error = None
        while error is None:
            try:
                with connection:
                    connection.execute("INSERT INTO task VALUES (?)", (n_done,))
                    outbox.record(connection, event(n_done, text="x" * 2_000))
                n_done += 1
            except sqlite3.OperationalError as full:
                error = full
        assert "full" in str(error)
        assert n_done > 10
        assert connection.execute("SELECT count(*) FROM task").fetchone() == (n_done,)
    assert n_waiting(outbox) == n_done


def test_a_file_that_is_full_costs_events_and_no_request(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = FileOutbox(tmp_path / "outbox.db", max_bytes=256 << 10)
    n_kept = 0
    while outbox.record(event(n_kept, text="x" * 1_000)):
        n_kept += 1
    assert n_kept > 50
    assert not outbox.record([event(), event()], event())
    # As much as it could not take at first, and three.
    assert outbox.n_lost == 4
    # Those that are there are whole, and there is room again when they are sent.
    assert n_waiting(outbox) == n_kept
    with outbox.transaction() as rows:
        rows.remove(rows.first(n_kept, 1 << 30))
    assert outbox.record(event())
    assert [record.levelname for record in caplog.records] == ["ERROR"], "it is said once"
    outbox.close()


def test_a_file_that_cannot_be_opened_breaks_nothing(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "missing" / "outbox.db")
    assert not outbox.record(event())
    (tmp_path / "missing").mkdir()
    assert outbox.record(event())
    outbox.close()


def test_threads_and_processes_share_a_file(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "outbox.db", busy_timeout_s=60)
    outbox.record(event())

    def record_many() -> None:
        for number in range(50):
            assert outbox.record(event(number))

    # As a server that forks its workers does: with the outbox open.
    forked = [multiprocessing.get_context("fork").Process(target=record_many) for _ in range(3)]
    threads = [threading.Thread(target=record_many) for _ in range(3)]
    for worker in (*forked, *threads):
        worker.start()
    for worker in (*forked, *threads):
        worker.join()
    assert [process.exitcode for process in forked] == [0, 0, 0]
    assert n_waiting(outbox) == 301
    outbox.close()


def test_a_fork_while_the_file_is_in_use_does_not_hang(tmp_path: Path) -> None:
    outbox = FileOutbox(tmp_path / "outbox.db", busy_timeout_s=60)
    with outbox.transaction() as rows:
        # The lock is held here, and would be for ever in the child.
        child = os.fork()
        if child == 0:
            # Only whether it comes back: the parent is still writing.
            os._exit(0 if outbox._lock.acquire(timeout=10) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        rows.add([event()])
    assert n_waiting(outbox) == 1
    outbox.close()
