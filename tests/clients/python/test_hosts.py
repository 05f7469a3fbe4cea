"""Annotation servers in Python under their real servers, with requests by a real client, against a real annoscope."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support import exports
from support.python_hosts import Host
from support.server import Server, User, wait_for

KINDS = ["fastapi", "django-wsgi sqlite", "django-asgi sqlite", "django-wsgi postgresql"]


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, make_host: Callable[..., Host], server: Server) -> Host:
    """A running host that sends."""
    kind, _, database = request.param.partition(" ")
    place = request.getfixturevalue("postgres_database") if database == "postgresql" else ""
    return make_host(kind, place, server.ingest_url).start()


def stored(server: Server, admin: User, n_events: int) -> list[dict[str, str]]:
    """The rows, once there are as many."""
    wait_for(f"{n_events} events", lambda: server.metric("annoscope_journal_position") >= n_events, 60)
    rows = exports.rows(server, admin)
    assert len(rows) == n_events, [row["scope"] for row in rows]
    return rows


def request_of(row: dict[str, str]) -> Any:
    return json.loads(row["payload"])["request"]


def test_an_audit_scenario(host: Host, server: Server, admin: User) -> None:
    """A project with two tasks of two jobs each, and all of it deleted by one call: as CVAT's own test."""
    answers = {"create:project": host.call("POST", "/projects", {"name": "street"})}
    project_id = answers["create:project"].json()["id"]
    tasks = [
        host.call("POST", "/tasks", {"name": f"task {number}", "project_id": project_id, "n_jobs": 2})
        for number in (1, 2)
    ]
    deleted = host.call("DELETE", f"/projects/{project_id}")
    assert all(answer.ok for answer in (*answers.values(), *tasks, deleted))
    rows = stored(server, admin, 14)
    assert Counter(row["scope"] for row in rows) == {
        "create:project": 1,
        "create:task": 2,
        "create:job": 4,
        "delete:project": 1,
        "delete:task": 2,
        "delete:job": 4,
    }
    for row in rows:
        assert row["project_id"] == str(project_id)
        assert (row["user_id"], row["user_name"], row["user_email"]) == ("1", "lena", "lena@example.com")
        assert (row["org_id"], row["org_slug"], row["source"]) == ("2", "acme", "server")
        assert (row["task_id"] != "") == (row["scope"].split(":")[1] != "project")
        assert (row["job_id"] != "") == row["scope"].endswith(":job")

    def ids(scope: str) -> set[tuple[str, str]]:
        return {(row["task_id"], row["job_id"]) for row in rows if row["scope"] == scope}

    assert ids("create:job") == ids("delete:job")
    assert {task_id for task_id, _ in ids("delete:job")} == {str(task.json()["id"]) for task in tasks}
    # One group a request, each with the id that its answer had.
    groups = Counter(request_of(row)["id"] for row in rows)
    assert groups[deleted.headers["X-Request-Id"]] == 7
    assert groups[answers["create:project"].headers["X-Request-Id"]] == 1
    assert [groups[task.headers["X-Request-Id"]] for task in tasks] == [3, 3]
    assert {request_of(row)["user_agent"].split("/")[0] for row in rows} == {"python-requests"}
    assert [row["scope"] for row in exports.rows(server, admin, **exports.ALL, task_id=tasks[0].json()["id"])]
    assert exports.rows(server, admin, **exports.ALL, project_id=project_id + 1) == []


