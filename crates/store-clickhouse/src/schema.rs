//! The tables: made where they are not, and otherwise looked at for what keeps each event there once.

use std::sync::Arc;

use annoscope_events::{COLUMNS, Column, EXPORT_COLUMNS, HAS_PAYLOAD, PAYLOAD_IS_JSON};

use crate::connection::Connection;
use crate::error::{Error, code};

/// CVAT's table, with columns of ours.
pub(crate) const EVENTS: &str = "events";

/// The table of `batches.rs`.
pub(crate) const BATCHES: &str = "annoscope_batches";

/// The column with a row's position: none in rows that others wrote.
pub(crate) const POSITION: &str = "position";

/// When an event happened; the tables are sorted by it.
pub(crate) const TIMESTAMP: &str = "timestamp";

/// The index that finds rows by their positions.
const INDEX: &str = "INDEX position_range position TYPE minmax GRANULARITY 1";

/// INSERTs whose tokens ClickHouse keeps. One is sent again at once or after the next start, with few others between.
const WINDOW: u64 = 1000;

/// How long a replicated table has to keep them, in seconds: an INSERT goes on for a minute at most after its sender
/// has given it up.
const WINDOW_SECONDS: u64 = 600;

/// The table `events` as it is.
pub(crate) struct Table {
    /// Whether it has replicas.
    pub(crate) is_replicated: bool,
}

/// What is there of a table.
struct Found {
    /// Name of the engine, and the text that makes it, with its settings.
    engine: String,
    full: String,
}

/// Makes what is missing, as far as that is allowed.
pub(crate) fn prepare(connection: &Arc<Connection>, may_alter: bool) -> Result<Table, Error> {
    let events = match found(connection, EVENTS) {
        Err(Error::Refused { code: 81, .. }) => None,
        found => found?,
    };
    let Some(events) = events else {
        make(connection)?;
        return Ok(Table {
            is_replicated: false,
        });
    };
    if !events.engine.ends_with("MergeTree") {
        return Err(Error::Tables(format!(
            "{EVENTS} of {} is a {}: the store needs a table of the MergeTree family, not what distributes or shows one",
            connection.database(),
            events.engine
        )));
    }
    let table = Table {
        is_replicated: events.engine.starts_with("Replicated"),
    };
    let missing = missing(connection, &events, &table)?;
    if !missing.is_empty() && !may_alter {
        return Err(Error::Lacking {
            database: connection.database().to_owned(),
            missing,
        });
    }
    for statement in missing {
        tracing::info!(statement, "changing ClickHouse's table");
        connection.ask(statement)?;
    }
    if found(connection, BATCHES)?.is_none() {
        if table.is_replicated {
            return Err(Error::Tables(format!(
                "{EVENTS} has replicas, so {BATCHES} has to be made on each of them, too: {}",
                batches_ddl("ReplicatedReplacingMergeTree")
            )));
        }
        connection.ask(batches_ddl("ReplacingMergeTree"))?;
    }
    Ok(table)
}

/// Whether rows would be taken now: not by a replica that only reads.
pub(crate) fn check_writable(connection: &Arc<Connection>) -> Result<(), Error> {
    let sql = format!(
        "SELECT count() FROM system.replicas WHERE is_readonly \
         AND database = currentDatabase() AND table IN ('{EVENTS}', '{BATCHES}')"
    );
    if connection.ask(sql)?.trim() == "0" {
        return Ok(());
    }
    Err(Error::Refused {
        place: connection.database().to_owned(),
        code: code::READ_ONLY,
        message: "a replica that only reads".to_owned(),
    })
}

fn make(connection: &Arc<Connection>) -> Result<(), Error> {
    let database = connection.database();
    connection.ask_without_database(format!("CREATE DATABASE IF NOT EXISTS {database}"))?;
    connection.ask(batches_ddl("ReplacingMergeTree"))?;
    connection.ask(events_ddl())?;
    tracing::info!(database, "made the tables in ClickHouse");
    Ok(())
}

fn found(connection: &Arc<Connection>, table: &str) -> Result<Option<Found>, Error> {
    let found = connection.ask(format!(
        "SELECT engine, engine_full FROM system.tables \
         WHERE database = currentDatabase() AND name = '{table}'"
    ))?;
    let found = found.lines().next().and_then(|line| line.split_once('\t'));
    Ok(found.map(|(engine, full)| Found {
        engine: engine.to_owned(),
        full: full.to_owned(),
    }))
}

