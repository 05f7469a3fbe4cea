"""The same odd events into the ingest port and into ClickHouse: the rows are equal, or differ as is documented."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from difference.engines import Annoscope, Answer, ClickHouse
from support import events, exports, odd_events
from support.events import dead_letters
from support.odd_events import EVENTS, NONE, SAME
from support.server import Server, User, check_log

SQL = "SELECT * FROM events ORDER BY task_id"


def ask(server: Server, user: User, sql: str) -> list[list[object]]:
    answer = Annoscope(server, user).query(sql)
    assert isinstance(answer, Answer), f"{answer.message}\n{sql}"
    return answer.rows


def test_what_the_ingest_port_keeps(server: Server, admin: User) -> None:
    elements = [odd_events.element(number, odd) for number, odd in enumerate(EVENTS.values())]
    for _ in range(2):  # A repeat changes nothing, whatever was mended.
        sent = "[" + ",\n".join(elements) + "]"
        answer = requests.post(server.ingest_url, data=sent.encode(), timeout=60)
        assert answer.status_code == 200, answer.text
    rows = {int(row[9]): odd_events.as_texts(row) for row in ask(server, admin, SQL)}
    for number, (name, odd) in enumerate(EVENTS.items()):
        expected = None if odd.here is NONE else odd_events.row(number, odd.here)
        assert rows.get(number) == expected, name
    assert len(rows) == len(ask(server, admin, SQL))
    refused = [name for name, odd in EVENTS.items() if odd.here is NONE]
    letters = [letter["event"]["task_id"] for letter in dead_letters(server.data_dir)]
    assert [list(EVENTS)[number] for number in letters] == refused * 2


def test_what_clickhouse_keeps() -> None:
    elements = [odd_events.element(number, odd) for number, odd in enumerate(EVENTS.values())]
    rows = odd_events.in_clickhouse([odd_events.through_vector(element) for element in elements])
    for number, (name, odd) in enumerate(EVENTS.items()):
        fields = odd.here if odd.clickhouse is SAME else odd.clickhouse
        assert rows[number] == (None if fields is NONE else odd_events.row(number, fields)), name


def test_times_of_four_centuries(server: Server, admin: User) -> None:
    """Exports, queries with and without bounds, and cached results take them all."""
    years = ["1900-01-01", "1945-05-08", "1969-12-31", "1970-01-01", "2024-07-01", "2106-02-08", "2299-12-31"]
    sent = [{"scope": "a:b", "timestamp": f"{year}T12:00:00Z", "obj_id": number} for number, year in enumerate(years)]
    assert requests.post(server.ingest_url, json=sent, timeout=60).status_code == 200
    rows = exports.rows(server, admin, **{"from": "1900-01-01T00:00:00Z", "to": "2300-01-01T00:00:00Z"})
    assert [row["timestamp"][:10] for row in rows] == years
    for _ in range(3):
        [[n, first, last]] = ask(server, admin, "SELECT count(), min(timestamp), max(timestamp) FROM events")
        assert (int(n), first[:10], last[:10]) == (len(years), years[0], years[-1])
        days = ask(server, admin, "SELECT toDate32(timestamp) AS d, count() FROM events GROUP BY d ORDER BY d")
        assert [day for day, _ in days] == years
        newest = ask(server, admin, "SELECT obj_id FROM events ORDER BY timestamp DESC LIMIT 3")
        assert [int(number) for [number] in newest] == [6, 5, 4]
        old = "SELECT count() FROM events WHERE timestamp < toDateTime64('1970-01-01 00:00:00', 3, 'UTC')"
        assert [int(n) for [n] in ask(server, admin, old)] == [3]


# Random payloads: JSON of all forms of writing, and what is nearly JSON.

TEXTS = ["", "a", "Größe 🦆", 'say "hi"', "back\\slash", "a\0b", "\0", "a\nb", "null", "[]", "12", "\x7f"]
KEYS = ["m", "m", "message", "message", "stack", "working_time2", "platform", "name", "os", "version", "", "é"]
NUMBERS = ["0", "-0", "7", "-7", "1.5", "-2.25", "2.50", "12345678901"]
# What ClickHouse's reader takes for no JSON, and DuckDB's for some.
SPOILERS = ["NaN", "Infinity", "-Infinity", "1e400", "01", "1.", ".5", "+1", "tru", '"\\ud83d"', '"\\q"', '"a\nb"', ""]


def text(chance: random.Random) -> str:
    made = json.dumps(chance.choice(TEXTS), ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.1:
        made = made.replace("a", "\\u0061").replace("m", "\\u006d")
    return made


def key(chance: random.Random) -> str:
    made = json.dumps(chance.choice(KEYS), ensure_ascii=chance.random() < 0.5)
    return made.replace("m", "\\u006d") if chance.random() < 0.05 else made


def blank(chance: random.Random) -> str:
    return chance.choice(["", "", "", " ", "\n", "\t "])


def value(chance: random.Random, depth: int, spoiled: bool) -> str:
    if spoiled and chance.random() < 0.1:
        return chance.choice(SPOILERS)
    kind = chance.random()
    if depth == 0 or kind < 0.5:
        return chance.choice([text(chance), chance.choice(NUMBERS), "true", "false", "null"])
    comma = "," + blank(chance)
    items = range(chance.randrange(5))
    if kind < 0.7:
        return "[" + comma.join(value(chance, depth - 1, spoiled) for _ in items) + "]"
    colon = blank(chance) + ":" + blank(chance)
    return (
        "{" + comma.join(key(chance) + colon + value(chance, depth - 1, spoiled) for _ in items) + blank(chance) + "}"
    )


def payload(chance: random.Random) -> str:
    """Of an object mostly; one in three is spoiled, cut, or has a character in a wrong place."""
    spoiled = chance.random() < 0.2
    made = value(chance, 3, spoiled)
    for _ in range(3):
        if made.startswith("{"):
            break
        made = value(chance, 3, spoiled)
    if chance.random() < 0.1:
        made = made[: chance.randrange(len(made) + 1)]
    if chance.random() < 0.1:
        place = chance.randrange(len(made) + 1)
        made = made[:place] + chance.choice([",", "}", '"', "x", "\\", "\0", "]"]) + made[place:]
    return blank(chance) + made


# Each function over each of the paths; `p` is the payload.
FUNCTIONS = [
    "isValidJSON(p)",
    "JSONHas(p, {path})",
    "JSONLength(p, {path})",
    "JSONType(p, {path})",
    "JSONExtractUInt(p, {path})",
    "JSONExtractInt(p, {path})",
    "JSONExtractBool(p, {path})",
    "JSONExtractString(p, {path})",
    "JSONExtract(p, {path}, 'Nullable(Int64)')",
    "JSONExtract(p, {path}, 'String')",
    "JSONLength(p)",
    "JSONType(p)",
    "JSON_EXISTS(p, '$.{name}')",
    "JSON_VALUE(p, '$.{name}')",
]
# Only whether there is something: how values are written anew is another matter, for DuckDB and ClickHouse alike.
FOUND = [
    "JSONExtractRaw(p, {path}) = ''",
    "JSON_QUERY(p, '$.{name}') = ''",
    "JSONExtractFloat(p, {path}) = 0",
    "length(JSONExtractKeys(assumeNotNull(p))) > 0",
    "length(JSONExtractArrayRaw(assumeNotNull(p))) > 0",
]
NAMES = ["m", "message", "stack", "platform"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Annoscope, ClickHouse, list[str]]]:
    """Both engines with the same payloads; an event's obj_id is the payload's place."""
    chance = random.Random(14)
    payloads = [payload(chance) for _ in range(3000)]
    directory = tmp_path_factory.mktemp("payloads")
    server = Server(directory / "data", directory / "server.log").start()
    clickhouse = ClickHouse(directory / "clickhouse")
    try:
        sent = [
            {"scope": "a:b", "timestamp": f"{1719835200 + number}.0", "obj_id": number, "payload": text}
            for number, text in enumerate(payloads)
        ]
        assert requests.post(server.ingest_url, json=sent, timeout=60).status_code == 200
        clickhouse.run("CREATE DATABASE cvat")
        structure = "obj_id Nullable(UInt64), payload Nullable(String)"
        clickhouse.run(f"CREATE TABLE cvat.events ({structure}) ENGINE = MergeTree ORDER BY tuple()")
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "events.ndjson"
            lines = (json.dumps({"obj_id": event["obj_id"], "payload": event["payload"]}) for event in sent)
            path.write_text("\n".join(lines))
            clickhouse.run(f"INSERT INTO cvat.events SELECT * FROM file('{path}', 'JSONEachRow', '{structure}')")
        yield Annoscope(server, server.add_user("root", "admin")), clickhouse, payloads
    finally:
        clickhouse.close()
        server.close()
    check_log(server)


def check_equal(both: tuple[Annoscope, ClickHouse, list[str]], expression: str) -> None:
    annoscope, clickhouse, payloads = both
    sql = f"SELECT obj_id, {expression} AS x FROM events ORDER BY obj_id"
    here, there = annoscope.query(sql), clickhouse.query(sql)
    assert isinstance(here, Answer), f"{expression}: {here.message}"
    assert isinstance(there, Answer), f"{expression}: {there.message}"
    differing = [
        (payloads[int(ours[0])], ours[1], theirs[1])
        for ours, theirs in zip(here.rows, there.rows, strict=True)
        if normal(ours[1]) != normal(theirs[1])
    ]
    assert not differing, f"{expression}: {len(differing)} differ, such as {differing[:3]!r}"


def normal(value: object) -> object:
    return str(int(value)) if isinstance(value, bool) else str(value)


PYTHON_NUMBERS = ["1.50", "1E5", "1e16", "123456789012345678901234567890", "-0.0", "0.00001", "2.5e-7", "1e308"]


def test_clients_payloads_are_as_python_writes_them(server: Server, anna: User, admin: User) -> None:
    """As CVAT's server stores them: `json.dumps(json.loads(payload))`; the same in the answer."""
    chance = random.Random(2)
    made = [value(chance, 3, False) for _ in range(500)]
    made = [f'{{"n" : [{chance.choice(PYTHON_NUMBERS)}],"v":{text}}}' for text in made if "\\u0000" not in text]
    expected = [json.dumps(json.loads(text)) for text in made]
    sent = [events.event(obj_id=number, payload=text) for number, text in enumerate(made)]
    answer = events.send(server, anna, sent)
    assert answer.status_code == 201, answer.text
    assert [event["payload"] for event in answer.json()["events"]] == expected
    rows = ask(server, admin, "SELECT payload FROM events WHERE source = 'client' ORDER BY obj_id")
    assert [payload for [payload] in rows] == expected


