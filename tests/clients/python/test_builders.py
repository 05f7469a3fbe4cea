"""The builders of clients/python: what happens, and the events of it. No server is needed."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from typing import Any

import annoscope_recorder as recorder
import pytest
from annoscope_recorder import Cascade, Organization, Place, RequestContext, User, tables
from annoscope_recorder.secrets import is_secret, url_without_secrets

REQUEST_ID = "01234567-89ab-4def-8123-456789abcdef"
AT = dt.datetime(2024, 7, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
ACME = Organization(2, "acme")
CONTEXT = RequestContext(
    id=REQUEST_ID,
    user=User(9, "lena", ""),
    organization=ACME,
    access_token_id=4,
    remote_addr="10.0.0.1",
    user_agent="curl/8",
)
COMMON = {"context": CONTEXT, "at": AT}


def payload(event: dict[str, Any]) -> Any:
    """What the payload has beside the request, which every event has."""
    members = json.loads(event["payload"])
    assert members.pop("request")["id"] == REQUEST_ID
    return members


def test_a_creation_has_what_no_column_has() -> None:
    resource = {
        "url": "http://a/api/jobs/30",
        "id": 30,
        "name": "job",
        "state": "new",
        "organization": 2,
        "project_id": 10,
        "task": {"id": 20, "url": "u"},
        "labels": {"url": "u", "count": 1},
        "assignee": {"id": 5, "url": "u"},
        "password": "x",
        "nested": {"access_key": "y"},
        "list": [{"url": "kept"}],
        "key": "k",
        "made": dt.datetime(2024, 7, 1, tzinfo=dt.UTC),
        "size_mm": decimal.Decimal("1.5"),
    }
    event = recorder.create("job", resource, **COMMON)
    assert payload(event) == {
        "state": "new",
        "project_id": 10,
        "labels": {"count": 1},
        "assignee": {"id": 5},
        "password": "***",
        "nested": {"access_key": "***"},
        "list": [{"url": "kept"}],
        "made": "2024-07-01T00:00:00Z",
        "size_mm": "1.5",
    }
    assert json.loads(event["payload"])["request"] == {"id": REQUEST_ID, "user_agent": "curl/8"}
    assert uuid.UUID(event.pop("event_id")).version == 4
    del event["payload"]
    assert event == {
        "scope": "create:job",
        "obj_id": 30,
        "source": "server",
        "timestamp": "1719835200.123456",
        "project_id": 10,
        "task_id": 20,
        "job_id": 30,
        "user_id": 9,
        "user_name": "lena",
        "org_id": 2,
        "org_slug": "acme",
        "access_token_id": 4,
        "remote_addr": "10.0.0.1",
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[("project", "n"), ("task", "n"), ("job", None), ("organization", "n"), ("user", "u"), ("cloudstorage", "d")],
        *[("issue", None), ("comment", "m"), ("label", "n"), ("membership", None), ("invitation", None)],
        *[("webhook", None), ("accesstoken", "n")],
    ],
)
def test_resources_are_named_by_what_cvat_names_them_by(kind: str, name: str | None) -> None:
    resource = {"id": 1, "name": "n", "username": "u", "display_name": "d", "message": "m"}
    for event in (recorder.create(kind, resource), recorder.delete(kind, resource)):
        assert event.get("obj_name") == name
        assert event["obj_id"] == 1


# case: before, after, [(property, obj_val, obj_id, old value)]
UPDATES: dict[str, tuple[dict, dict, list[tuple[str, str, int | None, Any]]]] = {
    "nothing": ({"a": 1}, {"a": 1}, []),
    "two properties, in their order": (
        {"state": "new", "stage": "annotation", "same": 1},
        {"state": "in progress", "stage": "validation", "same": 1},
        [("state", "in progress", None, "new"), ("stage", "validation", None, "annotation")],
    ),
    "an assignee": (
        {"assignee": None},
        {"assignee": {"url": "u", "id": 3, "username": "max"}},
        [("assignee", "{'id': 3, 'username': 'max'}", 3, None)],
    ),
    "no assignee any more": (
        {"assignee": {"url": "u", "id": 3}, "assignee_id": 3},
        {"assignee": None, "assignee_id": None},
        [("assignee", "None", None, {"id": 3})],
    ),
    "an id beside it": (
        {"owner": "max", "owner_id": 3},
        {"owner": "eva", "owner_id": 4},
        [("owner", "eva", 4, "max")],
    ),
    "an id alone": ({"parent_job_id": None}, {"parent_job_id": 4}, [("parent_job_id", "4", None, None)]),
    "a renamed key": (
        {"bug_tracker": "b"},
        {"tracker": "b"},
        [("tracker", "b", None, None), ("bug_tracker", "None", None, "b")],
    ),
    "null is as missing": ({"a": None}, {}, []),
    "a list": (
        {"points": [1, 2.5]},
        {"points": [1, "it's", True]},
        [("points", '[1, "it\'s", True]', None, [1, 2.5])],
    ),
    "an object within": (
        {"attributes": {"a": {"b": 1}}},
        {"attributes": {"a": {"b": 2}}},
        [("attributes", "{'a': {'b': 2}}", None, {"a": {"b": 1}})],
    ),
    "true is not 1": ({"a": [1]}, {"a": [True]}, [("a", "[True]", None, [1])]),
    "urls, labels and the date alone": (
        {"labels": [1], "updated_date": "a", "url": "a", "jobs": {"url": "a", "count": 1}},
        {"labels": [2], "updated_date": "b", "url": "b", "jobs": {"url": "b", "count": 1}},
        [],
    ),
    "secrets": (
        {"storage": {"account": "a", "session_token": "1"}, "password": None},
        {"storage": {"account": "a", "session_token": "2"}, "password": "3"},
        [
            ("storage", "{'account': 'a', 'session_token': '***'}", None, {"account": "a", "session_token": "***"}),
            ("password", "***", None, None),
        ],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), UPDATES.values(), ids=UPDATES)
def test_an_update_is_an_event_for_each_property(before: dict, after: dict, expected: list) -> None:
    events = recorder.update("task", {"id": 20, **before}, {"id": 20, **after}, **COMMON)
    assert {event["scope"] for event in events} <= {"update:task"}
    assert {event["task_id"] for event in events} <= {20}
    rows = [(event["obj_name"], event["obj_val"], event.get("obj_id"), payload(event)["old_value"]) for event in events]
    assert rows == expected


def test_kinds_have_their_own_updates() -> None:
    live = {"id": 1, "revoked": False, "name": "a", "value": "hidden-1"}
    revoked = {"id": 1, "revoked": True, "name": "b", "value": "hidden-2"}
    events = recorder.update("accesstoken", live, revoked)
    assert [event["scope"] for event in events] == ["delete:accesstoken", "update:accesstoken", "update:accesstoken"]
    assert "hidden" not in json.dumps(events)
    assert len(recorder.update("accesstoken", revoked, live)) == 3
    assert recorder.update("invitation", {"a": 1}, {"a": 2}) == []
    assert "hidden" not in json.dumps(recorder.create("invitation", {"key": "hidden"}))


# resource, what is given: organization, project, task, job
PLACES: dict[str, tuple[str, dict, Place | None, tuple[int | None, ...]]] = {
    "itself": ("project", {"id": 1}, None, (2, 1, None, None)),
    "ids": ("job", {"id": 3, "task_id": 2, "project_id": 1}, None, (2, 1, 2, 3)),
    "objects": ("issue", {"id": 9, "job": {"id": 3}, "task": {"id": 2}, "project": {"id": 1}}, None, (2, 1, 2, 3)),
    "numbers": ("comment", {"id": 9, "job": 3}, None, (2, None, None, 3)),
    "what is given comes first": ("job", {"id": 3, "task_id": 2}, Place(Organization(7), 1, 8), (7, 1, 8, 3)),
    "another organization": ("task", {"id": 2, "organization": 5}, None, (5, None, 2, None)),
    "an organization": ("organization", {"id": 6, "slug": "new"}, None, (6, None, None, None)),
}


@pytest.mark.parametrize(("kind", "resource", "place", "expected"), PLACES.values(), ids=PLACES)
def test_an_event_says_where_it_belongs(
    kind: str, resource: dict, place: Place | None, expected: tuple[int | None, ...]
) -> None:
    built = [
        recorder.create(kind, resource, place=place, **COMMON),
        recorder.delete(kind, resource, place=place, **COMMON),
        *recorder.update(kind, resource, {**resource, "changed": True}, place=place, **COMMON),
    ]
    for event in built:
        assert tuple(event.get(key) for key in ("org_id", "project_id", "task_id", "job_id")) == expected
        assert (event.get("org_slug") == "acme") == (expected[0] == 2)


def test_a_cascade_knows_the_parents_that_are_gone() -> None:
    cascade = Cascade()
    cascade.remember("project", {"id": 1, "name": "p", "organization": {"id": 2, "slug": "acme"}})
    for task_id in (1, 2):
        cascade.remember("task", {"id": task_id, "name": "t", "project_id": 1})
        cascade.remember_all("job", [{"id": 2 * task_id, "task_id": task_id}, {"id": 2 * task_id + 1, "task": task_id}])
    cascade.remember("comment", {"id": 1, "message": "m", "job": 5})
    # Of another task, which stays: nothing is known but what it says.
    cascade.remember("job", {"id": 70, "task_id": 77})
    events = cascade.deleted(context=RequestContext(id=REQUEST_ID), at=AT)
    assert [payload(event) for event in events] == [{}] * len(events)
    keys = ("obj_id", "org_id", "project_id", "task_id", "job_id")
    rows = [" ".join([event["scope"], *(str(event.get(key, "-")) for key in keys)]) for event in events]
    assert rows == [
        "delete:project 1 2 1 - -",
        "delete:task 1 2 1 1 -",
        "delete:job 2 2 1 1 2",
        "delete:job 3 2 1 1 3",
        "delete:task 2 2 1 2 -",
        "delete:job 4 2 1 2 4",
        "delete:job 5 2 1 2 5",
        "delete:comment 1 2 1 2 5",
        "delete:job 70 - - 77 70",
    ]


ANNOTATIONS = {
    "tags": [{"id": 1, "label_id": 5}],
    "shapes": [
        {"id": 2, "type": "rectangle", "points": [1, 2]},
        {"id": 3, "type": "mask"},
        {"id": 4, "type": "rectangle"},
        {"id": 5},
    ],
    "tracks": [
        {"id": 6, "shapes": [{"id": 7, "type": "polygon"}, {"id": 8, "type": "polygon"}]},
        {"id": 9, "shapes": [], "visible_shapes_count_diff": -2},
    ],
}


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_annotations_are_counted_by_type(action: Any) -> None:
    place = Place(job_id=30)
    events = recorder.annotations_changed(action, ANNOTATIONS, place=place, **COMMON)
    rows = [(event["scope"], event.get("obj_name"), event["count"], payload(event)) for event in events]
    assert rows == [
        (f"{action}:tags", None, 1, {"tags": [{"id": 1}]}),
        (f"{action}:shapes", "rectangle", 2, {"shapes": [{"id": 2}, {"id": 4}]}),
        (f"{action}:shapes", "mask", 1, {"shapes": [{"id": 3}]}),
        (f"{action}:shapes", None, 1, {"shapes": [{"id": 5}]}),
        (f"{action}:tracks", "polygon", 1, {"tracks": [{"id": 6, "shapes": [{"id": 7}, {"id": 8}]}]}),
        (f"{action}:tracks", None, 1, {"tracks": [{"id": 9, "shapes": [], "visible_shapes_count_diff": -2}]}),
    ]
    assert {(event["job_id"], event["org_id"]) for event in events} == {(30, 2)}
    one = recorder.annotations_as_one(action, ANNOTATIONS, place=place, **COMMON)
    assert (one["scope"], one["count"]) == (f"{action}:annotations", 7)
    assert payload(one) == {"tags": 1, "shapes": 4, "tracks": 2}


def test_a_replacement_deletes_and_creates() -> None:
    events = recorder.annotations_replaced({"tags": [{"id": 10}]}, ANNOTATIONS, place=Place(job_id=30))
    assert [event["scope"].split(":")[0] for event in events] == ["delete"] + ["create"] * 6
    assert recorder.annotations_changed("create", {}, place=Place()) == []


def test_no_event_has_more_objects_than_its_count_can_say() -> None:
    tags = [{"id": number} for number in range(65_536)]
    events = recorder.annotations_changed("create", {"tags": tags}, place=Place())
    assert [event["count"] for event in events] == [65_535, 1]


def test_calls_have_what_they_were_called_with() -> None:
    place = Place(project_id=10, task_id=20)
    exported = recorder.dataset("export", "COCO 1.0", place=place, save_images=True, cloud_storage_id=3, **COMMON)
    assert (exported["scope"], exported["org_id"], exported["task_id"]) == ("export:dataset", 2, 20)
    assert payload(exported) == {"format": "COCO 1.0", "save_images": True, "cloud_storage": {"id": 3}}
    imported = recorder.dataset("import", "YOLO 1.1", place=place, **COMMON)
    assert payload(imported) == {"format": "YOLO 1.1"}
    more = {"frame": 7, "function": "other", "api_key": "x"}
    called = recorder.function_call("sam", place=place, more=more, **COMMON)
    assert ("org_id" in called, called["task_id"]) == (False, 20)
    assert payload(called) == {"function": {"id": "sam"}, "frame": 7, "api_key": "***"}


def failure(message: str) -> Exception:
    try:
        raise OSError(message)
    except OSError as error:
        return error


def test_exceptions_name_the_request() -> None:
    [event] = recorder.view_exception(
        failure("m" * 3_000),
        status_code=500,
        method="GET",
        url="/api/jobs/7?page=1&token=xyz",
        basename="job",
        action="retrieve",
        **COMMON,
    )
    assert "xyz" not in event["payload"]
    members = json.loads(event["payload"])
    assert members["request"] == {
        "url": "/api/jobs/7?page=1&token=***",
        "query_params": {"page": "1", "token": "***"},
        "content_type": None,
        "method": "GET",
        "id": REQUEST_ID,
        "user_agent": "curl/8",
    }
    assert (members["status_code"], members["basename"], members["action"]) == (500, "job", "retrieve")
    assert members["message"] == "OSError: " + "m" * 1_991
    assert members["stack"].startswith("Traceback (most recent call last):")
    assert (event["count"], event["user_id"], "org_id" in event) == (1, 9, False)
    assert recorder.view_exception(failure("no"), status_code=401, method="GET", url="/") == []

    event = recorder.job_exception(failure("no space left"), place=Place(task_id=20), **COMMON)
    assert payload(event)["message"] == "OSError: no space left"
    assert (event["count"], event["task_id"], event["org_id"]) == (1, 20, 2)


@pytest.mark.parametrize(
    ("kind", "built"),
    [
        ("scope", lambda: recorder.create("taks", {"id": 1})),
        ("scope", lambda: recorder.delete("function", {"id": 1})),
        ("annotations", lambda: recorder.annotations_changed("replace", {}, place=Place())),  # type: ignore[arg-type]
        ("datasets", lambda: recorder.dataset("move", "COCO", place=Place())),  # type: ignore[arg-type]
    ],
)
def test_a_misspelled_scope_is_an_error(kind: str, built: Any) -> None:
    with pytest.raises(ValueError, match=kind):
        built()


def test_every_scope_of_the_tables_is_built() -> None:
    events = []
    for kind, actions in tables.ACTIONS.items():
        events.append(recorder.create(kind, {"id": 1, "a": 1}))
        events += recorder.update(kind, {"id": 1, "a": 1}, {"id": 1, "a": 2}) if "update" in actions else []
        events.append(recorder.delete(kind, {"id": 1}))
    for action in ("create", "update", "delete"):
        events += recorder.annotations_changed(action, ANNOTATIONS, place=Place())
        events.append(recorder.annotations_as_one(action, ANNOTATIONS, place=Place()))
    events.append(recorder.dataset("export", "COCO 1.0", place=Place()))
    events.append(recorder.dataset("import", "COCO 1.0", place=Place()))
    events.append(recorder.function_call("sam", place=Place()))
    events.append(recorder.job_exception(failure("no")))
    assert {event["scope"] for event in events} == tables.scopes()


def test_odd_values_stop_no_event() -> None:
    cases = [
        ({"a": "half an emoji \ud83d"}, {"a": "half an emoji \ufffd"}),
        ({"a": "nul \x00"}, {"a": "nul \ufffd"}),
        ({"a": float("nan"), "b": [float("inf")]}, {"a": None, "b": [None]}),
        ({1: {"b"}, "u": uuid.UUID(REQUEST_ID)}, {"1": ["b"], "u": REQUEST_ID}),
    ]
    for resource, expected in cases:
        event = recorder.create("job", resource, **COMMON)
        assert payload(event) == expected
        event["payload"].encode()
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert payload(recorder.create("job", {"a": deep}, **COMMON))["a"][0][0][0]
    tags = {"tags": [{"id": deep}]}
    [event] = recorder.annotations_changed("create", tags, place=Place(), **COMMON)
    assert payload(event)["tags"][0]["id"][0][0][0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[("password", True), ("secretKey", True), ("x-api-key", True), ("session_token", True), ("apikey", True)],
        *[("connection_string", True), ("AccountKey", True), ("client_secret_2", True), ("Authorization", True)],
        *[("access_token_id", False), ("credentials_type", False), ("tokens_count", False), ("key", False)],
        *[("secretary", False), ("keyframe", False), ("name", False), ("", False), ("token_expires_at", False)],
    ],
)
def test_secrets_are_known_by_their_names(name: str, expected: bool) -> None:
    assert is_secret(name) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?b=1&&c", "/a?b=1&&c"),
        ("/a?b=1&token=x&token=y&c=%20", "/a?b=1&token=***&token=***&c=%20"),
    ],
)
def test_urls_have_no_secrets(url: str, expected: str) -> None:
    assert url_without_secrets(url) == expected
