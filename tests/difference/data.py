"""The events that both engines hold: made up, the same each time, and as awkward as real ones."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from support.events import FIELDS
from support.server import Server

VIEWS = Path(__file__).parents[2] / "crates" / "sql" / "views"
# The relations that are worked out from events alone, each after those that it reads.
RELATIONS = ["intervals", "job_transitions", "decisions", "hours", "sessions", "objects", "issues", "status_intervals"]

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 8, 30, tzinfo=dt.UTC)
N_EVENTS = 20_000
BATCH = 10_000
SEED = 20260601

# ClickHouse's types of CVAT's table, in the order of its columns.
TYPES = {
    "scope": "String",
    "obj_name": "Nullable(String)",
    "obj_id": "Nullable(UInt64)",
    "obj_val": "Nullable(String)",
    "source": "String",
    "timestamp": "DateTime64(3, 'Etc/UTC')",
    "count": "Nullable(UInt16)",
    "duration": "UInt32",
    "project_id": "Nullable(UInt64)",
    "task_id": "Nullable(UInt64)",
    "job_id": "Nullable(UInt64)",
    "user_id": "Nullable(UInt64)",
    "user_name": "Nullable(String)",
    "user_email": "Nullable(String)",
    "org_id": "Nullable(UInt64)",
    "org_slug": "Nullable(String)",
    "payload": "Nullable(String)",
}
assert list(TYPES) == FIELDS

# Weight, and the scopes that have it: every scope that CVAT stores (crates/events/src/scope.rs).
SCOPES: dict[int, str] = {
    60: "change:frame draw:object click:element",
    25: "drag:object resize:object change:attribute change:label send:exception load:cvat",
    15: "send:working_time zoom:image fit:image rotate:image paste:object copy:object propagate:object delete:object "
    "lock:object action:undo action:redo load:job save:job create:shapes update:shapes",
    3: "merge:objects split:objects group:objects slice:object join:objects load:workspace restore:job "
    "upload:annotations send:task_info debug:info run:annotations_action "
    "create:project update:project delete:project create:task update:task delete:task create:job update:job "
    "delete:job create:organization update:organization delete:organization create:user update:user delete:user "
    "create:cloudstorage update:cloudstorage delete:cloudstorage create:issue update:issue delete:issue "
    "create:comment update:comment delete:comment create:label update:label delete:label create:annotations "
    "update:annotations delete:annotations create:tags update:tags delete:tags delete:shapes create:tracks "
    "update:tracks delete:tracks export:dataset import:dataset call:function create:membership update:membership "
    "delete:membership create:invitation delete:invitation create:webhook update:webhook delete:webhook "
    "create:accesstoken update:accesstoken delete:accesstoken",
}
WEIGHTS = {scope: weight for weight, scopes in SCOPES.items() for scope in scopes.split()}

# Scopes whose subject a server changes; the others come from the browser.
SERVER_ACTIONS = ("create", "update", "export", "import", "call")
SERVER_SCOPES = {
    scope
    for scope in WEIGHTS
    if scope.split(":")[0] in SERVER_ACTIONS or scope == "send:working_time" or scope.startswith("delete:")
} - {"delete:object"}

# (id, name, e-mail). Some ids have no name, as after the removal of an account.
USERS: list[tuple[int | None, str | None, str | None]] = [
    (1, "admin", "admin@example.com"),
    (2, "Zoë", "zoe@example.com"),
    (3, "Ünal Şahin", None),
    (4, "O'Brien", "o'brien@example.com"),
    (5, 'Ann "Speedy" Tate', "ann@example.org"),
    (6, "back\\slash", "DOMAIN\\user@example.com"),
    (7, "王小明", "wang@example.cn"),
    (8, "tab\there", ""),
    (9, "percent%_sign", "p@example.com"),
    (10, "  spaces  ", "s@example.com"),
    (12, "ÄÖÜ äöü ß", "aou@example.de"),
    (300, None, None),
    (9007199254740993, "big id 🦆", "duck@example.com"),
    (None, None, None),
]

ORGANIZATIONS = [(None, None), (1, "acme"), (2, "beta-labs"), (3, "Großbär")]

OBJECT_NAMES = ["button", "rectangle", "polygon", "mask", "state", "naïve", "it's", "a\\b", "", None]

MESSAGES = [
    "Network Error",
    "Cannot read properties of undefined (reading 'x')",
    'Unexpected token "<" in JSON',
    "Öffnen fehlgeschlagen: größer als 10 %",
    "path C:\\temp\\new",
    "line one\nline two\ttabbed",
    "🦆 quack",
    "",
]

STACKS = [
    "Error: a\n    at f (app.js:10:5)\n    at g (app.js:22:17)",
    "TypeError: b\n    at http://localhost:8080/main.js:1:2345",
    None,
]

PLATFORMS = [
    ("Firefox", "127.0", "Linux x86_64"),
    ("Firefox", "115.12", "Windows 10"),
    ("Chrome", "126.0.0.0", "Windows 10"),
    ("Chrome", "125.0.0.0", "macOS 14"),
    ("Safari", "17.5", "macOS 14"),
    ("", "", ""),
]

# What the key `working_time` becomes where it is no more than a claim.
CLAIMED = "claimed_working_time"

Event = dict[str, object]
Payload = Callable[[random.Random], object]


def exception(chance: random.Random) -> object:
    message, stack = chance.choice(MESSAGES), chance.choice(STACKS)
    return {
        "message": message,
        "stack": stack,
        "line": chance.choice([-1, chance.randrange(3000)]),
        "request": {"id": f"{chance.randrange(300):032x}"},
        "tags": chance.sample(["ui", "canvas", "naïve", "it's"], chance.randrange(4)),
    }


def platform(chance: random.Random) -> object:
    name, version, os = chance.choice(PLATFORMS)
    return {"platform": {"name": name, "version": version, "os": os}, "screen": [1920, 1080]}


def working_time(chance: random.Random) -> object:
    return {"working_time": chance.choice([0, 1, chance.randrange(100_000), chance.randrange(4_000_000)])}


# At paths that have a column of their own: what is no text, and texts that look like it.
ODD = [None, True, 12, -1.5, [], [1, "a"], {}, {"a": None}, "", "null", "[]", "{", "12"]


def odd(chance: random.Random) -> object:
    name, version, os, message = chance.choices(ODD, k=4)
    return {"message": message, "platform": {"name": name, "version": version, "os": os}, "working_time": message}


# Payloads of every other scope: each form of JSON value under the key `v`, and payloads that are no objects.
FORMS: list[Payload] = [
    lambda chance: {},
    lambda chance: {"v": chance.randrange(-1000, 1000), "working_time": chance.randrange(60_000)},
    lambda chance: {"v": str(chance.randrange(-50, 5000)), "label": chance.choice(["car", "bird", "tree"])},
    lambda chance: {"v": chance.randrange(-4000, 4000) / 8, "label": "Größe"},
    lambda chance: {"v": chance.random() < 0.5, "w": None},
    lambda chance: {"v": None},
    lambda chance: {"v": "1.5", "working_time": "1200"},
    lambda chance: {"v": 1e3, "big": 18446744073709551615, "huge": 1e300},
    lambda chance: {"v": {"a": {"b": {"c": chance.randrange(10)}}, "k": "v"}, "label": "nested"},
    lambda chance: {"v": [chance.randrange(10) for _ in range(chance.randrange(5))]},
    lambda chance: {"v": ["a", "b c", 'd"e', "f\\g", None, 1.5, True, {"x": 1}, []]},
    lambda chance: {"v": 'say "hi" \\ 🦆 / ünï', "a.b": 1, "with space": 2, "": 3, "ключ": "значение"},
    lambda chance: {"points": [{"x": i, "y": i * 1.5} for i in range(chance.randrange(4))], "v": ""},
    lambda chance: [1, "two", 3.5],
    odd,
    lambda chance: 5,
    lambda chance: "just text",
    lambda chance: None,
]

PAYLOADS: dict[str, Payload] = {
    "send:exception": exception,
    "load:cvat": platform,
    "send:working_time": working_time,
}


def payload_text(scope: str, chance: random.Random) -> str | None:
    """JSON as CVAT's server prints it to the log, which is as Python does."""
    if chance.random() < 0.08:
        return None
    make = PAYLOADS.get(scope) or chance.choice(FORMS)
    made = make(chance)
    if scope != "send:working_time" and isinstance(made, dict):
        # As it is stored: hours that nobody counted have another key.
        made = {CLAIMED if key == "working_time" else key: value for key, value in made.items()}
    return json.dumps(made)


