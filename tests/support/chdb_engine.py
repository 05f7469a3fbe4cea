"""ClickHouse's engine for tests: chDB behind ClickHouse's HTTP interface."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests


class ChDb:
    """chDB in a process of its own: a crash or a session of it is no matter of the tests' process."""

    def __init__(self, directory: Path, *options: str):
        script = Path(__file__).with_name("clickhouse_http.py")
        arguments = ["--port", "0", "--path", str(directory), *options]
        # A machine may call its zone Etc/UTC, which `timezone()` then shows; annoscope's is UTC.
        environment = os.environ | {"TZ": "UTC"}
        command = [sys.executable, script, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.banner = self.process.stdout.readline().strip()
        assert self.banner, "chDB did not start"
        self.url = self.banner.split(" on ")[1] + "/"
        self.session = requests.Session()

    def run(self, statement: str) -> str:
        answer = self.session.post(self.url, params={"query": statement}, timeout=120)
        # It names no charset, and requests would guess one.
        text = answer.content.decode()
        assert answer.status_code == 200, text
        return text

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
