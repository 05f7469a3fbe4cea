"""`annoscope demo`: made-up activity that is the same each time, and that a server takes."""

from __future__ import annotations

import collections
import json
from pathlib import Path

from support import events, exports
from support.server import Server, User, run_cli

SMALL = ("--events", "3000", "--days", "5", "--end", "2026-07-01")


def demo(path: Path, *args: str) -> list[dict]:
    """Writes the demo to a file; returns its events."""
    made = run_cli("demo", *args, "--format", "ndjson", "--out", str(path))
    assert made.returncode == 0, made.stderr
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_seed_gives_the_same_events(tmp_path: Path) -> None:
    first = demo(tmp_path / "1.ndjson", *SMALL, "--seed", "7")
    demo(tmp_path / "2.ndjson", *SMALL, "--seed", "7")
    demo(tmp_path / "3.ndjson", *SMALL, "--seed", "8")
    texts = [(tmp_path / f"{number}.ndjson").read_bytes() for number in (1, 2, 3)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    assert len(first) == 3000


def test_it_is_realistic(tmp_path: Path) -> None:
    made = demo(tmp_path / "demo.ndjson", "--events", "20000", "--days", "14", "--users", "20", "--seed", "1")
    scopes = collections.Counter(item["scope"] for item in made)
    for scope in ("load:cvat", "send:exception", "send:working_time", "create:project", "change:frame", "draw:object"):
        assert scopes[scope] > 0, scopes
    people = {item.get("user_name") for item in made} - {None}
    assert len(people) > 1
    assert len({item.get("org_slug") for item in made}) > 1
    browsers = {json.loads(item["payload"])["platform"]["name"] for item in made if item["scope"] == "load:cvat"}
    assert len(browsers) > 1
    assert any(json.loads(item["payload"])["stack"] for item in made if item["scope"] == "send:exception")


def test_a_server_takes_it_once(server: Server, admin: User, tmp_path: Path) -> None:
    made = demo(tmp_path / "demo.ndjson", *SMALL, "--seed", "1")
    for _ in range(2):
        sent = run_cli("demo", *SMALL, "--seed", "1", "--url", server.ingest_url)
        assert sent.returncode == 0, sent.stderr
    rows = exports.rows(server, admin)
    assert len(rows) == len(made)
    assert collections.Counter(row["scope"] for row in rows) == collections.Counter(item["scope"] for item in made)
    worked = [json.loads(item["payload"])["working_time"] for item in made if item["scope"] == "send:working_time"]
    assert sum(events.stored_hours(rows).values()) == sum(worked) > 0


def test_no_server_there(tmp_path: Path) -> None:
    failed = run_cli("demo", *SMALL, "--url", "http://127.0.0.1:9/")
    assert failed.returncode not in (0, 101)
    assert "127.0.0.1:9" in failed.stderr
