"""Bad input to POST /api/events. What CVAT refuses is a 4xx that names what is wrong, and nothing is stored; what
CVAT takes and no column holds is put aside alone, and the others are stored (docs/bad-events.md)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from support import events, exports
from support.odd_client_events import ID_FIELDS, MENDED, PUT_ASIDE, TAKEN
from support.server import Server, User

NOW = events.iso(events.now())
GOOD = {"scope": "load:job", "timestamp": NOW}
BAD_TIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


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


# Cases whose answer CVAT's framework settles to the letter (contract.md, "What is refused").
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
    "scope with NUL": (of(scope="load:job\0"), {"events": [{"scope": ["Null characters are not allowed."]}]}),
    "scope with half an emoji": (
        of(scope="load:job\ud83d"),
        {"events": [{"scope": ["Surrogate characters are not allowed: U+D83D."]}]},
    ),
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
    "deep nesting": ("[" * 200_000, "nest"),
    "deep nesting in an unknown field": (text('"what":' + "[" * 100_000 + "]" * 100_000), "nest"),
    "unknown scope": (json.dumps(of(scope="make:coffee")), "make:coffee"),
    "working time from a client": (json.dumps(of(scope="send:working_time")), "send:working_time"),
    "server scope from a client": (json.dumps(of(scope="create:task")), "create:task"),
    "payload not JSON": (json.dumps(of(payload="{")), "payload"),
    "payload nan": (json.dumps(of(payload='{"a": nan}')), "payload"),
    "payload empty": (json.dumps(of(payload="")), "payload"),
    "previous event a list": (json.dumps({"timestamp": NOW, "events": [], "previous_event": []}), "previous_event"),
    "id = 1e30": (text('"obj_id":1e30'), "obj_id"),
    "id = 1e999999999": (text('"obj_id":1e999999999'), "obj_id"),
    "year 10000": (json.dumps(of(timestamp="10000-01-01T00:00:00Z")), "timestamp"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "named"), NAMED.values(), ids=NAMED)
def test_errors_name_what_is_wrong(shared_server: Server, shared_admin: User, sent: str | bytes, named: str) -> None:
    with nothing_stored(shared_server, shared_admin):
        answer = post(shared_server, shared_admin, sent)
    assert 400 <= answer.status_code < 500, answer.text
    assert named in answer.text
    assert answer.json()


def test_one_unknown_scope_refuses_the_whole_request(shared_server: Server, shared_admin: User) -> None:
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
    """What the framework lets pass (contract.md, "The event record"), and how it is stored."""
    fields = {
        "obj_name": "  car\t", "obj_val": 5, "obj_id": "5.0", "count": 5.0, "unknown": [1], "user_name": "eve",
        "payload": ' {"b":1,  "a":"ü", "b":2}',
    }  # fmt: skip
    assert events.send(server, anna, [events.event("load:job", **fields)]).status_code == 201
    [row] = exports.rows(server, anna)
    assert (row["obj_name"], row["obj_val"], row["obj_id"], row["count"]) == ("car", "5", "5", "5")
    assert row["user_name"] == "anna"
    assert row["payload"] == r'{"b": 2, "a": "\u00fc"}'


def good_and_odd(odd: dict) -> tuple[list[dict], dict]:
    """A batch of clicks 30 s apart up to now, with an odd event at the end; and the odd one."""
    end = events.now()
    clicks = [events.event("draw:object", end - dt.timedelta(seconds=30 * back), job_id=7) for back in range(4, -1, -1)]
    event = {**events.event("debug:info", end, job_id=7), **odd}
    return [*clicks, event], event


def mended(server: Server) -> dict[str, float]:
    """How many events of clients were mended, by kind."""
    pattern = re.compile(r'annoscope_events_mended_total\{endpoint="client",kind="(\w+)"\}')
    found = ((pattern.fullmatch(name), value) for name, value in server.metrics().items())
    return {match[1]: value for match, value in found if match}


@pytest.mark.parametrize(("odd", "kind", "expected"), MENDED.values(), ids=MENDED)
def test_what_can_be_stored_is_mended(server: Server, anna: User, odd: dict, kind: str, expected: dict) -> None:
    batch, event = good_and_odd(odd)
    # 5 s after the last click: one that ends later counts until then.
    sent_at = dt.datetime.fromisoformat(batch[-2]["timestamp"]) + dt.timedelta(seconds=5)
    received = events.now()
    for _ in range(2):  # a retry is known again
        assert events.send(server, anna, batch, sent_at=sent_at).status_code == 201
    rows = exports.rows(server, anna)
    assert events.stored_hours(rows) == {7: 125_000 if kind == "ends_after_receipt" else 120_000}
    kept = events.without_working_time(rows)
    assert len(kept) == len(batch)
    [row] = [row for row in kept if row["scope"] == event["scope"]]
    assert {name: row[name] for name in expected} == expected
    if kind == "ahead_of_receipt":
        stored = dt.datetime.fromisoformat(row["timestamp"]).replace(tzinfo=dt.UTC)
        assert received <= stored <= events.now()
    assert mended(server) == {kind: 1}


@pytest.mark.parametrize(("odd", "field"), PUT_ASIDE.values(), ids=PUT_ASIDE)
def test_what_no_column_holds_is_put_aside(server: Server, anna: User, odd: dict, field: str) -> None:
    batch, event = good_and_odd(odd)
    first = events.send(server, anna, batch)
    assert first.status_code == 201, first.text
    assert len(first.json()["events"]) == len(batch)
    assert events.send(server, anna, batch).status_code == 201
    rows = exports.rows(server, anna)
    assert events.stored_hours(rows) == {7: 120_000}
    assert len(events.without_working_time(rows)) == len(batch) - 1
    [line] = (server.data_dir / "dead-letter.ndjson").read_text().splitlines()
    letter = json.loads(line)
    assert letter["reason"].startswith(f"{field}: ")
    assert letter["request_id"] == first.headers["X-Request-Id"]
    assert letter["event"]["user_name"] == "anna"
    assert letter["event"]["source"] == "client"
    if field in ("count", "duration", *ID_FIELDS):
        assert letter["event"][field] == event[field] == first.json()["events"][-1][field]
    assert server.metric("annoscope_events_dead_lettered_total") == 1


@pytest.mark.parametrize("odd", TAKEN.values(), ids=TAKEN)
def test_what_is_taken_as_it_is(server: Server, anna: User, odd: dict) -> None:
    batch, _ = good_and_odd(odd)
    assert events.send(server, anna, batch).status_code == 201
    rows = exports.rows(server, anna, **{"from": "1900-01-01T00:00:00Z", "to": "2300-01-01T00:00:00Z"})
    assert len(events.without_working_time(rows)) == len(batch)
    assert events.stored_hours(rows) == {7: 120_000}
    assert mended(server) == {}


def test_the_last_of_a_repeated_key(server: Server, anna: User) -> None:
    """As Python reads JSON."""
    answer = post(server, anna, text('"obj_id":1,"obj_id":2').replace("{", '{"timestamp":5,', 1))
    assert answer.status_code == 201, answer.text
    assert [row["obj_id"] for row in exports.rows(server, anna)] == ["2"]


def test_a_clock_of_the_year_1(server: Server, anna: User) -> None:
    """What seems to come from the future is of now, and no hours."""
    batch, _ = good_and_odd({})
    sent = {"timestamp": "0001-01-01T00:00:00Z", "events": batch}
    answer = requests.post(f"{server.url}/api/events", json=sent, headers=anna.headers, timeout=10)
    assert answer.status_code == 201
    rows = exports.rows(server, anna)
    assert (len(rows), events.stored_hours(rows)) == (len(batch), {})


def test_a_full_dead_letter_file_keeps_nobodys_hours_out(make_server) -> None:
    server = make_server(ingest_dead_letter_max_bytes="4KiB").start()
    anna = server.add_user("anna")
    for _ in range(8):
        batch, _ = good_and_odd({"count": 70_000, "obj_val": "x" * 500})
        assert events.send(server, anna, batch).status_code == 201
    assert (server.data_dir / "dead-letter.ndjson").stat().st_size <= 2048
    assert server.metric("annoscope_events_dropped_total") > 0
    # There is room left for what servers send.
    assert events.ingest(server, [{"obj_val": "x" * 500}]).status_code == 200
