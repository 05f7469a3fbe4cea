"""FORMAT and SETTINGS in a query's text: what ClickHouse writes is written, the rest is refused by name."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
import requests

from difference.engines import ClickHouse
from support.query import ask, rows
from support.server import Server, User

VALUES = """SELECT number AS n, 'x"y\\n\\t\\'z\\\\/ü' AS `a "b`, [1, 2] AS ints, ['a\\'b', 'c\\td'] AS texts,
    (1, 'q') AS pair,
    [(1, 'x')] AS pairs, [[1], [2, 3]] AS lists, NULL AS nothing, toNullable(5) AS five, nan AS nan, -inf AS inf,
    toDate('2024-01-02') AS day, toDateTime('2024-01-02 03:04:05') AS second, [toDate('2024-01-02')] AS days,
    toDateTime64('2024-01-02 03:04:05.123', 3) AS ms, 1 / 3 AS third, toInt64(-7) AS wide FROM numbers(2)"""

FORMATS = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "text/plain; charset=UTF-8",
    "JSONCompactEachRowWithNames": "text/plain; charset=UTF-8",
    "JSONCompactEachRowWithNamesAndTypes": "text/plain; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "CSVWithNamesAndTypes": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TSVWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "TSVRaw": "text/tab-separated-values; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "RowBinaryWithNames": "application/octet-stream",
    "RowBinaryWithNamesAndTypes": "application/octet-stream",
    "JSONStrings": "application/json; charset=UTF-8",
    "JSONCompactStrings": "application/json; charset=UTF-8",
    "JSONStringsEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactStringsEachRowWithNamesAndTypes": "text/plain; charset=UTF-8",
    "Values": "text/plain; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
}
# How long it took, and how much was read, is not the same twice.
STATISTICS = re.compile(rb'"statistics":\s*\{[^}]*\}')


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield engine
    engine.close()


def content(answer: requests.Response) -> bytes:
    return STATISTICS.sub(b"", answer.content)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "settings",
    [
        "",
        " SETTINGS output_format_json_quote_denormals = 1, output_format_json_quote_64bit_integers = 1",
        " SETTINGS date_time_output_format = 'iso', session_timezone = 'America/New_York'",
        " SETTINGS date_time_output_format = 'unix_timestamp'",
    ],
)
def test_a_format_is_clickhouses(
    shared_server: Server, shared_admin: User, engine: ClickHouse, name: str, settings: str
) -> None:
    sql = f"{VALUES} FORMAT {name}{settings}"
    answer = ask(shared_server, shared_admin, sql, accept="text/csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == FORMATS[name]
    expected = requests.post(engine.url, data=sql.encode(), timeout=60)
    assert expected.status_code == 200, expected.text
    assert content(answer) == content(expected)


def test_formats_of_no_rows(shared_server: Server, shared_admin: User, engine: ClickHouse) -> None:
    for name in FORMATS:
        sql = f"SELECT number FROM numbers(0) FORMAT {name}"
        expected = requests.post(engine.url, data=sql.encode(), timeout=60)
        assert content(ask(shared_server, shared_admin, sql)).strip() == content(expected).strip(), name


def test_binary_values_of_every_type(shared_server: Server, shared_admin: User, engine: ClickHouse) -> None:
    values = """SELECT toInt8(-5) AS i8, toUInt16(65535) AS u16, toInt32(-7) AS i32, toUInt64(number) AS u64,
        toFloat32(1.5) AS f32, toDecimal32(1.5, 3) AS d32, toDecimal64(-1.25, 4) AS d64, toDate32('1960-01-02') AS day,
        toDateTime('2024-01-02 03:04:05', 'Asia/Tokyo') AS tokyo, toDateTime64('1969-12-31 23:59:59.5', 6) AS us,
        toNullable('x') AS some, [NULL, 1] AS nulls, [[(1, 'a')], []] AS deep, [] AS none, JSONType('[1]') AS json,
        true AS yes, repeat('ü', 100) AS long FROM numbers(3)"""
    for name in ("Native", "RowBinary", "RowBinaryWithNamesAndTypes", "Values", "JSONCompactStrings"):
        answer = ask(shared_server, shared_admin, f"{values} FORMAT {name}")
        assert answer.status_code == 200, answer.text
        expected = requests.post(engine.url, data=f"{values} FORMAT {name}".encode(), timeout=60)
        assert content(answer) == content(expected), name


PRETTY = [
    "SELECT number AS n, if(n = 1, NULL, 'a\\nbb') AS text, toDate('2024-01-02') AS day, true AS yes FROM numbers(3)",
    "SELECT number AS n, 'x' AS a, 'y' AS b, 'z\\n' AS c, 1.5 AS d FROM numbers(3)",
    "SELECT number AS n, repeat('x', 60) AS a, a AS b, a AS c, repeat('x', 70) AS d FROM numbers(2)",
    "SELECT 'x' AS text, 12345678 AS n, -22345678.5 AS f",
    "SELECT number AS n, '日本é' AS text FROM numbers(51)",
    "SELECT number AS n FROM numbers(1000)",
    "SELECT number AS n, 'abc' AS t FROM numbers(1500)",
    "SELECT number AS n FROM numbers(0)",
]


@pytest.mark.parametrize("sql", PRETTY)
def test_tables_are_drawn_as_clickhouse_draws_them(
    shared_server: Server, shared_admin: User, engine: ClickHouse, sql: str
) -> None:
    for name in ("Pretty", "PrettyCompact", "PrettySpaceNoEscapes", "PrettyCompactMonoBlock", "Vertical"):
        answer = ask(shared_server, shared_admin, f"{sql} FORMAT {name}")
        assert answer.status_code == 200, answer.text
        expected = requests.post(engine.url, data=f"{sql} FORMAT {name}".encode(), timeout=60)
        assert answer.text == expected.content.decode(), name


def test_parquet_is_what_pandas_reads(shared_server: Server, shared_admin: User) -> None:
    sql = "SELECT number AS n, toString(number) AS t, [number, 1] AS l FROM numbers(50000) FORMAT Parquet"
    answer = ask(shared_server, shared_admin, sql)
    assert answer.status_code == 200, answer.text
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.column("n").to_pylist() == list(range(50_000))
    assert table.slice(5, 1).to_pylist() == [{"n": 5, "t": "5", "l": [5, 1]}]
    empty = ask(shared_server, shared_admin, "SELECT number AS n FROM numbers(0) FORMAT Parquet")
    assert pq.read_table(io.BytesIO(empty.content)).column_names == ["n"]


def test_format_null_and_arrow(shared_server: Server, shared_admin: User) -> None:
    answer = ask(shared_server, shared_admin, "SELECT 1 FORMAT Null")
    assert (answer.status_code, answer.content) == (200, b"")
    answer = ask(shared_server, shared_admin, "SELECT 1 FORMAT ArrowStream")
    assert answer.headers["Content-Type"] == "application/vnd.apache.arrow.stream"


def test_formats_that_are_not_there(shared_server: Server, shared_admin: User) -> None:
    for name, kind in [("Protobuf", "unsupported"), ("ORC", "unsupported"), ("Nonsense", "unknown")]:
        answer = ask(shared_server, shared_admin, f"SELECT 1 FORMAT {name}")
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["kind"] == kind
        assert name in error["message"]
        assert "Accept" in error["hint"]
        assert (error["line"], error["column"]) == (1, 17)


def test_a_format_may_be_ignored(shared_server: Server, shared_admin: User) -> None:
    """As for clients of ClickHouse's own protocol: the page's panels are Grafana's."""
    assert rows(shared_server, shared_admin, "SELECT 1 FORMAT CSV", ignore_format=True) == [[1]]
    answer = ask(shared_server, shared_admin, "SELECT 1 FORMAT Nonsense", ignore_format=True)
    assert answer.json()["error"]["kind"] == "unknown"


