//! The tables as they are: made where they are not, and otherwise looked at for what keeps each event there once.

use std::sync::Arc;

use crate::connection::Connection;
use crate::ddl::{
    self, BATCHES, EVENTS, LOCAL, Layout, POSITION, WINDOW, WINDOW_SECONDS, named_columns,
    on_cluster,
};
use crate::error::{Error, code};
use crate::rewrite::MUTATING;

/// The table that has the rows.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Whether it has replicas.
    pub(crate) is_replicated: bool,
}

/// What the store may do with a table that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    /// Add what it lacks.
    pub(crate) alter: bool,
    /// Do without what keeps each event there once.
    pub(crate) at_least_once: bool,
}

/// Something that a table lacks, without which events are not stored, or not once.
#[derive(Clone, Debug)]
pub struct Lack {
    /// What it is.
    pub what: String,
    /// What would be so without it.
    pub consequence: &'static str,
    /// What adds it.
    pub statement: String,
    /// Whether events are stored nevertheless, some of them twice.
    pub is_of_repeats: bool,
}

/// A table that is there.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) engine: String,
    /// The text that makes its engine, with its settings.
    full: String,
}

impl Found {
    /// Whether rows go so many days after their arrival.
    pub(crate) fn has_ttl(&self, days: Option<u32>) -> bool {
        days.is_some_and(|days| self.full.contains(&format!("toIntervalDay({days})")))
    }
}

/// Which of the tables are there.
pub(crate) struct Tables {
    database: String,
    pub(crate) events: Option<Found>,
    pub(crate) local: Option<Found>,
    pub(crate) batches: Option<Found>,
}

impl Tables {
    /// Looks at them.
    pub(crate) fn look(connection: &Arc<Connection>) -> Result<Tables, Error> {
        let database = connection.database();
        let found = connection.ask_of_any(format!(
            "SELECT name, engine, engine_full FROM system.tables WHERE database = '{database}' \
             AND name IN ('{EVENTS}', '{LOCAL}', '{BATCHES}')"
        ))?;
        let table = |name: &str| {
            let mut lines = found.lines().map(|line| line.splitn(3, '\t'));
            lines.find_map(|mut parts| {
                let is_wanted = parts.next() == Some(name);
                let (engine, full) = (parts.next()?.to_owned(), parts.next()?);
                // The format's escapes.
                let full = full.replace("\\'", "'");
                is_wanted.then_some(Found { engine, full })
            })
        };
        Ok(Tables {
            database: database.to_owned(),
            events: table(EVENTS),
            local: table(LOCAL),
            batches: table(BATCHES),
        })
    }

