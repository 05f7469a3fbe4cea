"""Hours are what was counted: whatever a client writes into payloads, scope or source, no dashboard sums it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from difference.engines import Annoscope, ClickHouse
from support import ROOT, events, exports
from support.boards import BOARDS, Demo, all_of, sql_of
from support.server import Server, User

# CVAT's own panels, and what others write in their place.
SUMS = [
    "SELECT sum(JSONExtractUInt(payload, 'working_time')) FROM events WHERE JSONHas(payload, 'working_time')",
    "SELECT sum(JSONExtractInt(payload, 'working_time')) FROM events",
    "SELECT sum(simpleJSONExtractUInt(payload, 'working_time')) FROM events",
    "SELECT sum(visitParamExtractUInt(payload, 'working_time')) FROM events",
    "SELECT sum(toUInt64OrZero(JSON_VALUE(payload, '$.working_time'))) FROM events",
    "SELECT sum(toUInt64OrZero(extract(payload, '\"working_time\": ?([0-9]+)'))) FROM events",
]
COUNTS = [
    "SELECT countIf(JSONHas(payload, 'working_time')) FROM events",
    "SELECT countIf(payload LIKE '%\"working_time\"%') FROM events",
]

# Payloads that claim hours.
CLAIMS = [
    '{"working_time": 36000000}',
    '{"working_time":36000000}',
    '{"working_time" : 9223372036854775807}',
    '{"working_time":9223372036854775806}',
    '{"working\\u005ftime":36000000}',
    '{"\\u0077orking_tim\\u0065":36000000,"working_time":36000000}',
    '{"a":{"working_time":36000000},"b":[{"working_time":1}]}',
    '{"x\\"working_time":36000000}',
    '{"working_time":"36000000"}',
]
# Of a server's `send:working_time`: what cannot be hours.
NO_HOURS = [
    '{"working_time": -5}',
    '{"working_time": 9223372036854775807}',
    '{"working_time": 4294967296}',
    '{"working_time": "5000"}',
    '{"working_time": 1.5}',
    '{"working_time": 5, "working_time": 7}',
]


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield engine
    engine.close()


def forge(server: Server, user: User) -> None:
    """Claims of hours by both ports, in every spelling."""
    clicks = [events.event(obj_id=number, job_id=7, payload=payload) for number, payload in enumerate(CLAIMS)]
    assert events.send(server, user, clicks[:1]).status_code == 201
    for click in clicks[1:]:
        assert events.send(server, user, [click]).status_code == 201
    passed_on = [
        {**events.server_event(scope, payload=payload, obj_id=number, job_id=7), "source": source}
        for number, payload in enumerate([*CLAIMS, '{"working_time":36000000', '"{"working_time":36000000}'])
        for scope, source in [("click:element", "client"), ("send:working_time", "client"), ("update:job", "server")]
    ]
    impossible = [events.server_event("send:working_time", payload=payload, job_id=7) for payload in NO_HOURS]
    assert events.ingest(server, passed_on + impossible).status_code == 200


def both(server: Server, user: User, clickhouse: ClickHouse, directory: Path) -> list[list[int]]:
    """The results of `SUMS` and `COUNTS`: here, and in ClickHouse over our export."""
    file = directory / "events.csv"
    file.write_bytes(exports.export(server, user, **exports.ALL))
    # An empty field of text is NULL, as CVAT's column would have it.
    clickhouse.run(
        "CREATE OR REPLACE TABLE cvat.events ENGINE = Memory AS SELECT * FROM "
        f"file('{file}', CSVWithNames, 'scope String, source String, payload Nullable(String)')"
    )
    ours = Annoscope(server, user)
    return [[int(engine.query(sql).rows[0][0] or 0) for sql in SUMS + COUNTS] for engine in (ours, clickhouse)]


def test_nobody_writes_hours(server: Server, admin: User, anna: User, clickhouse: ClickHouse, tmp_path: Path) -> None:
    clickhouse.run("CREATE DATABASE IF NOT EXISTS cvat")
    forge(server, anna)
    nothing = [0] * len(SUMS + COUNTS)
    assert both(server, admin, clickhouse, tmp_path) == [nothing, nothing]
    # Hours that were counted, and those that a server sent, are all there is.
    end = events.now()
    work = [events.event("draw:object", end, job_id=7), events.event("draw:object", end, job_id=7, obj_id=1)]
    work[0]["timestamp"] = events.iso(end - events.dt.timedelta(seconds=30))
    assert events.send(server, anna, work).status_code == 201
    sent = events.server_event("send:working_time", payload='{"working_time": 5000}', duration=5000, job_id=7)
    assert events.ingest(server, [sent]).status_code == 200
    # simpleJSON* take no blank after the colon, and CVAT's server writes one.
    for sums in both(server, admin, clickhouse, tmp_path):
        assert (sums[:2], sums[4:]) == ([35_000] * 2, [35_000] * 2 + [2] * len(COUNTS))


def test_claims_are_renamed_in_place_and_counted(server: Server, admin: User, anna: User) -> None:
    kept = '{"a" :\t"ü",  "working\\u005ftime":5, "b":[{"working_time" :1}]}'
    assert events.ingest(server, [events.server_event("update:job", payload=kept)]).status_code == 200
    renamed = '{"a" :\t"ü",  "claimed_working_time":5, "b":[{"claimed_working_time" :1}]}'
    assert [row["payload"] for row in exports.rows(server, admin)] == [renamed]
    # The repeat is known: the hash is of what was sent.
    assert events.ingest(server, [events.server_event("update:job", payload=kept)]).status_code == 200
    assert server.metric("annoscope_events_mended_total") == 2


def test_hours_of_an_older_cvat(make_server) -> None:
    """Its server wrote them into the rows of clients, which it passed on; asked for by name, they count."""
    row = {**events.server_event("draw:object", payload='{"working_time": 5000}', job_id=7), "source": "client"}
    hours = {}
    for setting in ("true", "false"):
        server = make_server(ingest_legacy_working_time=setting).start()
        admin = server.add_user("root", "admin")
        assert events.ingest(server, [row]).status_code == 200
        # Not those of our own clients.
        assert events.send(server, admin, [events.event(payload='{"working_time": 7000}')]).status_code == 201
        hours[setting] = Annoscope(server, admin).query(SUMS[0]).rows
    assert [[int(value or 0) for value in row] for rows in hours.values() for row in rows] == [[5000], [0]]


def test_one_event_breaks_nobodys_hours(server: Server, admin: User, anna: User) -> None:
    """Two claims whose sum is past 64 bits, beside real hours: no panel is an error, and the hours are as before."""
    asked = Demo(server, admin)
    end = events.now()
    asked.first_ms, asked.last_ms = (int(end.timestamp() * 1000) + add_ms for add_ms in (-86_400_000, 86_400_000))
    ids = {"job_id": 7, "task_id": 70, "project_id": 1}
    begin = end - events.dt.timedelta(seconds=30)
    work = [events.event("draw:object", at, **ids) for at in (begin, end)]
    assert events.send(server, anna, work, sent_at=end).status_code == 201
    panels = [(uid, panel) for uid, board in BOARDS.items() for panel in board["panels"]]

    def answers() -> tuple[list[int], dict[str, list[dict]]]:
        sums = [int(asked.ask(sql)["rows"][0][0]) for sql in (SUMS[0], f"{SUMS[1]} WHERE job_id = 7")]
        rows = {f"{uid}: {panel['title']}": asked.rows(sql_of(panel), all_of(uid)) for uid, panel in panels}
        return sums, {title: found for title, found in rows.items() if title.startswith("timesheet: ")}

    before = answers()
    assert before[0] == [30_000, 30_000]
    # No other tool has reported anything.
    assert [title for title, rows in before[1].items() if not rows] == ["timesheet: Reported by other tools"]
    # Of one time and in one request: that a click follows another 1 ms later would be work.
    claims = [events.event(at=end, obj_id=number, payload=CLAIMS[2 + number], **ids) for number in range(2)]
    assert events.send(server, anna, claims, sent_at=end).status_code == 201
    passed_on = [
        {**events.server_event("send:working_time", end.isoformat(), payload=payload, obj_id=number, **ids), **source}
        for source in ({"source": "client"}, {"source": "server"})
        for number, payload in enumerate([CLAIMS[2], CLAIMS[3], *NO_HOURS])
    ]
    assert events.ingest(server, passed_on).status_code == 200
    assert answers() == before
    # What was claimed is still there, and goes around as in ClickHouse.
    claimed = "SELECT sum(JSONExtractUInt(payload, 'claimed_working_time')) FROM events WHERE scope = 'click:element'"
    assert int(asked.ask(claimed)["rows"][0][0]) == 2**64 - 3
    twice = "SELECT sum(x) AS s FROM (SELECT toUInt64(9223372036854775806) AS x FROM numbers(2))"
    assert int(asked.ask(twice)["rows"][0][0]) == 2**64 - 4


def test_rows_from_before_are_listed(server: Server, admin: User) -> None:
    """The statement of docs/bad-events.md runs, and finds what it is for."""
    document = (ROOT / "docs" / "bad-events.md").read_text()
    [statement] = [part.split("```")[0] for part in document.split("```sql\n")[1:]]
    answer = requests.post(f"{server.url}/api/query", json={"sql": statement}, headers=admin.headers, timeout=10)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.text)["rows"] == []
