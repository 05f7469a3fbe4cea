//! The statements that make the tables, as text: on one server, or on the servers of a cluster.

use annoscope_events::{COLUMNS, Column, EXPORT_COLUMNS, HAS_PAYLOAD, PAYLOAD_IS_JSON};

/// CVAT's table, with columns of ours: where rows are, or what shows those of all shards.
pub(crate) const EVENTS: &str = "events";

/// Where a cluster has the rows of one shard.
pub(crate) const LOCAL: &str = "events_local";

/// The table of `batches.rs`.
pub(crate) const BATCHES: &str = "annoscope_batches";

/// The column with a row's position: none in rows that others wrote.
pub(crate) const POSITION: &str = "position";

/// When an event happened; the tables are sorted by it.
pub(crate) const TIMESTAMP: &str = "timestamp";

/// The index that finds rows by their positions.
const INDEX: &str = "INDEX position_range position TYPE minmax GRANULARITY 1";

/// INSERTs whose tokens ClickHouse has to keep. One is sent again at once or after the next start, with few others
/// between.
pub(crate) const WINDOW: u64 = 1000;

/// How long a replicated table has to keep them, in seconds: an INSERT goes on for a minute at most after its sender
/// has given it up.
pub(crate) const WINDOW_SECONDS: u64 = 600;

/// What a table that is made with replicas gets: ClickHouse's own number, and the week that it had before 2026.
const REPLICATED_WINDOW: &str =
    "replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800";

/// Where a cluster's tables have their place in Keeper. The macros are of each server's configuration.
const KEEPER: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

/// The same of a table that is one for all shards.
const KEEPER_OF_ALL: &str = "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'";

/// Which tables there are to be.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The database.
    pub database: String,
    /// On whose servers, as their configuration (`remote_servers`) calls it: tables with replicas, and what shows all
    /// shards in front of them. One server without replicas where it is none.
    pub cluster: Option<String>,
    /// Days after their arrival when ClickHouse removes rows; never where it is none.
    pub ttl_days: Option<u32>,
}

impl Layout {
    /// What makes them, where they are not there yet.
    pub fn statements(&self) -> Vec<String> {
        let tables = self.tables().into_iter();
        let tables = tables.map(|(_, statement)| statement);
        [self.create_database()].into_iter().chain(tables).collect()
    }

    pub(crate) fn create_database(&self) -> String {
        format!(
            "CREATE DATABASE IF NOT EXISTS {}{}",
            self.database,
            self.on_cluster()
        )
    }

    /// The tables by name, with what makes each.
    pub(crate) fn tables(&self) -> Vec<(&'static str, String)> {
        let database = &self.database;
        let (rows, events) = self.events();
        let mut tables = vec![(BATCHES, self.batches()), (rows, events)];
        if let Some(cluster) = &self.cluster {
            let shown = format!(
                "CREATE TABLE IF NOT EXISTS {database}.{EVENTS}{}\n(\n    {}\n)\n\
                 ENGINE = Distributed({}, {database}, {LOCAL}, cityHash64(coalesce(user_id, 0)))",
                self.on_cluster(),
                lines(columns()),
                quoted_name(cluster)
            );
            tables.push((EVENTS, shown));
        }
        tables
    }

    /// When rows go. By arrival: what comes late is not gone at once, while the store still looks for it.
    pub(crate) fn ttl(&self) -> Option<String> {
        self.ttl_days
            .map(|days| format!("TTL toDateTime(received_at) + INTERVAL {days} DAY DELETE"))
    }

    /// The table of `batches.rs`.
    pub(crate) fn batches(&self) -> String {
        let engine = match self.cluster {
            None => "ReplacingMergeTree(number)".to_owned(),
            Some(_) => format!("ReplicatedReplacingMergeTree({KEEPER_OF_ALL}, number)"),
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {}.{BATCHES}{}\n(\n    {}\n)\nENGINE = {engine}\nORDER BY (node, owner)",
            self.database,
            self.on_cluster(),
            lines(
                [
                    "node UInt16",
                    "owner UUID",
                    "number UInt64",
                    "first_position UInt64",
                    "end_position UInt64",
                    "n_rows UInt64"
                ]
                .map(str::to_owned)
            )
        )
    }

