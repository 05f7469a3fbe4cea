"""annoscope doctor and GET /api/admin/doctor: what is wrong is named, with what to do."""

from __future__ import annotations

import datetime
import json

import requests

from support import events
from support.server import Server, User, run_cli


def diagnosis(server: Server, admin: User) -> dict[str, list[dict]]:
    answer = requests.get(f"{server.url}/api/admin/doctor", headers=admin.headers, timeout=60)
    assert answer.status_code == 200, answer.text
    by_part: dict[str, list[dict]] = {}
    for finding in answer.json()["findings"]:
        by_part.setdefault(finding["part"], []).append(finding)
    return by_part


def doctor(server: Server, *args: str):
    return run_cli("doctor", "--data-dir", str(server.data_dir), *args)


def test_a_sound_server_has_nothing_to_look_at(server: Server, admin: User, anna: User) -> None:
    found = diagnosis(server, admin)
    assert {"store", "journal", "database", "disk", "dashboards", "dead letters", "backup"} <= set(found)
    assert {finding["level"] for part in found.values() for finding in part} == {"fine"}
    told = doctor(server, "--json")
    assert told.returncode == 0, told.stderr
    assert {json.loads(line)["part"] for line in told.stdout.splitlines()} == set(found)
    for headers, status in ((anna.headers, 403), ({}, 401)):
        assert requests.get(f"{server.url}/api/admin/doctor", headers=headers, timeout=10).status_code == status


def test_what_is_wrong_is_named(server: Server, admin: User) -> None:
    (server.data_dir / "dashboards").mkdir(exist_ok=True)
    (server.data_dir / "dashboards/broken.json").write_text("{")
    now = events.now()
    # One that sent an event each hour until yesterday.
    hours = [now - datetime.timedelta(hours=hour) for hour in range(24, 24 * 12)]
    sent = [events.server_event(at=at, obj_id=number) for number, at in enumerate(hours)]
    assert events.ingest(server, sent).status_code == 200
    server.wait_until_applied()
    found = diagnosis(server, admin)
    [silent] = found["events"]
    assert silent["level"] == "warning"
    assert "no event of the source server for 24 hours" in silent["text"]
    [board] = found["dashboards"]
    assert (board["level"], "broken.json" in board["text"]) == ("warning", True)
    assert board["advice"]

    ahead = now + datetime.timedelta(minutes=10)
    assert events.ingest(server, [events.server_event(at=ahead)]).status_code == 200
    server.wait_until_applied()
    assert diagnosis(server, admin)["clock"][0]["level"] == "warning"
    told = doctor(server)
    assert told.returncode == 1
    assert "parts need to be looked at" in told.stderr
    assert told.stdout.startswith("WARNING")


def test_without_a_server_the_place_is_looked_at(server: Server) -> None:
    server.stop()
    told = doctor(server)
    assert told.returncode == 1
    assert told.stdout.startswith("FAILURE  server: none runs")
    assert "fine     disk" in told.stdout


def test_a_server_that_was_killed_does_not_answer(server: Server) -> None:
    server.kill()
    told = doctor(server)
    assert told.returncode == 1
    assert told.stdout.startswith("FAILURE  server: none runs")
