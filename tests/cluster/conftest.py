"""A ClickHouse for the tests of this room, and servers that keep their events in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from difference.engines import ClickHouse
from support.server import Server


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    """An empty one, chDB: the real engine, but no cluster."""
    engine = ClickHouse(tmp_path / "clickhouse")
    yield engine
    engine.close()


@pytest.fixture
def make_clustered(make_server: Callable[..., Server], clickhouse: ClickHouse) -> Callable[..., Server]:
    """Makes servers whose events are in ClickHouse, or behind `url`."""

    def make(url: str = "", **flags: object) -> Server:
        return make_server(store_kind="clickhouse", store_clickhouse_urls=url or clickhouse.url, **flags)

    return make
