"""The two that answer: annoscope over its API, and ClickHouse's engine over ClickHouse's HTTP interface."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from support.chdb_engine import ChDb
from support.server import Server, User, run_cli

from .data import Event, clickhouse, post
from .grafana import Context

Row = list[Any]


@dataclass(frozen=True)
class Answer:
    """A result: names and ClickHouse's types of the columns, and rows as JSONCompact has them."""

    columns: list[tuple[str, str]]
    rows: list[Row]


@dataclass(frozen=True)
class Refusal:
    """A query that is refused, with the reason."""

    message: str


@dataclass(frozen=True)
class Explained:
    """What annoscope makes of a query: a text for each store, and what it took to get there."""

    clickhouse: str
    duckdb: str
    functions: list[str]
    passes: list[str]


# How long it took and how much was read, in formats that tell it; and how many rows there were before a LIMIT, which
# annoscope does not count.
TOLD = re.compile(rb'"(statistics":\s*\{[^}]*\}|rows_before_limit_at_least": \d+,\n\n\t)')


def comparable(content: bytes) -> bytes:
    return TOLD.sub(b"", content)


class Annoscope:
    """A running server, asked as an administrator."""

    def __init__(self, server: Server, user: User):
        self.url = server.url
        self.session = requests.Session()
        self.session.headers.update(user.headers)

    def query(self, sql: str, context: Context | None = None) -> Answer | Refusal:
        answer = self.ask("/api/query", sql, context)
        if isinstance(answer, Refusal):
            return answer
        return Answer([(column["name"], column["type"]) for column in answer["columns"]], answer["rows"])

    def explain(self, sql: str, context: Context | None = None) -> Explained | Refusal:
        answer = self.ask("/api/query/explain", sql, context)
        if isinstance(answer, Refusal):
            return answer
        return Explained(answer["clickhouse"], answer["duckdb"], answer["functions"], answer["passes"])

    def functions(self) -> list[dict[str, Any]]:
        """The table of functions: a row a signature."""
        answer = self.session.get(f"{self.url}/api/query/functions", timeout=60)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return answer.json()

    def ask(self, path: str, sql: str, context: Context | None) -> dict[str, Any] | Refusal:
        body: dict[str, Any] = {"sql": sql}
        if context is not None:
            body |= {"from": context.from_ms, "to": context.to_ms, "interval_ms": context.interval_ms}
            body |= {"variables": context.variables}
        answer = self.session.post(f"{self.url}{path}", json=body, timeout=120)
        if answer.status_code == 200:
            return answer.json()
        # Whatever is asked, it is the query that is wrong and not the server.
        assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.text}\n{sql}"
        return Refusal(answer.text)


class Port:
    """The same server over ClickHouse's interface."""

    def __init__(self, server: Server, user: User):
        self.url = server.clickhouse_url
        self.session = requests.Session()
        self.session.headers.update(user.headers)

    def query(self, sql: str) -> Answer | Refusal:
        answer = self.session.post(self.url, params={"default_format": "JSONCompact"}, data=sql.encode(), timeout=120)
        if answer.status_code != 200:
            # Whatever is asked, it is the query that is wrong and not the server.
            assert answer.headers["X-ClickHouse-Exception-Code"] not in ("49", "439"), f"{answer.text}\n{sql}"
            return Refusal(answer.text)
        result = json.loads(answer.content)
        return Answer([(column["name"], column["type"]) for column in result["meta"]], result["data"])

    def content(self, sql: str, format_name: str) -> bytes | Refusal:
        """The bytes of an answer in a format, less what is not the same twice."""
        sql = f"{sql.rstrip().rstrip(';')}\nFORMAT {format_name}"
        answer = self.session.post(self.url, data=sql.encode(), timeout=120)
        return comparable(answer.content) if answer.status_code == 200 else Refusal(answer.text)


class ClickHouse(ChDb):
    """ClickHouse's engine with CVAT's table."""

    def load(self, events: list[Event]) -> None:
        """Makes CVAT's table and fills it."""
        clickhouse(self.run, events)

    def query(self, sql: str, **settings: str) -> Answer | Refusal:
        """Runs a query inside the database `cvat`."""
        parameters = {"database": "cvat", "default_format": "JSONCompact", "max_execution_time": "20"} | settings
        answer = self.session.post(self.url, params=parameters, data=sql.encode(), timeout=120)
        if answer.status_code != 200:
            return Refusal(answer.text)
        result = json.loads(answer.content)
        return Answer([(column["name"], column["type"]) for column in result["meta"]], result["data"])

    def content(self, sql: str, format_name: str) -> bytes | Refusal:
        """The bytes of an answer in a format, less what is not the same twice."""
        parameters = {"database": "cvat", "default_format": format_name, "max_execution_time": "20"}
        answer = self.session.post(self.url, params=parameters, data=sql.encode(), timeout=120)
        if answer.status_code != 200:
            return Refusal(answer.text)
        return comparable(answer.content)

    def first_column(self, sql: str) -> list[object]:
        answer = self.query(sql)
        assert isinstance(answer, Answer), f"{answer.message}\n{sql}"
        return [row[0] for row in answer.rows]


def start_server(directory: Path, events: list[Event]) -> Server:
    """A running server with the events."""
    # Some results are larger than what a page shows, and some plans than what a small installation has.
    help_text = run_cli("serve", "--help").stdout
    flags: dict[str, object] = {"query_max_rows": 1_000_000} if "--query-max-rows" in help_text else {}
    if "--clickhouse-listen" in help_text:
        flags["clickhouse_listen"] = "127.0.0.1:0"
    server = Server(directory / "data", directory / "server.log", store_memory_bytes="1GiB", **flags).start()
    post(server, events)
    return server
