"""`GET /api/forecast`: a project's lines and the days by which it will be done."""

from __future__ import annotations

import datetime as dt
import json

import requests

from support import events
from support.server import Server, User

PROJECT = 3
FRAMES = 50


def job_event(scope: str, at: dt.datetime, job: int, request: int, payload: dict | None = None, **more: object) -> dict:
    about = {**(payload or {}), "request": {"id": f"00000000-0000-4000-8000-{request:012}"}}
    place = {"project_id": PROJECT, "task_id": 5, "job_id": job, "user_id": 7}
    return events.server_event(scope, at, payload=json.dumps(about), **place, **more)


def created(at: dt.datetime, job: int) -> dict:
    payload = {"stage": "annotation", "state": "new", "type": "annotation", "frame_count": FRAMES}
    return job_event("create:job", at, job, job, payload, obj_id=job)


def accepted(at: dt.datetime, job: int) -> dict:
    payload = {"old_value": "annotation"}
    return job_event("update:job", at, job, 1000 + job, payload, obj_name="stage", obj_val="acceptance")


def forecast(server: Server, user: User, **query: object) -> requests.Response:
    return requests.get(f"{server.url}/api/forecast", params=query, auth=user.basic, timeout=30)


def test_a_project_has_lines_and_days(server: Server, admin: User) -> None:
    noon = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    day = dt.timedelta(days=1)
    # Two jobs on each of the last ten days, weekends too, of thirty; one more was deleted, one was for ground truth.
    begin = noon - 20 * day
    sent = [created(begin, job) for job in range(1, 32)]
    sent += [accepted(noon - (10 - n // 2) * day, n + 1) for n in range(20)]
    sent += [job_event("delete:job", noon - day, 31, 2031)]
    other = {"stage": "annotation", "state": "new", "type": "ground_truth", "frame_count": 7}
    sent += [job_event("create:job", begin, 40, 40, other)]
    assert events.ingest(server, sent).status_code == 200
    told = forecast(server, admin, project_id=PROJECT).json()
    assert (told["done_frames"], told["scope_frames"], told["remaining_frames"]) == (1000, 1500, 500)
    assert told["working_days"] == 10
    assert [line["done"] for line in told["lines"]] == [0, *range(100, 1001, 100)]
    assert [line["scope"] for line in told["lines"]] == [1550] * 10 + [1500]
    # A hundred a day: five days, of which today is the first.
    end = (noon + 4 * day).date().isoformat()
    assert (told["p50"], told["p90"], told["reason"]) == (end, end, None)
    # Elsewhere the day before began at another time, and the same frames were done on as many days.
    assert forecast(server, admin, project_id=PROJECT, timezone="Asia/Kolkata").json()["working_days"] == 10


def test_too_few_days_are_no_forecast(server: Server, admin: User) -> None:
    now = dt.datetime.now(dt.UTC)
    assert events.ingest(server, [created(now - dt.timedelta(days=3), 1)]).status_code == 200
    told = forecast(server, admin, project_id=PROJECT).json()
    assert (told["p50"], told["p90"], told["remaining_frames"]) == (None, None, FRAMES)
    assert "5 are needed" in told["reason"]
    done = accepted(now - dt.timedelta(days=1), 1)
    assert events.ingest(server, [done]).status_code == 200
    assert forecast(server, admin, project_id=PROJECT).json()["reason"] == "Nothing remains."


def test_teams_without_review_say_so(server: Server, admin: User) -> None:
    now = dt.datetime.now(dt.UTC)
    begin = now - dt.timedelta(days=3)
    completed = job_event("update:job", now, 1, 77, {"old_value": "in progress"}, obj_name="state", obj_val="completed")
    assert events.ingest(server, [created(begin, 1), completed]).status_code == 200
    assert forecast(server, admin, project_id=PROJECT).json()["done_frames"] == 0
    assert forecast(server, admin, project_id=PROJECT, done="completed").json()["done_frames"] == FRAMES


def test_who_sees_own_events_alone_has_no_forecast(server: Server, anna: User) -> None:
    response = forecast(server, anna, project_id=PROJECT)
    assert response.status_code == 403
    assert "your own events only" in response.text


def test_what_cannot_be_asked_is_named(server: Server, admin: User) -> None:
    cases = [
        ({}, "project_id"),
        ({"project_id": "x"}, "project_id"),
        ({"project_id": 1, "done": "soon"}, "done: must be"),
    ]
    cases += [({"project_id": 1, "timezone": "Mars/Olympus"}, "timezone: must be")]
    for query, words in cases:
        response = forecast(server, admin, **query)
        assert response.status_code == 400, query
        assert words in response.text, query
