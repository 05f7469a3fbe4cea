"""Retention: what it shows is what goes, the room comes back, and nothing else changes, whatever goes on meanwhile."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import random
import re
import subprocess

from support import backups, events, exports, query
from support.load import Load
from support.server import Server, run_cli, wait_for

DAY = dt.timedelta(days=1)


def fill(server: Server, n_days: int = 100, n_a_day: int = 600) -> None:
    """Days of clicks, exceptions and hours, that come from a server, with names of tasks."""
    for day in range(n_days, 0, -1):
        at = events.now() - day * DAY
        batch = [
            events.server_event("click:element", at, obj_val=random.randbytes(60).hex(), job_id=1, obj_id=n)
            for n in range(n_a_day)
        ]
        batch += [events.server_event("send:exception", at, payload='{"message": "no"}', obj_id=n) for n in range(20)]
        batch += [events.server_event("update:task", at, obj_name="name", obj_val=f"task of day {day}", task_id=7)]
        batch += [events.server_event("create:task", at, obj_name="first", task_id=day)]
        assert events.ingest(server, batch).status_code == 200
    server.wait_until_applied()


def ages(rows: list[dict]) -> dict[str, int]:
    """By scope the age of the oldest, in days."""
    oldest: dict[str, int] = collections.defaultdict(int)
    for row in rows:
        at = dt.datetime.fromisoformat(row["timestamp"]).replace(tzinfo=dt.UTC)
        oldest[row["scope"]] = max(oldest[row["scope"]], (events.now() - at).days)
    return oldest


def shown_rows(text: str) -> int:
    return int(re.search(r"^(\d+) rows, about", text, re.MULTILINE)[1])


def test_what_is_shown_goes_and_its_room_comes_back_under_load(make_server) -> None:
    settings = {"retention_exceptions_days": 10, "retention_clicks_days": 30, "retention_hours_days": 90}
    server = make_server(audit="true", **settings).start()
    admin = server.add_user("root", "admin")
    fill(server, n_a_day=3_000)
    # What is in the log alone has no size yet.
    server.stop()
    server.start()
    n_before = len(exports.rows(server, admin))
    shown = server.cli("retention", "--dry-run")
    assert "Nothing was removed" in shown
    assert len(exports.rows(server, admin)) >= n_before
    with Load(server, n_browsers=1, n_ingest=1, pause_s=0.05) as load:
        wait_for("load", lambda: load.n_acknowledged() > 300, 60)
        running = exports.start(server, admin, **exports.ALL)
        done = server.cli("retention")
        load.finish()
        exports.finish(server, admin, running)
    removed = int(re.search(r"Removed (\d+) rows", done)[1])
    assert removed == shown_rows(shown) == 70 * 3_000 + 90 * 20
    rows = exports.rows(server, admin)
    oldest = ages(rows)
    assert oldest["click:element"] <= 30
    assert oldest["send:exception"] <= 10
    assert oldest["update:task"] == oldest["create:task"] == 100
    freed = int(re.search(r"rows, about (\d+) bytes", shown)[1])
    used_before = int(re.search(r"of a file of (\d+) bytes", done)[1])
    # An export that goes on keeps what it reads, and what came meanwhile may hold the end of the file: the next run
    # tells.
    again = server.cli("retention")
    assert "Removed 0 rows" in again
    after, free = map(int, re.search(r"has (\d+) bytes now, of which (\d+)", again).groups())
    # Within a quarter, and the blocks of a small file.
    assert used_before - (after - free) > 0.75 * freed - 4 * (256 << 10)
    assert used_before - after > 0.75 * freed - 4 * (256 << 10)
    metrics = server.metrics()
    assert metrics["annoscope_retention_deleted_events_total"] == removed
    audited = "SELECT obj_name FROM events WHERE scope = 'delete:events'"
    wait_for("the audit event", lambda: query.rows(server, admin, audited), 60)
    # A restart finds the same.
    server.kill()
    server.start()
    found = ages(exports.rows(server, admin))
    assert {scope: found[scope] for scope in oldest} == oldest


def test_kept_results_are_forgotten(make_server) -> None:
    server = make_server(retention_exceptions_days=10, retention_clicks_days=30).start()
    admin = server.add_user("root", "admin")
    fill(server, n_days=40, n_a_day=20)
    sql = (
        "SELECT toStartOfDay(timestamp) AS day, count() AS n FROM events WHERE scope = 'click:element' "
        "GROUP BY day ORDER BY day"
    )
    assert len(query.rows(server, admin, sql)) == 40
    server.cli("retention")
    assert len(query.rows(server, admin, sql)) <= 31


def test_of_old_resources_names_and_states_stay(make_server) -> None:
    server = make_server(retention_resources_days=50).start()
    admin = server.add_user("root", "admin")
    fill(server, n_a_day=1)
    server.cli("retention")
    rows = exports.rows(server, admin)
    names = [row["obj_val"] for row in rows if row["scope"] == "update:task"]
    # The newest of before the cut, and all since.
    assert names[0] in ("task of day 51", "task of day 50")
    assert len(names) in (50, 51, 52)
    assert len([row for row in rows if row["scope"] == "create:task"]) == 100


def test_a_bound_of_bytes(make_server) -> None:
    server = make_server().start()
    admin = server.add_user("root", "admin")
    fill(server)
    size = int(server.metric("annoscope_store_file_bytes"))
    server.stop()
    server.flags["retention-max-bytes"] = str(size // 2)
    # Without a server the command opens the files itself.
    environment = {"ANNOSCOPE_RETENTION_MAX_BYTES": str(size // 2)}
    shown = run_cli("retention", "--dry-run", "--data-dir", str(server.data_dir), env=environment)
    assert shown.returncode == 0, shown.stderr
    assert shown_rows(shown.stdout) > 0
    server.start()
    server.cli("retention")
    oldest = ages(exports.rows(server, admin))
    assert oldest["click:element"] < 70
    assert oldest["create:task"] == 100


def test_a_kill_leaves_a_sound_store(make_server) -> None:
    server = make_server(retention_exceptions_days=10, retention_clicks_days=30).start()
    admin = server.add_user("root", "admin")
    fill(server)
    kept = {row["timestamp"] for row in exports.rows(server, admin) if row["scope"] == "create:task"}
    for pause_s in (0.02, 0.1, 0.3):
        command = backups.start("retention", data_dir=server.data_dir)
        with contextlib.suppress(subprocess.TimeoutExpired):  # the server is at it
            command.wait(pause_s)
        server.kill()
        command.kill()
        command.wait()
        server.start()
        rows = exports.rows(server, admin)
        assert {row["timestamp"] for row in rows if row["scope"] == "create:task"} == kept
    server.cli("retention")
    assert ages(exports.rows(server, admin))["click:element"] <= 30


def test_a_setting_that_keeps_clicks_longer_than_hours_is_refused(tmp_path) -> None:
    refused = run_cli(
        "config", "--data-dir", str(tmp_path), "--retention-hours-days", "5", "--retention-clicks-days", "9"
    )
    assert refused.returncode == 2
    assert "at least as long" in refused.stderr
    off = run_cli("retention", "--dry-run", "--data-dir", str(tmp_path))
    assert off.returncode == 1
    assert "nothing is to be removed" in off.stderr
