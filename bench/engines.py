"""annoscope and ClickHouse's engine as the benchmark asks them: over HTTP, on a kept connection.

Run as a program it serves chDB, in a process of its own.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

# Rows of one insert into ClickHouse are its own choice; this ends only a hanging benchmark.
DEADLINE_S = 1800


class Annoscope:
    """Asked as Grafana's data source does it."""

    def __init__(self, url: str, ingest_url: str, headers: dict[str, str]):
        self.url = url
        self.ingest_url = ingest_url
        self.session = requests.Session()
        self.session.headers.update(headers | {"Accept-Encoding": "identity"})

    def post(self, path: str, sql: str, context: object, cache: bool) -> requests.Response:
        body = {
            "sql": sql,
            "cache": cache,
            "from": context.from_ms,
            "to": context.to_ms,
            "interval_ms": context.interval_ms,
        }
        body["variables"] = context.variables
        return self.session.post(f"{self.url}{path}", json=body, timeout=120)

    def query(self, sql: str, context: object, cache: bool = False) -> tuple[float, bytes]:
        begin = time.perf_counter()
        answer = self.post("/api/query", sql, context, cache)
        took_ms = (time.perf_counter() - begin) * 1000
        if answer.status_code != 200:
            raise Refused(f"annoscope: {answer.status_code}: {answer.text[:200]}")
        return took_ms, answer.content

    def explain(self, sql: str, context: object) -> str:
        answer = self.post("/api/query/explain", sql, context, False)
        return answer.json()["duckdb"] if answer.status_code == 200 else ""

    def send_events(self, times_ms: list[int]) -> None:
        from support import events

        batch = [events.server_event("update:job", str(ms / 1000), user_id=1) for ms in times_ms]
        answer = self.session.post(self.ingest_url, json=batch, timeout=60)
        assert answer.status_code == 200, answer.text


class Refused(Exception):
    """A query that one of them does not answer."""


class ClickHouse:
    """chDB in a process of its own, behind the HTTP front of the tests."""

    def __init__(self, directory: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [
            sys.executable,
            __file__,
            "--port",
            str(port),
            "--path",
            str(directory),
        ]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        banner = self.process.stdout.readline()
        assert banner, "chDB did not start"
        self.version = banner.split()[1]
        self.url = f"http://127.0.0.1:{port}/"
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"

    def run(self, statement: str) -> str:
        answer = self.session.post(self.url, data=statement.encode(), timeout=DEADLINE_S)
        assert answer.status_code == 200, answer.text
        return answer.text

    def load(self, parquet: Path) -> None:
        """Makes CVAT's table, fills it and merges its parts, as time does."""
        from difference.data import TYPES

        columns = ", ".join(f"{name} {type_}" for name, type_ in TYPES.items())
        self.run("CREATE DATABASE IF NOT EXISTS cvat")
        self.run(
            f"CREATE TABLE cvat.events ({columns}) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) "
            "ORDER BY timestamp SETTINGS index_granularity = 8192"
        )
        names = ", ".join(TYPES)
        self.run(f"INSERT INTO cvat.events ({names}) SELECT {names} FROM file('{parquet}', 'Parquet')")
        self.run("OPTIMIZE TABLE cvat.events FINAL")

    @property
    def n_rows(self) -> int:
        return int(self.run("SELECT count() FROM cvat.events"))

    def send_events(self, times_ms: list[int]) -> None:
        rows = ", ".join(f"('update:job', 'server', fromUnixTimestamp64Milli({ms}), 0, 1)" for ms in times_ms)
        self.run(f"INSERT INTO cvat.events (scope, source, timestamp, duration, user_id) VALUES {rows}")

    def bytes_on_disk(self) -> int:
        return int(self.run("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'cvat'"))

    def query(self, sql: str, **settings: object) -> tuple[float, bytes]:
        parameters = {"database": "cvat", "default_format": "JSONCompact"}
        begin = time.perf_counter()
        answer = self.session.post(self.url, params=parameters | settings, data=sql.encode(), timeout=120)
        took_ms = (time.perf_counter() - begin) * 1000
        if answer.status_code != 200:
            # What a query printed before it failed is left in chDB, and would begin the next answer.
            self.run("SELECT 1")
            raise Refused(f"ClickHouse: {answer.status_code}: {answer.text[:200]}")
        return took_ms, answer.content

    def first_column(self, sql: str) -> list[object]:
        return [row[0] for row in json.loads(self.query(sql)[1])["data"]]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def serve_chdb(arguments: list[str]) -> None:
    """The front of the tests, but for one thing: it sends head and body of an answer in one piece. In two, the second
    may wait 40 ms for the client's acknowledgement of the first, which is no time of ClickHouse's."""
    from support import clickhouse_http

    clickhouse_http.Handler.wbufsize = -1
    clickhouse_http.Handler.disable_nagle_algorithm = True
    sys.argv = [sys.argv[0], *arguments]
    clickhouse_http.main()


if __name__ == "__main__":
    serve_chdb(sys.argv[1:])
