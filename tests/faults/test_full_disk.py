"""A full disk gives 503 and a metric, loses nothing that was acknowledged, and is over when there is space again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from support import events, exports
from support.load import Load
from support.server import Server, wait_for

DISK_BYTES = 80 * 1024 * 1024
# What tells an operator; the first where the guard refuses, the second where the disk does.
REFUSED_BATCHES = ("annoscope_store_refused_disk_full_total", "annoscope_store_failed_commits_total")
REFUSED_LETTERS = (*REFUSED_BATCHES, "annoscope_dead_letter_failures_total")
FAILED_EXPORTS = ("annoscope_exports_failed_total",)
# Once with the guard that keeps some space free, once without: then the database itself meets the full disk.
MIN_FREE = ("4MiB", "0")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture(params=MIN_FREE, ids=[f"min_free_{size}" for size in MIN_FREE])
def small_server(make_server: Callable[..., Server], disk: Path, request: pytest.FixtureRequest) -> Server:
    return make_server(disk / "data", store_min_free_bytes=request.param).start()


class Ballast:
    """A file of somebody else that takes all the space there is."""

    def __init__(self, disk: Path):
        self.path = disk / "ballast"

    def grow(self, leave_bytes: int = 0) -> None:
        # ENOSPC is the aim.
        with contextlib.suppress(OSError), self.path.open("ab", buffering=0) as file:
            while (room := self.free_bytes() - leave_bytes) > 0:
                file.write(b"\1" * min(room, 1 << 20))

    def drop(self) -> None:
        self.path.unlink()

    def free_bytes(self) -> int:
        stats = os.statvfs(self.path.parent)
        return stats.f_bavail * stats.f_frsize


def counted(server: Server, names: tuple[str, ...]) -> float:
    return sum(server.metric(name) for name in names)


def wait_until_accepted(server: Server) -> None:
    """Ingest resumes by itself."""
    probe = events.server_event(obj_id=0)
    wait_for("ingest to resume", lambda: events.ingest(server, [probe]).status_code == 200, 30, interval_s=0.1)


def test_full_under_load(small_server: Server, disk: Path) -> None:
    server = small_server
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    with Load(server) as load:
        for _ in range(2):
            goal = load.n_acknowledged() + 2_000
            wait_for("acknowledged events", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=60)
            refused = sum(sender.n_refused[503] for sender in load.senders)
            ballast.grow()

            def turned_away(refused: int = refused) -> bool:
                ballast.grow()
                load.n_acknowledged()
                return sum(sender.n_refused[503] for sender in load.senders) >= refused + 5

            wait_for("503 from the full disk", turned_away, deadline_s=60)
            assert counted(server, REFUSED_BATCHES) > 0
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
            ballast.drop()
            goal = load.n_acknowledged() + 1_000
            wait_for("ingest to resume", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=30)
        load.finish()
        load.check(admin)
    assert server.stop() == 0
    server.start()
    load.check(admin)


def test_kill_while_the_disk_is_full(small_server: Server, disk: Path) -> None:
    server = small_server
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    with Load(server) as load:
        wait_for("acknowledged events", lambda: load.n_acknowledged() >= 2_000, deadline_s=60)

        def turned_away() -> bool:
            ballast.grow()
            load.n_acknowledged()
            return sum(sender.n_refused[503] for sender in load.senders) >= 5

        wait_for("503 from the full disk", turned_away, deadline_s=60)
        server.kill()
        ballast.drop()
        server.start()
        load.finish()
        load.check(admin)


def test_checkpoint_on_a_full_disk(small_server: Server, disk: Path) -> None:
    """A stop checkpoints; with no space for that, the log stays and nothing is lost."""
    server = small_server
    admin = server.add_user("root", "admin")
    batch = [events.server_event(obj_id=index + 1, obj_val="x" * 500) for index in range(10_000)]
    assert events.ingest(server, batch).status_code == 200
    ballast = Ballast(disk)
    ballast.grow()
    server.stop()
    ballast.drop()
    server.start()
    wait_until_accepted(server)
    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == list(range(10_001))


def test_export_on_a_full_disk(small_server: Server, disk: Path) -> None:
    server = small_server
    admin = server.add_user("root", "admin")
    rows = [events.server_event(obj_id=index + 1, obj_val="x" * 500) for index in range(10_000)]
    assert events.ingest(server, rows).status_code == 200
    ballast = Ballast(disk)
    # Room for ingest to go on, but not for the result.
    ballast.grow(leave_bytes=1 << 20)
    started = exports.get(server, admin, **exports.ALL)
    if started.status_code == 202:
        query_id = started.json()["query_id"]
        ended = wait_for(
            "the export to fail",
            lambda: (answer := exports.get(server, admin, query_id=query_id)).status_code != 202 and answer,
            deadline_s=60,
        )
        assert ended.status_code in (500, 503), ended.text
        assert "disk" in ended.text or "space" in ended.text, ended.text
    else:
        assert started.status_code == 503, started.text
        assert int(started.headers["Retry-After"]) >= 0
    assert counted(server, FAILED_EXPORTS) > 0
    # No part of the result stays behind.
    left = [path for path in (server.data_dir / "exports").rglob("*") if path.is_file() and path.stat().st_size > 65536]
    assert not left

    ballast.drop()
    wait_until_accepted(server)
    assert len(exports.rows(server, admin)) == 10_001


def test_dead_letter_on_a_full_disk(small_server: Server, disk: Path) -> None:
    """An element that can be kept nowhere is refused with all the rest, so its sender tries again."""
    server = small_server
    admin = server.add_user("root", "admin")
    good = events.server_event(obj_id=1)
    bad = {**events.server_event(obj_id=2), "scope": None, "obj_val": "x" * 100_000}
    ballast = Ballast(disk)
    ballast.grow()
    refused = events.ingest(server, [good, bad])
    assert refused.status_code == 503, refused.text
    assert int(refused.headers["Retry-After"]) >= 0
    assert counted(server, REFUSED_LETTERS) > 0

    ballast.drop()
    wait_until_accepted(server)
    assert events.ingest(server, [good, bad]).status_code == 200
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["0", "1"]
    lines = [json.loads(line) for line in (server.data_dir / "dead-letter.ndjson").read_text().splitlines()]
    assert len(lines) == 1
    assert "scope" in lines[0]["reason"]


def test_a_log_on_the_same_disk(make_server: Callable[..., Server], disk: Path) -> None:
    """What the server prints goes to the full disk as well. Then nobody can read it, but that is all."""
    server = make_server(disk / "data", disk / "server.log", store_min_free_bytes="4MiB", log_level="debug").start()
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    for number in range(1, 201):
        ballast.grow()
        refused = events.ingest(server, [events.server_event(obj_id=number), {"no": "scope"}])
        assert refused.status_code == 503
    ballast.drop()
    wait_until_accepted(server)
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["0"]


def test_accounts_on_a_full_disk(small_server: Server, disk: Path) -> None:
    """Who is already there can still log in and read."""
    server = small_server
    anna = server.add_user("anna")
    assert events.send(server, anna, [events.event(obj_id=1)]).status_code == 201
    Ballast(disk).grow()
    answer = requests.get(f"{server.url}/api/users/self", auth=anna.basic, timeout=10)
    assert answer.status_code == 200
