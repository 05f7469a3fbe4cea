"""What programs ask on connecting, as their public sources have it, of programs that are not run here.

Grafana's ClickHouse data source 4 (`src/data/CHDatasource.ts`, `pkg/plugin/driver.go`), clickhouse-java 0.9
(`jdbc-v2`, `DatabaseMetaDataImpl.java`; `client-v2`, `Client.java`), clickhouse-connect's first statements.
"""

from __future__ import annotations

import pytest

from difference.data import TYPES

from .conftest import Port

GRAFANA = {
    # The first of clickhouse-go, which it uses.
    "SELECT displayName(), version(), revision(), timezone()": [["annoscope", "26.9.2.1", 54515, "UTC"]],
    "SELECT version()": [["26.9.2.1"]],
    "SHOW DATABASES": [["cvat"]],
    'SHOW TABLES FROM "cvat"': "listed",
    "SHOW TABLES": "listed",
    "SELECT name, type, table FROM system.columns WHERE database IN ('cvat') AND table = 'events'": [
        [name, data_type, "events"] for name, data_type in TYPES.items()
    ],
    "SELECT name, type, table FROM system.columns WHERE table = 'events'": [
        [name, data_type, "events"] for name, data_type in TYPES.items()
    ],
}

# What getTables, getColumns, getPrimaryKeys, getSchemas and getFunctions make of their arguments.
JDBC_TABLES = """SELECT '' AS TABLE_CAT, t.database AS TABLE_SCHEM, t.name AS TABLE_NAME,
if(t.is_temporary = 1, concat('Temporary', t.engine), t.engine) AS TABLE_TYPE, t.comment AS REMARKS,
CAST(null as Nullable(String)) AS TYPE_CAT, d.engine AS TYPE_SCHEM, CAST(null as Nullable(String)) AS TYPE_NAME,
CAST(null as Nullable(String)) AS SELF_REFERENCING_COL_NAME, CAST(null as Nullable(String)) AS REF_GENERATION
 FROM system.tables t JOIN system.databases d ON system.tables.database = system.databases.name
 WHERE t.database LIKE '%' AND t.name LIKE 'ev%' AND ( (t.engine IN ('MergeTree','Log')) OR (t.engine NOT IN ('View')
 AND NOT t.engine LIKE 'System%' AND NOT t.engine LIKE 'Async%' AND t.is_temporary = 0)) AND (t.is_temporary = 0)"""
JDBC_COLUMNS = """SELECT '' AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, name AS COLUMN_NAME,
toInt32(1111) AS DATA_TYPE, type AS TYPE_NAME,
toInt32(multiIf(character_octet_length IS NOT NULL, character_octet_length, system.columns.type == 'UInt64', 8,
 numeric_precision IS NOT NULL, numeric_precision, 0)) AS COLUMN_SIZE, toInt32(0) AS BUFFER_LENGTH,
toInt32(IF (numeric_scale == 0, NULL, numeric_scale)) as DECIMAL_DIGITS,
toInt32(numeric_precision_radix) AS NUM_PREC_RADIX,
toInt32(position(type, 'Nullable(') >= 1 ?1 : 0) as NULLABLE, system.columns.comment AS REMARKS,
system.columns.default_expression AS COLUMN_DEF, toInt32(0) AS SQL_DATA_TYPE, toInt32(0) AS SQL_DATETIME_SUB,
character_octet_length::Nullable(Int32) AS CHAR_OCTET_LENGTH, toInt32(system.columns.position) AS ORDINAL_POSITION,
position(upper(type), 'NULLABLE') >= 1 ? 'YES' : 'NO' AS IS_NULLABLE,CAST(NULL as Nullable(String)) AS SCOPE_CATALOG,
CAST(NULL as Nullable(Int16)) AS SOURCE_DATA_TYPE, 'NO' as IS_AUTOINCREMENT
 FROM system.columns WHERE database LIKE 'cvat' AND table LIKE '%' AND name LIKE 'obj%'
 ORDER BY TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION"""
