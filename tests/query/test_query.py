"""POST /api/query: answers, errors and rights."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest
import requests

from support import events
from support.query import BY_SCOPE, COUNT, TIMES, ask, ended, rows
from support.server import Server, User


def test_json(stored: Server, admin: User) -> None:
    answer = ask(stored, admin, BY_SCOPE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    document = answer.json()
    assert list(document) == ["columns", "rows", "stats"]
    assert document["columns"] == [{"name": "scope", "type": "String"}, {"name": "n", "type": "UInt64"}]
    assert document["rows"] == [["create:job", 1], ["create:task", 2]]
    elapsed_ms = document["stats"].pop("elapsed_ms")
    assert 0 <= elapsed_ms < 60_000
    assert document["stats"] == {"rows": 2, "rows_read": 3, "cached_rows": 0, "truncated": False}
    assert rows(stored, admin, COUNT) == [[3]]


def test_no_rows(server: Server, admin: User) -> None:
    document = ask(server, admin, BY_SCOPE).json()
    assert document["rows"] == []
    assert len(document["columns"]) == 2
    assert rows(server, admin, COUNT) == [[0]]


def test_times(stored: Server, admin: User) -> None:
    answer = ask(stored, admin, TIMES).json()
    assert [column["type"] for column in answer["columns"]] == [
        "DateTime64(3, 'Etc/UTC')",
        "String",
        "Nullable(UInt64)",
    ]
    assert answer["rows"] == [
        ["2024-07-01 12:00:00.250", "create:task", 1],
        ["2024-07-01 12:00:01.000", "create:task", 2],
        ["2024-07-01 12:00:02.000", "create:job", None],
    ]
    [first, *_] = rows(stored, admin, TIMES, time_format="unix_ms")
    assert first == [1719835200250, "create:task", 1]


def test_what_servers_send_beside_the_record(server: Server, admin: User) -> None:
    """The token and the address of a user's request can be named, are no part of `*`, and tell no two events apart."""
    event = events.server_event("update:job", "1719835200", obj_id=1)
    beside = {"access_token_id": 7, "remote_addr": "192.0.2.9"}
    other = events.server_event("update:job", "1719835201", obj_id=1)
    assert events.ingest(server, [{**event, **beside}, other]).ok
    named = "SELECT access_token_id, remote_addr FROM events ORDER BY timestamp"
    answer = ask(server, admin, named).json()
    assert [column["type"] for column in answer["columns"]] == ["Nullable(UInt64)", "Nullable(String)"]
    assert answer["rows"] == [[7, "192.0.2.9"], [None, None]]
    everything = ask(server, admin, "SELECT * FROM events").json()
    assert [column["name"] for column in everything["columns"]] == events.FIELDS
    # Sent again without them, it is known.
    assert events.ingest(server, [event]).ok
    assert rows(server, admin, COUNT) == [[2]]


def test_the_events_of_one_request(server: Server, admin: User) -> None:
    """A server event belongs to the request that its payload names, a client's to the one that brought it."""
    named = "11111111-2222-4333-8444-555555555555"
    batch = [
        events.server_event("create:task", "1719835200", payload=json.dumps({"request": {"id": named}})),
        events.server_event("create:job", "1719835201", payload=json.dumps({"request": {"id": named}})),
        events.server_event("update:job", "1719835202"),
    ]
    assert events.ingest(server, batch).ok
    brought = events.send(server, admin, [events.event("click:element"), events.event("zoom:image")])
    of_request = "SELECT scope FROM events WHERE request_id = {id:String} ORDER BY timestamp, scope"
    scopes = ["create:task", "create:job"]
    assert rows(server, admin, of_request, params={"id": named}) == [[scope] for scope in scopes]
    sent = rows(server, admin, of_request, params={"id": brought.headers["X-Request-Id"]})
    assert [scope for [scope] in sent if scope != "send:working_time"] == ["click:element", "zoom:image"]
    assert rows(server, admin, of_request, params={"id": "no UUID"}) == []
    assert len(ask(server, admin, "SELECT * FROM events LIMIT 1").json()["columns"]) == len(events.FIELDS)


def test_no_two_events_have_one_place(server: Server, admin: User) -> None:
    """Though they say the same; and it is the order in which they came, not that of their times."""
    twins = [events.server_event("create:task", "1719835200", event_id=str(n)) for n in range(2)]
    assert events.ingest(server, twins).ok
    assert events.ingest(server, [events.server_event("create:job", "1719835100")]).ok
    placed = ask(server, admin, "SELECT position, scope FROM events ORDER BY position").json()
    assert placed["columns"][0] == {"name": "position", "type": "Nullable(UInt64)"}
    places, scopes = zip(*placed["rows"], strict=True)
    assert scopes == ("create:task", "create:task", "create:job")
    assert len(set(places)) == 3
    newest = "SELECT scope FROM events WHERE position = {place:UInt64}"
    assert rows(server, admin, newest, params={"place": places[2]}) == [["create:job"]]


