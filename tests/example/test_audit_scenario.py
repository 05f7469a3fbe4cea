"""A project is made, gets two tasks, and is deleted: the audit trail of it, as CVAT's own test of events has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from cvat_sdk import Client, models
from cvat_sdk.core.proxies.tasks import ResourceType

from support import exports
from support.example import ADMIN, Example, payload
from support.server import Server

KINDS = ("project", "task", "job")


class Watched:
    """cvat-sdk's requests, with the id that each answer carried."""

    def __init__(self, client: Client) -> None:
        self.ids: list[tuple[str, str, str]] = []
        rest = client.api_client.rest_client
        request = rest.request

        def watched(method: str, url: str, *args: object, **more: object):
            answer = request(method, url, *args, **more)
            self.ids.append((method, url.split("/api/")[1], answer.headers["X-Request-Id"]))
            return answer

        rest.request = watched

    def id_of(self, method: str, path: str) -> str:
        [found] = [rid for asked, url, rid in self.ids if asked == method and url.split("?")[0] == path]
        return found


class Person:
    """What `support.exports` needs of a user."""

    def __init__(self, session: requests.Session) -> None:
        self.headers = {"Authorization": session.headers["Authorization"]}


@pytest.fixture
def client(example: Example) -> Iterator[Client]:
    with example.client() as client:
        yield client


def export(example: Example, **query: object) -> list[dict[str, str]]:
    server: Server = example.annoscope
    return exports.rows(server, Person(example.session()), **exports.ALL, **query)


def test_a_project_from_its_making_to_its_end(example: Example, client: Client) -> None:
    watched = Watched(client)
    project = client.projects.create({"name": "street", "labels": [{"name": "car"}, {"name": "person"}]})
    tasks = [
        client.tasks.create_from_data(
            spec=models.TaskWriteRequest(name=f"morning {number}", project_id=project.id, segment_size=2),
            resource_type=ResourceType.SHARE,
            resources=[f"{number}/{image}.jpg" for image in range(3)],
        )
        for number in range(2)
    ]
    jobs = [job for task in tasks for job in task.get_jobs()]
    assert [task.size for task in tasks] == [3, 3]
    assert [(job.start_frame, job.stop_frame) for job in jobs] == [(0, 1), (2, 2)] * 2
    project.remove()
    example.all_sent()

    rows = export(example, project_id=project.id)
    counted = Counter(row["scope"] for row in rows)
    assert {scope: counted[f"{scope}"] for scope in (f"create:{kind}" for kind in KINDS)} == {
        "create:project": 1, "create:task": 2, "create:job": 4,
    }  # fmt: skip
    assert {scope: counted[f"{scope}"] for scope in (f"delete:{kind}" for kind in KINDS)} == {
        "delete:project": 1, "delete:task": 2, "delete:job": 4,
    }  # fmt: skip
    order = [row["scope"].split(":")[0] for row in rows]
    assert order.index("delete") > max(at for at, action in enumerate(order) if action == "create")

    # Ids of parents are there although nothing is left to ask.
    task_of_job = {job.id: job.task_id for job in jobs}
    deleted = [row for row in rows if row["scope"].startswith("delete:")]
    for row in deleted:
        assert row["project_id"] == str(project.id), row
        if row["scope"] == "delete:job":
            assert row["task_id"] == str(task_of_job[int(row["job_id"])]), row
            assert row["obj_id"] == row["job_id"]
    assert {row["task_id"] for row in deleted if row["scope"] == "delete:task"} == {str(task.id) for task in tasks}
    assert {row["job_id"] for row in deleted if row["scope"] == "delete:job"} == {str(job.id) for job in jobs}

    # Each request's id is the one that its answer carried.
    ids = {scope: {payload(row)["request"]["id"] for row in rows if row["scope"] == scope} for scope in counted}
    assert ids["create:project"] == {watched.id_of("POST", "projects")}
    assert ids["create:label"] == ids["create:project"]
    made = [rid for method, url, rid in watched.ids if (method, url) == ("POST", "tasks")]
    assert ids["create:task"] == set(made)
    assert ids["create:job"] == {watched.id_of("POST", f"tasks/{task.id}/data/") for task in tasks}
    gone = {watched.id_of("DELETE", f"projects/{project.id}")}
    assert all(ids[f"delete:{kind}"] == gone for kind in KINDS)

    for row in rows:
        assert (row["user_id"], row["user_name"], row["user_email"]) == ("1", "admin", "admin@example.com"), row
        assert row["source"] == "server"
        assert "cvat_sdk" in payload(row)["request"]["user_agent"], row


def test_filters_find_what_is_of_them(example: Example, client: Client) -> None:
    project = client.projects.create({"name": "street", "labels": []})
    first, second = (
        client.tasks.create_from_data(
            spec=models.TaskWriteRequest(name=name, project_id=project.id, segment_size=2),
            resource_type=ResourceType.SHARE,
            resources=["1.jpg", "2.jpg", "3.jpg"],
        )
        for name in ("first", "second")
    )
    project.remove()
    example.all_sent()
    counted = Counter(row["scope"] for row in export(example, task_id=second.id))
    assert {scope: n for scope, n in counted.items() if not scope.startswith("update:")} == {
        "create:task": 1, "create:job": 2, "delete:task": 1, "delete:job": 2,
    }  # fmt: skip
    assert {row["task_id"] for row in export(example, task_id=first.id)} == {str(first.id)}
    assert export(example, project_id=project.id + 1000) == []
    refused = exports.get(example.annoscope, Person(example.session()), project_id="none")
    assert refused.status_code == 400, refused.text


def test_images_of_one_s_own_are_counted(example: Example, client: Client, tmp_path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for file in files:
        file.write_bytes(b"\x89PNG not really" * 100)
    task = client.tasks.create_from_data(
        spec=models.TaskWriteRequest(name="mine", labels=[models.PatchedLabelRequest(name="car")], segment_size=3),
        resources=files,
    )
    assert [(job.start_frame, job.stop_frame) for job in task.get_jobs()] == [(0, 2), (3, 4)]
    assert b"<svg" in task.get_frame(4).read()
    assert next(frame.name for frame in task.get_frames_info()) == "frame_000000.svg"
    # The same account, and nobody else's.
    assert requests.get(f"{example.url}/api/tasks", timeout=30).status_code == 401
    assert ADMIN[0] == client.users.retrieve_current_user().username