JDBC = {
    "SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1": [["root", "UTC", "26.9.2.1"]],
    "SELECT version() as server_version": [["26.9.2.1"]],
    "SELECT 1 FORMAT TabSeparated": None,
    "SELECT name AS TABLE_SCHEM, '' AS TABLE_CATALOG FROM system.databases ORDER BY name": [["cvat", ""]],
    "SELECT 'local' AS TABLE_CAT  WHERE 1 = 0": [],
    JDBC_TABLES: [["", "cvat", "events", "MergeTree", "", None, "Atomic", None, None, None]],
    JDBC_COLUMNS: 3,
    "SELECT CAST(NULL as Nullable(String)) AS TABLE_CAT, CAST(NULL as Nullable(Int16)) AS TYPE LIMIT 0": [],
    "SELECT CAST(name as Nullable(String)) AS FUNCTION_NAME, concat(description, '(', origin, ')') AS REMARKS, "
    "CAST(0 AS Int16) AS FUNCTION_TYPE FROM system.functions WHERE name LIKE 'uniqEx%'": [["uniqExact", "(System)", 0]],
    "KILL QUERY WHERE query_id = 'none'": None,
}


@pytest.mark.parametrize("sql", GRAFANA, ids=lambda sql: sql[:40])
def test_grafana(shared_port: Port, sql: str) -> None:
    # clickhouse-go sends the time limit of its context along.
    rows = shared_port.rows(sql, database="default", max_execution_time=65)
    if GRAFANA[sql] == "listed":
        assert rows[0] == ["events"]
        assert ["hours"] in rows
    else:
        assert rows == GRAFANA[sql]


def test_grafana_lists_functions(shared_port: Port) -> None:
    sql = """SELECT name, is_aggregate, case_insensitive, alias_to, origin, description, syntax, arguments,
    returned_value, examples, categories FROM system.functions LIMIT 10000"""
    functions = {row[0]: row for row in shared_port.rows(sql)}
    assert functions["uniqExact"][1] == 1
    assert functions["toStartOfHour"][1] == 0
    assert len(functions) > 300


@pytest.mark.parametrize("sql", JDBC, ids=lambda sql: sql[:40])
def test_jdbc(shared_port: Port, sql: str) -> None:
    expected = JDBC[sql]
    if expected is None:
        assert shared_port.ask(sql).status_code == 200
        return
    rows = shared_port.rows(sql)
    assert (len(rows) if expected == 3 else rows) == expected


def test_clickhouse_connect(shared_port: Port) -> None:
    assert shared_port.text("SELECT version(), timezone()") == "26.9.2.1\tUTC\n"
    assert shared_port.text("SELECT 1 AS check", client_protocol_version=54405) == "1\n"
    settings = shared_port.rows("SELECT name, value, readonly FROM system.settings LIMIT 10000")
    by_name = {name: (value, readonly) for name, value, readonly in settings}
    # Others are refused, so that a client knows what not to send.
    assert by_name["date_time_input_format"] == ("best_effort", 1)
    assert "max_threads" in by_name
    assert len(by_name) > 1000


def test_small_questions(shared_port: Port) -> None:
    cases = {
        "EXISTS TABLE default.events": "1\n",
        "DESCRIBE TABLE cvat.events FORMAT TSV": None,
        "SELECT value FROM system.build_options WHERE name = 'VERSION_DESCRIBE'": "26.9.2.1\n",
        "SHOW DATABASES LIKE 'c%'": "cvat\n",
        "SHOW DATABASES LIKE 'x%'": "",
        "SHOW TABLES FROM default LIKE '%vent%'": "events\n",
        "USE cvat": "",
        "SET max_threads = 1": "",
        "SELECT count() FROM default.events": "0\n",
        "SELECT DISTINCT total_rows FROM system.tables": "\\N\n",
    }
    for sql, expected in cases.items():
        text = shared_port.text(sql)
        assert expected is None or text == expected, sql
    assert "CREATE TABLE cvat.events" in shared_port.text("SHOW CREATE TABLE events FORMAT TSVRaw")
    assert "CREATE VIEW cvat.hours" in shared_port.text("SHOW CREATE VIEW hours FORMAT TSVRaw")
    assert shared_port.text("SELECT currentDatabase()", database="default") == "default\n"
