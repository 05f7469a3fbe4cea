"""POST /api/query and what belongs to it: formats, limits, errors, rights, ending queries, Grafana's way to ask."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
import time

import pyarrow as pa
import pytest
import requests

import events
from server import Server, User, wait_for

COUNT = "SELECT count() FROM events"
BY_SCOPE = "SELECT scope, count() AS n FROM events GROUP BY scope ORDER BY scope"
TIMES = "SELECT timestamp, scope, obj_id FROM events ORDER BY timestamp"

# Rows for longer than any test waits.
MANY_ROWS = "SELECT number FROM numbers(1000000000000)"

# No row for longer than any test waits.
NO_ROW = "SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE (a.number * b.number) % 1000003 = 77"

# A client that hangs up frees its query within this time. The promise is 0.1 s, 0.01 s are usual; the tests' machine
# may have other work.
FREE_DEADLINE_S = 0.5


def ask(server: Server, user: User, sql: str, accept: str = "application/json", **body: object) -> requests.Response:
    """Sends a query and reads its whole answer."""
    headers = {**user.headers, "Accept": accept}
    return requests.post(f"{server.url}/api/query", json={"sql": sql, **body}, headers=headers, timeout=60)


def rows(server: Server, user: User, sql: str, **body: object) -> list:
    answer = ask(server, user, sql, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def running(server: Server, user: User) -> list[dict]:
    answer = requests.get(f"{server.url}/api/queries", headers=user.headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(server: Server, outcome: str) -> float:
    """How many queries ended so."""
    return server.metrics().get(f'annoscope_query_seconds_count{{outcome="{outcome}"}}', 0)


@pytest.fixture
def stored(server: Server) -> Server:
    """A server with three events."""
    batch = [
        events.server_event("create:task", "1719835200.25", obj_id=1, obj_name="no number"),
        events.server_event("create:task", "1719835201", obj_id=2, obj_name="2"),
        events.server_event("create:job", "1719835202"),
    ]
    assert events.ingest(server, batch).status_code == 200
    return server


@pytest.fixture
def business(server: Server) -> User:
    return server.add_user("bea", "business")


# Answers.


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


# Limits.


def test_a_limit_of_rows(shared_server: Server, shared_admin: User) -> None:
    def stats(n_rows: int, **body: object) -> dict:
        document = ask(shared_server, shared_admin, f"SELECT number FROM numbers({n_rows})", **body).json()
        assert len(document["rows"]) == document["stats"]["rows"]
        return {name: document["stats"][name] for name in ("rows", "truncated")}

    assert stats(10, limit=10) == {"rows": 10, "truncated": False}
    assert stats(11, limit=10) == {"rows": 10, "truncated": True}
    assert stats(10, limit=0) == {"rows": 0, "truncated": True}
    # The default limit is the largest.
    assert stats(100_001) == {"rows": 100_000, "truncated": True}
    refused = ask(shared_server, shared_admin, COUNT, limit=100_001)
    assert refused.status_code == 400
    assert refused.json()["error"]["field"] == "limit"
    as_csv = ask(shared_server, shared_admin, "SELECT number FROM numbers(11)", accept="text/csv", limit=10).text
    assert len(as_csv.splitlines()) == 11


def test_a_limit_of_bytes(make_server) -> None:
    server = make_server(query_max_result_bytes="10KiB").start()
    admin = server.add_user("root", "admin")
    answer = ask(server, admin, "SELECT number FROM numbers(100000)")
    document = answer.json()
    assert document["stats"]["truncated"]
    assert 0 < document["stats"]["rows"] == len(document["rows"]) < 5000
    assert len(answer.content) < 11_000


def test_a_limit_of_time(make_server) -> None:
    server = make_server(query_timeout_ms="300ms").start()
    admin = server.add_user("root", "admin")
    answer = ask(server, admin, NO_ROW)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["kind"] == "time_limit"
    assert "0.3 s" in error["message"]
    assert "query.timeout_ms" in error["message"]
    assert ended(server, "timed_out") == 1
    # The place is free again.
    assert rows(server, admin, COUNT) == [[0]]


def test_an_error_after_rows_is_told(make_server) -> None:
    """The client gets rows for longer than the time limit allows."""
    server = make_server(query_timeout_ms="500ms", query_max_rows=1_000_000_000).start()
    admin = server.add_user("root", "admin")
    document = ask(server, admin, MANY_ROWS).json()
    assert list(document) == ["columns", "rows", "error"]
    assert document["error"]["kind"] == "time_limit"
    assert len(document["rows"]) > 0
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(server, admin, MANY_ROWS, accept="text/csv")


def test_more_queries_than_places_wait_for_each_other(shared_server: Server, shared_admin: User) -> None:
    """Panels of a dashboard ask all at once."""
    found: list[list] = []

    def panel() -> None:
        found.append(rows(shared_server, shared_admin, "SELECT number FROM numbers(1000)"))

    panels = [threading.Thread(target=panel) for _ in range(12)]
    for thread in panels:
        thread.start()
    for thread in panels:
        thread.join()
    assert [len(numbers) for numbers in found] == [1000] * 12


def test_too_many_queries(make_server) -> None:
    server = make_server(query_max_concurrent=1, query_max_wait_ms="100ms").start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, NO_ROW)
    wait_for("the query to run", lambda: running(server, admin))
    time.sleep(0.1)
    answer = ask(server, admin, COUNT)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    [frame] = frames(server, admin, [{"rawSql": COUNT}], status=400).values()
    assert frame["status"] == 503
    assert ended(server, "unavailable") == 2
    client.hang_up()


# Errors.


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


# Rights.


ROUTES = [
    ("POST", "/api/query"),
    ("POST", "/api/query/explain"),
    ("GET", "/api/queries"),
    ("DELETE", "/api/queries/00000000-0000-4000-8000-000000000000"),
    ("POST", "/api/ds/query"),
    ("POST", "/analytics/api/ds/query"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_queries_are_for_admins_and_business(shared_server: Server, shared_anna: User, method: str, path: str) -> None:
    url, body = shared_server.url + path, {"sql": COUNT} if method == "POST" else None
    assert requests.request(method, url, json=body, timeout=10).status_code == 401
    refused = requests.request(method, url, json=body, headers=shared_anna.headers, timeout=10)
    assert refused.status_code == 403
    assert "administrators" in refused.json()["detail"]


def test_business_may_query(stored: Server, business: User) -> None:
    assert rows(stored, business, COUNT) == [[3]]


# Queries under way.


class Endless:
    """A client that waits for rows on a socket of its own."""

    def __init__(self, server: Server, user: User, sql: str):
        host, port = server.flags["listen"].rsplit(":", 1)
        body = json.dumps({"sql": sql})
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(
            (
                f"POST /api/query HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {user.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    def hang_up(self) -> None:
        self.socket.close()


@pytest.mark.parametrize("sql", [NO_ROW, MANY_ROWS], ids=["before its first row", "while rows are sent"])
def test_a_client_that_hangs_up_frees_its_query(make_server, sql: str) -> None:
    server = make_server(query_max_rows=1_000_000_000, query_max_concurrent=1).start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, sql)
    wait_for("the query to run", lambda: running(server, admin))
    if sql == MANY_ROWS:
        wait_for("rows", lambda: running(server, admin)[0]["rows"] > 0)
    else:
        # Into the store, beyond the check.
        time.sleep(0.3)
    begin = time.monotonic()
    client.hang_up()
    wait_for("the query to be gone", lambda: not running(server, admin), FREE_DEADLINE_S, 0.005)
    # It is not only off the list: the one place is free.
    assert rows(server, admin, "SELECT number FROM numbers(1)") == [[0]]
    took = time.monotonic() - begin
    print(f"free after {took * 1000:.0f} ms")
    assert took < FREE_DEADLINE_S
    assert ended(server, "abandoned") == 1


def test_the_list_of_queries(server: Server, admin: User, business: User) -> None:
    assert running(server, admin) == []
    mine = Endless(server, admin, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, admin))
    assert set(query) == {"id", "user", "sql", "started", "elapsed_ms", "rows"}
    assert query["user"] == "root"
    assert query["sql"] == NO_ROW
    assert query["rows"] == 0
    assert query["elapsed_ms"] < 60_000
    assert query["started"].endswith("Z")
    theirs = Endless(server, business, f"{NO_ROW} -- {'x' * 20_000}")
    listed = wait_for("both", lambda: len(running(server, admin)) == 2 and running(server, admin))
    assert [query["user"] for query in listed] == ["root", "bea"]
    assert len(listed[1]["sql"]) == 10_000
    # Business sees its own only.
    assert [query["user"] for query in running(server, business)] == ["bea"]
    mine.hang_up()
    theirs.hang_up()


def end(server: Server, user: User, query_id: str) -> int:
    answer = requests.delete(f"{server.url}/api/queries/{query_id}", headers=user.headers, timeout=10)
    return answer.status_code


def test_a_query_can_be_ended(server: Server, admin: User, business: User) -> None:
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server, business, NO_ROW)))
    asking.start()
    [query] = wait_for("the query to run", lambda: running(server, business))
    time.sleep(0.1)
    begin = time.monotonic()
    assert end(server, business, query["id"]) == 204
    asking.join()
    assert time.monotonic() - begin < FREE_DEADLINE_S
    [answer] = answers
    assert answer.status_code == 400
    assert answer.json()["error"]["kind"] == "cancelled"
    assert end(server, business, query["id"]) == 404
    assert end(server, business, "nothing") == 404
    assert ended(server, "cancelled") == 1


def test_whose_query_may_be_ended(server: Server, admin: User, business: User) -> None:
    mine = Endless(server, admin, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, admin))
    assert end(server, business, query["id"]) == 403
    assert end(server, admin, query["id"]) == 204
    theirs = Endless(server, business, NO_ROW)
    [query] = wait_for("the query to run", lambda: running(server, business))
    assert end(server, admin, query["id"]) == 204
    mine.hang_up()
    theirs.hang_up()


def test_a_query_whose_client_does_not_read_can_be_ended(make_server) -> None:
    server = make_server(query_max_rows=1_000_000_000, query_max_concurrent=1).start()
    admin = server.add_user("root", "admin")
    client = Endless(server, admin, MANY_ROWS)

    wait_for("the query to run", lambda: running(server, admin))

    def stalled() -> bool:
        # Nobody reads: the kernel's buffers are full at some time.
        before = running(server, admin)[0]["rows"]
        time.sleep(0.2)
        return 0 < before == running(server, admin)[0]["rows"]

    wait_for("the buffers to be full", stalled)
    [query] = running(server, admin)
    assert end(server, admin, query["id"]) == 204
    # The place is free, though the client is still there.
    assert rows(server, admin, "SELECT number FROM numbers(1)") == [[0]]
    client.hang_up()


# Metrics.


def test_metrics(stored: Server, admin: User) -> None:
    rows(stored, admin, BY_SCOPE)
    ask(stored, admin, "SELECT scope FROM nothing")
    assert stored.metric("annoscope_queries_started_total") == 2
    assert stored.metric("annoscope_query_rows_sent_total") == 2
    assert ended(stored, "finished") == 1
    assert ended(stored, "refused") == 1


# Grafana.


def frames(
    server: Server, user: User, queries: list[dict], path: str = "/api/ds/query", status: int = 200, **body: object
) -> dict:
    body = {"queries": queries, "from": "now-1h", "to": "now", **body}
    answer = requests.post(server.url + path, json=body, headers=user.headers, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()["results"]


@pytest.mark.parametrize("path", ["/api/ds/query", "/analytics/api/ds/query"])
def test_frames(stored: Server, admin: User, path: str) -> None:
    datasource = {"type": "grafana-clickhouse-datasource", "uid": "x"}
    query = {"rawSql": TIMES, "format": 1, "intervalMs": 15000, "maxDataPoints": 800, "datasource": datasource}
    failing = {"refId": "B", "rawSql": "SELECT scope FROM nothing", "format": "table"}
    # As Grafana answers when one of them fails.
    results = frames(stored, admin, [{"refId": "A", **query}, failing], path, status=400)
    assert list(results) == ["A", "B"]
    assert results["A"]["status"] == 200
    [frame] = results["A"]["frames"]
    assert frame["schema"]["refId"] == "A"
    assert frame["schema"]["fields"] == [
        {"name": "timestamp", "type": "time", "typeInfo": {"frame": "time.Time", "nullable": False}},
        {"name": "scope", "type": "string", "typeInfo": {"frame": "string", "nullable": False}},
        {"name": "obj_id", "type": "number", "typeInfo": {"frame": "uint64", "nullable": True}},
    ]
    assert frame["data"]["values"] == [
        [1719835200250, 1719835201000, 1719835202000],
        ["create:task", "create:task", "create:job"],
        [1, 2, None],
    ]
    assert results["B"]["status"] == 400
    assert results["B"]["frames"] == []
    assert "line 1" in results["B"]["error"]


def test_frames_are_bounded_too(make_server) -> None:
    server = make_server(query_max_rows=1000).start()
    admin = server.add_user("root", "admin")
    [frame] = frames(server, admin, [{"rawSql": "SELECT number FROM numbers(1001)"}])["A"]["frames"]
    assert frame["data"]["values"] == [list(range(1000))]
    [notice] = frame["schema"]["meta"]["notices"]
    assert notice["severity"] == "warning"
    assert "1000 rows" in notice["text"]


def test_bad_requests_for_frames(shared_server: Server, shared_admin: User) -> None:
    cases = [
        ({}, "queries"),
        ({"queries": []}, "queries"),
        ({"queries": [{"refId": "A"}]}, "queries.0.rawSql"),
        ({"queries": [{"rawSql": COUNT}], "from": "soon"}, "from"),
    ]
    for body, field in cases:
        answer = requests.post(f"{shared_server.url}/api/ds/query", json=body, headers=shared_admin.headers, timeout=10)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize(
    "expression",
    ["repeat(toString(number), 1000000000)", "leftPad('a', 2000000000, 'b')", "range(1000000000 + number)"],
)
def test_a_value_that_would_fill_the_memory_is_refused(server: Server, admin: User, expression: str) -> None:
    sql = f"SELECT length({expression}) FROM numbers(20, 2)"
    answer = requests.post(f"{server.url}/api/query", json={"sql": sql}, headers=admin.headers, timeout=30)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["kind"] == "execution"


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
