"""The recorder in a host of Rust (`crates/recorder/examples/host.rs`), under faults of annoscope, of the host and of
its disk: nothing that the host committed is lost, nothing is doubled, nothing else is recorded."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support import exports
from support.faulty_proxy import Fault, FaultyProxy
from support.postgres import postgres, program
from support.server import BINARY, Server, User, clean_environment, wait_for

HOST = BINARY.parent / "examples" / "host"


class Host:
    """The host on one database. `start` may be called again after `kill`."""

    def __init__(self, outbox: str, database: str, directory: Path):
        self.outbox = outbox
        self.database = database
        self.log_path = directory / "host.log"
        self.process: subprocess.Popen | None = None
        self.url = ""

    def start(self, annoscope: str, *max_pages: str) -> Host:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [HOST, self.outbox, self.database, annoscope, *max_pages],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean_environment(),
                text=True,
            )
        self.url = self.process.stdout.readline().strip()
        assert self.url, f"the host does not start\n{self.log_path.read_text()}"
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def post(self, path: str) -> requests.Response:
        return requests.post(f"{self.url}{path}", timeout=30)

    def create(self, name: str) -> tuple[str, str]:
        """The id of a new task, and that of the request."""
        answer = self.post(f"/tasks/{name}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"]), answer.headers["X-Request-Id"]

    def task_ids(self) -> list[str]:
        return sorted(str(number) for number in requests.get(f"{self.url}/tasks", timeout=30).json())

    def counts(self) -> dict[str, int]:
        return requests.get(f"{self.url}/counts", timeout=30).json()


# How long annoscope is away, at least.
AWAY_S = 60 if os.environ.get("ANNOSCOPE_SOAK") == "1" else 0


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL for all tests: what libpq needs to find it."""
    with postgres() as found:
        yield found


def database(cluster: str, name: str) -> str:
    """The address of a new database."""
    subprocess.run([program("psql"), cluster, "-qc", f"CREATE DATABASE {name}"], check=True)
    words = dict(word.split("=") for word in cluster.split())
    return f"postgres://{words['user']}@localhost/{name}?host={words['host']}"