    /// The table that has the rows, and what makes it.
    fn events(&self) -> (&'static str, String) {
        let (name, engine, settings) = match self.cluster {
            None => (
                EVENTS,
                "MergeTree".to_owned(),
                format!("non_replicated_deduplication_window = {WINDOW}"),
            ),
            Some(_) => (
                LOCAL,
                format!("ReplicatedMergeTree({KEEPER})"),
                REPLICATED_WINDOW.to_owned(),
            ),
        };
        let ttl = self
            .ttl()
            .map_or_else(String::new, |ttl| format!("\n{ttl}"));
        let statement = format!(
            "CREATE TABLE IF NOT EXISTS {}.{name}{}\n(\n    {}\n)\nENGINE = {engine}\n\
             PARTITION BY toYYYYMM({TIMESTAMP})\nORDER BY {TIMESTAMP}{ttl}\nSETTINGS {settings}",
            self.database,
            self.on_cluster(),
            lines(columns().chain([INDEX.to_owned()]))
        );
        (name, statement)
    }

    pub(crate) fn on_cluster(&self) -> String {
        on_cluster(self.cluster.as_deref())
    }
}

pub(crate) fn on_cluster(cluster: Option<&str>) -> String {
    cluster.map_or_else(String::new, |name| {
        format!(" ON CLUSTER {}", quoted_name(name))
    })
}

/// What adds the index.
pub(crate) fn add_index() -> String {
    format!("ADD {}", INDEX.replace("INDEX", "INDEX IF NOT EXISTS"))
}

/// All columns by name, with what stands for each in a statement.
pub(crate) fn named_columns() -> impl Iterator<Item = (&'static str, String)> {
    let ours = COLUMNS
        .iter()
        .map(|column| (column.name, column_ddl(column)));
    let position = format!("`{POSITION}` Nullable(UInt64) MATERIALIZED NULL");
    ours.chain([(POSITION, position)])
}

fn columns() -> impl Iterator<Item = String> {
    named_columns().map(|(_, ddl)| ddl)
}

fn lines(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join(",\n    ")
}

/// A name of ours or of ClickHouse's users, in backticks where it is no word.
pub(crate) fn quoted_name(name: &str) -> String {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if is_word {
        return name.to_owned();
    }
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(cluster: Option<&str>, ttl_days: Option<u32>) -> String {
        let layout = Layout {
            database: "cvat".to_owned(),
            cluster: cluster.map(str::to_owned),
            ttl_days,
        };
        layout.statements().join(";\n")
    }

    #[test]
    fn a_new_table_has_cvats_columns_and_ours_beside_them() {
        let ddl = layout(None, None);
        let cases = [
            "CREATE DATABASE IF NOT EXISTS cvat;",
            "CREATE TABLE IF NOT EXISTS cvat.events\n(\n    `scope` String,\n",
            "`timestamp` DateTime64(3, 'Etc/UTC'),",
            "`remote_addr` Nullable(String),",
            "`counted_ms` Array(Int64) MATERIALIZED [],",
            "`request_id` Nullable(String) MATERIALIZED NULL,",
            "`position` Nullable(UInt64) MATERIALIZED NULL,",
            "SETTINGS non_replicated_deduplication_window = 1000",
        ];
        for part in cases {
            assert!(ddl.contains(part), "{part} in {ddl}");
        }
        for part in ["Replicated", "TTL", "CLUSTER"] {
            assert!(!ddl.contains(part), "{part} in {ddl}");
        }
    }

    #[test]
    fn a_cluster_has_replicas_by_month_and_what_shows_all_shards() {
        let ddl = layout(Some("two-shards"), Some(400));
        let cases = [
            "CREATE DATABASE IF NOT EXISTS cvat ON CLUSTER `two-shards`;",
            "CREATE TABLE IF NOT EXISTS cvat.events_local ON CLUSTER `two-shards`\n",
            "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')\n\
             PARTITION BY toYYYYMM(timestamp)\nORDER BY timestamp\n\
             TTL toDateTime(received_at) + INTERVAL 400 DAY DELETE\n\
             SETTINGS replicated_deduplication_window = 10000",
            "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', number)",
            "ENGINE = Distributed(`two-shards`, cvat, events_local, cityHash64(coalesce(user_id, 0)))",
        ];
        for part in cases {
            assert!(ddl.contains(part), "{part} in {ddl}");
        }
    }

    #[test]
    fn names_are_words_or_stand_in_backticks() {
        let cases = [
            ("cvat", "cvat"),
            ("two-shards", "`two-shards`"),
            ("7", "`7`"),
            ("", "`"),
            ("a`b\\", "`a\\`b\\\\`"),
        ];
        for (name, expected) in cases {
            assert!(quoted_name(name).starts_with(expected), "{name}");
        }
    }
}