def test_csv(stored: Server, admin: User) -> None:
    answer = ask(stored, admin, TIMES, accept="text/csv")
    assert answer.headers["Content-Type"].split(";")[0] == "text/csv"
    assert answer.text == (
        '"timestamp","scope","obj_id"\n'
        '"2024-07-01 12:00:00.250","create:task",1\n'
        '"2024-07-01 12:00:01.000","create:task",2\n'
        '"2024-07-01 12:00:02.000","create:job",\\N\n'
    )
    assert [row[1] for row in csv.reader(io.StringIO(answer.text))][1:] == ["create:task", "create:task", "create:job"]


def test_arrow(stored: Server, admin: User) -> None:
    answer = ask(stored, admin, TIMES, accept="application/vnd.apache.arrow.stream")
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.column_names == ["timestamp", "scope", "obj_id"]
    assert table["obj_id"].to_pylist() == [1, 2, None]
    assert table["timestamp"].cast(pa.int64()).to_pylist()[0] == 1719835200250
    empty = ask(stored, admin, f"{TIMES} LIMIT 0", accept="application/vnd.apache.arrow.stream")
    if empty.status_code == 200:
        assert pa.ipc.open_stream(empty.content).read_all().column_names == table.column_names


def test_arrow_describes_its_values(shared_server: Server, shared_admin: User) -> None:
    """Times have their time zone, and the parts of a tuple the names that ClickHouse gives them."""
    sql = """SELECT toDateTime('2024-07-01 12:00:00', 'Asia/Tokyo') AS tokyo,
        toDateTime64('2024-07-01 12:00:00.5', 3) AS ms,
        (1, 'a', [toDateTime(0)]) AS pair, [(toDateTime64(0, 3, 'Europe/Berlin'), 1)] AS pairs FROM numbers({})"""
    for n_rows in (1, 0):
        accept = "application/vnd.apache.arrow.stream"
        table = pa.ipc.open_stream(ask(shared_server, shared_admin, sql.format(n_rows), accept).content).read_all()
        assert table.schema.field("tokyo").type == pa.timestamp("s", "Asia/Tokyo")
        assert table.schema.field("ms").type == pa.timestamp("ms", "UTC")
        pair = table.schema.field("pair").type
        assert [pair.field(i).name for i in range(pair.num_fields)] == ["1", "2", "3"]
        assert pair.field(2).type.value_type == pa.timestamp("s", "UTC")
        pairs = table.schema.field("pairs").type.value_type
        assert [pairs.field(i).name for i in range(pairs.num_fields)] == ["1", "2"]
        assert pairs.field(0).type == pa.timestamp("ms", "Europe/Berlin")
        assert table.num_rows == n_rows
        if n_rows:
            assert table["tokyo"].cast(pa.int64()).to_pylist() == [1719802800]


@pytest.mark.parametrize("n_rows", [1, 255, 256, 257, 2048, 2049, 100_000])
def test_every_row_once_and_in_order(shared_server: Server, shared_admin: User, n_rows: int) -> None:
    sql = f"SELECT number FROM numbers({n_rows})"
    expected = list(range(n_rows))
    assert [row[0] for row in rows(shared_server, shared_admin, sql)] == expected
    as_csv = ask(shared_server, shared_admin, sql, accept="text/csv").text.splitlines()
    assert as_csv == ['"number"', *map(str, expected)]
    as_arrow = ask(shared_server, shared_admin, sql, accept="application/vnd.apache.arrow.stream").content
    assert pa.ipc.open_stream(as_arrow).read_all()["number"].to_pylist() == expected


def test_explain(stored: Server, admin: User) -> None:
    plan = ask(stored, admin, f"EXPLAIN {BY_SCOPE}").json()
    assert plan["columns"] == [{"name": "explain", "type": "String"}]
    assert len(plan["rows"]) > 3
    assert "HASH_GROUP_BY" in json.dumps(plan["rows"])
    syntax = ask(stored, admin, f"EXPLAIN SYNTAX {COUNT}").json()
    assert syntax["columns"] == [{"name": "explain", "type": "String"}]
    assert "count()" in "\n".join(line for [line] in syntax["rows"])


def test_explain_route(stored: Server, admin: User) -> None:
    answer = requests.post(
        f"{stored.url}/api/query/explain", json={"sql": BY_SCOPE}, headers=admin.headers, timeout=10
    ).json()
    assert set(answer) == {"clickhouse", "duckdb", "columns", "functions", "passes"}
    assert answer["columns"] == [{"name": "scope", "type": "String"}, {"name": "n", "type": "UInt64"}]
    assert answer["functions"] == ["count"]
    assert "SELECT" in answer["duckdb"]


def test_csv_for_spreadsheets(shared_server: Server, shared_admin: User) -> None:
    sql = "SELECT 'Müller' AS `näme`"
    mark = b"\xef\xbb\xbf"
    plain = ask(shared_server, shared_admin, sql, accept="text/csv").content
    assert plain == '"näme"\n"Müller"\n'.encode()
    assert ask(shared_server, shared_admin, sql, accept="text/csv", bom=False).content == plain
    assert ask(shared_server, shared_admin, sql, accept="text/csv", bom=True).content == mark + plain
    for form in ("CSV", "CSVWithNames", "CSVWithNamesAndTypes"):
        marked = ask(shared_server, shared_admin, f"{sql} FORMAT {form}", bom=True).content
        assert marked == mark + ask(shared_server, shared_admin, f"{sql} FORMAT {form}").content
    # Other formats have no place for one.
    assert ask(shared_server, shared_admin, sql, bom=True).json()["rows"] == [["Müller"]]
    assert ask(shared_server, shared_admin, sql, bom="yes").status_code == 400