def test_changes_background_work_and_failures(host: Host, server: Server, admin: User) -> None:
    project = host.call("POST", "/projects", {"name": "street"}).json()
    task = host.call("POST", "/tasks", {"name": "task", "project_id": project["id"], "n_jobs": 1}).json()
    job = task["jobs"][0]
    n_before = 3
    changed = host.call("PATCH", f"/jobs/{job}", {"state": "completed", "assignee_id": 1})
    assert changed.ok
    imported = host.call("POST", f"/jobs/{job}/import")
    assert imported.ok
    # Rolled back, whatever the answer: no event of the change or the creation.
    refused = host.call("PATCH", f"/jobs/{job}", {"state": "impossible"})
    failed = host.call("POST", "/fail?page=1&token=hidden")
    missing = host.call("DELETE", "/projects/12345")
    assert (refused.status_code, failed.status_code, missing.status_code) == (409, 500, 404)
    answers = [changed, imported, refused, failed, missing]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == len(answers)
    assert {uuid.UUID(text).version for text in ids} == {4}

    exceptions = [failed, missing] if host.kind.startswith("django") else [refused, failed, missing]
    rows = stored(server, admin, n_before + 2 + 2 + len(exceptions))
    of = {answer.headers["X-Request-Id"]: [] for answer in answers}
    for row in rows:
        of.setdefault(request_of(row)["id"], []).append(row)

    state, assignee = of[ids[0]]
    assert (state["scope"], state["obj_name"], state["obj_val"]) == ("update:job", "state", "completed")
    assert json.loads(state["payload"])["old_value"] == "new"
    assert assignee["obj_name"].startswith("assignee")
    assert {(row["project_id"], row["task_id"], row["job_id"]) for row in (state, assignee)} == {
        (str(project["id"]), str(task["id"]), str(job))
    }
    # What the import made has the id of the request that asked for it.
    assert [(row["scope"], row["obj_name"], row["count"]) for row in of[ids[1]]] == [
        ("import:dataset", "", ""),
        ("create:shapes", "mask", "2"),
    ]
    assert {row["user_name"] for row in of[ids[1]]} == {"lena"}
    for answer in exceptions:
        [row] = of[answer.headers["X-Request-Id"]]
        payload = json.loads(row["payload"])
        assert (row["scope"], payload["status_code"]) == ("send:exception", answer.status_code)
        assert (row["user_name"], row["org_id"], row["count"]) == ("lena", "", "1")
    [row] = of[failed.headers["X-Request-Id"]]
    payload = json.loads(row["payload"])
    assert (payload["message"], payload["action"]) == ("RuntimeError: a bug", "fail")
    assert 'raise RuntimeError("a bug")' in payload["stack"]
    assert payload["request"]["url"] == "/fail?page=1&token=***"
    assert payload["request"]["method"] == "POST"
    assert "hidden" not in row["payload"]


def test_a_host_does_not_wait_for_annoscope(server: Server, admin: User, make_host: Callable[..., Host]) -> None:
    """Of a relay that shares the host's process each request to annoscope takes 5 s."""
    host = make_host("fastapi", annoscope=server.ingest_url).start()
    host.call("POST", "/projects", {"name": "first"})
    stored(server, admin, 1)
    server.process.send_signal(signal.SIGSTOP)
    try:
        times = []
        for number in range(100):
            begin = time.monotonic()
            assert host.call("POST", "/projects", {"name": f"project {number}"}).ok
            times.append(time.monotonic() - begin)
        assert max(times) < 4.5
    finally:
        server.process.send_signal(signal.SIGCONT)
    stored(server, admin, 101)


def test_a_host_that_is_killed_after_its_commit_loses_nothing(
    host: Host, server: Server, admin: User, make_host: Callable[..., Host]
) -> None:
    host.close()
    # It cannot have sent before it died: annoscope is not there.
    server.stop()
    host.start()
    with pytest.raises(OSError, match=r"Connection aborted|Connection reset|Remote end"):
        host.call("POST", "/projects-then-die", {"name": "last words"})
    host.close()
    server.start()
    host.start()
    [row] = stored(server, admin, 1)
    assert (row["scope"], row["obj_name"]) == ("create:project", "last words")


def test_django_s_command_sends_what_waits(server: Server, admin: User, make_host: Callable[..., Host]) -> None:
    host = make_host("django-wsgi").start()
    assert host.call("POST", "/projects", {"name": "street"}).ok
    host.annoscope = server.ingest_url
    host.manage("annoscope_relay", "--once")
    [row] = stored(server, admin, 1)
    assert (row["scope"], row["user_name"]) == ("create:project", "lena")
