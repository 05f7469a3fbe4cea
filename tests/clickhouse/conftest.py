"""A server with ClickHouse's interface, and how to ask it as `curl` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from support.server import Server, User


class Port:
    """ClickHouse's interface of a server, for one account."""

    def __init__(self, server: Server, user: User):
        self.url = server.clickhouse_url
        self.user = user

    def ask(self, sql: str | bytes = b"", /, method: str = "POST", headers: dict | None = None, **parameters: object):
        """The answer to a statement in the body, with parameters of the address."""
        body = sql.encode() if isinstance(sql, str) else sql
        credentials = {"X-ClickHouse-User": "token", "X-ClickHouse-Key": self.user.token}
        return requests.request(
            method, self.url, params=parameters, data=body, headers={**credentials, **(headers or {})}, timeout=60
        )

    def text(self, sql: str, /, **parameters: object) -> str:
        """The body of an answer that is none of an error."""
        answer = self.ask(sql, **parameters)
        assert answer.status_code == 200, f"{sql}\n{answer.status_code}: {answer.text}"
        return answer.text

    def rows(self, sql: str, /, **parameters: object) -> list:
        """As JSONCompact has them."""
        answer = self.ask(sql, default_format="JSONCompact", **parameters)
        assert answer.status_code == 200, f"{sql}\n{answer.status_code}: {answer.text}"
        return answer.json()["data"]

    def insert(self, rows: bytes, format: str = "JSONEachRow", columns: str = "", /, **parameters: object):
        query = f"INSERT INTO cvat.events {columns} FORMAT {format}"
        return self.ask(rows, query=query, **parameters)

    def count(self) -> int:
        return int(self.text("SELECT count() FROM events"))


@pytest.fixture
def clickhouse_server(make_server: Callable[..., Server]) -> Server:
    return make_server(clickhouse_listen="127.0.0.1:0").start()


@pytest.fixture
def port(clickhouse_server: Server) -> Port:
    """Asked by an administrator."""
    return Port(clickhouse_server, clickhouse_server.add_user("root", "admin"))


@pytest.fixture(scope="module")
def shared_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    """The same for a table of cases that store nothing."""
    directory = tmp_path_factory.mktemp("shared")
    flags = {"clickhouse_listen": "127.0.0.1:0"}
    server = Server(directory / "data", directory / "server.log", **flags).start()
    yield Port(server, server.add_user("root", "admin"))
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
