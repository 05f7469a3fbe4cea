"""A ClickHouse for the tests of this room, and servers that keep their events in it.

`ANNOSCOPE_TEST_CLICKHOUSE=http://user:password@one:8123,http://two:8123` runs the room against these servers, too: the
replicas of one shard. With more than one, `ANNOSCOPE_TEST_CLICKHOUSE_CLUSTER` names their cluster (`default`). Each
test has a database of its own there, which it drops.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import requests

from support.chdb_engine import ChDb
from support.server import Server, run_cli

SERVERS = [url for url in os.environ.get("ANNOSCOPE_TEST_CLICKHOUSE", "").split(",") if url]
CLUSTER = os.environ.get("ANNOSCOPE_TEST_CLICKHOUSE_CLUSTER", "default")


class Engine:
    """chDB: the real engine, but no server and no cluster."""

    database = "cvat"

    def __init__(self, directory: Path):
        self._engine = ChDb(directory / "clickhouse")
        self.url = self._engine.url
        self.settings: dict[str, str] = {}
        self.run = self._engine.run

    def close(self) -> None:
        self._engine.close()


class Servers:
    """Real ones, with a database of its own."""

    def __init__(self, directory: Path):
        self.database = f"annoscope_test_{uuid.uuid4().hex}"
        urls = [urlsplit(url) for url in SERVERS]
        self._on_cluster = f" ON CLUSTER '{CLUSTER}'" if len(urls) > 1 else ""
        # The password is in a file for annoscope, and in no address.
        self.url = ",".join(f"{url.scheme}://{url.hostname}:{url.port}/" for url in urls)
        self._user, self._password = unquote(urls[0].username or "default"), unquote(urls[0].password or "")
        password_file = directory / "password"
        password_file.write_text(self._password)
        self.settings = {
            "store_clickhouse_database": self.database,
            "store_clickhouse_user": self._user,
            "store_clickhouse_password_file": str(password_file),
        }
        if self._on_cluster:
            settings = {f"ANNOSCOPE_{key.upper()}": value for key, value in self.settings.items()}
            settings |= {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": self.url}
            made = run_cli("clickhouse", "apply", "--cluster", CLUSTER, "--yes", env=settings)
            assert made.returncode == 0, made.stderr

    def run(self, statement: str) -> str:
        headers = {"X-ClickHouse-User": self._user, "X-ClickHouse-Key": self._password}
        answer = requests.post(self.url.split(",")[0], params={"query": statement}, headers=headers, timeout=120)
        assert answer.status_code == 200, answer.content.decode()
        return answer.content.decode()

    def close(self) -> None:
        self.run(f"DROP DATABASE IF EXISTS {self.database}{self._on_cluster} SYNC")


@pytest.fixture(params=[Engine, Servers], ids=["chdb", "servers"])
def clickhouse(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine | Servers]:
    """An empty one."""
    if request.param is Servers and not SERVERS:
        pytest.skip("ANNOSCOPE_TEST_CLICKHOUSE names no servers")
    clickhouse = request.param(tmp_path)
    yield clickhouse
    clickhouse.close()


@pytest.fixture
def make_clustered(make_server: Callable[..., Server], clickhouse: Engine | Servers) -> Callable[..., Server]:
    """Makes servers whose events are in ClickHouse, or behind `url`."""

    def make(url: str = "", **flags: object) -> Server:
        urls = url or clickhouse.url
        return make_server(store_kind="clickhouse", store_clickhouse_urls=urls, **clickhouse.settings, **flags)

    return make
