"""The relay of clients/python against a real annoscope that is slow, away, or answers wrongly."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import annoscope_recorder as recorder
import pytest
from annoscope_recorder import Backoff, FileOutbox, HostOutbox, Relay, Sender

from support import ROOT, exports
from support.faulty_proxy import Fault, FaultyProxy
from support.python_hosts import PACKAGE
from support.server import Server, User, clean_environment, wait_for


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[FileOutbox]:
    outbox = FileOutbox(tmp_path / "outbox.db")
    yield outbox
    outbox.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.ingest_url).running() as proxy:
        yield proxy


def relay_to(url: str, outbox: recorder.Outbox) -> Relay:
    """One that does not wait as long as it does in earnest."""
    return Relay(outbox, Sender(url, timeout_s=1.0), period_s=0.05, backoff=Backoff(first_s=0.01, most_s=0.1))


@pytest.fixture
def relay(server: Server, outbox: FileOutbox) -> Iterator[Relay]:
    """A relay that runs."""
    relay = relay_to(server.ingest_url, outbox)
    relay.start()
    yield relay
    relay.stop()


def events(numbers: range) -> list[recorder.Event]:
    return [recorder.create("task", {"id": number}) for number in numbers]


def check_each_once(server: Server, admin: User, numbers: range) -> None:
    stored = sorted(int(row["obj_id"]) for row in exports.rows(server, admin))
    assert stored == list(numbers)


def wait_until_sent(outbox: recorder.Outbox, n_refused: int = 0) -> None:
    wait_for("the outbox to be empty", lambda: recorder.counts(outbox) == recorder.Counts(0, n_refused), 60)


def test_what_is_recorded_is_stored_once(server: Server, admin: User, outbox: FileOutbox, relay: Relay) -> None:
    for begin in range(0, 3_000, 10):
        assert outbox.record(events(range(begin, begin + 10)))
    wait_until_sent(outbox)
    check_each_once(server, admin, range(3_000))
    wait_for("the count of the relay", lambda: relay.counts.n_sent == 3_000)


def test_annoscope_stands_still(server: Server, admin: User, outbox: FileOutbox) -> None:
    relay = Relay(outbox, Sender(server.ingest_url, timeout_s=3.0), period_s=0.05)
    relay.start()
    outbox.record(events(range(100)))
    wait_until_sent(outbox)
    server.process.send_signal(signal.SIGSTOP)
    try:
        longest_s = 0.0
        for number in range(100, 1_000):
            begin = time.monotonic()
            assert outbox.record(events(range(number, number + 1)))
            longest_s = max(longest_s, time.monotonic() - begin)
        # A request that annoscope took and never answered.
        wait_for("a failure", lambda: relay.counts.n_failures > 0)
        assert longest_s < 2.5, "the host waited as long as a request to annoscope does"
    finally:
        server.process.send_signal(signal.SIGCONT)
    wait_until_sent(outbox)
    relay.stop()
    check_each_once(server, admin, range(1_000))


def test_annoscope_is_killed_and_comes_back(server: Server, admin: User, outbox: FileOutbox, relay: Relay) -> None:
    for number in range(600):
        outbox.record(events(range(number, number + 1)))
        if number == 200:
            server.kill()
        if number == 400:
            wait_for("a failure", lambda: relay.counts.n_failures > 0)
            server.start()
    wait_until_sent(outbox)
    check_each_once(server, admin, range(600))


def test_an_answer_that_is_lost_doubles_nothing(
    server: Server, admin: User, proxy: FaultyProxy, outbox: FileOutbox
) -> None:
    """annoscope has stored the events, and something says that it has not."""
    proxy.faults += [Fault(500, reaches_server=True)] * 3 + [Fault(502)] * 2
    outbox.record(events(range(20)))
    relay = relay_to(proxy.url, outbox)
    assert relay.send_all(60)
    assert (relay.counts.n_failures, relay.counts.n_sent) == (5, 20)
    assert len(set(proxy.bodies)) == 1, "the same events in the same form each time"
    check_each_once(server, admin, range(20))


def test_an_event_that_is_refused_holds_up_no_other(
    server: Server, admin: User, outbox: FileOutbox, tmp_path: Path
) -> None:
    outbox.record(events(range(40)))
    # What no annoscope takes, and refuses the whole request for.
    with outbox.transaction() as rows:
        rows._cursor.execute("UPDATE annoscope_outbox SET event = '\"no event\"' WHERE id IN (7, 8, 33)")
    relay = relay_to(server.ingest_url, outbox)
    assert relay.send_all(60)
    assert (relay.counts.n_sent, relay.counts.n_refused, relay.counts.n_failures) == (37, 3, 0)
    with outbox.transaction() as rows:
        refused = rows.refused()
    assert [row["event"] for row in refused] == ["no event"] * 3
    assert refused[0]["reason"].startswith("400 ")
    stored = {int(row["obj_id"]) for row in exports.rows(server, admin)}
    assert stored == set(range(40)) - {6, 7, 32}

    # Mended by hand, they are sent once more.
    with outbox.transaction() as rows:
        mended = json.dumps(events(range(41, 42))[0])
        rows._cursor.execute("DELETE FROM annoscope_outbox_refused WHERE id > 1")
        rows._cursor.execute("UPDATE annoscope_outbox_refused SET event = ?", (mended,))
    outbox.close()
    done = command("send-again", "--outbox", str(tmp_path / "outbox.db"))
    assert json.loads(done.stdout) == {"n_waiting": 1, "n_refused": 0}
    assert relay.send_all(60)
    assert len(exports.rows(server, admin)) == 38


def test_too_much_at_once_is_sent_in_parts(make_server, tmp_path: Path, outbox: FileOutbox) -> None:
    server = make_server(ingest_max_body_bytes="64KiB").start()
    outbox.record([recorder.create("task", {"id": number, "text": "x" * 3_000}) for number in range(60)])
    # One that is too large by itself.
    outbox.record([recorder.create("task", {"id": 99, "text": "x" * 100_000})], events(range(60, 61)))
    relay = relay_to(server.ingest_url, outbox)
    assert relay.send_all(60)
    with outbox.transaction() as rows:
        [refused] = rows.refused()
    assert refused["event"]["obj_id"] == 99
    assert refused["reason"].startswith("413 ")
    check_each_once(server, server.add_user("root", "admin"), range(61))


def test_the_relay_outlives_a_database_that_is_away(server: Server, admin: User, tmp_path: Path) -> None:
    n_asked = 0

    def connect() -> sqlite3.Connection:
        nonlocal n_asked
        n_asked += 1
        if 2 <= n_asked <= 5:
            raise sqlite3.OperationalError("no such host")
        return sqlite3.connect(tmp_path / "host.db", timeout=30)

    outbox = HostOutbox(connect)
    outbox.create_tables()
    with closing(sqlite3.connect(tmp_path / "host.db")) as connection, connection:
        outbox.record(connection, events(range(3)))
    relay = relay_to(server.ingest_url, outbox)
    relay.start()
    try:
        wait_for("the relay to have sent", lambda: relay.counts.n_sent == 3)
    finally:
        relay.stop()
    assert relay.counts.n_failures == 4
    check_each_once(server, admin, range(3))


def test_a_wrong_token_sets_nothing_aside(make_server, tmp_path: Path, outbox: FileOutbox) -> None:
    server = make_server(ingest_listen="0.0.0.0:0").start()
    root = server.add_user("root", "admin")
    url = server.ingest_url.replace("0.0.0.0", "127.0.0.1")
    outbox.record(events(range(3)))
    assert not Relay(outbox, Sender(url, token="wrong")).send_all(0)
    assert recorder.counts(outbox) == recorder.Counts(n_waiting=3, n_refused=0)
    path = tmp_path / "token"
    path.write_text(root.token + "\n")
    arguments = ["relay", "--outbox", str(tmp_path / "outbox.db"), "--url", url, "--token-file", str(path), "--once"]
    assert command(*arguments).returncode == 0
    check_each_once(server, root, range(3))


def test_annoscope_says_how_long_to_wait(proxy: FaultyProxy, outbox: FileOutbox) -> None:
    proxy.faults += [Fault(503, headers={"Retry-After": "1"})]
    outbox.record(events(range(1)))
    begin = time.monotonic()
    assert relay_to(proxy.url, outbox).send_all(60)
    assert time.monotonic() - begin >= 1.0
    assert len(proxy.bodies) == 2


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m annoscope_recorder`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "annoscope_recorder", *arguments],
        env={**clean_environment(), "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=120,
    )


HOST_THAT_DIES = """
import os, signal, sqlite3, sys
import annoscope_recorder as recorder
from annoscope_recorder import HostOutbox, Relay, Sender

