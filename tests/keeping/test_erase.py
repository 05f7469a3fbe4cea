"""`annoscope erase`: no file has the person's names, and their hours are what they were."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

from support import backups, events, exports
from support.server import Server, User, run_cli


def erase(server: Server, user_id: int, *args: str) -> str:
    return server.cli("erase", "--user", str(user_id), "--yes", *args)


def files_with(data_dir: Path, *names: str) -> list[str]:
    """The files that have one of these, in any case."""
    found = []
    for path in data_dir.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        found += [f"{path.name}: {name}" for name in names if name.encode().lower() in content]
    return found


def work(server: Server, person: User, user_id: int) -> None:
    """Leaves traces of a person wherever there may be some."""
    batch = [events.event("draw:object", events.now(), job_id=n % 5, obj_id=n) for n in range(500)]
    assert events.send(server, person, batch).status_code == 201
    other = [
        events.server_event(
            "update:job", obj_name="assignee", obj_val="wilhelmina", job_id=3, user_id=1, user_name="root"
        ),
        events.server_event(
            "create:membership",
            user_id=1,
            user_name="root",
            payload=json.dumps({"user": {"id": user_id, "username": "wilhelmina", "email": "wilhelmina@example.com"}}),
        ),
        events.server_event(
            "click:element",
            user_id=user_id,
            user_name="wilhelmina",
            user_email="wilhelmina@example.com",
            remote_addr="10.99.88.77",
        ),
        events.server_event(count=70_000, user_id=user_id, user_name="wilhelmina"),
    ]
    assert events.ingest(server, [*other, *audit(user_id)]).status_code == 200


def audit(user_id: int) -> list[dict]:
    """What the audit trail has of an account, where the payload names nobody by their login."""
    payload = json.dumps({"first_name": "Hildegund", "privilege": "user"})
    return [events.server_event("create:user", obj_id=user_id, obj_name="wilhelmina", payload=payload)]


def hours(server: Server, admin: User) -> dict:
    return events.stored_hours(exports.rows(server, admin))


def test_a_person_is_gone_and_their_hours_stay(server: Server, admin: User, tmp_path: Path) -> None:
    person = server.add_user("wilhelmina")
    with sqlite3.connect(server.data_dir / "state.sqlite") as database:
        database.execute("UPDATE users SET first_name = 'Hildegund' WHERE name = 'wilhelmina'")
    database.close()
    user_id = next(
        u["id"] for u in json.loads(server.cli("user", "list", "--format", "json")) if u["name"] == "wilhelmina"
    )
    work(server, person, user_id)
    server.wait_until_applied()
    # The names are kept in the catalogue, too.
    server.cli("catalogue", "rebuild")
    place = tmp_path / "backup"
    server.cli("backup", str(place))
    before = hours(server, admin)
    n_rows = len(exports.rows(server, admin))
    assert files_with(server.data_dir, "wilhelmina")
    refused = run_cli("erase", "--user", str(user_id), "--yes", "--data-dir", str(server.data_dir))
    assert refused.returncode == 1
    assert "in use" in refused.stderr
    server.stop()
    asked = run_cli("erase", "--user", str(user_id), "--data-dir", str(server.data_dir))
    assert asked.returncode == 1
    assert "--yes" in asked.stderr

    told = erase(server, user_id)
    assert str(place) in told
    assert files_with(server.data_dir, "wilhelmina", "hildegund", "10.99.88.77") == []
    server.start()
    rows = exports.rows(server, admin)
    assert len(rows) >= n_rows
    theirs = [row for row in rows if row["user_id"] == str(user_id)]
    assert {row["user_name"] for row in theirs} == {f"erased-{user_id}"}
    assert {row["user_email"] for row in theirs} <= {"", "\\N"}
    assert hours(server, admin) == before
    assert {row["user_name"] for row in rows} >= {"root"}
    # New events are taken, and once more there is nothing to do.
    assert events.send(server, admin, [events.event()]).status_code == 201
    server.stop()
    assert " 0 places" in erase(server, user_id)


def test_a_kill_in_the_middle_is_mended_by_the_next_run(server: Server, admin: User) -> None:
    person = server.add_user("wilhelmina")
    with sqlite3.connect(server.data_dir / "state.sqlite") as database:
        database.execute("UPDATE users SET first_name = 'Hildegund' WHERE name = 'wilhelmina'")
    database.close()
    user_id = next(
        u["id"] for u in json.loads(server.cli("user", "list", "--format", "json")) if u["name"] == "wilhelmina"
    )
    work(server, person, user_id)
    server.wait_until_applied()
    before = hours(server, admin)
    server.stop()
    for pause_s in (0.1, 0.4, 0.8, 1.2, 1.6):
        command = backups.start("erase", "--user", str(user_id), "--yes", data_dir=server.data_dir)
        try:
            command.wait(pause_s)
        except subprocess.TimeoutExpired:  # it is still at it
            command.kill()
            command.wait()
    erase(server, user_id)
    assert files_with(server.data_dir, "wilhelmina", "hildegund", "10.99.88.77") == []
    server.start()
    assert hours(server, admin) == before
