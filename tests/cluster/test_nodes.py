"""Three annoscopes before one ClickHouse, each on a machine of its own, with nginx before them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from support import events, exports, query
from support.chdb_engine import ChDb
from support.load import Load
from support.namespaces import Namespace
from support.nginx import Nginx
from support.server import Server, wait_for
from support.small_cvat import CvatUser, SmallCvat

ROOT = CvatUser(1, "root", ["admin"], is_superuser=True)
BROWSERS = [CvatUser(10 + number, f"user{number}", ["user"]) for number in range(1, 7)]


class User(CvatUser):
    """As a test of one server has them."""

    @property
    def headers(self) -> dict[str, str]:
        return self.token


class Site:
    """What people see of it: nginx' address."""

    def __init__(self, directory: Path, make_server: Callable[..., Server]) -> None:
        self.namespaces = [Namespace(number) for number in range(1, 4)]
        self.cvat = SmallCvat([ROOT, *BROWSERS], {}, host="0.0.0.0")
        self.clickhouse = ChDb(directory / "clickhouse", "--host", "0.0.0.0")
        self.nodes = [
            self.node(make_server, directory, number, namespace) for number, namespace in enumerate(self.namespaces)
        ]
        for node in self.nodes:
            node.start()
        self.nginx = Nginx(directory / "nginx", [node.url.removeprefix("http://") for node in self.nodes])
        self.url = self.nginx.url
        self.admin = User(**vars(ROOT))

    def node(self, make_server, directory: Path, number: int, namespace: Namespace) -> Server:
        port = self.clickhouse.url.rsplit(":", 1)[1]
        server = make_server(
            listen=f"{namespace.address}:8380",
            auth="cvat",
            cvat_url=f"http://{namespace.host}:{self.cvat.port}",
            shared_dir=directory / "shared",
            store_kind="clickhouse",
            store_clickhouse_urls=f"http://{namespace.host}:{port}",
            store_clickhouse_timeout_ms="5s",
            store_clickhouse_node=number,
        )
        server.prefix = namespace.command
        return server

    def add_user(self, name: str) -> User:
        return User(**vars(next(user for user in BROWSERS if user.name == name)))

    def wait_until_applied(self) -> None:
        for node in self.nodes:
            node.wait_until_applied()

    def close(self) -> None:
        self.nginx.close()
        for node in self.nodes:
            node.close()
        self.clickhouse.close()
        self.cvat.go_down()
        for namespace in self.namespaces:
            namespace.close()


@pytest.fixture
def site(tmp_path: Path, make_server: Callable[..., Server]) -> Iterator[Site]:
    site = Site(tmp_path, make_server)
    yield site
    site.close()


def test_each_event_is_there_once_whatever_becomes_of_a_node(site: Site) -> None:
    """One is killed, one is cut off, and one gets little through; users stay where they are."""
    with Load(site, n_browsers=len(BROWSERS), n_ingest=0, pause_s=0.1) as load:

        def wait_for_more(n_events: int) -> None:
            goal = load.n_acknowledged() + n_events
            wait_for("acknowledged events", lambda: load.n_acknowledged() >= goal, deadline_s=120)

        wait_for_more(1000)
        killed, (cut, slow) = site.nodes[0], site.namespaces[1:]
        before = [node.metric("annoscope_journal_position") for node in site.nodes]
        # Each has some of the users.
        assert all(position > number << 40 for number, position in enumerate(before)), before
        for _ in range(2):
            killed.kill()
            wait_for_more(500)
            # Whoever asks is answered by another node.
            assert query.ask(site, site.admin, "SELECT count() FROM events").status_code == 200
            killed.start()
            cut.cut()
            wait_for_more(500)
            assert query.ask(site, site.admin, "SELECT count() FROM events").status_code == 200
            cut.join()
            slow.slow_down("400kbit")
            wait_for_more(500)
            slow.speed_up()
        load.finish()
        n_acknowledged = load.check(site.admin)
    sql = "SELECT count(), uniqExact(position), uniqExact(bitShiftRight(position, 40)) FROM cvat.events"
    n_rows, n_positions, n_nodes = map(int, site.clickhouse.run(sql).split())
    assert n_rows == n_positions
    assert n_nodes == 3
    print(f"{n_acknowledged} events once")


def test_exports_and_dashboards_are_those_of_all_nodes(site: Site) -> None:
    headers = site.admin.headers
    body = events.body([events.event(obj_id=number) for number in range(5)])
    assert requests.post(f"{site.url}/api/events", json=body, headers=headers, timeout=30).status_code == 201
    site.wait_until_applied()

    first, *others = site.nodes
    query_id = exports.start(first, site.admin, **exports.ALL)
    exports.finish(first, site.admin, query_id)
    for node in others:
        jobs = requests.get(f"{node.url}/api/requests", headers=headers, timeout=10).json()
        assert [job["status"] for job in jobs["results"]] == ["finished"]
        answer = exports.download(node, site.admin, query_id)
        assert answer.status_code == 200, answer.text
        assert len(events.without_working_time(exports.parse(answer.content))) == 5
    # What another node has begun is under way, and nobody begins it again.
    assert exports.get(others[0], site.admin, query_id=query_id).status_code == 201

    dashboard = {"title": "Shared", "panels": []}
    made = requests.post(f"{first.url}/api/dashboards", json={"dashboard": dashboard}, headers=headers, timeout=10)
    assert made.status_code == 201, made.text
    uid = made.json()["uid"]
    versions = itertools.count(made.json()["meta"]["version"])
    for node in (*others, first):
        address = f"{node.url}/api/dashboards/{uid}"
        base = next(versions)
        assert requests.get(address, headers=headers, timeout=10).json()["meta"]["version"] == base
        change = {"dashboard": {**dashboard, "description": str(time.time())}, "version": base}
        saved = requests.put(address, json=change, headers=headers, timeout=10)
        assert saved.status_code == 200, saved.text
        stale = requests.put(address, json={**change, "dashboard": dashboard}, headers=headers, timeout=10)
        assert stale.status_code == 409, stale.text