def connect():
    return sqlite3.connect(sys.argv[1])

outbox = HostOutbox(connect)
outbox.create_tables()
# It would send, but for a moment.
Relay(outbox, Sender(sys.argv[2]), period_s=3600).start()
connection = connect()
connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY)")
for number in range(5):
    connection.execute("INSERT INTO task VALUES (?)", (number,))
    outbox.record(connection, recorder.create("task", {"id": number}))
    connection.commit()
connection.execute("INSERT INTO task VALUES (5)")
outbox.record(connection, recorder.create("task", {"id": 5}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_host_that_is_killed_between_commit_and_sending(server: Server, admin: User, tmp_path: Path) -> None:
    database = tmp_path / "host.db"
    host = subprocess.run(
        [sys.executable, "-c", HOST_THAT_DIES, str(database), server.ingest_url],
        env={**clean_environment(), "PYTHONPATH": str(PACKAGE)},
        timeout=120,
    )
    assert host.returncode == -signal.SIGKILL
    status = ["--outbox", str(database)]
    assert json.loads(command("status", *status).stdout) == {"n_waiting": 5, "n_refused": 0}
    assert command("relay", *status, "--url", server.ingest_url, "--once").returncode == 0
    check_each_once(server, admin, range(5))
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM task").fetchone() == (5,)
    assert command("refused", *status).stdout == ""
    assert command("status", "--outbox", str(tmp_path / "no.db")).returncode == 2


def test_the_command_ends_when_it_is_asked_to(server: Server, admin: User, outbox: FileOutbox, tmp_path: Path) -> None:
    outbox.record(events(range(3)))
    arguments = ["--outbox", str(tmp_path / "outbox.db"), "--url", server.ingest_url]
    relay = subprocess.Popen(
        [sys.executable, *("-m", "annoscope_recorder", "relay"), *arguments],
        env={**clean_environment(), "PYTHONPATH": str(PACKAGE)},
    )
    try:
        wait_until_sent(outbox)
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(30) == 0
    finally:
        relay.kill()
        relay.wait()
    check_each_once(server, admin, range(3))


def test_a_forked_worker_sends_for_itself(server: Server, admin: User, outbox: FileOutbox, relay: Relay) -> None:
    """The thread of the parent is not in the child."""
    outbox.record(events(range(1)))
    wait_until_sent(outbox)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            relay.start()
            outbox.record(events(range(1, 2)))
            wait_until_sent(outbox)
            code = 0
        finally:
            # The child must not go on as pytest.
            os._exit(code)
    relay.stop()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    check_each_once(server, admin, range(2))


@pytest.mark.skipif(
    "event_id" not in (ROOT / "crates/events/src/server_event.rs").read_text(), reason="annoscope ignores event_id"
)
def test_events_that_are_alike_are_two(server: Server, admin: User, outbox: FileOutbox) -> None:
    """Each has an id of its own, and the same one when it is sent again."""
    first = events(range(1))[0]
    second = {**first, "event_id": events(range(1))[0]["event_id"]}
    outbox.record(first, second)
    outbox.record(first)
    assert relay_to(server.ingest_url, outbox).send_all(60)
    assert len(exports.rows(server, admin)) == 2