def test_payloads_are_the_same_texts(both: tuple[Annoscope, ClickHouse, list[str]]) -> None:
    annoscope, _, payloads = both
    rows = annoscope.query("SELECT payload FROM events ORDER BY obj_id").rows
    assert [payload for [payload] in rows] == payloads
    check_equal(both, "length(payload)")
    check_equal(both, "payload LIKE '%\"m\":%'")


@pytest.mark.parametrize("name", NAMES)
def test_json_functions_over_any_payload(both: tuple[Annoscope, ClickHouse, list[str]], name: str) -> None:
    for function in FUNCTIONS + FOUND:
        expression = function.format(path=f"'{name}'", name=name).replace("(p", "(payload")
        if name != NAMES[0] and expression == function.replace("(p", "(payload"):
            continue
        check_equal(both, expression)


def test_nested_paths_over_any_payload(both: tuple[Annoscope, ClickHouse, list[str]]) -> None:
    for path in ["'platform', 'name'", "'platform', 'os'", "'platform', 'm'", "'m', 1", "'m', 'm'", "1"]:
        for function in ["JSONHas", "JSONExtractUInt", "JSONExtractString", "JSONType", "JSONLength"]:
            check_equal(both, f"{function}(payload, {path})")


def test_which_payloads_are_json_can_be_asked(both: tuple[Annoscope, ClickHouse, list[str]]) -> None:
    annoscope, _, _ = both
    answer = annoscope.query(
        "SELECT countIf(payload_is_json != isValidJSON(payload)), countIf(NOT payload_is_json) FROM events"
    )
    assert isinstance(answer, Answer), answer.message
    [[n_wrong, n_broken]] = answer.rows
    assert int(n_wrong) == 0
    assert int(n_broken) > 500
    assert "payload_is_json" not in [name for name, _ in annoscope.query("SELECT * FROM events LIMIT 1").columns]
