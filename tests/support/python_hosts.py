"""Annotation servers in Python that embed clients/python, each as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import requests

from support import ROOT
from support.server import clean_environment, wait_for

HOSTS = ROOT / "tests/clients/python/hosts"
PACKAGE = ROOT / "clients/python"


@dataclass
class Host:
    """One such server. `kind`: `fastapi`, or `django` with the kind of server that runs it."""

    kind: str
    # A file, or what libpq needs to find PostgreSQL.
    database: str
    log_path: Path
    # annoscope's ingest port; nothing for a host that does not send.
    annoscope: str = ""
    url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> Host:
        if self.kind.startswith("django"):
            self.manage("migrate", "--verbosity", "0")
        if self.kind == "django-wsgi":
            server = ["manage.py", "runserver", "--noreload", "127.0.0.1:0"]
        else:
            app = "fastapi_tool:app" if self.kind == "fastapi" else "django_tool.servers:asgi"
            server = ["-m", "uvicorn", app, "--host", "127.0.0.1", "--port", "0"]
        log_begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.spawn(*server)
        if self.kind.startswith("django") and self.annoscope:
            self.spawn("manage.py", "annoscope_relay")
        self.url = wait_for(f"the host to listen, see {self.log_path}", lambda: self._listens_at(log_begin), 60)
        return self

    def _listens_at(self, log_begin: int) -> str:
        """The address is in what it prints."""
        ended = self.processes[0].poll()
        text = self.log_path.read_bytes()[log_begin:].decode()
        assert ended is None, f"the host ended with {ended}\n{text}"
        for line in text.splitlines():
            if " running on http://" in line or "server at http://" in line:
                return line.split("http://")[1].split()[0].rstrip("/").join(["http://", ""])
        return ""

    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(),
            "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(HOSTS)]),
            "PYTHONUNBUFFERED": "1",
            "TOOL_DATABASE": self.database,
            "TOOL_ANNOSCOPE": self.annoscope,
        }

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=HOSTS, env=self.environment(), stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of Django's to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=HOSTS,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def call(self, method: str, path: str, body: object = None, user: tuple[int, str] = (1, "lena")):
        """A request of a user."""
        return requests.request(
            method,
            self.url + path,
            json=body,
            auth=(user[1], user[1]) if self.kind.startswith("django") else None,
            headers={"X-User": f"{user[0]}:{user[1]}", "X-Request-Id": "chosen-by-the-client"},
            timeout=60,
        )

    def close(self, number: int = signal.SIGTERM) -> None:
        """Ends what runs still."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)
        for process in self.processes:
            process.wait(60)
        self.processes.clear()
