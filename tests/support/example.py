"""The example's annotation server beside annoscope, which knows its users by it: both started for one test."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cvat_sdk import Client, make_client

from support.server import BINARY, READY_DEADLINE_S, STOP_DEADLINE_S, Server, clean_environment, wait_for

EXAMPLE = BINARY.with_name("annoscope-example")
ADMIN = ("admin", "admin")


def free_port() -> int:
    """annoscope has to know the example's address before the example, which has to know annoscope's, listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Example:
    """Both programs, linked."""

    def __init__(self, make_server: Callable[..., Server], directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        # Everything is asked anew: what a test changes counts at once.
        cached = {"cvat_cache_ms": 0, "cvat_refusal_cache_ms": 0}
        self.annoscope = make_server(auth="cvat", cvat_url=self.url, **cached).start()
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Example:
        links = ["--annoscope", self.annoscope.url, "--ingest", self.annoscope.ingest_url]
        with (self.directory / "example.log").open("ab") as log:
            self.process = subprocess.Popen(
                [EXAMPLE, "--listen", f"127.0.0.1:{self.port}", "--data-dir", str(self.directory / "example"), *links],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
            )
        wait_for("the example to listen", self._listens, READY_DEADLINE_S)
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, f"the example ended\n{self.log()}"
        try:
            return requests.get(f"{self.url}/api/server/about", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def log(self) -> str:
        return (self.directory / "example.log").read_text(errors="replace")

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STOP_DEADLINE_S)
            self.process = None

    def client(self, credentials: tuple[str, str] = ADMIN) -> Client:
        client = make_client(self.url, credentials=credentials)
        client.config.status_check_period = 0.01
        return client

    def session(self, credentials: tuple[str, str] = ADMIN) -> requests.Session:
        """Logged in by a token, for what cvat-sdk has no call for."""
        session = requests.Session()
        body = {"username": credentials[0], "password": credentials[1]}
        answer = session.post(f"{self.url}/api/auth/login", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        session.cookies.clear()
        session.headers["Authorization"] = f"Token {answer.json()['key']}"
        return session

    def register(self, name: str) -> None:
        """An account whose password is its name."""
        body = {"username": name, "email": f"{name}@example.com", "password1": name, "password2": name}
        answer = requests.post(f"{self.url}/api/auth/register", json=body, timeout=30)
        assert answer.status_code == 201, answer.text

    def query(self, session: requests.Session, sql: str) -> list[list]:
        """The rows of a query, by way of the example."""
        answer = session.post(f"{self.url}/api/query", json={"sql": sql}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]

    def all_sent(self) -> None:
        """Waits until annoscope has every event that the example has recorded."""
        recorded = self.directory / "example" / "example.sqlite"
        wait_for("the outbox to be empty", lambda: n_waiting(recorded) == 0)
        self.annoscope.wait_until_applied()


def n_waiting(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        return connection.execute("SELECT count(*) FROM annoscope_outbox WHERE refused IS NULL").fetchone()[0]


def payload(row: dict[str, str]) -> dict:
    return json.loads(row["payload"])


@pytest.fixture
def example(make_server: Callable[..., Server], tmp_path: Path) -> Iterator[Example]:
    example = Example(make_server, tmp_path).start()
    yield example
    example.close()
    log = example.log()
    print(f"--- {tmp_path / 'example.log'}\n{log[-4000:]}")
    assert "panicked at" not in log
