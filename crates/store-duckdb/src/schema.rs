//! Tables of the database and how older ones become today's.

use duckdb::Connection;

use crate::error::Error;

/// Steps from one schema version to the next. A step that was released never changes: data
/// directories out there have taken it.
const MIGRATIONS: [&str; 8] = [
    include_str!("schema/1_events.sql"),
    include_str!("schema/2_hidden_columns.sql"),
    include_str!("schema/3_payload_is_json.sql"),
    include_str!("schema/4_counted_span.sql"),
    include_str!("schema/5_origin.sql"),
    include_str!("schema/6_skipped_positions.sql"),
    include_str!("schema/7_sorted.sql"),
    include_str!("schema/8_catalogue.sql"),
];

/// Brings the schema to today's version, in one transaction a step.
pub(crate) fn migrate(connection: &Connection) -> Result<(), Error> {
    migrate_with(connection, &MIGRATIONS)
}

/// Makes the tables of an older version.
#[cfg(test)]
pub(crate) fn migrate_to(connection: &Connection, version: usize) {
    migrate_with(connection, &MIGRATIONS[..version]).unwrap();
}

fn migrate_with(connection: &Connection, steps: &[&str]) -> Result<(), Error> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
    let found: i64 = connection.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_version",
        [],
        |row| row.get(0),
    )?;
    let known = i64::try_from(steps.len()).expect("there are few");
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    for (version, step) in (1..).zip(steps).skip(found as usize) {
        connection.execute_batch(&format!(
            "BEGIN; {step}; INSERT INTO schema_version VALUES ({version}); COMMIT"
        ))?;
        tracing::info!(version, "migrated the database");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use annoscope_events::{COLUMNS, ColumnType, Payload, PromotedPayload};

    use super::*;

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_schema_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        migrate(&connection).unwrap();
        connection
            .execute_batch("INSERT INTO schema_version VALUES (99)")
            .unwrap();
        let refused = migrate(&connection).unwrap_err().to_string();
        assert!(
            refused.contains("99") && refused.contains("newer annoscope"),
            "{refused}"
        );
    }

    #[test]
    fn the_table_has_the_columns_of_the_events() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let columns_of = |table: &str| {
            let sql = "SELECT column_name, data_type, is_nullable FROM duckdb_columns() \
                       WHERE table_name = ? ORDER BY column_index";
            let mut statement = connection.prepare(sql).unwrap();
            let columns =
                statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            columns.unwrap().map(Result::unwrap).collect()
        };
        let found: Vec<(String, String, bool)> = columns_of("stored_events");
        let of_events = COLUMNS.iter().map(|column| {
            let data_type = match column.data_type {
                ColumnType::Text => "VARCHAR",
                ColumnType::UInt16
                | ColumnType::UInt32
                | ColumnType::UInt64
                | ColumnType::Int64 => "BIGINT",
                ColumnType::DateTime64 => "TIMESTAMP",
                ColumnType::Uuid => "UUID",
                ColumnType::Bool => "BOOLEAN",
                ColumnType::ArrayOfInt64 => "BIGINT[]",
            };
            (column.name, data_type)
        });
        let mut expected: Vec<_> = of_events.collect();
        expected.extend([("position", "BIGINT"), ("payload_tail", "VARCHAR")]);
        let names_and_types = |found: &[(String, String, bool)]| {
            let found = found.iter().cloned();
            found
                .map(|(name, data_type, _)| (name, data_type))
                .collect::<Vec<_>>()
        };
        let owned = |(name, data_type): (&str, &str)| (name.to_owned(), data_type.to_owned());
        let mut expected: Vec<_> = expected.into_iter().map(owned).collect();
        assert_eq!(names_and_types(&found), expected);
        // What queries read has all but the tail.
        expected.pop();
        assert_eq!(names_and_types(&columns_of("events")), expected);
        // A column that was added later is nullable to DuckDB.
        for (column, (name, _, takes_null)) in COLUMNS.iter().zip(&found) {
            assert!(*takes_null || !column.is_nullable, "{name}");
        }
    }

    #[test]
    fn events_of_before_a_column_have_none() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_with(&connection, &MIGRATIONS[..4]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id) \
                 VALUES ('', '', now(), 0, now(), uuid())",
            )
            .unwrap();
        migrate(&connection).unwrap();
        let sql = "SELECT access_token_id, remote_addr FROM events";
        let origin: (Option<i64>, Option<String>) = connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(origin, (None, None));
    }

    #[test]
    fn hidden_columns_become_what_new_ones_are() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_with(&connection, &MIGRATIONS[..1]).unwrap();
        let values = [
            ("null", ""),
            ("[1]", "[1]"),
            ("{}", "{}"),
            (r#""""#, ""),
            (r#""[1]""#, "[1]"),
            (r#""{""#, "{"),
            ("12", "12"),
            (r#""Linux""#, "Linux"),
        ];
        for (n, (json, before)) in (0..).zip(values) {
            let payload = format!(r#"{{"stack": {json}, "platform": {{"os": {json}}}}}"#);
            connection
                .execute(
                    "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id, \
                     obj_id, payload, payload_stack, payload_platform_os) \
                     VALUES ('', '', now(), 0, now(), uuid(), ?, ?, ?, ?)",
                    duckdb::params![n, payload, before, before],
                )
                .unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id) \
                 VALUES ('', '', now(), 0, now(), uuid())",
            )
            .unwrap();
        migrate(&connection).unwrap();
        let n_wrong: i64 = connection
            .query_row(
                "SELECT count(*) FROM events WHERE has_payload IS DISTINCT FROM (payload IS NOT NULL) \
                 OR payload_is_json IS DISTINCT FROM true",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(n_wrong, 0);
        let mut statement = connection
            .prepare(
                "SELECT payload, payload_stack, payload_platform_os FROM events WHERE has_payload ORDER BY obj_id",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        });
        for (row, (json, _)) in rows.unwrap().zip(values) {
            let (payload, stack, os): (_, Option<String>, Option<String>) = row.unwrap();
            let promoted = PromotedPayload::extract(&Payload::parse(&payload).unwrap());
            assert_eq!(
                (stack, os),
                (promoted.stack, promoted.platform_os),
                "{json}"
            );
        }
    }

    #[test]
    fn payloads_of_an_older_data_directory_are_json() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.duckdb");
        let connection = Connection::open(&path).unwrap();
        migrate_with(&connection, &MIGRATIONS[..2]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id, payload, has_payload) \
                 SELECT 'a:b', 'server', now(), 0, now(), uuid(), p, p IS NOT NULL \
                 FROM (VALUES ('{\"a\": 1}'), (NULL)) AS old(p)",
            )
            .unwrap();
        drop(connection);
        let connection = Connection::open(&path).unwrap();
        migrate(&connection).unwrap();
        connection
            .execute_batch("INSERT INTO stored_events BY NAME SELECT * REPLACE ('{' AS payload, false AS payload_is_json) FROM stored_events")
            .unwrap();
        let mut statement = connection
            .prepare(
                "SELECT payload_is_json, CASE WHEN payload_is_json THEN json_extract_string(payload, '$.a') END \
                 FROM events ORDER BY ALL DESC NULLS LAST",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, Option<String>>(1)?))
        });
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        let expected = [
            (true, Some("1".to_owned())),
            (true, None),
            (false, None),
            (false, None),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn counted_spans_become_what_new_ones_are() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_with(&connection, &MIGRATIONS[..3]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id, obj_id, counted_ms) \
                 SELECT '', '', now(), 0, now(), uuid(), n, list FROM (VALUES \
                 (1, NULL), (2, []), (3, [5, 9]), (4, [5, 9, 20, 21]), (5, [7, 7])) AS rows(n, list)",
            )
            .unwrap();
        migrate(&connection).unwrap();
        let mut statement = connection
            .prepare("SELECT counted_from_ms, counted_until_ms, counted_total_ms FROM events ORDER BY obj_id")
            .unwrap();
        let spans = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let spans: Vec<(Option<i64>, Option<i64>, Option<i64>)> =
            spans.unwrap().map(Result::unwrap).collect();
        let none = (None, None, None);
        let span = |from, until, total| (Some(from), Some(until), Some(total));
        assert_eq!(
            spans,
            [none, none, span(5, 9, 4), span(5, 21, 5), span(7, 7, 0)]
        );
    }
}
