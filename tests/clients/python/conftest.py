"""Fixtures: PostgreSQL once for all, and hosts that are ended with their test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from support.postgres import postgres
from support.python_hosts import Host

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: str) -> str:
    """An empty database; what libpq needs to find it."""
    name = f"tool{next(NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres_server.replace("dbname=postgres", f"dbname={name}")


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Makes hosts that are not started yet."""
    hosts: list[Host] = []

    def make(kind: str, database: str = "", annoscope: str = "") -> Host:
        number = len(hosts) or ""
        database = database or str(tmp_path / f"host{number}.db")
        hosts.append(Host(kind, database, tmp_path / f"host{number}.log", annoscope))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()
        # Shown by pytest only when the test failed.
        print(f"--- {host.log_path}\n{host.log_path.read_text() if host.log_path.exists() else ''}")
