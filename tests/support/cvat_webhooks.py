"""Bodies of CVAT's webhooks, made with the models of cvat-sdk, which have today's form of each resource."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import requests
from cvat_sdk import models
from cvat_sdk.api_client import ApiClient, Configuration
from cvat_sdk.api_client.model_utils import validate_and_convert_types

from support.server import Server

URL = "http://cvat.example/api"
ANN = {"url": f"{URL}/users/2", "id": 2, "username": "ann", "first_name": "Ann", "last_name": "Otter"}
BEN = {"url": f"{URL}/users/3", "id": 3, "username": "ben", "first_name": "Ben", "last_name": "Finch"}

CREATED = "2026-11-01T08:00:00Z"


def summary(count: int, name: str = "tasks") -> dict[str, Any]:
    return {"count": count, "url": f"{URL}/{name}"}


PROJECT = {
    "id": 7,
    "name": "cats",
    "owner": ANN,
    "assignee": None,
    "bug_tracker": "",
    "status": "annotation",
    "task_subsets": [],
    "organization": 3,
    "created_date": CREATED,
    "updated_date": CREATED,
    "tasks": summary(2),
    "labels": {"url": f"{URL}/labels?project_id=7"},
    "url": f"{URL}/projects/7",
}
TASK = {
    "id": 11,
    "name": "cats 1",
    "project_id": 7,
    "owner": ANN,
    "assignee": None,
    "status": "annotation",
    "mode": "annotation",
    "size": 3,
    "segment_size": 2,
    "organization": 3,
    "subset": "",
    "bug_tracker": "",
    "jobs": {**summary(2, "jobs"), "completed": 0, "validation": 0},
    "labels": {"url": f"{URL}/labels?task_id=11"},
    "created_date": CREATED,
    "updated_date": CREATED,
    "url": f"{URL}/tasks/11",
}
JOB = {
    "id": 21,
    "task_id": 11,
    "project_id": 7,
    "assignee": None,
    "stage": "annotation",
    "state": "new",
    "status": "annotation",
    "type": "annotation",
    "frame_count": 2,
    "start_frame": 0,
    "stop_frame": 1,
    "issues": summary(0, "issues"),
    "labels": {"url": f"{URL}/labels?job_id=21"},
    "organization": 3,
    "created_date": CREATED,
    "updated_date": CREATED,
    "url": f"{URL}/jobs/21",
}
ISSUE = {
    "id": 31,
    "job": 21,
    "frame": 1,
    "position": [1.0, 2.0],
    "owner": ANN,
    "assignee": None,
    "resolved": False,
    "comments": summary(1, "comments"),
    "created_date": CREATED,
    "updated_date": CREATED,
}
COMMENT = {
    "id": 41,
    "issue": 31,
    "owner": ANN,
    "message": "a leg is missing",
    "created_date": CREATED,
    "updated_date": CREATED,
}
ORGANIZATION = {
    "id": 3,
    "slug": "zoo",
    "name": "Zoo",
    "description": "",
    "owner": ANN,
    "contact": {},
    "created_date": CREATED,
    "updated_date": CREATED,
}
MEMBERSHIP = {
    "id": 51,
    "user": BEN,
    "organization": 3,
    "is_active": True,
    "joined_date": CREATED,
    "role": "worker",
    "invitation": None,
}
INVITATION = {
    "key": "s3cret-key",
    "owner": ANN,
    "role": "worker",
    "user": BEN,
    "organization": 3,
    "created_date": CREATED,
    "organization_info": {"id": 3, "slug": "zoo"},
    "expired": False,
    "accepted": False,
}
USER = {**BEN, "email": "ben@zoo.example", "is_active": True, "groups": ["worker"]}

# A resource, its model, and a change of it.
RESOURCES: dict[str, tuple[type, dict[str, Any], dict[str, Any]]] = {
    "project": (models.ProjectRead, PROJECT, {"name": "cats and dogs"}),
    "task": (models.TaskRead, TASK, {"status": "validation"}),
    "job": (models.JobRead, JOB, {"state": "in progress"}),
    "issue": (models.IssueRead, ISSUE, {"resolved": True}),
    "comment": (models.CommentRead, COMMENT, {"message": "two legs are missing"}),
    "organization": (models.OrganizationRead, ORGANIZATION, {"name": "The Zoo"}),
    "membership": (models.MembershipRead, MEMBERSHIP, {"role": "maintainer"}),
    "invitation": (models.InvitationRead, INVITATION, {}),
    "user": (models.User, USER, {"email": "ben@the-zoo.example"}),
}


def as_cvat_shows(kind: str, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as the SDK reads and writes it: an error if today's CVAT would not show it so."""
    model = RESOURCES[kind][0]
    read = validate_and_convert_types(resource, (model,), ["body"], True, True, Configuration())
    return ApiClient(Configuration()).sanitize_for_serialization(read)


def body(event: str, resource: dict[str, Any], before: dict[str, Any] | None = None, webhook_id: int = 5) -> bytes:
    """What CVAT sends; with `before` in the form that it had until 2026-08."""
    kind = event.split(":")[1]
    content = {"event": event, kind: as_cvat_shows(kind, resource)}
    if before is not None:
        content["before_update"] = before
    return json.dumps({**content, "sender": ANN, "webhook_id": webhook_id}).encode()


def signature(secret: str, content: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def deliver(server: Server, name: str, secret: str, content: bytes) -> requests.Response:
    headers = {"Content-Type": "application/json", "X-Signature-256": signature(secret, content)}
    return requests.post(f"{server.url}/api/webhooks/{name}", data=content, headers=headers, timeout=10)