# (settings, kind of the refusal, what it names)
REFUSED = [
    ("max_threads = 'abc'", "type", "max_threads"),
    ("max_thread = 1", "unknown", "max_thread"),
    ("max_rows_to_read = 10", "forbidden", "max_rows_to_read"),
    ("transform_null_in = 1", "forbidden", "transform_null_in"),
    ("additional_table_filters = {'events': 'user_id = 1'}", "forbidden", "additional_table_filters"),
    ("date_time_output_format = 'other'", "type", "date_time_output_format"),
    ("session_timezone = 'Nowhere/X'", "unknown", "Nowhere/X"),
    ("param_x = 5", "unknown", "param_x"),
]


@pytest.mark.parametrize(("settings", "kind", "name"), REFUSED)
def test_settings_that_are_refused(
    shared_server: Server, shared_admin: User, settings: str, kind: str, name: str
) -> None:
    answer = ask(shared_server, shared_admin, f"SELECT 1 SETTINGS {settings}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["kind"] == kind
    assert name in answer.json()["error"]["message"]


def test_harmless_settings(shared_server: Server, shared_admin: User) -> None:
    settings = "max_threads = 4, max_memory_usage = '10G', log_comment = 'x', use_query_cache, readonly = 1"
    assert rows(shared_server, shared_admin, f"SELECT 1 SETTINGS {settings}, join_use_nulls = 0") == [[1]]
    assert rows(shared_server, shared_admin, f"SELECT * FROM (SELECT 1 SETTINGS {settings})") == [[1]]


def test_max_result_rows(shared_server: Server, shared_admin: User) -> None:
    sql = "SELECT number FROM numbers({}) SETTINGS max_result_rows = 5, result_overflow_mode = '{}'"
    assert len(rows(shared_server, shared_admin, sql.format(5, "throw"))) == 5
    answer = ask(shared_server, shared_admin, sql.format(6, "throw"))
    assert answer.status_code == 400
    assert answer.json()["error"]["kind"] == "execution"
    assert "max_result_rows" in answer.json()["error"]["message"]
    # The limit is reached within the first block, which is answered whole.
    assert len(rows(shared_server, shared_admin, sql.format(50_000, "break"))) == 50_000
    answer = ask(shared_server, shared_admin, sql.format(90_000, "break")).json()
    assert len(answer["rows"]) == 65_409
    assert answer["stats"]["truncated"]


def test_parameters(shared_server: Server, shared_admin: User) -> None:
    cases = [
        ("3 IN {ids:Array(UInt64)}", {"ids": [3, 4]}, 1),
        ("3 IN ({ids:Array(UInt64)})", {"ids": [3, 4]}, 1),
        ("5 IN {ids:Array(UInt64)}", {"ids": "[3,4]"}, 0),
        ("5 NOT IN {ids:Array(UInt64)}", {"ids": []}, 1),
        ("3 IN [3, 5]", {}, 1),
        ("'it''s' IN {ids:Array(String)}", {"ids": ["it's", "b\\c"]}, 1),
        ("has({ids:Array(String)}, 'b\\\\c')", {"ids": ["it's", "b\\c"]}, 1),
        ("has({ids:Array(String)}, 'c')", {"ids": "['a','c']"}, 1),
        ("arraySum({ids:Array(Int32)})", {"ids": [-1, 2]}, 1),
        ("length({ids:Array(Array(UInt8))})", {"ids": [[1], [2, 3]]}, 2),
        ("{x:Nullable(UInt64)} IS NULL", {"x": None}, 1),
        ("{x:Bool} = true", {"x": True}, 1),
        ("{x:Float64} * 2", {"x": 0.5}, 1),
        ("{x:String} = ''", {"x": ""}, 1),
        ("{d:Date} = toDate('2026-06-01')", {"d": "2026-06-01"}, 1),
        ("{d:DateTime64(3)} > toDateTime64('2026-06-01 00:00:00.122', 3)", {"d": "2026-06-01 00:00:00.123"}, 1),
    ]
    for expression, params, expected in cases:
        assert rows(shared_server, shared_admin, f"SELECT {expression}", params=params) == [[expected]], expression
    refused = [
        ("{x:UInt8}", {"x": 256}, "x"),
        ("{x:UInt64}", {"x": -1}, "x"),
        ("{x:Array(UInt64)}", {"x": ["a"]}, "x"),
        ("{x:Array(UInt64)}", {"x": "[1"}, "x"),
        ("{x:Identifier}", {"x": "scope"}, "Identifier"),
        ("{x:UInt64}", {}, "x"),
    ]
    for expression, params, name in refused:
        answer = ask(shared_server, shared_admin, f"SELECT {expression}", params=params)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["kind"] in ("expansion", "unsupported")
        assert name in answer.json()["error"]["message"]
    answer = ask(shared_server, shared_admin, "SELECT 1", params={"x": {"a": 1}})
    assert answer.json()["error"]["field"] == "params.x"


def test_what_clients_ask(shared_server: Server, shared_admin: User) -> None:
    own = rows(
        shared_server, shared_admin, "SELECT version(), timezone(), currentDatabase(), currentUser(), hostName()"
    )
    assert own == [["26.9.2.1", "UTC", "cvat", shared_admin.name, "annoscope"]]
    assert rows(shared_server, shared_admin, "SELECT timezone() SETTINGS session_timezone = 'Asia/Tokyo'") == [
        ["Asia/Tokyo"]
    ]
    described = rows(shared_server, shared_admin, "DESCRIBE TABLE events")
    columns = ask(shared_server, shared_admin, "SELECT * FROM events LIMIT 0").json()["columns"]
    assert [row[:2] for row in described] == [[column["name"], column["type"]] for column in columns]
    listed = rows(
        shared_server, shared_admin, "SELECT name, type FROM system.columns WHERE table = 'events' ORDER BY position"
    )
    assert listed == [row[:2] for row in described]
    asked = {
        "SHOW TABLES LIKE 'even%'": [["events"]],
        "SHOW TABLES FROM cvat LIKE 'hours'": [["hours"]],
        "SHOW DATABASES": [["cvat"]],
        "EXISTS TABLE cvat.events": [[1]],
        "EXISTS hours": [[1]],
        "SELECT name FROM system.tables WHERE database = 'cvat' AND engine = 'MergeTree'": [["events"]],
        "SELECT engine, comment != '' FROM system.tables WHERE name = 'hours'": [["View", 1]],
        "SELECT name FROM system.databases AS d": [["cvat"]],
        "SELECT column_name FROM information_schema.columns WHERE ordinal_position = 1 AND table_name = 'events'": [
            ["scope"]
        ],
        "SELECT table_name FROM INFORMATION_SCHEMA.tables WHERE table_type = 'BASE TABLE'": [["events"]],
    }
    # Whatever lists tables has the relations, too, with the columns that they give.
    tables = [name for (name,) in rows(shared_server, shared_admin, "SHOW TABLES")]
    assert tables[0] == "events"
    assert "hours" in tables
    for listing in ("SELECT name FROM system.tables", "SELECT table_name FROM information_schema.tables"):
        assert [name for (name,) in rows(shared_server, shared_admin, listing)] == tables
    for table in tables:
        given = ask(shared_server, shared_admin, f"SELECT * FROM {table} LIMIT 0").json()["columns"]
        described = rows(shared_server, shared_admin, f"DESCRIBE TABLE cvat.{table}")
        assert [row[:2] for row in described] == [[column["name"], column["type"]] for column in given]
    for sql, expected in asked.items():
        assert rows(shared_server, shared_admin, sql) == expected, sql
    refused = {
        "CREATE VIEW v AS SELECT {p:UInt64}": "WITH",
        "SELECT * FROM job_metrics(proj = 147)": "params",
        "SHOW PROCESSLIST": "SHOW TABLES",
        "SELECT * FROM system.users": "columns",
    }
    for sql, hint in refused.items():
        answer = ask(shared_server, shared_admin, sql)
        assert answer.status_code == 400
        assert hint in answer.json()["error"]["hint"], answer.text


def test_global_variables(shared_server: Server, shared_admin: User) -> None:
    name = shared_admin.name
    assert rows(shared_server, shared_admin, "SELECT '${__user.login}', '$__timezone'") == [[name, "UTC"]]
    given = {"__timezone": "Asia/Tokyo", "__dashboard": "It's"}
    assert rows(shared_server, shared_admin, "SELECT '$__timezone', '$__dashboard'", variables=given) == [
        ["Asia/Tokyo", "It's"]
    ]
    for name in ("__dashboard", "__org", "__data.fields", "__url"):
        answer = ask(shared_server, shared_admin, f"SELECT '${{{name}}}'")
        assert answer.status_code == 400, answer.text
        assert name in answer.json()["error"]["message"]