def duration_ms(scope: str, chance: random.Random) -> int:
    if scope == "change:frame":
        return chance.randrange(20_000)
    return chance.choice([0, 0, 0, 1, 999, chance.randrange(300_000), chance.randrange(2**32), 2**32 - 1])


def skewed(chance: random.Random, n: int) -> int:
    """From 0 to n - 1, the small ones more often."""
    return int(n * chance.random() ** 2)


def maybe(chance: random.Random, value: object, missing: float = 0.1) -> object:
    return None if chance.random() < missing else value


def at_ms(index: int, n_events: int, chance: random.Random) -> int:
    """Spread over the time with days and nights; one event in ten shares its millisecond with others."""
    span_ms = (END - START) // dt.timedelta(milliseconds=1)
    if index % 10 == 0:
        offset_ms = span_ms // 97 * (index // 10 % 97)
    else:
        offset_ms = index * (span_ms // n_events) + chance.randrange(span_ms // n_events)
        if chance.random() < 0.7:
            offset_ms = offset_ms // 86_400_000 * 86_400_000 + 25_200_000 + skewed(chance, 36_000_000)
    return int(START.timestamp()) * 1000 + offset_ms


def event(index: int, n_events: int, chance: random.Random) -> Event:
    scope = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    user_id, user_name, user_email = USERS[skewed(chance, len(USERS))]
    org_id, org_slug = chance.choice(ORGANIZATIONS)
    project_id = 1 + skewed(chance, 8)
    task_id = project_id * 10 + skewed(chance, 6)
    return {
        "scope": scope,
        "obj_name": chance.choice(OBJECT_NAMES),
        "obj_id": maybe(chance, index),
        "obj_val": maybe(chance, chance.choice(["5", "-7", "3.25", "", "in progress", "новый", str(index)]), 0.4),
        "source": "server" if scope in SERVER_SCOPES else "client",
        "timestamp": at_ms(index, n_events, chance),
        "count": maybe(chance, chance.choice([0, 1, 1, 1, 2, chance.randrange(65_536)]), 0.3),
        "duration": duration_ms(scope, chance),
        "project_id": maybe(chance, project_id),
        "task_id": maybe(chance, task_id),
        "job_id": maybe(chance, task_id * 10 + skewed(chance, 4), 0.2),
        "user_id": user_id,
        "user_name": user_name,
        "user_email": user_email,
        "org_id": org_id,
        "org_slug": org_slug,
        "payload": payload_text(scope, chance),
    }


def clock_changes() -> Iterator[Event]:
    """Project 900, the night shift: an event each half hour of the days when Berlin's clocks change."""
    for day in (dt.datetime(2026, 3, 28, 20, tzinfo=dt.UTC), dt.datetime(2026, 10, 24, 20, tzinfo=dt.UTC)):
        for half_hour in range(20):
            event = dict.fromkeys(FIELDS)
            at = int(day.timestamp()) * 1000 + half_hour * 1_800_000 + 7
            event |= {"scope": "click:element", "source": "client", "timestamp": at, "duration": half_hour * 100}
            yield event | {"project_id": 900, "obj_id": at // 1_800_000, "user_id": 7, "user_name": "王小明"}


def job_changes() -> Iterator[Event]:
    """Project 901: jobs that are annotated, rejected, accepted, and deleted, with a request each step.

    Its people and their ids are none of other events: random queries take the row with the least id of a person.
    """
    steps = [
        ("create:job", {"stage": "annotation", "state": "new", "assignee": None, "frame_count": 40}),
        ("assignee", "None", "{'id': 9004}", 9004), ("state", "new", "in progress", None), ("create:shapes", 12),
        ("stage", "annotation", "validation", None), ("create:issue", None), ("state", "new", "rejected", None),
        ("stage", "validation", "annotation", None), ("delete:shapes", 3), ("update:issue", None),
        ("stage", "annotation", "acceptance", None), ("delete:job", None),
    ]  # fmt: skip
    for job_id in (9011, 9012, 9013):
        for index, (what, *values) in enumerate(steps[: 9 + (job_id - 9010)]):
            at = int(dt.datetime(2026, 7, 6, 20, tzinfo=dt.UTC).timestamp()) * 1000 + index * 1_800_000 + job_id
            made = dict.fromkeys(FIELDS) | {"source": "server", "timestamp": at, "duration": 0, "scope": what}
            made |= {"project_id": 901, "task_id": 901, "job_id": job_id, "user_id": 9004 + index % 3, "obj_id": job_id}
            payload: dict[str, object] = {"request": {"id": f"{job_id:08}-0000-4000-8000-{index:012}"}}
            if what in ("assignee", "stage", "state"):
                old, new, obj_id = values
                made |= {"scope": "update:job", "obj_name": what, "obj_val": new, "obj_id": obj_id}
                payload["old_value"] = None if old == "None" else old
            elif what == "update:issue":
                made |= {"obj_name": "resolved", "obj_val": "True", "obj_id": None}
            elif isinstance(values[0], dict):
                payload |= values[0]
            else:
                made |= {"count": values[0]}
            yield made | {"payload": json.dumps(payload)}


def generate(n_events: int = N_EVENTS) -> list[Event]:
    """All events, in an order that is not theirs in time. `timestamp` is in ms since the epoch."""
    chance = random.Random(SEED)
    made = [event(index, n_events, chance) for index in range(n_events)]
    made += clock_changes()
    made += job_changes()
    chance.shuffle(made)
    # A repeat would be stored once by the server, and twice by ClickHouse.
    return list({tuple(item.values()): item for item in made}.values())


def post(server: Server, events: list[Event]) -> None:
    """Sends the events to the ingest port, as a copy of CVAT's table would be."""
    for start in range(0, len(events), BATCH):
        batch = [as_server_event(event) for event in events[start : start + BATCH]]
        answer = requests.post(server.ingest_url, json=batch, timeout=120)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"


def as_server_event(event: Event) -> Event:
    """The time as text of unix seconds; fields without a value are left out."""
    seconds, ms = divmod(event["timestamp"], 1000)
    sent = {key: value for key, value in event.items() if value is not None}
    return sent | {"timestamp": f"{seconds}.{ms:03}".rstrip("0").ljust(len(str(seconds)) + 2, "0")}


def clickhouse(run: Callable[[str], object], events: list[Event]) -> None:
    """Makes CVAT's table `cvat.events` and fills it; `run` runs one statement."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in TYPES.items())
    # What annoscope makes of these events in columns of its own, which are no part of `*` either.
    own = "counted_ms Array(Int64) ALIAS [], "
    own += "".join(f"counted_{name}_ms Nullable(Int64) ALIAS NULL, " for name in ("from", "until", "total"))
    own += "request_id Nullable(String) ALIAS toString(toUUIDOrNull(JSONExtractString(payload, 'request', 'id')))"
    run("CREATE DATABASE IF NOT EXISTS cvat")
    run(
        f"CREATE TABLE cvat.events ({columns}, {own}) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) "
        "ORDER BY timestamp SETTINGS index_granularity = 8192"
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "events.ndjson"
        with path.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(as_clickhouse_row(event)) + "\n" for event in events)
        structure = columns.replace("'", "\\'")
        run(f"INSERT INTO cvat.events SELECT * FROM file('{path}', 'JSONEachRow', '{structure}')")
    for name in RELATIONS:
        text = (VIEWS / f"{name}.sql").read_text()
        text = re.sub(r"\{(wide_)?from_ms:Int64\}", "-2208988800000", text)
        text = re.sub(r"\{(wide_)?until_ms:Int64\}", "10413792000000", text)
        text = re.sub(rf"\b(FROM|JOIN) (events|{'|'.join(RELATIONS)})\b", r"\1 cvat.\2", text)
        run(f"CREATE VIEW cvat.{name} AS {text}")


def as_clickhouse_row(event: Event) -> Event:
    return event | {"timestamp": time_text(event["timestamp"])}


def time_text(ms: int) -> str:
    """As ClickHouse prints DateTime64(3): 2026-06-01 00:00:00.000."""
    at = dt.datetime.fromtimestamp(ms // 1000, dt.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{ms % 1000:03}"