@pytest.fixture(params=["rusqlite", "sqlx-sqlite", "sqlx-postgres", "queue"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    assert HOST.exists(), f"{HOST}: cargo build --workspace --all-targets makes it"
    address = str(tmp_path / "host.sqlite")
    if request.param == "sqlx-postgres":
        address = database(request.getfixturevalue("cluster"), f"host_{uuid.uuid4().hex}")
    host = Host(request.param, address, tmp_path)
    yield host
    host.kill()


LOST_ANSWER = Fault(500, reaches_server=True)


@pytest.fixture
def between(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.ingest_url).running() as proxy:
        yield proxy


def n_sent(proxy: FaultyProxy) -> collections.Counter[str]:
    """How often each event came."""
    return collections.Counter(event["event_id"] for body in proxy.bodies for event in json.loads(body))


def of_tasks(server: Server, admin: User) -> list[dict[str, str]]:
    return [row for row in exports.rows(server, admin) if row["scope"] == "create:task"]


def expect_each_once(host: Host, server: Server, admin: User, task_ids: list[str]) -> None:
    """Waits until all of them are stored and nothing waits any more."""
    n_expected = len(task_ids)
    wait_for("the events", lambda: len(of_tasks(server, admin)) >= n_expected, deadline_s=40, interval_s=0.1)
    wait_for("the outbox to be empty", lambda: host.counts()["waiting"] == 0)
    assert sorted(row["obj_id"] for row in of_tasks(server, admin)) == sorted(task_ids)


def request_id(row: dict[str, str]) -> str:
    return json.loads(row["payload"])["request"]["id"]


def test_what_is_committed_is_recorded_with_the_request_s_id(host: Host, server: Server, admin: User) -> None:
    host.start(server.ingest_url)
    made = dict(host.create(f"task-{number}") for number in range(20))
    for _ in range(3):
        assert host.post("/rollback").status_code == 409
    later = host.post("/later")
    assert later.json()["request_id"] == later.headers["X-Request-Id"]
    rows = wait_for("the events", lambda: rows if len(rows := of_tasks(server, admin)) == 21 else None)
    by_request = {request_id(row): row for row in rows}
    for task_id, id_ in made.items():
        row = by_request[id_]
        assert (row["obj_id"], row["task_id"]) == (task_id, task_id)
        assert (row["user_name"], row["source"], row["user_email"]) == ("lena", "server", "")
        assert json.loads(row["payload"])["mode"] == "annotation"
    assert by_request[later.headers["X-Request-Id"]]["obj_name"] == "later"


def test_an_exception_and_a_panic_are_recorded(host: Host, server: Server, admin: User) -> None:
    host.start(server.ingest_url)
    with contextlib.suppress(requests.ConnectionError):
        host.post("/panic?api_key=hidden")

    def exceptions() -> list[dict[str, str]]:
        return [row for row in exports.rows(server, admin) if row["scope"] == "send:exception"]

    [row] = wait_for("the exception", exceptions)
    payload = json.loads(row["payload"])
    assert payload["message"] == "panic: a bug of the host"
    assert (payload["request"]["url"], payload["status_code"]) == ("/panic?api_key=***", 500)


def test_answers_that_are_lost_double_nothing(host: Host, server: Server, admin: User, between: FaultyProxy) -> None:
    between.faults.extend([LOST_ANSWER] * 5)
    host.start(between.url)
    ids = [host.create(f"task-{number}")[0] for number in range(50)]
    expect_each_once(host, server, admin, ids)
    assert not between.faults
    assert max(n_sent(between).values()) > 1, "something was sent again"
    assert host.counts()["failed_requests"] == 5


def test_annoscope_is_away_and_comes_back(host: Host, server: Server, admin: User) -> None:
    host.start(server.ingest_url)
    ids = [host.create("before")[0]]
    server.kill()
    ids += [host.create(f"away-{number}")[0] for number in range(30)]
    end = time.monotonic() + AWAY_S
    while time.monotonic() < end:
        ids.append(host.create("still-away")[0])
        time.sleep(0.05)
    wait_for("requests that fail", lambda: host.counts()["failed_requests"] > 1)
    wait_for("all to wait", lambda: host.counts()["waiting"] >= 30)
    server.start()
    ids += [host.create("after")[0]]
    expect_each_once(host, server, admin, ids)


def test_annoscope_is_killed_again_and_again(host: Host, server: Server, admin: User) -> None:
    host.start(server.ingest_url)
    ids = []
    for _ in range(4):
        ids += [host.create("task")[0] for _ in range(20)]
        server.kill()
        server.start()
    expect_each_once(host, server, admin, ids)


def test_the_host_is_killed_between_commit_and_sending(
    host: Host, server: Server, admin: User, between: FaultyProxy
) -> None:
    """Once before anything was sent, once while all answers get lost."""
    host.start("http://127.0.0.1:1/")
    # A queue has no database whose ids go on: there they come twice.
    ids = [host.create(f"unsent-{number}")[0] for number in range(10)]
    host.kill()
    between.faults.extend([LOST_ANSWER] * 10_000)
    host.start(between.url)
    ids += [host.create(f"stored-{number}")[0] for number in range(10)]
    wait_for("everything to be stored", lambda: len(of_tasks(server, admin)) == 20)
    host.kill()
    between.faults.clear()
    host.start(between.url)
    expect_each_once(host, server, admin, ids)
    assert min(n_sent(between).values()) > 1, "all of it was sent again"
    if host.outbox != "queue":
        assert host.task_ids() == sorted(ids)


def test_a_slow_annoscope_keeps_nobody_waiting(host: Host) -> None:
    """It takes the connection and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host.start(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        # The relay waits 5 s for the answer; nobody else does.
        answers = [requests.post(f"{host.url}/tasks/{number}", timeout=4) for number in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    assert host.counts()["sent"] == 0


@pytest.mark.parametrize("host", ["rusqlite", "sqlx-sqlite"], indirect=True)
def test_the_hosts_disk_is_full(host: Host, server: Server, admin: User) -> None:
    """A change fails with its event, or has it."""
    host.start("http://127.0.0.1:1/", "60")
    statuses = [host.post(f"/tasks/{'x' * 1000}").status_code for _ in range(100)]
    assert statuses[0] == 200
    assert statuses[-1] == 500
    ids = host.task_ids()
    assert len(ids) == statuses.count(200)
    host.kill()
    host.start(server.ingest_url)
    expect_each_once(host, server, admin, ids)
    assert host.post("/tasks/again").status_code == 200


def test_an_event_that_is_too_large_keeps_no_other_back(host: Host, make_server) -> None:
    server = make_server(ingest_max_body_bytes="32KiB").start()
    admin = server.add_user("root", "admin")
    host.start(server.ingest_url)
    ids = [host.create(f"before-{number}")[0] for number in range(20)]
    large, _ = host.create("x" * 40_000)
    ids += [host.create(f"after-{number}")[0] for number in range(20)]
    expect_each_once(host, server, admin, ids)
    assert large not in ids
    # A queue keeps nothing aside: what fails for another reason brings it again.
    n_refused = host.counts()["refused"]
    assert n_refused == 1 or (host.outbox == "queue" and n_refused > 1)
