"""CVAT's own logging handler, python-logstash-async with its HTTP transport, configured as CVAT does it."""

from __future__ import annotations

import collections
import datetime as dt
import json
import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from logstash_async.constants import constants
from logstash_async.handler import AsynchronousLogstashHandler, SynchronousLogstashHandler

from support import exports
from support.server import Server, User, wait_for

TRANSPORT = "logstash_async.transport.HttpTransport"


@pytest.fixture(autouse=True)
def quick_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVAT flushes every 2 s and looks into its queue as often; the test need not wait for that."""
    monkeypatch.setattr(constants, "QUEUED_EVENTS_FLUSH_INTERVAL", 0.1)
    monkeypatch.setattr(constants, "QUEUE_CHECK_INTERVAL", 0.1)


@pytest.fixture
def queue_path() -> Iterator[Path]:
    """The handler's SQLite queue, in memory where that exists: it commits each event on its own."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as directory:
        yield Path(directory) / "events.db"


@contextmanager
def logger_with(handler: logging.Handler) -> Iterator[logging.Logger]:
    """CVAT's `vector` logger: the message is the JSON of the event."""
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.Logger("vector")
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        handler.close()


def asynchronous(server: Server, queue_path: Path) -> AsynchronousLogstashHandler:
    host, _, port = server.ingest_url.removeprefix("http://").rstrip("/").partition(":")
    return AsynchronousLogstashHandler(
        host, int(port), database_path=str(queue_path), transport=TRANSPORT, ssl_enable=False, ssl_verify=False
    )


# CVAT's server writes payloads compact and in UTF-8.
PAYLOAD = '{"old_value":"neu, für später","request":{"id":"6f1c9d7e-7f0a-4a54-a7d5-3f1d3b5f0b3c"}}'


def message(index: int) -> str:
    """As CVAT makes it; the event's own number is its obj_id."""
    return json.dumps(
        {
            "scope": "update:job",
            "obj_name": "state",
            "obj_id": index,
            "obj_val": "in progress",
            "source": "server",
            "timestamp": str(dt.datetime.now(dt.UTC).timestamp()),
            "project_id": 1,
            "task_id": 2,
            "job_id": 3,
            "user_id": 4,
            "user_name": "jürgen",
            "user_email": None,
            "payload": PAYLOAD,
        }
    )


def n_waiting(queue_path: Path) -> int:
    """Events that the handler has taken over and not yet got rid of."""
    with closing(sqlite3.connect(queue_path, timeout=10)) as queue:
        return queue.execute("SELECT count(*) FROM event").fetchone()[0]


def deliver(handler: AsynchronousLogstashHandler, queue_path: Path, deadline_s: float = 60) -> None:
    """Waits until everything that was logged is acknowledged."""
    worker = AsynchronousLogstashHandler._worker_thread

    def empty() -> bool:
        handler.flush()
        return worker._queue.empty() and worker._event is None and n_waiting(queue_path) == 0

    wait_for("the handler's queue to be empty", empty, deadline_s, interval_s=0.05)


def check_each_once(server: Server, admin: User, n_events: int) -> None:
    counts = collections.Counter(int(row["obj_id"]) for row in exports.rows(server, admin))
    missing = [index for index in range(n_events) if index not in counts]
    doubled = [index for index, count in counts.items() if count > 1]
    assert not missing, f"{len(missing)} of {n_events} missing, the first: {missing[:5]}"
    assert not doubled, f"{len(doubled)} of {n_events} doubled, the first: {doubled[:5]}"
    assert len(counts) == n_events


def test_each_of_10_000_events_is_stored_once(server: Server, admin: User, queue_path: Path) -> None:
    handler = asynchronous(server, queue_path)
    with logger_with(handler) as logger:
        for index in range(10_000):
            logger.info(message(index))
        deliver(handler, queue_path)
    check_each_once(server, admin, 10_000)
    row = exports.rows(server, admin)[0]
    assert row["user_name"] == "jürgen"
    assert row["user_email"] == ""
    assert row["payload"] == PAYLOAD


@pytest.mark.parametrize("end", [Server.kill, Server.stop], ids=["kill", "stop"])
def test_a_restart_midway_loses_and_doubles_nothing(
    server: Server, admin: User, queue_path: Path, end: Callable[[Server], object]
) -> None:
    n_events = 10_000
    handler = asynchronous(server, queue_path)
    with logger_with(handler) as logger:
        for index in range(n_events):
            logger.info(message(index))
        # All are in the handler's hands; a third is delivered when the server goes away.
        worker = AsynchronousLogstashHandler._worker_thread
        wait_for("the handler's queue to fill", worker._queue.empty, deadline_s=60)
        wait_for("a third of the events", lambda: n_waiting(queue_path) < n_events * 2 // 3, deadline_s=60)
        end(server)
        assert n_waiting(queue_path) > 0, "the server went away too late to prove anything"
        server.start()
        deliver(handler, queue_path)
    check_each_once(server, admin, n_events)


def test_the_handler_may_start_before_the_server(make_server, queue_path: Path) -> None:
    server = make_server().start()
    server.stop()
    handler = asynchronous(server, queue_path)
    with logger_with(handler) as logger:
        for index in range(200):
            logger.info(message(index))
        server.start()
        deliver(handler, queue_path)
    check_each_once(server, server.add_user("root", "admin"), 200)


def test_the_synchronous_handler(server: Server, admin: User) -> None:
    """CVAT's background workers: one request an event, no retry."""
    host, _, port = server.ingest_url.removeprefix("http://").rstrip("/").partition(":")
    handler = SynchronousLogstashHandler(host, int(port), transport=TRANSPORT, ssl_enable=False, ssl_verify=False)
    with logger_with(handler) as logger:
        for index in range(200):
            logger.info(message(index))
    check_each_once(server, admin, 200)
