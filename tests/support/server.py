"""A real annoscope process for the tests: started on free ports, stopped, killed, started again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from support.chdb_engine import ChDb

BINARY = Path(os.environ.get("ANNOSCOPE_BIN", "target/debug/annoscope")).absolute()

# `clickhouse`: servers keep their events in a ClickHouse of their own, so that rooms of tests run on that store, too.
STORE = os.environ.get("ANNOSCOPE_TEST_STORE", "")

# From the start of the process to the first 200 of /readyz. The promise is 1 s after a clean stop and 5 s after a
# kill, with 10 million events and a release build; the benchmarks measure that. Here it only ends a hanging test.
READY_DEADLINE_S = 30
STOP_DEADLINE_S = 30


def wait_for(what: str, condition: Callable[[], object], deadline_s: float = 20, interval_s: float = 0.01):
    """Polls until `condition` returns something true, and returns that."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s in vain for {what}")
        time.sleep(interval_s)


def clean_environment() -> dict[str, str]:
    """The environment without our own variables: unknown ANNOSCOPE_* ones are errors to annoscope."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ANNOSCOPE_")}


def run_cli(*args: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs one `annoscope …` command to its end, whatever its exit code."""
    return subprocess.run(
        [BINARY, *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean_environment(), **(env or {})},
    )


@dataclass(frozen=True)
class User:
    """An account, with what a client needs to use it."""

    name: str
    password: str
    email: str
    token: str

    @property
    def basic(self) -> tuple[str, str]:
        return (self.name, self.password)

    @property
    def headers(self) -> dict[str, str]:
        """For most requests: a token costs the server no argon2."""
        return {"Authorization": f"Token {self.token}"}


def add_user(data_dir: Path, name: str, privilege: str = "user", *extra: str, password: str | None = None) -> User:
    """Makes an account with the command line, whether a server runs or not."""
    password = password or f"{name}-{uuid.uuid4().hex}"
    email = f"{name}@example.com"
    options = ["--email", email, "--privilege", privilege, "--password-stdin", "--data-dir", str(data_dir), *extra]
    added = run_cli("user", "add", name, *options, stdin=password + "\n")
    assert added.returncode == 0, f"user add {name}: {added.stderr}{added.stdout}"
    token = run_cli("user", "token", name, "--data-dir", str(data_dir))
    assert token.returncode == 0, f"user token {name}: {token.stderr}{token.stdout}"
    return User(name, password, email, token.stdout.strip())