    /// Whether there is a table of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let found = match name {
            EVENTS => &self.events,
            LOCAL => &self.local,
            BATCHES => &self.batches,
            _ => &None,
        };
        found.is_some()
    }

    /// The one that has the rows; none where there is no table of events yet.
    pub(crate) fn table(&self) -> Result<Option<(Table, &Found)>, Error> {
        let Some(events) = &self.events else {
            return Ok(None);
        };
        let (name, found) = match &self.local {
            Some(local) if events.engine == "Distributed" => (LOCAL, local),
            _ => (EVENTS, events),
        };
        if !found.engine.ends_with("MergeTree") {
            return Err(Error::Tables(format!(
                "{EVENTS} of {} is a {}: the store needs a table of the MergeTree family, or a Distributed one with \
                 {LOCAL} behind it (annoscope clickhouse schema --cluster NAME prints both)",
                self.database, found.engine
            )));
        }
        let table = Table {
            name,
            is_replicated: found.engine.starts_with("Replicated"),
        };
        Ok(Some((table, found)))
    }

    /// The tables as those of a layout. Its cluster is the one of the table that shows all shards.
    pub(crate) fn layout(&self) -> Layout {
        let events = self.events.as_ref();
        let distributed = events.filter(|events| events.engine == "Distributed");
        let cluster = distributed.and_then(|events| events.full.split('\'').nth(1));
        Layout {
            database: self.database.clone(),
            cluster: cluster.map(str::to_owned),
            ttl_days: None,
        }
    }

    /// What the tables lack.
    pub(crate) fn lacks(&self, connection: &Arc<Connection>) -> Result<Vec<Lack>, Error> {
        let Some((table, found)) = self.table()? else {
            return Ok(Vec::new());
        };
        let cluster = self.layout().cluster;
        let of_cluster = on_cluster(cluster.as_deref());
        let alter = |name: &str| format!("ALTER TABLE {}.{name}{of_cluster}", self.database);
        let mut lacks = Vec::new();
        let shown = (table.name == LOCAL).then_some(EVENTS);
        for name in [table.name].into_iter().chain(shown) {
            if let Some((columns, statement)) = self.lacking_columns(connection, name)? {
                lacks.push(Lack {
                    what: format!("{name} has no column {columns}"),
                    consequence: "an event could not be stored as a whole, nor looked for before it is sent again",
                    statement: format!("{} {statement}", alter(name)),
                    is_of_repeats: false,
                });
            }
        }
        let index = connection.ask_of_any(format!(
            "SELECT count() FROM system.data_skipping_indices \
             WHERE database = '{}' AND table = '{}' AND expr = '{POSITION}'",
            self.database, table.name
        ))?;
        if index.trim() == "0" {
            lacks.push(Lack {
                what: format!("{} has no index on {POSITION}", table.name),
                consequence: "each start would read the whole column",
                statement: format!("{} {}", alter(table.name), ddl::add_index()),
                is_of_repeats: false,
            });
        }
        for (name, least) in windows(table) {
            let value = setting(connection, found, table, name)?;
            if value < *least {
                lacks.push(Lack {
                    what: format!("{name} is {value}, and has to be {least}"),
                    consequence: "at least once: an INSERT that was slow and was sent again would be there twice",
                    statement: format!("{} MODIFY SETTING {name} = {least}", alter(table.name)),
                    is_of_repeats: true,
                });
            }
        }
        Ok(lacks)
    }

    /// The names of columns that a table lacks, and what adds them.
    fn lacking_columns(
        &self,
        connection: &Arc<Connection>,
        table: &str,
    ) -> Result<Option<(String, String)>, Error> {
        let found = connection.ask_of_any(format!(
            "SELECT name FROM system.columns WHERE database = '{}' AND table = '{table}'",
            self.database
        ))?;
        let lacking = named_columns().filter(|(name, _)| !found.lines().any(|line| line == *name));
        let lacking: Vec<_> = lacking.collect();
        if lacking.is_empty() {
            return Ok(None);
        }
        let names: Vec<_> = lacking.iter().map(|(name, _)| *name).collect();
        let added = lacking.iter();
        let added = added.map(|(_, column)| format!("ADD COLUMN IF NOT EXISTS {column}"));
        let added: Vec<_> = added.collect();
        Ok(Some((names.join(", "), added.join(", "))))
    }
}

/// Makes what is missing, as far as that is allowed. Returns also what is lacking then, where that is allowed.
pub(crate) fn prepare(
    connection: &Arc<Connection>,
    leave: Leave,
) -> Result<(Table, Vec<String>), Error> {
    let tables = Tables::look(connection)?;
    let layout = tables.layout();
    let Some((table, _)) = tables.table()? else {
        for statement in layout.statements() {
            connection.ask_of_any(statement)?;
        }
        tracing::info!(layout.database, "made the tables in ClickHouse");
        let table = Table {
            name: EVENTS,
            is_replicated: false,
        };
        return Ok((table, Vec::new()));
    };
    let (mut left, mut lacking) = (Vec::new(), Vec::new());
    for lack in tables.lacks(connection)? {
        let may_stay = leave.at_least_once && lack.is_of_repeats;
        match alter(connection, &lack, leave) {
            Ok(true) => {}
            Ok(false) if !may_stay => left.push(lack.statement),
            Err(error) if !may_stay || error.may_pass() => return Err(error),
            _ => lacking.push(lack.what),
        }
    }
    if !left.is_empty() {
        return Err(Error::Lacking {
            database: layout.database,
            missing: left,
        });
    }
    for lack in &lacking {
        tracing::warn!(lack, "events are stored at least once");
    }
    if tables.batches.is_none() {
        if table.is_replicated {
            return Err(no_batches(table));
        }
        connection.ask_of_any(layout.batches())?;
    }
    Ok((table, lacking))
}

