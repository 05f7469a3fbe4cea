"""Views as a Django server has them: one transaction a request."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import annoscope_recorder as recorder
from annoscope_recorder import Cascade, Organization
from annoscope_recorder.django import record
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from django_tool.models import Job, Project, Task


class BasicAuthentication:
    """Knows the user after the recorder's middleware has begun the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        credentials = request.headers.get("Authorization", "Basic Og==").removeprefix("Basic ")
        name, _, password = base64.b64decode(credentials).decode().partition(":")
        request.user = authenticate(request, username=name, password=password) or AnonymousUser()
        recorder.identify(organization=Organization(2, "acme"))
        return self.get_response(request)


def shown(row: Project | Task | Job) -> dict[str, Any]:
    """As the API shows it."""
    if isinstance(row, Project):
        return {"id": row.id, "name": row.name}
    if isinstance(row, Task):
        return {"id": row.id, "name": row.name, "project_id": row.project_id}
    assignee = {"id": row.assignee_id, "url": "/users"} if row.assignee_id else None
    project_id = row.task.project_id
    return {"id": row.id, "state": row.state, "assignee": assignee, "task_id": row.task_id, "project_id": project_id}


def create_project(request: HttpRequest) -> HttpResponse:
    project = Project.objects.create(name=json.loads(request.body)["name"])
    record(recorder.create("project", shown(project)))
    return JsonResponse(shown(project))


def create_task(request: HttpRequest) -> HttpResponse:
    body = json.loads(request.body)
    task = Task.objects.create(name=body["name"], project_id=body["project_id"])
    jobs = [Job.objects.create(task=task) for _ in range(body["n_jobs"])]
    record(recorder.create("task", shown(task)), [recorder.create("job", shown(job)) for job in jobs])
    return JsonResponse({**shown(task), "jobs": [job.id for job in jobs]})


def change_job(request: HttpRequest, job_id: int) -> HttpResponse:
    job = get_object_or_404(Job, id=job_id)
    old, change = shown(job), json.loads(request.body)
    for name, value in change.items():
        setattr(job, name, value)
    job.save()
    record(recorder.update("job", old, shown(job)))
    if change.get("state") == "impossible":
        transaction.set_rollback(True)
        return HttpResponse(status=409)
    return JsonResponse(shown(job))


def delete_project(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_object_or_404(Project, id=project_id)
    cascade = Cascade()
    cascade.remember("project", shown(project))
    for task in project.task_set.order_by("id"):
        cascade.remember("task", shown(task))
        cascade.remember_all("job", [shown(job) for job in task.job_set.order_by("id")])
    project.delete()
    record(cascade.deleted())
    return HttpResponse(status=204)


def import_annotations(request: HttpRequest, job_id: int) -> HttpResponse:
    record(recorder.dataset("import", "COCO 1.0", place=recorder.Place(job_id=job_id)))
    worker = threading.Thread(target=recorder.carrying(import_in_background), args=(job_id,))
    transaction.on_commit(worker.start)
    return HttpResponse()


def import_in_background(job_id: int) -> None:
    shapes = {"shapes": [{"id": 1, "type": "mask"}, {"id": 2, "type": "mask"}]}
    with transaction.atomic():
        record(recorder.annotations_changed("create", shapes, place=recorder.Place(job_id=job_id)))
    connection.close()


def fail(request: HttpRequest) -> HttpResponse:
    record(recorder.create("project", {"id": 99, "name": "never"}))
    raise RuntimeError("a bug")


def create_and_die(request: HttpRequest) -> HttpResponse:
    """Killed between the commit and everything that comes after it."""
    project = Project.objects.create(name=json.loads(request.body)["name"])
    record(recorder.create("project", shown(project)))
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
    return HttpResponse()