class Server:
    """`annoscope serve` on one data directory. `start` may be called again after `stop` or `kill`."""

    def __init__(self, data_dir: Path, log_path: Path, **flags: object):
        """`log_path` takes what it prints. `flags`: `export_expiry_ms="2s"` is `--export-expiry-ms 2s`.

        Without the server's own events, unless a test asks for them: most count what they sent.
        """
        self.data_dir = data_dir
        self.log_path = log_path
        self.flags = {"listen": "127.0.0.1:0", "ingest-listen": "127.0.0.1:0", "audit": "false"}
        # The least. Its segments are small then, and a start does not fill 64 MiB with zeros.
        self.flags["journal-max-bytes"] = "128MiB"
        self.flags |= {key.replace("_", "-"): str(value) for key, value in flags.items()}
        self.process: subprocess.Popen | None = None
        # The most that the process may have, where a test wants it to have few.
        self.n_descriptors: int | None = None
        # Of its command: what runs it elsewhere, in its own place.
        self.prefix: list[str] = []
        self.url = ""
        self.ingest_url = ""
        # Of ClickHouse's interface, where the flags switch it on: `clickhouse_listen="127.0.0.1:0"`.
        self.clickhouse_url = ""
        # Where the server speaks TLS: the file of the authority that its certificate is of.
        self.authority: Path | None = None
        # Settings of its commands, too: where the events are.
        self.environment: dict[str, str] = {}
        self._clickhouse: ChDb | None = None
        self._clickhouse_dir: tempfile.TemporaryDirectory | None = None

    def start(self, wait: bool = True, **flags: object) -> Server:
        """Starts the process; the ports of the first start are kept by later ones, as senders expect."""
        assert self.process is None, "it runs already"
        if STORE == "clickhouse" and self._clickhouse is None and "store-kind" not in self.flags:
            # Not beside the data directory: some tests look at what is there.
            self._clickhouse_dir = tempfile.TemporaryDirectory(prefix="annoscope-clickhouse-")
            self._clickhouse = ChDb(Path(self._clickhouse_dir.name))
            self.environment |= {
                "ANNOSCOPE_STORE_KIND": "clickhouse",
                "ANNOSCOPE_STORE_CLICKHOUSE_URLS": self._clickhouse.url,
            }
        self.flags |= {key.replace("_", "-"): str(value) for key, value in flags.items()}
        arguments = [text for key, value in self.flags.items() for text in (f"--{key}", value)]
        with self.log_path.open("ab") as log:
            limit = [] if self.n_descriptors is None else ["prlimit", f"--nofile={self.n_descriptors}"]
            self.process = subprocess.Popen(
                [*self.prefix, *limit, BINARY, "serve", "--data-dir", str(self.data_dir), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean_environment() | self.environment,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> float:
        """Waits until /readyz answers 200; returns the seconds it took."""
        begin = time.monotonic()
        wait_for(f"the server to be ready\n{self.log_tail()}", self._is_ready, READY_DEADLINE_S)
        return time.monotonic() - begin

    def listens(self) -> bool:
        """Whether it answers, ready or not."""
        try:
            self._is_ready()
            return bool(self.url) and requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}\n{self.log_tail()}"
        try:
            holder = json.loads((self.data_dir / "annoscope.lock").read_text())
        except (OSError, ValueError):
            return False
        # The file of an earlier process stays after a kill.
        if holder.get("pid") != self.process.pid or not holder.get("listen") or not holder.get("ingest_listen"):
            return False
        self.flags |= {"listen": holder["listen"], "ingest-listen": holder["ingest_listen"]}
        self.url = f"{'https' if self.authority else 'http'}://{holder['listen']}"
        self.ingest_url = f"http://{holder['ingest_listen']}/"
        if "clickhouse_listen" in holder:
            self.flags["clickhouse-listen"] = holder["clickhouse_listen"]
            self.clickhouse_url = f"http://{holder['clickhouse_listen']}/"
        try:
            return requests.get(f"{self.url}/readyz", timeout=5, verify=self.verify).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    @property
    def verify(self) -> str | bool:
        """What requests' parameter of that name takes."""
        return str(self.authority) if self.authority else True

    def stop(self) -> int:
        """Asks the process to end, as a service manager does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_DEADLINE_S)
        self.process = None
        return code

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(STOP_DEADLINE_S)
        self.process = None

    def close(self) -> None:
        """Ends the process if it still runs, for the fixtures."""
        if self.process is not None:
            self.kill()
        if self._clickhouse is not None:
            self._clickhouse.close()
            self._clickhouse = None
            self._clickhouse_dir.cleanup()

    def add_user(self, name: str, privilege: str = "user", *extra: str, password: str | None = None) -> User:
        return add_user(self.data_dir, name, privilege, *extra, password=password)

    def add_org(self, slug: str, owner: User, **members: User) -> int:
        """Makes an organization with members by their roles; returns its id."""
        added = self.cli("org", "add", slug, "--owner", owner.name)
        for role, user in members.items():
            self.cli("org", "member", slug, user.name, "--role", role)
        return int(added.split()[-1])

    def cli(self, *args: str, stdin: str = "") -> str:
        """What a command prints that has to succeed, on this server's data."""
        done = run_cli(*args, "--data-dir", str(self.data_dir), stdin=stdin, env=self.environment)
        assert done.returncode == 0, f"{args}: {done.stderr}{done.stdout}"
        return done.stdout

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.is_file() else ""

    def log_tail(self, n_lines: int = 40) -> str:
        return "\n".join(self.log().splitlines()[-n_lines:])

    def store_pid(self) -> int | None:
        """The database's process, if there is one now (Linux)."""
        children = []
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # the thread has ended
                children += path.read_text().split()
        pids = [int(child) for child in children if not has_ended(int(child))]
        assert len(pids) <= 1, pids
        return pids[0] if pids else None

    def peak_memory_bytes(self) -> int:
        """The most memory that each of the two processes has had at once, together (Linux)."""
        pids = [self.process.pid, self.store_pid()]
        peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in pids if pid]
        return sum(int(peak[1]) * 1024 for peak in peaks)

    def metrics(self) -> dict[str, float]:
        """/metrics as {name with labels: value}."""
        answer = requests.get(f"{self.url}/metrics", timeout=10, verify=self.verify)
        assert answer.status_code == 200, answer.text
        lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels; a metric that is not there is a failure."""
        values = [value for key, value in self.metrics().items() if key.split("{")[0] == name]
        assert values, f"/metrics has no {name}; it has {sorted({key.split('{')[0] for key in self.metrics()})}"
        return sum(values)

    def n_waiting(self) -> int:
        """What the journal has acknowledged and the database has not taken yet."""
        metrics = self.metrics()
        return int(metrics["annoscope_journal_position"] - metrics["annoscope_applied_position"])

    def wait_until_applied(self, deadline_s: float = 60) -> None:
        """Waits until the database has taken all that was acknowledged."""
        wait_for("the database to catch up", lambda: self.n_waiting() == 0, deadline_s, interval_s=0.05)


def has_ended(pid: int) -> bool:
    """Also where nobody has asked for its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def check_log(server: Server) -> None:
    """Whatever a test does to it, the server never panics."""
    panics = [line for line in server.log().splitlines() if "panicked at" in line]
    assert not panics, "the server panicked: " + "\n".join(panics)