/// Adds what is lacking; whether that is allowed.
fn alter(connection: &Arc<Connection>, lack: &Lack, leave: Leave) -> Result<bool, Error> {
    if leave.alter {
        tracing::info!(lack.statement, "changing ClickHouse's table");
        connection.ask_for(&lack.statement, MUTATING)?;
    }
    Ok(leave.alter)
}

/// On which servers the copies of a table are is not known here.
pub(crate) fn no_batches(table: Table) -> Error {
    Error::Tables(format!(
        "{} has replicas, and {BATCHES} is not there: make it on each of them, as annoscope clickhouse schema --cluster \
         NAME prints it",
        table.name
    ))
}

/// Whether rows would be taken now: not by a replica that only reads.
pub(crate) fn check_writable(connection: &Arc<Connection>) -> Result<(), Error> {
    let sql = format!(
        "SELECT count() FROM system.replicas WHERE is_readonly \
         AND database = currentDatabase() AND table IN ('{EVENTS}', '{LOCAL}', '{BATCHES}')"
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

/// The settings by which ClickHouse knows an INSERT again, and the least of each.
pub(crate) fn windows(table: Table) -> &'static [(&'static str, u64)] {
    if table.is_replicated {
        &[
            ("replicated_deduplication_window", WINDOW),
            ("replicated_deduplication_window_seconds", WINDOW_SECONDS),
        ]
    } else {
        &[("non_replicated_deduplication_window", WINDOW)]
    }
}

/// The table's own, or the server's.
pub(crate) fn setting(
    connection: &Arc<Connection>,
    found: &Found,
    table: Table,
    name: &str,
) -> Result<u64, Error> {
    if let Some(own) = setting_of(&found.full, name) {
        return Ok(own);
    }
    let settings = if table.is_replicated {
        "replicated_merge_tree_settings"
    } else {
        "merge_tree_settings"
    };
    let value = connection.ask_of_any(format!(
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

    /// Engines of `events` and of the table behind it; then the table that has the rows, and the cluster.
    type Case = (
        &'static str,
        Option<&'static str>,
        Result<(&'static str, bool), &'static str>,
        Option<&'static str>,
    );

    #[test]
    fn the_rows_are_in_the_table_or_in_the_one_behind_it() {
        let cases: [Case; 6] = [
            ("MergeTree", None, Ok((EVENTS, false)), None),
            ("ReplicatedMergeTree", None, Ok((EVENTS, true)), None),
            ("SharedMergeTree", None, Ok((EVENTS, false)), None),
            (
                "Distributed",
                Some("ReplicatedMergeTree"),
                Ok((LOCAL, true)),
                Some("two-shards"),
            ),
            (
                "Distributed",
                None,
                Err("is a Distributed"),
                Some("two-shards"),
            ),
            ("Memory", Some("MergeTree"), Err("is a Memory"), None),
        ];
        for (engine, local, expected, cluster) in cases {
            let found = |engine: &str| Found {
                engine: engine.to_owned(),
                full: format!("{engine}('two-shards', 'cvat', 'events_local', rand())"),
            };
            let tables = Tables {
                database: "cvat".to_owned(),
                events: Some(found(engine)),
                local: local.map(found),
                batches: None,
            };
            assert_eq!(tables.layout().cluster.as_deref(), cluster, "{engine}");
            let table = tables.table().map(|table| {
                let (table, _) = table.unwrap();
                (table.name, table.is_replicated)
            });
            match (table, expected) {
                (Ok(table), Ok(expected)) => assert_eq!(table, expected, "{engine}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (table, _) => panic!("{engine}: {table:?}"),
            }
        }
    }
}
