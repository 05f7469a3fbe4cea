"""Bad input to POST /api/events: a 4xx that names what is wrong, and nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

import events
import exports
from server import Server, User

NOW = events.iso(events.now())
GOOD = {"scope": "load:job", "timestamp": NOW}
BAD_TIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
FAR_TIMES = ("0001-01-01T00:00:00Z", "1969-12-01T00:00:00Z", "2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z")

ID_FIELDS = ("obj_id", "project_id", "task_id", "job_id")


def post(server: Server, user: User, data: bytes | str, content_type: str = "application/json", **headers: str):
    return requests.post(
        f"{server.url}/api/events",
        data=data if isinstance(data, bytes) else data.encode(),
        headers={**user.headers, "Content-Type": content_type, **headers},
        timeout=120,
    )


def of(**fields: object) -> dict:
    """A body with one event in which these fields are odd."""
    return {"timestamp": NOW, "events": [{**GOOD, **fields}]}


def text(raw: str) -> str:
    """A body whose one event has this raw text as its last field."""
    return f'{{"timestamp":"{NOW}","events":[{{"scope":"load:job","timestamp":"{NOW}",{raw}}}]}}'


# Cases whose answer CVAT's framework settles to the letter (contract, section 2).
EXACT = {
    "body is a list": ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    "body is a number": (5, {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}),
    "no timestamp": ({"events": []}, {"timestamp": ["This field is required."]}),
    "timestamp null": ({"events": [], "timestamp": None}, {"timestamp": ["This field may not be null."]}),
    "timestamp a number": ({"events": [], "timestamp": 5}, {"timestamp": [BAD_TIME]}),
    "events null": ({"events": None, "timestamp": NOW}, {"events": ["This field may not be null."]}),
    "events an object": (
        {"events": {}, "timestamp": NOW},
        {"events": {"non_field_errors": ['Expected a list of items but got type "dict".']}},
    ),
    "event a string": (
        {"events": ["x"], "timestamp": NOW},
        {"events": [{"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}]},
    ),
    "fields of the first of two": (
        {"timestamp": NOW, "events": [{"scope": "load:job", "timestamp": "yesterday", "count": "many"}, GOOD]},
        {"events": [{"timestamp": [BAD_TIME], "count": ["A valid integer is required."]}, {}]},
    ),
    "fields of the second of two": (
        {"timestamp": NOW, "events": [GOOD, {"scope": ""}]},
        {"events": [{}, {"scope": ["This field may not be blank."], "timestamp": ["This field is required."]}]},
    ),
    "scope absent": (
        {"timestamp": NOW, "events": [{"timestamp": NOW}]},
        {"events": [{"scope": ["This field is required."]}]},
    ),
    "scope null": (of(scope=None), {"events": [{"scope": ["This field may not be null."]}]}),
    "scope a list": (of(scope=["load:job"]), {"events": [{"scope": ["Not a valid string."]}]}),
    "name a boolean": (of(obj_name=True), {"events": [{"obj_name": ["Not a valid string."]}]}),
    "name an object": (of(obj_name={}), {"events": [{"obj_name": ["Not a valid string."]}]}),
    "name empty": (of(obj_name=""), {"events": [{"obj_name": ["This field may not be blank."]}]}),
    "name with NUL": (of(obj_name="a\0b"), {"events": [{"obj_name": ["Null characters are not allowed."]}]}),
    "duration null": (of(duration=None), {"events": [{"duration": ["This field may not be null."]}]}),
    "id a fraction": (of(obj_id=5.5), {"events": [{"obj_id": ["A valid integer is required."]}]}),
    "id a boolean": (of(job_id=True), {"events": [{"job_id": ["A valid integer is required."]}]}),
    "id a word": (of(task_id="abc"), {"events": [{"task_id": ["A valid integer is required."]}]}),
    "id of 1001 digits": (of(task_id="1" * 1001), {"events": [{"task_id": ["String value too large."]}]}),
    "payload an object": (of(payload={"a": 1}), {"events": [{"payload": ["Not a valid string."]}]}),
    "previous event": (
        {"timestamp": NOW, "events": [], "previous_event": {}},
        {"previous_event": {"scope": ["This field is required."], "timestamp": ["This field is required."]}},
    ),
}


def test_an_empty_body(shared_server: Server, shared_admin: User) -> None:
    """Read as an empty form by the framework, as if it were {}."""
    answer = post(shared_server, shared_admin, b"")
    assert (answer.status_code, answer.json()) == (400, {"timestamp": ["This field is required."]})


@contextmanager
def nothing_stored(server: Server, user: User) -> Iterator[None]:
    before = len(exports.rows(server, user))
    yield
    assert len(exports.rows(server, user)) == before


@pytest.mark.parametrize(("sent", "expected"), EXACT.values(), ids=EXACT)
def test_answers_of_the_framework(shared_server: Server, shared_admin: User, sent: object, expected: object) -> None:
    with nothing_stored(shared_server, shared_admin):
        answer = post(shared_server, shared_admin, json.dumps(sent))
    assert (answer.status_code, answer.json()) == (400, expected)


# Cases in which the answer is ours: the body, and what it has to name.
NAMED = {
    "not JSON": ("hello", "JSON parse error"),
    "cut off": ('{"events": [', "JSON parse error"),
    "two documents": (json.dumps({"timestamp": NOW}) * 2, "JSON parse error"),
    "NaN": (text('"count":NaN'), "JSON parse error"),
    "Infinity": (text('"count":-Infinity'), "JSON parse error"),
    "raw NUL": (text('"obj_name":"a\0b"'), "JSON parse error"),
    "invalid UTF-8": (text('"obj_name":"a?b"').encode().replace(b"?", b"\xff\xfe"), "JSON parse error"),
    "overlong UTF-8": (text('"obj_name":"a?b"').encode().replace(b"?", b"\xc0\xaf"), "JSON parse error"),
    "UTF-16": (json.dumps(of()).encode("utf-16"), "JSON parse error"),
    "lone surrogate": (text(r'"obj_name":"\ud800"'), "Surrogate characters are not allowed: U+D800."),
    "lone surrogate in a payload": (text(r'"payload":"{\"a\":\"\\ud800\"}"'), "payload"),
    "deep nesting": ("[" * 200_000, "nest"),
    "deep nesting in an unknown field": (text('"what":' + "[" * 100_000 + "]" * 100_000), "nest"),
    "deep nesting in a payload": (text(f'"payload":"{"[" * 50_000 + "]" * 50_000}"'), "payload"),
    "duplicate key": (text('"obj_id":1,"obj_id":2'), "obj_id"),
    "duplicate key at the top": (f'{{"timestamp":"{NOW}","timestamp":"{NOW}"}}', "timestamp"),
    "unknown scope": (json.dumps(of(scope="make:coffee")), "make:coffee"),
    "working time from a client": (json.dumps(of(scope="send:working_time")), "send:working_time"),
    "server scope from a client": (json.dumps(of(scope="create:task")), "create:task"),
    "payload not JSON": (json.dumps(of(payload="{")), "payload"),
    "payload NaN": (json.dumps(of(payload='{"a": NaN}')), "payload"),
    "payload Infinity": (json.dumps(of(payload="-Infinity")), "payload"),
    "payload empty": (json.dumps(of(payload="")), "payload"),
    "previous event a list": (json.dumps({"timestamp": NOW, "events": [], "previous_event": []}), "previous_event"),
    "event in ten minutes": (json.dumps(of(timestamp=events.iso(events.now().replace(year=2999)))), "timestamp"),
    "frame that ends in an hour": (json.dumps(of(scope="change:frame", duration=3_600_000)), "duration"),
    **{f"{name} = 2^63": (json.dumps(of(**{name: 2**63})), name) for name in ID_FIELDS},
    **{f"{name} = 2^70": (json.dumps(of(**{name: 2**70})), name) for name in (*ID_FIELDS, "count", "duration")},
    "id = 1e30": (text('"obj_id":1e30'), "obj_id"),
    "id = 1e999999999": (text('"obj_id":1e999999999'), "obj_id"),
    **{f"event in {time[:4]}": (json.dumps(of(timestamp=time)), "timestamp") for time in FAR_TIMES},
    "sent in the year 1": (json.dumps({"timestamp": FAR_TIMES[0], "events": [GOOD]}), "timestamp"),
    "year 10000": (json.dumps(of(timestamp="10000-01-01T00:00:00Z")), "timestamp"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "named"), NAMED.values(), ids=NAMED)
def test_errors_name_what_is_wrong(shared_server: Server, shared_admin: User, sent: str | bytes, named: str) -> None:
    with nothing_stored(shared_server, shared_admin):
        answer = post(shared_server, shared_admin, sent)
    assert 400 <= answer.status_code < 500, answer.text
    assert named in answer.text
    assert answer.json()


def test_one_bad_event_refuses_the_whole_request(shared_server: Server, shared_admin: User) -> None:
    day = events.workday(100, events.now())
    with nothing_stored(shared_server, shared_admin):
        refused = events.send(shared_server, shared_admin, [*day, events.event("make:coffee")])
    assert refused.status_code == 400
    [message] = refused.json().values()
    assert isinstance(message, str)
    assert "make:coffee" in message


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_other_content_types(shared_server: Server, shared_admin: User, content_type: str) -> None:
    with nothing_stored(shared_server, shared_admin):
        answer = post(shared_server, shared_admin, json.dumps(of()), content_type)
    assert answer.status_code == 415, answer.text
    assert "Unsupported media type" in answer.json()["detail"]


def test_odd_but_allowed(server: Server, anna: User) -> None:
    """What the framework lets pass (contract, section 1), and how it is stored."""
    fields = {
        "obj_name": "  car\t", "obj_val": 5, "obj_id": "5.0", "count": 5.0, "unknown": [1], "user_name": "eve",
        "payload": ' {"b":1,  "a":"ü", "b":2}',
    }  # fmt: skip
    assert events.send(server, anna, [events.event("load:job", **fields)]).status_code == 201
    [row] = exports.rows(server, anna)
    assert (row["obj_name"], row["obj_val"], row["obj_id"], row["count"]) == ("car", "5", "5", "5")
    assert row["user_name"] == "anna"
    assert row["payload"] == r'{"b": 2, "a": "\u00fc"}'
