"""Odd events of servers: what the ingest port keeps of them, and what Vector and ClickHouse keep.

`docs/bad-events.md` says the same in words.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from difference.data import TYPES
from support.events import FIELDS

SAME = object()
# An event that is not stored: here it is in the dead letters, in ClickHouse its whole batch fails.
NONE = None


@dataclass(frozen=True)
class Odd:
    """The members of an event's JSON text beside scope, source, timestamp and task_id, or in their place."""

    members: str
    # What is not as in the row that only has the four: by the field's name, as JSONCompact prints it. `NONE`: no row.
    here: dict[str, object] | None
    # The same in ClickHouse.
    clickhouse: object = SAME


def kept(members: str, **fields: object) -> Odd:
    """Kept as ClickHouse keeps it."""
    return Odd(members, fields)


def at(text: str, shown: str) -> Odd:
    return kept(f'"timestamp":{text}', timestamp=shown)


def payload(text: str) -> Odd:
    """A text that comes as it is."""
    return kept(f'"payload":{json.dumps(text)}', payload=text)


EVENTS: dict[str, Odd] = {
    "fraction cut": at('"1719835202.123999"', "2024-07-01 12:00:02.123"),
    "a number of seconds": at("1719835202.5", "2024-07-01 12:00:02.500"),
    "an exponent": at("1.7198352025e9", "2024-07-01 12:00:02.500"),
    "before 1970": at("-0.5", "1969-12-31 23:59:59.500"),
    "before 1970, ISO": at('"1950-06-01T12:00:00Z"', "1950-06-01 12:00:00.000"),
    "1900": at('"1900-01-01T00:00:00Z"', "1900-01-01 00:00:00.000"),
    "after 2106": at('"4294967296.0"', "2106-02-07 06:28:16.000"),
    "after 2106, number": at("5000000000.5", "2128-06-11 08:53:20.500"),
    "2299": at('"2299-12-31T23:59:59.999Z"', "2299-12-31 23:59:59.999"),
    "an offset": at('"2024-07-01 14:00:02+02:00"', "2024-07-01 12:00:02.000"),
    "1899": Odd('"timestamp":"1899-12-31T23:59:59Z"', NONE, {"timestamp": "1899-12-31 23:59:59.000"}),
    "2300": Odd('"timestamp":"2300-01-01T00:00:00Z"', NONE, {"timestamp": "2300-01-01 00:00:00.000"}),
    "a negative text": Odd('"timestamp":"-1.5"', {"timestamp": "1969-12-31 23:59:58.500"}, NONE),
    "eight digits": Odd(
        '"timestamp":"20240701"', {"timestamp": "1970-08-23 06:25:01.000"}, {"timestamp": "2024-07-01 00:00:00.000"}
    ),
    "a word for a time": Odd('"timestamp":"yesterday"', NONE),
    "a number with an exponent as text": Odd('"timestamp":"1e9"', NONE),
    "a time far off": Odd('"timestamp":1e300', NONE),
    "an id as text": kept('"obj_id":"7"', obj_id=7),
    "true for a number": kept('"obj_id":true', obj_id=1),
    "the largest id": kept(f'"obj_id":{2**63 - 1}', obj_id=str(2**63 - 1)),
    "an id over 2^63": Odd(f'"obj_id":{2**63}', NONE, {"obj_id": str(2**63)}),
    "an id over 2^64": Odd(f'"obj_id":{2**70}', NONE, {"obj_id": "0"}),
    "a negative id": Odd('"obj_id":-1', NONE),
    "an id with a fraction": Odd('"obj_id":5.5', NONE),
    "an id with zeros": Odd('"obj_id":5.0', {"obj_id": "5"}, NONE),
    "an empty id": Odd('"obj_id":""', NONE, {"obj_id": "0"}),
    "an id that is an object": Odd('"obj_id":{"a":1}', NONE),
    "a count over 65,535": Odd('"count":70000', NONE, {"count": 4464}),
    "a negative count": Odd('"count":-1', NONE),
    "a duration over 2^32": Odd(f'"duration":{2**32}', NONE, {"duration": 0}),
    "a negative duration": Odd('"duration":-5', NONE),
    "no duration": kept('"duration":null', duration=0),
    "a number for a text": kept('"obj_name":1.50', obj_name="1.50"),
    "an object for a text": kept('"obj_name":{"a": 1}', obj_name='{"a": 1}'),
    "a null character": kept(r'"obj_name":"a\u0000b"', obj_name="a\0b"),
    "an emoji": kept(r'"obj_name":"\ud83d\ude00"', obj_name="😀"),
    "half an emoji": Odd(r'"obj_name":"a\ud83d"', {"obj_name": "a\ufffd"}, NONE),
    "half an emoji in a payload's text": Odd(r'"payload":"{\"a\":\"\ud83d\"}"', {"payload": '{"a":"\ufffd"}'}, NONE),
    "a repeated key": kept('"obj_id":1,"obj_id":2', obj_id="2"),
    "a repeated key, null last": kept('"obj_id":1,"obj_id":null', obj_id=None),
    "an unknown key": kept('"unknown":[1,{"a":2}]'),
    "intervals": Odd('"intervals":[[1,2]]', NONE, {}),
    "an empty scope": Odd('"scope":""', NONE, {"scope": ""}),
    "no scope": Odd('"scope":null', NONE, {"scope": ""}),
    "no source": Odd('"source":null', {"source": "server"}, {"source": ""}),
    "an empty source": kept('"source":""', source=""),
    "no payload": kept('"payload":null', payload=None),
    "an empty payload": payload(""),
    "a compact payload": payload('{"old_value":"in progress","a":[1,2.50]}'),
    "a payload in UTF-8": payload('{"name":"Größe 🦆"}'),
    "a payload with escapes": payload('{"name":"Gr\\u00f6\\u00dfe"}'),
    "a payload with blanks": payload(' { "a" : 1 }\n'),
    "a payload with a key twice": payload('{"a":1,"a":2}'),
    "a payload of half an emoji": payload('{"a":"\\ud83d"}'),
    "a payload with a null character": payload('{"a":"\\u0000"}'),
    "a payload with a raw null character": payload('{"a":"\0"}'),
    "a payload that is cut": payload('{"a":1'),
    "a payload that is a word": payload("hello"),
    "a payload with NaN": payload('{"a":NaN}'),
    "a payload nested deeply": payload("[" * 500 + "]" * 500),
    "a payload that is an object": kept('"payload":{"a":1, "b" : "é"}', payload='{"a":1, "b" : "é"}'),
    "a payload that is a list": kept('"payload":[1, 2]', payload="[1, 2]"),
    "a payload that is a number": kept('"payload":5', payload="5"),
    "a claim of hours": Odd(
        r'"payload":"{\"working_time\":36000000}"',
        {"payload": '{"claimed_working_time":36000000}'},
        {"payload": '{"working_time":36000000}'},
    ),
}