BAD_BODIES = [
    ("{", None),
    ("[]", None),
    ("{}", "sql"),
    ('{"sql": 1}', "sql"),
    ('{"sql": "  "}', "sql"),
    ('{"sql": "SELECT 1", "query": 1}', "query"),
    ('{"sql": "SELECT 1", "from": "soon"}', "from"),
    ('{"sql": "SELECT 1", "to": 5}', "from"),
    ('{"sql": "SELECT 1", "from": 6, "to": 5}', "from"),
    ('{"sql": "SELECT 1", "interval_ms": "1m"}', "interval_ms"),
    ('{"sql": "SELECT 1", "variables": {"users": [[1]]}}', "variables.users"),
    ('{"sql": "SELECT 1", "params": {"id": {"a": 1}}}', "params.id"),
    ('{"sql": "SELECT 1", "limit": -1}', "limit"),
    ('{"sql": "SELECT 1", "time_format": "iso"}', "time_format"),
]


@pytest.mark.parametrize(("body", "field"), BAD_BODIES, ids=[body for body, _ in BAD_BODIES])
@pytest.mark.parametrize("path", ["/api/query", "/api/query/explain"])
def test_bad_bodies(shared_server: Server, shared_admin: User, path: str, body: str, field: str | None) -> None:
    headers = {**shared_admin.headers, "Content-Type": "application/json"}
    answer = requests.post(shared_server.url + path, data=body, headers=headers, timeout=10)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["kind"] == "request"
    assert error.get("field") == field
    if field:
        assert answer.json()["detail"].startswith(f"{field}: ")


def test_a_body_that_is_not_json(shared_server: Server, shared_admin: User) -> None:
    answer = requests.post(f"{shared_server.url}/api/query", data="SELECT 1", headers=shared_admin.headers, timeout=10)
    assert answer.status_code == 415


def test_errors_of_the_query_say_where(shared_server: Server, shared_admin: User) -> None:
    answer = ask(shared_server, shared_admin, "SELECT scope\nFROM nothing")
    assert answer.status_code == 400
    document = answer.json()
    assert document["error"]["kind"] in ("unknown", "forbidden")
    assert document["error"]["line"] == 2
    assert document["error"]["column"] == 6
    assert document["detail"].startswith("line 2, column 6: ")
    assert set(document["error"]) == {"kind", "message", "hint", "line", "column"}
    misspelled = ask(shared_server, shared_admin, "SELECT scope FRM events WHERE").json()
    assert misspelled["error"]["kind"] == "syntax"


def test_errors_while_a_query_runs(stored: Server, admin: User) -> None:
    answer = ask(stored, admin, "SELECT toUInt64(obj_name) AS x FROM events")
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["kind"] == "execution"
    assert "cannot be read as the number" in error["message"]
    # Nothing of the SQL that only the store sees, and no value.
    assert "no number" not in answer.text
    assert "LINE 1" not in answer.text
    assert "SELECT" not in answer.text
    assert ended(stored, "failed") == 1


ROUTES = [
    ("POST", "/api/query"),
    ("POST", "/api/query/explain"),
    ("GET", "/api/queries"),
    ("DELETE", "/api/queries/00000000-0000-4000-8000-000000000000"),
    ("POST", "/api/ds/query"),
    ("POST", "/analytics/api/ds/query"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_queries_are_for_who_has_an_account(shared_server: Server, shared_anna: User, method: str, path: str) -> None:
    url, body = shared_server.url + path, {"sql": COUNT} if method == "POST" else None
    assert requests.request(method, url, json=body, timeout=10).status_code == 401
    # A token for sending is none for asking.
    token = shared_server.cli("user", "token", "anna", "--scope", "send", "--name", f"{method} {path}").split()[-1]
    refused = requests.request(method, url, json=body, headers={"Authorization": f"Token {token}"}, timeout=10)
    assert refused.status_code == 403
    answer = requests.request(method, url, json=body, headers=shared_anna.headers, timeout=10)
    assert answer.status_code not in (401, 403)


def test_business_sees_all_and_others_their_own(stored: Server, business: User) -> None:
    assert rows(stored, business, COUNT) == [[3]]
    assert rows(stored, stored.add_user("nobody"), COUNT) == [[0]]


def test_metrics(stored: Server, admin: User) -> None:
    rows(stored, admin, BY_SCOPE)
    ask(stored, admin, "SELECT scope FROM nothing")
    assert stored.metric("annoscope_queries_started_total") == 2
    assert stored.metric("annoscope_query_rows_sent_total") == 2
    assert ended(stored, "finished") == 1
    assert ended(stored, "refused") == 1
