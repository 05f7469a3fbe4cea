"""On a full disk events wait in the journal, as long as that has room; then they get 503. Nothing that was acknowledged
is lost, and all is over when there is space again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from support import events, exports
from support.disk import Ballast, fill_journal, small_disk
from support.load import Load
from support.server import Server, wait_for

DISK_BYTES = 256 << 20
# The least that it may be; its segments have 8 MiB.
JOURNAL_BYTES = 128 << 20
JOURNAL_DISK_BYTES = 28 << 20
# Of an event on the ingest port: the journal shall be full soon.
TEXT_BYTES = 4_000
# What tells an operator; the first where the guard refuses, the second where the disk does.
REFUSED_BATCHES = ("annoscope_store_refused_disk_full_total", "annoscope_store_failed_commits_total")
REFUSED_LETTERS = (*REFUSED_BATCHES, "annoscope_dead_letter_failures_total")
FAILED_EXPORTS = ("annoscope_exports_failed_total",)
# Once with the guard that keeps some space free, once without: then the database itself meets the full disk.
MIN_FREE = ("4MiB", "0")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as path:
        yield path


@pytest.fixture
def journal_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "journal-disk", JOURNAL_DISK_BYTES) as path:
        yield path


@pytest.fixture(params=MIN_FREE, ids=[f"min_free_{size}" for size in MIN_FREE])
def small_server(make_server: Callable[..., Server], disk: Path, request: pytest.FixtureRequest) -> Server:
    return make_server(disk / "data", store_min_free_bytes=request.param, journal_max_bytes=JOURNAL_BYTES).start()


def counted(server: Server, names: tuple[str, ...]) -> float:
    return sum(server.metric(name) for name in names)


def wait_until_accepted(server: Server) -> None:
    """Ingest resumes by itself, and the database takes what has waited."""
    probe = events.server_event(obj_id=0)
    wait_for("ingest to resume", lambda: events.ingest(server, [probe]).status_code == 200, 30, interval_s=0.1)
    server.wait_until_applied()


def test_full_under_load(small_server: Server, disk: Path) -> None:
    server = small_server
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    with Load(server, text_bytes=TEXT_BYTES) as load:
        for _ in range(2):
            goal = load.n_acknowledged() + 2_000
            wait_for("acknowledged events", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=60)
            refused = load.n_refused()
            ballast.grow()

            def turned_away(refused: int = refused) -> bool:
                ballast.grow()
                load.n_acknowledged()
                return load.n_refused() >= refused + 5

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
    with Load(server, text_bytes=TEXT_BYTES) as load:
        wait_for("acknowledged events", lambda: load.n_acknowledged() >= 2_000, deadline_s=60)

        def turned_away() -> bool:
            ballast.grow()
            load.n_acknowledged()
            return load.n_refused() >= 5

        wait_for("503 from the full disk", turned_away, deadline_s=60)
        server.kill()
        ballast.drop()
        server.start()
        load.finish()
        load.check(admin)


def test_events_wait_in_the_journal_while_it_has_room(
    make_server: Callable[..., Server], disk: Path, journal_disk: Path
) -> None:
    """The journal has a disk of its own, and that of the database is full."""
    journal = {"journal_dir": journal_disk / "journal", "journal_max_bytes": JOURNAL_BYTES}
    server = make_server(disk / "data", store_min_free_bytes="4MiB", **journal).start()
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    ballast.grow()
    acknowledged = fill_journal(server, 1_000, most_bytes=2 * JOURNAL_DISK_BYTES)
    assert len(acknowledged) > 1_000
    assert server.n_waiting() == len(acknowledged)
    assert server.metric("annoscope_store_refused_disk_full_total") == 1
    # What is small has room still.
    assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
    server.kill()
    server.start(wait=False)
    wait_for("the server to listen", server.listens)
    assert server.n_waiting() == len(acknowledged) + 1

    ballast.drop()
    wait_until_accepted(server)
    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == [0, 1, *acknowledged]


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
    server.wait_until_applied()
    ballast = Ballast(disk)
    # Room for ingest to go on, but not for the result.
    ballast.grow(leave_bytes=1 << 20)
    started = exports.get(server, admin, **exports.ALL)
    if started.status_code == 202:
        query_id = started.json()["query_id"]

        def ended() -> tuple | None:
            # An answer that tells of an error counts as false.
            answer = exports.get(server, admin, query_id=query_id)
            return None if answer.status_code == 202 else (answer,)

        [failed] = wait_for("the export to fail", ended, deadline_s=60)
        assert failed.status_code in (500, 503), failed.text
        assert "disk" in failed.text or "space" in failed.text, failed.text
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
    server.wait_until_applied()
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["0", "1"]
    lines = [json.loads(line) for line in (server.data_dir / "dead-letter.ndjson").read_text().splitlines()]
    assert len(lines) == 1
    assert "scope" in lines[0]["reason"]


def test_a_log_on_the_same_disk(make_server: Callable[..., Server], disk: Path) -> None:
    """What the server prints goes to the full disk as well. Then nobody can read it, but that is all."""
    server = make_server(disk / "data", disk / "server.log", journal_max_bytes=JOURNAL_BYTES, log_level="debug").start()
    admin = server.add_user("root", "admin")
    ballast = Ballast(disk)
    sent = [events.server_event(obj_id=number) for number in range(1, 201)]
    for event in sent:
        ballast.grow()
        refused = events.ingest(server, [event, {"no": "scope"}])
        assert refused.status_code == 503
    ballast.drop()
    wait_until_accepted(server)
    # The journal may have had room for some, and the dead letters had not. Their sender sends them again.
    assert events.ingest(server, sent).status_code == 200
    server.wait_until_applied()
    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == list(range(201))


def test_accounts_on_a_full_disk(small_server: Server, disk: Path) -> None:
    """Who is already there can still log in and read."""
    server = small_server
    anna = server.add_user("anna")
    assert events.send(server, anna, [events.event(obj_id=1)]).status_code == 201
    Ballast(disk).grow()
    answer = requests.get(f"{server.url}/api/users/self", auth=anna.basic, timeout=10)
    assert answer.status_code == 200
