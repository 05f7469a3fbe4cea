"""Every scope of a server, each by a real request of cvat-sdk, found among all events."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from cvat_sdk import Client, models
from cvat_sdk.core.proxies.annotations import AnnotationUpdateAction
from cvat_sdk.core.proxies.tasks import ResourceType, Task

from support import ROOT, events
from support.example import Example
from support.server import wait_for

TABLE = (ROOT / "crates/events/src/scope.rs").read_text()
OF_SERVERS = {*re.findall(r'server\(\s*"([a-z]+:[a-z]+)"', TABLE), "send:working_time", "send:exception"}


def everything(verbs: str, resource: str) -> set[str]:
    return {f"{verb}:{resource}" for verb in verbs.split()}


ALL = "create update delete"
Steps = Callable[[Example, Client, Path], None]


def make_task(client: Client, **more: object) -> Task:
    return client.tasks.create_from_data(
        spec=models.TaskWriteRequest(name="street", segment_size=2, **more),
        resource_type=ResourceType.SHARE,
        resources=["1.jpg", "2.jpg", "3.jpg"],
    )


def own_task(client: Client) -> Task:
    return make_task(client, labels=[models.PatchedLabelRequest(name="car")])


def project_and_labels(example: Example, client: Client, directory: Path) -> None:
    project = client.projects.create({"name": "zoo", "labels": [{"name": "lion"}, {"name": "ape"}]})
    project.update({"name": "farm"})
    lion, ape = project.get_labels()
    client.api_client.labels_api.partial_update(lion.id, patched_label_request={"name": "cow"})
    project.update({"labels": [{"id": ape.id, "deleted": True}]})
    assert [label.name for label in project.get_labels()] == ["cow"]
    project.remove()
    assert client.projects.list() == []


def task_and_jobs(example: Example, client: Client, directory: Path) -> None:
    task = own_task(client)
    task.update({"name": "avenue"})
    job = task.get_jobs()[0]
    job.update({"stage": "validation", "assignee": 1})
    assert (job.stage, job.assignee.username) == ("validation", "admin")
    frames = {"frame_selection_method": "random_uniform", "frame_count": 1}
    truth = models.JobWriteRequest(task_id=task.id, type="ground_truth", **frames)
    made, _ = client.api_client.jobs_api.create(truth)
    client.api_client.jobs_api.destroy(made.id)
    task.remove()


def issue_and_comments(example: Example, client: Client, directory: Path) -> None:
    job = own_task(client).get_jobs()[0]
    issue = client.issues.create({"job": job.id, "frame": 0, "position": [1.0, 2.0], "message": "which car?"})
    issue.update({"resolved": True})
    [comment] = issue.get_comments()
    comment.update({"message": "the red one"})
    comment.remove()
    issue.remove()


def annotations(example: Example, client: Client, directory: Path) -> None:
    task = own_task(client)
    label_id = task.get_labels()[0].id
    box = {"type": "rectangle", "frame": 0, "points": [1.0, 2.0, 30.0, 40.0]}
    of_all_kinds = models.PatchedLabeledDataRequest(
        tags=[models.LabeledImageRequest(frame=0, label_id=label_id)],
        shapes=[models.LabeledShapeRequest(label_id=label_id, **box)],
        tracks=[
            models.LabeledTrackRequest(frame=0, label_id=label_id, shapes=[models.TrackedShapeRequest(**box)]),
        ],
    )
    task.update_annotations(of_all_kinds, action=AnnotationUpdateAction.CREATE)
    known = task.get_annotations()
    assert (len(known.tags), len(known.shapes), len(known.tracks)) == (1, 1, 1)
    assert known.shapes[0].points == box["points"]
    session = example.session()
    url = f"{example.url}/api/tasks/{task.id}/annotations/"
    for action in ("update", "delete"):
        answer = session.patch(url, params={"action": action}, json=known.to_dict(), timeout=30)
        assert answer.status_code == 200, answer.text
    assert task.get_annotations().tracks == []
    job = task.get_jobs()[0]
    job.set_annotations(models.LabeledDataRequest(shapes=of_all_kinds.shapes))
    assert len(job.get_annotations().shapes) == 1
    job.remove_annotations()
    assert job.get_annotations().shapes == []


def datasets(example: Example, client: Client, directory: Path) -> None:
    task = own_task(client)
    box = {"type": "rectangle", "frame": 2, "points": [1.0, 2.0, 30.0, 40.0]}
    box = models.LabeledShapeRequest(label_id=task.get_labels()[0].id, **box)
    task.update_annotations(models.PatchedLabeledDataRequest(shapes=[box]), action=AnnotationUpdateAction.CREATE)
    file = directory / "dataset.json"
    task.export_dataset("CVAT for images 1.1", file, include_images=False)
    task.remove_annotations()
    task.import_annotations("CVAT 1.1", file)
    assert [shape.frame for shape in task.get_annotations().shapes] == [2]


def function(example: Example, client: Client, directory: Path) -> None:
    task = own_task(client)
    session = example.session()
    [model] = session.get(f"{example.url}/api/lambda/functions", timeout=30).json()
    asked = {"task": task.id, "job": task.get_jobs()[0].id, "frame": 0}
    answer = session.post(f"{example.url}/api/lambda/functions/{model['id']}", json=asked, timeout=30)
    assert {shape["label"] for shape in answer.json()} <= {"car", "person"}


def organization_and_members(example: Example, client: Client, directory: Path) -> None:
    example.register("mara")
    organization = client.organizations.create({"slug": "acme", "name": "Acme"})
    organization.update({"description": "boxes"})
    with client.organization_context("acme"):
        api = client.api_client
        invited = models.InvitationWriteRequest(role=models.RoleEnum("worker"), email="mara@example.com")
        invitation, _ = api.invitations_api.create(invited)
        assert (
            example.session(("mara", "mara")).get(f"{example.url}/api/organizations", timeout=30).json()["count"] == 0
        )
        mara = example.session(("mara", "mara"))
        answer = mara.post(f"{example.url}/api/invitations/{invitation.key}/accept", json={}, timeout=30)
        assert answer.json() == {"organization_slug": "acme"}
        assert mara.get(f"{example.url}/api/organizations", timeout=30).json()["count"] == 1
        members = api.memberships_api.list()[0].results
        assert [(member.user.username, member.role) for member in members] == [
            ("admin", "owner"), ("mara", "worker"),
        ]  # fmt: skip
        role = models.PatchedMembershipWriteRequest(role=models.RoleEnum("supervisor"))
        api.memberships_api.partial_update(members[1].id, patched_membership_write_request=role)
        api.invitations_api.destroy(invitation.key)
        api.memberships_api.destroy(members[1].id)
    organization.remove()


def user(example: Example, client: Client, directory: Path) -> None:
    example.register("nils")
    [nils] = [user for user in client.users.list() if user.username == "nils"]
    nils.update({"first_name": "Nils"})
    assert nils.first_name == "Nils"
    nils.remove()


def cloud_storage(example: Example, client: Client, directory: Path) -> None:
    api = client.api_client.cloudstorages_api
    bucket = models.CloudStorageWriteRequest(
        provider_type=models.ProviderTypeEnum("AWS_S3_BUCKET"),
        resource="frames",
        display_name="Frames",
        credentials_type=models.CredentialsTypeEnum("ANONYMOUS_ACCESS"),
    )
    made, _ = api.create(bucket)
    changed = models.PatchedCloudStorageWriteRequest(display_name="All frames")
    assert api.partial_update(made.id, patched_cloud_storage_write_request=changed)[0].display_name == "All frames"
    api.destroy(made.id)


def webhook(example: Example, client: Client, directory: Path) -> None:
    project = client.projects.create({"name": "zoo", "labels": []})
    api = client.api_client.webhooks_api
    target = {"target_url": "http://127.0.0.1:9/hook", "events": [models.EventsEnum("create:task")]}
    spec = models.WebhookWriteRequest(type=models.WebhookType("project"), project_id=project.id, **target)
    made, _ = api.create(spec)
    api.partial_update(made.id, patched_webhook_write_request=models.PatchedWebhookWriteRequest(is_active=False))
    api.destroy(made.id)


def access_token(example: Example, client: Client, directory: Path) -> None:
    api = client.api_client.auth_api
    made, _ = api.create_access_tokens(models.AccessTokenWriteRequest(name="script"))
    bearer = {"Authorization": f"Bearer {made.value}"}
    assert requests.get(f"{example.url}/api/users/self", headers=bearer, timeout=30).json()["username"] == "admin"
    changed = models.PatchedAccessTokenWriteRequest(name="night script")
    api.partial_update_access_tokens(made.id, patched_access_token_write_request=changed)
    api.destroy_access_tokens(made.id)
    assert requests.get(f"{example.url}/api/users/self", headers=bearer, timeout=30).status_code == 401


def exception(example: Example, client: Client, directory: Path) -> None:
    answer = example.session().get(f"{example.url}/api/tasks/4711?page=2", timeout=30)
    assert answer.status_code == 404


def working_time(example: Example, client: Client, directory: Path) -> None:
    first = events.now()
    made = [events.event(at=first - 5 * second) for second in (events.dt.timedelta(seconds=1), events.dt.timedelta(0))]
    answer = example.session().post(f"{example.url}/api/events", json=events.body(made), timeout=30)
    assert answer.status_code == 201, answer.text


STEPS: list[tuple[Steps, set[str]]] = [
    (project_and_labels, everything(ALL, "project") | everything(ALL, "label")),
    (task_and_jobs, everything(ALL, "task") | everything(ALL, "job")),
    (issue_and_comments, everything(ALL, "issue") | everything(ALL, "comment")),
    (annotations, set().union(*(everything(ALL, name) for name in ("tags", "shapes", "tracks", "annotations")))),
    (datasets, {"export:dataset", "import:dataset"}),
    (function, {"call:function"}),
    (
        organization_and_members,
        everything(ALL, "organization") | everything(ALL, "membership") | everything("create delete", "invitation"),
    ),
    (user, everything(ALL, "user")),
    (cloud_storage, everything(ALL, "cloudstorage")),
    (webhook, everything(ALL, "webhook")),
    (access_token, everything(ALL, "accesstoken")),
    (exception, {"send:exception"}),
    (working_time, {"send:working_time"}),
]


def scopes_of_servers(example: Example) -> set[str]:
    example.all_sent()
    sql = "SELECT DISTINCT scope FROM events WHERE source = 'server'"
    return {scope for (scope,) in example.query(example.session(), sql)}


@pytest.mark.parametrize(("steps", "scopes"), STEPS, ids=[steps.__name__ for steps, _ in STEPS])
def test_requests_make_their_events(example: Example, tmp_path: Path, steps: Steps, scopes: set[str]) -> None:
    example.all_sent()
    before = scopes_of_servers(example)
    assert before == {"create:user"}
    with example.client() as client:
        steps(example, client, tmp_path)
    # A failed request's event is written when its answer is on its way.
    wait_for(f"{scopes}", lambda: scopes <= scopes_of_servers(example), interval_s=0.1)


def test_no_scope_is_left_out() -> None:
    made = set().union(*(scopes for _, scopes in STEPS))
    assert made == OF_SERVERS


def test_a_failed_request_says_what_failed(example: Example, tmp_path: Path) -> None:
    session = example.session()
    answer = session.get(f"{example.url}/api/tasks/4711?page=2&key=secret", timeout=30)
    refused = requests.get(f"{example.url}/api/tasks", timeout=30)
    assert (answer.status_code, refused.status_code) == (404, 401)
    sql = "SELECT user_name, payload FROM events WHERE scope = 'send:exception'"
    [(user_name, payload)] = wait_for("the event", lambda: example.query(session, sql), interval_s=0.1)
    assert user_name == "admin"
    assert answer.headers["X-Request-Id"] in payload
    assert "Not found." in payload
    # "Not authenticated" is no exception, and has an id all the same.
    assert refused.headers["X-Request-Id"]


def test_others_do_not_see_what_is_of_an_organization(example: Example, tmp_path: Path) -> None:
    example.register("mara")
    mara = example.session(("mara", "mara"))
    with example.client() as client:
        client.organizations.create({"slug": "acme"})
        with client.organization_context("acme"):
            task = own_task(client)
        made, _ = client.api_client.auth_api.create_access_tokens(models.AccessTokenWriteRequest(name="script"))
    for path in (f"tasks/{task.id}", f"tasks/{task.id}/annotations/", f"auth/access_tokens/{made.id}"):
        assert mara.get(f"{example.url}/api/{path}", timeout=30).status_code == 404, path
    posted = mara.post(f"{example.url}/api/tasks/{task.id}/dataset/export?format=COCO", timeout=30)
    assert posted.status_code == 404
    example.all_sent()
    [[slug]] = example.query(example.session(), "SELECT org_slug FROM events WHERE scope = 'create:task'")
    assert slug == "acme"
