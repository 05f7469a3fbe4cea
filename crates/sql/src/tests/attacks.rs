//! What no query may do, and the layer in this crate that refuses it: the parser's gate (one
//! query), the list of relations, the table of functions. `tests/test_query_safety.py` turns
//! the layers off one by one, up to the database's own locks.

use super::prepared;
use crate::ErrorKind;

#[test]
fn statements_that_are_no_queries_are_refused() {
    for sql in [
        "INSERT INTO events VALUES (1)",
        "DROP TABLE events",
        "COPY events TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET memory_limit = '100GB'",
        "CALL pragma_version()",
        "EXPORT DATABASE '/tmp/x'",
        "SYSTEM RELOAD CONFIG",
        "DESCRIBE events",
        "SHOW TABLES",
        "USE system",
        "KILL QUERY WHERE 1",
        "SELECT 1; DROP TABLE events",
        "SELECT 1;; SELECT 2",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO /* hidden */ OUTFILE '/tmp/x'",
        "/* a */ dRoP TABLE events",
    ] {
        let error = prepared(sql).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Forbidden, "{sql}: {error}");
    }
}

#[test]
fn relations_but_the_events_are_refused() {
    for from in [
        "system.tables",
        "system.settings",
        "`system`.`tables`",
        "\"system\" . \"users\"",
        "SYSTEM.ONE",
        "information_schema.tables",
        "INFORMATION_SCHEMA.COLUMNS",
        "duckdb_settings()",
        "duckdb_secrets()",
        "pragma_database_list",
        "sqlite_master",
        "other.events",
        "cvat.events2",
        "Events",
        "'/etc/passwd'",
        "\"/etc/passwd\"",
        "'data.parquet'",
        "file('/etc/passwd', 'CSV')",
        "fiLe('/etc/passwd')",
        "url('http://example.com', 'CSV')",
        "remote('127.0.0.1', 'system.one')",
        "s3('https://bucket/key')",
        "mysql('host', 'db', 't', 'u', 'p')",
        "cluster('c', system, one)",
        "merge('system', '.*')",
        "input('x String')",
        "executable('x.sh', 'CSV', 'x String')",
        "generateRandom('x String')",
        "view(SELECT 1)",
        "read_text('/etc/passwd')",
        "read_csv('/etc/passwd')",
        "read_csv_auto('/etc/passwd')",
        "read_parquet('x.parquet')",
        "read_blob('/etc/passwd')",
        "read_json('x.json')",
        "glob('/etc/*')",
        "query('SELECT 1')",
        "query_table('events')",
        "range(10)",
        "dictionary('d')",
    ] {
        for sql in [
            format!("SELECT * FROM {from}"),
            format!("SELECT (SELECT count() FROM {from})"),
            format!("SELECT count() FROM events WHERE user_id IN (SELECT 1 FROM {from})"),
            format!("WITH x AS (SELECT * FROM {from}) SELECT * FROM x"),
            format!("SELECT 1 AS a UNION ALL SELECT 2 AS a FROM {from}"),
            format!("SELECT * FROM events AS a JOIN {from} AS b ON 1 = 1"),
        ] {
            assert!(prepared(&sql).is_err(), "{sql}");
        }
    }
}

#[test]
fn functions_that_reach_out_are_refused() {
    for call in [
        "file('/etc/passwd')",
        "dictGet('d', 'a', 1)",
        "dictGetOrDefault('d', 'a', 1, 2)",
        "getSetting('max_threads')",
        "getServerSetting('x')",
        "getMacro('x')",
        "hostName()",
        "currentUser()",
        "version()",
        "sleep(3)",
        "sleepEachRow(1)",
        "throwIf(1)",
        "joinGet('j', 'v', 1)",
        "catboostEvaluate('m', 1)",
        "filesystemAvailable()",
        "current_setting('memory_limit')",
        "getenv('HOME')",
        "read_text('/etc/passwd')",
        "error('x')",
        "nextval('s')",
        "txid_current()",
        "query('SELECT 1')",
        "system.version()",
        "\"getenv\"('HOME')",
        "`getenv`('HOME')",
        "getvariable('x')",
        "rand()",
        "generateUUIDv4()",
        "arrayMap(x -> getenv(x), ['HOME'])",
        "countIf(getenv('HOME') = '')",
        "sumIf(1, sleep(1) = 0)",
    ] {
        let sql = format!("SELECT {call} FROM events");
        let error = prepared(&sql).unwrap_err();
        let is_named = matches!(
            error.kind,
            ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::Unknown
        );
        assert!(is_named, "{sql}: {error:?}");
    }
}

#[test]
fn settings_are_taken_away_or_refused() {
    let plain = prepared("SELECT count() FROM events").unwrap();
    for settings in [
        "SETTINGS max_memory_usage = 0",
        "SETTINGS readonly = 0, allow_ddl = 1",
        "FORMAT CSV",
        "SETTINGS max_threads = 64 FORMAT Null",
    ] {
        let sql = format!("SELECT count() FROM events {settings}");
        assert_eq!(
            prepared(&sql).unwrap().clickhouse,
            plain.clickhouse,
            "{sql}"
        );
    }
    let filters = "SELECT 1 FROM events SETTINGS additional_table_filters = {'events': '1'}";
    assert_eq!(prepared(filters).unwrap_err().kind, ErrorKind::Forbidden);
}

#[test]
fn every_source_is_the_callers_relation() {
    let sql = "WITH c AS (SELECT * FROM cvat.events)
        SELECT events.user_id FROM events JOIN c ON c.user_id = events.user_id
        WHERE events.user_id IN (SELECT user_id FROM events)
        UNION ALL SELECT max(user_id) FROM `cvat`.`events` AS events";
    let prepared = prepared(sql).unwrap();
    for text in [&prepared.clickhouse, &prepared.duckdb] {
        assert_eq!(text.matches("WHERE user_id = 7)").count(), 4, "{text}");
        assert_eq!(text.matches("events").count(), 4, "{text}");
    }
}

#[test]
fn texts_of_the_user_stay_literals() {
    let hostile = "'); DROP TABLE events; --";
    let sql = format!("SELECT '{}' AS x FROM events", hostile.replace('\'', "''"));
    let prepared = prepared(&sql).unwrap();
    assert!(prepared.duckdb.contains("'''); DROP TABLE events; --'"));
    assert!(
        prepared
            .clickhouse
            .contains("'\\'); DROP TABLE events; --'")
    );
    let named = super::prepared("SELECT 1 AS `a\"b'c\\`d` FROM events").unwrap();
    assert!(named.duckdb.contains(" AS c0"));
    assert!(!named.duckdb.contains("a\"b"));
}

#[test]
fn texts_that_would_exhaust_the_server_are_refused() {
    let doubling: Vec<String> = (1..40)
        .map(|i| format!("a{} + a{} AS a{i}", i - 1, i - 1))
        .collect();
    let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let long = format!("SELECT {}", vec!["1"; 60_000].join(" AND "));
    let nested = format!("SELECT {}1{}", "abs(".repeat(3_000), ")".repeat(3_000));
    for sql in [
        format!("SELECT 1 AS a0, {}", doubling.join(", ")),
        deep,
        long,
        nested,
    ] {
        assert!(prepared(&sql).is_err());
    }
}
