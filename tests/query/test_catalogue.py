"""Users, projects, tasks and jobs as events tell of them: the relations that names are looked up in."""

from __future__ import annotations

import datetime as dt
import json

import requests

from support import events
from support.server import Server, User

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)

QUERIES = {
    "users": "SELECT user_id, name, email, toUnixTimestamp(last_seen) FROM users WHERE user_id > 100 ORDER BY user_id",
    "projects": "SELECT project_id, name, org_id, owner_id, deleted IS NOT NULL FROM projects ORDER BY project_id",
    "tasks": "SELECT task_id, name, project_id FROM tasks ORDER BY task_id",
    "jobs": "SELECT job_id, task_id, project_id, type, frames, stage, state, assignee_id, created IS NOT NULL, "
    "deleted IS NOT NULL FROM jobs ORDER BY job_id",
    "organizations": "SELECT org_id, slug, name FROM organizations WHERE org_id >= 70 ORDER BY org_id",
    "labels": "SELECT label_id, name, color, project_id FROM labels ORDER BY label_id",
    "cloud storages": "SELECT cloud_storage_id, name, provider FROM cloud_storages ORDER BY cloud_storage_id",
}


def told(scope: str, minute: float, **fields: object) -> dict:
    payload = fields.pop("payload", {})
    who = {"user_id": 101, "user_name": "lead", "user_email": "lead@x.org", "org_id": 70, "org_slug": "lab"}
    at = START + dt.timedelta(minutes=minute)
    return events.server_event(scope, at, **{**who, "payload": json.dumps(payload), **fields})


JOB = {"type": "annotation", "frame_count": 20, "stage": "annotation", "state": "new", "assignee": {"id": 102}}

HISTORY = [
    told("create:organization", 0, obj_id=70, obj_name="The lab"),
    told("create:project", 1, project_id=5, obj_id=5, obj_name="Cars", payload={"owner": {"id": 101}}),
    told("create:label", 1, project_id=5, obj_id=9, obj_name="car", payload={"color": "#ff0000"}),
    told("create:cloudstorage", 1, obj_id=3, obj_name="bucket", payload={"provider_type": "AWS_S3_BUCKET"}),
    told("create:task", 2, project_id=5, task_id=6, obj_id=6, obj_name="Day 1"),
    told("create:job", 3, project_id=5, task_id=6, job_id=7, obj_id=7, payload=JOB),
    told("create:job", 3, project_id=5, task_id=6, job_id=8, obj_id=8, payload=JOB),
    told("update:job", 9, project_id=5, task_id=6, job_id=7, obj_name="stage", obj_val="validation"),
    told("update:job", 9, project_id=5, task_id=6, job_id=7, obj_name="assignee", obj_val="None"),
    told("update:job", 9, project_id=5, task_id=6, job_id=8, obj_name="assignee", obj_id=103, obj_val="{'id': 103}"),
    told("update:project", 20, project_id=5, obj_name="name", obj_val="Cars and more"),
    told("delete:job", 30, project_id=5, task_id=6, job_id=8, obj_id=8),
    # Of a task that was created before there was annoscope.
    told("draw:object", 40, project_id=4, task_id=44, job_id=45, user_id=102, user_name="anna", user_email=None),
    told("draw:object", 41, project_id=4, task_id=44, job_id=45, user_id=102, user_name="anna-b", user_email=None),
    # Late: what was so before changes nothing, and what nobody knew does.
    told("update:project", 10, project_id=5, obj_name="name", obj_val="Vehicles"),
    told("draw:object", 35, project_id=5, task_id=6, job_id=7, user_id=102, user_name="ann", user_email="a@x.org"),
    told("update:job", 8, project_id=5, task_id=6, job_id=7, obj_name="state", obj_val="in progress"),
]

ALL = {
    "users": [
        [101, "lead", "lead@x.org", int((START + dt.timedelta(minutes=30)).timestamp())],
        [102, "anna-b", "a@x.org", int((START + dt.timedelta(minutes=41)).timestamp())],
    ],
    "projects": [[4, None, 70, None, 0], [5, "Cars and more", 70, 101, 0]],
    "tasks": [[6, "Day 1", 5], [44, None, 4]],
    "jobs": [
        [7, 6, 5, "annotation", 20, "validation", "in progress", None, 1, 0],
        [8, 6, 5, "annotation", 20, "annotation", "new", 103, 1, 1],
        [45, 44, 4, None, None, None, None, None, 0, 0],
    ],
    "organizations": [[70, "lab", "The lab"]],
    "labels": [[9, "car", "#ff0000", 5]],
    "cloud storages": [[3, "bucket", "AWS_S3_BUCKET"]],
}


def answers(server: Server, user: User) -> dict[str, list]:
    def rows(sql: str) -> list:
        body = {"sql": sql, "cache": False}
        answer = requests.post(f"{server.url}/api/query", json=body, headers=user.headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]

    return {name: rows(sql) for name, sql in QUERIES.items()}


def test_the_latest_event_counts_whenever_it_comes(server: Server, admin: User) -> None:
    for piece in (HISTORY[:5], HISTORY[5:], HISTORY[3:9]):
        assert events.ingest(server, piece).status_code == 200
    server.wait_until_applied()
    assert answers(server, admin) == ALL


def test_a_kill_and_a_rebuild_change_nothing(server: Server, admin: User) -> None:
    assert events.ingest(server, HISTORY[:11]).status_code == 200
    assert "facts are kept" in server.cli("catalogue", "rebuild")
    assert events.ingest(server, HISTORY[11:]).status_code == 200
    server.wait_until_applied()
    assert answers(server, admin) == ALL
    server.kill()
    server.start()
    assert answers(server, admin) == ALL
    server.stop()
    server.cli("catalogue", "rebuild")
    server.start()
    assert answers(server, admin) == ALL


def test_who_sees_own_events_learns_no_more_than_they_tell(server: Server, admin: User) -> None:
    person = server.add_user("dora")
    listed = json.loads(server.cli("user", "list", "--format", "json"))
    person_id = next(user["id"] for user in listed if user["name"] == "dora")
    own = told("draw:object", 50, project_id=5, task_id=6, job_id=7, user_id=person_id, user_name="dora", org_id=None)
    assert events.ingest(server, [*HISTORY, own]).status_code == 200
    server.wait_until_applied()
    seen = answers(server, person)
    assert seen["projects"] == [[5, None, None, None, 0]]
    assert seen["tasks"] == [[6, None, 5]]
    assert seen["jobs"] == [[7, 6, 5, None, None, None, None, None, 0, 0]]
    assert seen["users"] == seen["labels"] == seen["cloud storages"] == []
    # The rows that name nobody's table but ours are refused as any other.
    for name in ("catalogue", "catalogue_now", "catalogue_facts"):
        body = {"sql": f"SELECT * FROM {name}"}
        answer = requests.post(f"{server.url}/api/query", json=body, headers=person.headers, timeout=60)
        assert answer.status_code in (400, 403), answer.text
