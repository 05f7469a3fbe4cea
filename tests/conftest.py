"""Fixtures: a server of its own for each test, in a directory of its own, on free ports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.embedded_only import reason_without_clickhouse
from support.server import BINARY, STORE, Server, User, check_log

# The page's fixtures: a site or an office with people, and a browser; packages that are made once.
pytest_plugins = ["support.page", "support.office", "support.example", "support.packages"]


def pytest_sessionstart() -> None:
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"there is no server at {BINARY}: run `make test-e2e`, or set ANNOSCOPE_BIN", returncode=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With the events in a ClickHouse, what is of the embedded database alone is skipped, and says why."""
    for item in items if STORE == "clickhouse" else []:
        reason = reason_without_clickhouse(item.nodeid)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def make_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Makes servers that are not started yet; all are ended with the test."""
    servers: list[Server] = []

    def make(data_dir: Path | None = None, log_path: Path | None = None, **flags: object) -> Server:
        number = len(servers) or ""
        log_path = log_path or tmp_path / f"server{number}.log"
        servers.append(Server(data_dir or tmp_path / f"data{number}", log_path, **flags))
        return servers[-1]

    yield make
    for server in servers:
        server.close()
        # Shown by pytest only when the test failed.
        print(f"--- {server.log_path}\n{server.log_tail()}")
    for server in servers:
        check_log(server)


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """A running server with an empty store."""
    return make_server().start()


@pytest.fixture
def admin(server: Server) -> User:
    return server.add_user("root", "admin")


@pytest.fixture
def anna(server: Server) -> User:
    return server.add_user("anna", "user")


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a whole table of cases that store nothing."""
    directory = tmp_path_factory.mktemp("shared")
    server = Server(directory / "data", directory / "server.log").start()
    yield server
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


@pytest.fixture(scope="module")
def shared_admin(shared_server: Server) -> User:
    return shared_server.add_user("root", "admin")


@pytest.fixture(scope="module")
def shared_anna(shared_server: Server) -> User:
    return shared_server.add_user("anna", "user")