BASE = {"scope": '"a:b"', "source": '"server"', "timestamp": '"1719835200.0"'}


def element(number: int, odd: Odd) -> str:
    """The event's JSON text; its task_id is its number."""
    base = {key: value for key, value in BASE.items() if f'"{key}":' not in odd.members}
    members = [f'"{key}":{value}' for key, value in base.items()]
    return "{" + ",".join([*members, odd.members, f'"task_id":{number}']) + "}"


def row(number: int, fields: dict[str, object]) -> list[object]:
    """What SELECT * gives of it, all values as text."""
    values: dict[str, object] = dict.fromkeys(FIELDS) | {"scope": "a:b", "source": "server", "duration": 0}
    values |= {"timestamp": "2024-07-01 12:00:00.000", "task_id": number} | fields
    return as_texts(values.values())


def as_texts(values) -> list[object]:
    return [None if value is None else str(value) for value in values]


def through_vector(text: str) -> str:
    """Vector takes the last value of a repeated key; ClickHouse alone would refuse the event."""
    pairs = json.loads(text, object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    if len(set(keys)) == len(keys):
        return text
    return json.dumps(dict(pairs))


# chDB in a process of its own, reading as an INSERT of Vector's sink is read.
SCRIPT = """
import json, sys, tempfile
from chdb import session
columns, elements = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as directory:
    run = session.Session(directory).query
    run("CREATE DATABASE cvat")
    run(f"CREATE TABLE cvat.events ({columns}) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY timestamp")
    rows = []
    for element in elements:
        run("TRUNCATE TABLE cvat.events")
        try:
            run("INSERT INTO cvat.events FORMAT JSONEachRow " + element)
        except Exception:
            rows.append(None)
            continue
        found = run("SELECT * FROM cvat.events", "JSONCompactEachRow").bytes()
        rows.append(json.loads(found))
    json.dump(rows, sys.stdout)
"""


def in_clickhouse(elements: list[str]) -> list[list[object] | None]:
    """What ClickHouse stores of each; `None` where it refuses the INSERT."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in TYPES.items())
    sent = json.dumps([columns, elements])
    done = subprocess.run([sys.executable, "-c", SCRIPT], input=sent, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [None if row is None else as_texts(row) for row in json.loads(done.stdout)]
