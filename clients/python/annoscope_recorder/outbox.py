"""Where events wait until annoscope has them: a SQLite file of their own, or tables in the host's database."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from annoscope_recorder.event import Event
from annoscope_recorder.rows import Connection, Counts, Rows

log = logging.getLogger("annoscope_recorder")


class Outbox(Protocol):
    """What a relay empties: tables, in transactions of the relay's own."""

    def transaction(self) -> AbstractContextManager[Rows]: ...


def counts(outbox: Outbox) -> Counts:
    """How many events wait in an outbox, and how many were set aside."""
    with outbox.transaction() as rows:
        return rows.counts()


class HostOutbox:
    """Tables in the host's database: `record` writes within the host's transaction.

    `connect` makes a connection for the relay: `lambda: sqlite3.connect("host.db")`, `lambda: psycopg.connect(…)`.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect

    def create_tables(self) -> None:
        """Makes the tables where they are not there yet. For hosts without migrations of their own."""
        with self.transaction() as rows:
            rows.create()

    def record(self, connection: Connection, *events: Event | Sequence[Event]) -> None:
        """Adds events to the transaction of `connection`: its commit keeps them, its rollback drops them.

        Errors are the driver's, as of any other statement of that transaction.
        """
        Rows.of(connection).add(flat(events))

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """A transaction of the relay's, on a connection of its own."""
        connection = self._connect()
        try:
            yield Rows.of(connection)
            connection.commit()
        finally:
            # Of what was not committed nothing is left.
            with suppress(Exception):
                connection.rollback()
            connection.close()


class FileOutbox:
    """A SQLite file of its own, for a host without a database, or with one that has no transactions.

    `record` never raises: a disk that is full or broken costs the events (`n_lost`), not the request. What was
    recorded survives a kill of the host at once, and a power failure after a moment. The file takes `max_bytes`.
    """

    def __init__(self, path: str | Path, *, max_bytes: int = 1 << 30, busy_timeout_s: float = 1.0) -> None:
        self._path = str(path)
        self._max_bytes = max_bytes
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        # Connections of the process that this one was forked from: SQLite forbids to use or close them here.
        self._inherited: list[sqlite3.Connection] = []
        self._is_failing = False
        self._wakes: list[Callable[[], None]] = []
        # Events that could not be recorded.
        self.n_lost = 0
        outbox = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget_connection(outbox()))

    def record(self, *events: Event | Sequence[Event]) -> bool:
        """Keeps events; whether it could."""
        listed = flat(events)
        try:
            if listed:
                with self.transaction() as rows:
                    rows.add(listed)
        except (sqlite3.Error, OSError) as error:
            self.n_lost += len(listed)
            # Said once, not with each request.
            if not self._is_failing:
                log.error("%d events could not be recorded in %s: %s", len(listed), self._path, error)
            self._is_failing = True
            return False
        self._is_failing = False
        for wake in self._wakes:
            wake()
        return True

    def on_record(self, wake: Callable[[], None]) -> None:
        """Has `wake` called when something was recorded: by a relay in the same process."""
        self._wakes.append(wake)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """A transaction on the file; one at a time within this process."""
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            connection = self._connection
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield Rows(cursor, "?")
                cursor.execute("COMMIT")
            finally:
                # Left after an error, unless SQLite has ended it itself: it does where the disk is full.
                if connection.in_transaction:
                    cursor.execute("ROLLBACK")
                cursor.close()

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            [page_bytes] = connection.execute("PRAGMA page_size").fetchone()
            connection.execute(f"PRAGMA max_page_count = {max(self._max_bytes // page_bytes, 1)}")
            Rows(connection.cursor(), "?").create()
        except BaseException:
            connection.close()
            raise
        return connection

    def _after_fork(self) -> None:
        # Another thread of the parent may have held the lock.
        self._lock = threading.Lock()
        if self._connection is not None:
            self._inherited.append(self._connection)
        self._connection = None


def _forget_connection(outbox: FileOutbox | None) -> None:
    if outbox is not None:
        outbox._after_fork()


def flat(events: Sequence[Event | Sequence[Event]]) -> list[Event]:
    """Builders give an event or a list of them; both are taken."""
    listed: list[Event] = []
    for event in events:
        if isinstance(event, dict):
            listed.append(event)
        else:
            listed.extend(event)
    return listed