/// Statements that add what a table lacks.
fn missing(
    connection: &Arc<Connection>,
    events: &Found,
    table: &Table,
) -> Result<Vec<String>, Error> {
    let alter = format!("ALTER TABLE {EVENTS}");
    let names = connection.ask(format!(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '{EVENTS}'"
    ))?;
    let has = |name: &str| names.lines().any(|found| found == name);
    let columns = COLUMNS.iter().filter(|column| !has(column.name));
    let mut missing: Vec<String> = columns
        .map(|column| format!("{alter} ADD COLUMN IF NOT EXISTS {}", column_ddl(column)))
        .collect();
    if !has(POSITION) {
        missing.push(format!(
            "{alter} ADD COLUMN IF NOT EXISTS {}",
            position_ddl()
        ));
    }
    let index = connection.ask(format!(
        "SELECT count() FROM system.data_skipping_indices \
         WHERE database = currentDatabase() AND table = '{EVENTS}' AND expr = '{POSITION}'"
    ))?;
    if index.trim() == "0" {
        missing.push(format!(
            "{alter} ADD {}",
            INDEX.replace("INDEX", "INDEX IF NOT EXISTS")
        ));
    }
    let needed: &[(&str, u64)] = if table.is_replicated {
        &[
            ("replicated_deduplication_window", WINDOW),
            ("replicated_deduplication_window_seconds", WINDOW_SECONDS),
        ]
    } else {
        &[("non_replicated_deduplication_window", WINDOW)]
    };
    for (name, least) in needed {
        if setting(connection, events, table, name)? < *least {
            missing.push(format!("{alter} MODIFY SETTING {name} = {least}"));
        }
    }
    Ok(missing)
}

/// The table's own, or the server's.
fn setting(
    connection: &Arc<Connection>,
    events: &Found,
    table: &Table,
    name: &str,
) -> Result<u64, Error> {
    if let Some(own) = setting_of(&events.full, name) {
        return Ok(own);
    }
    let settings = if table.is_replicated {
        "replicated_merge_tree_settings"
    } else {
        "merge_tree_settings"
    };
    let value = connection.ask(format!(
        "SELECT value FROM system.{settings} WHERE name = '{name}'"
    ))?;
    // A ClickHouse that does not know it does nothing with tokens.
    Ok(value.trim().parse().unwrap_or(0))
}

/// `name = 1` in the text of an engine.
fn setting_of(engine: &str, name: &str) -> Option<u64> {
    let settings = engine.rsplit_once(" SETTINGS ")?.1;
    let settings = settings.split(',').filter_map(|pair| pair.split_once('='));
    let mut settings = settings.map(|(found, value)| (found.trim(), value.trim()));
    settings.find(|(found, _)| *found == name)?.1.parse().ok()
}

fn events_ddl() -> String {
    let columns = COLUMNS.iter().map(column_ddl);
    let columns: Vec<String> = columns.chain([position_ddl(), INDEX.to_owned()]).collect();
    format!(
        "CREATE TABLE IF NOT EXISTS {EVENTS} ({}) ENGINE = MergeTree \
         PARTITION BY toYYYYMM({TIMESTAMP}) ORDER BY {TIMESTAMP} \
         SETTINGS non_replicated_deduplication_window = {WINDOW}",
        columns.join(", ")
    )
}

fn batches_ddl(engine: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {BATCHES} (number UInt64, first_position UInt64, end_position UInt64, \
         n_rows UInt64) ENGINE = {engine}(number) ORDER BY tuple()"
    )
}

/// CVAT's columns are as CVAT's are. Ours are no part of `*`, so that whoever reads CVAT's table gets what CVAT's has;
/// what they hold in rows that others wrote is computed where it can be.
fn column_ddl(column: &Column) -> String {
    let name = column.name;
    let data_type = match column.clickhouse_type().as_str() {
        "DateTime64(3)" => "DateTime64(3, 'Etc/UTC')".to_owned(),
        other => other.to_owned(),
    };
    if EXPORT_COLUMNS.contains(&name) {
        return format!("`{name}` {data_type}");
    }
    let computed = match name {
        "received_at" => TIMESTAMP.to_owned(),
        HAS_PAYLOAD => "payload IS NOT NULL".to_owned(),
        PAYLOAD_IS_JSON => "payload IS NULL OR isValidJSON(assumeNotNull(payload))".to_owned(),
        _ if data_type.starts_with("Array") => "[]".to_owned(),
        _ => "NULL".to_owned(),
    };
    format!("`{name}` {data_type} MATERIALIZED {computed}")
}

fn position_ddl() -> String {
    format!("`{POSITION}` Nullable(UInt64) MATERIALIZED NULL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_in_the_text_of_an_engine() {
        let engine = "MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY timestamp \
                      SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 100";
        let name = "non_replicated_deduplication_window";
        assert_eq!(setting_of(engine, name), Some(100));
        assert_eq!(setting_of(engine, "deduplication_window"), None);
        assert_eq!(setting_of("MergeTree ORDER BY timestamp", name), None);
    }

    #[test]
    fn a_new_table_has_cvats_columns_and_ours_beside_them() {
        let ddl = events_ddl();
        let cases = [
            "(`scope` String, ",
            "`timestamp` DateTime64(3, 'Etc/UTC'), ",
            "`remote_addr` Nullable(String), ",
            "`counted_ms` Array(Int64) MATERIALIZED [], ",
            "`request_id` Nullable(String) MATERIALIZED NULL, ",
            "`position` Nullable(UInt64) MATERIALIZED NULL, ",
            "non_replicated_deduplication_window = 1000",
        ];
        for part in cases {
            assert!(ddl.contains(part), "{part} in {ddl}");
        }
    }
}
