//! What `annoscope clickhouse` does: says what the tables are and lack, and changes them with leave.

use std::sync::Arc;

use annoscope_store::StoreError;
use serde::Serialize;

use crate::ClickHouseConfig;
use crate::batches::{Batch, n_rows_at, numbers, rival};
use crate::connection::Connection;
use crate::ddl::{BATCHES, EVENTS, LOCAL, Layout, POSITION};
use crate::error::Error;
use crate::hours::Claims;
use crate::node::Node;
use crate::policy::{self, Reader};
use crate::rewrite::MUTATING;
use crate::schema::{self, Lack, Table, Tables, setting, windows};
use crate::stats::Counters;

/// The tables in a ClickHouse, for who looks after them.
pub struct Administration {
    connection: Arc<Connection>,
    node: Node,
    legacy_working_time: bool,
}

/// What is to be changed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Tables, where they are not there yet.
    pub layout: Layout,
    /// Columns, index and settings that a table which is there lacks.
    pub add_columns: bool,
    /// The keys of hours that nobody counted, in rows that others wrote, are to be renamed.
    pub mend_hours: bool,
    /// Who is to see less than all rows.
    pub readers: Vec<Reader>,
}

/// A change of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is for.
    pub why: String,
    /// The statement.
    pub statement: String,
}

/// What there is, and what it means.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The address that answered.
    pub address: String,
    /// ClickHouse's version.
    pub version: String,
    /// The database.
    pub database: String,
    /// The table that has the rows, and its engine; none where it is not there.
    pub table: Option<String>,
    /// The cluster whose shards the table `events` shows.
    pub cluster: Option<String>,
    /// Settings that keep each event there once.
    pub settings: Vec<Setting>,
    /// What is lacking. While there is any the server does not start.
    pub lacking: Vec<String>,
    /// Sizes of the table; none where it is not there.
    pub size: Option<Size>,
    /// The annoscopes that write to it.
    pub nodes: Vec<NodeStatus>,
    /// Copies of the tables, where they have some.
    pub replicas: Vec<Replica>,
}

/// A setting and its least value.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub value: u64,
    /// What it has to be.
    pub least: u64,
}

/// Sizes of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Size {
    /// All rows; those of all shards, where it has some.
    pub n_rows: u64,
    /// Rows that others wrote.
    pub n_others: u64,
    /// Of these, rows whose payload claims hours that nobody counted.
    pub n_claims: u64,
    /// Bytes on the disk of the server that was asked.
    pub n_bytes: u64,
    /// Active parts there.
    pub n_parts: u64,
    /// Times of the first and of the last row, UTC; none of an empty table.
    pub times: Option<(String, String)>,
}

/// An annoscope that writes to the table.
#[derive(Clone, Debug, Serialize)]
pub struct NodeStatus {
    /// Its number.
    pub node: u16,
    /// Its data directory.
    pub owner: String,
    /// Whether that is the one of this command.
    pub is_this: bool,
    /// How many rows of it are there.
    pub n_events: u64,
    /// Rows of its latest batch, and how many of them are there: fewer while it is on its way, or after some were removed.
    pub latest_batch: (u64, u64),
}

/// A copy of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Replica {
    /// The table.
    pub table: String,
    /// Whether it takes no rows now.
    pub is_readonly: bool,
    /// How far it is behind, seconds.
    pub delay_s: u64,
    /// What it has still to do.
    pub n_queued: u64,
    /// Copies that there are.
    pub n_replicas: u64,
    /// Those that answer.
    pub n_active: u64,
}

impl Administration {
    /// Nothing is asked yet. `legacy_working_time` is the setting of that name: hours within events of clients count.
    pub fn new(
        config: &ClickHouseConfig,
        legacy_working_time: bool,
    ) -> Result<Administration, StoreError> {
        let connection = Connection::new(config, Arc::new(Counters::default()))?;
        Ok(Administration {
            connection: Arc::new(connection),
            node: config.node,
            legacy_working_time,
        })
    }

    /// What is to be done for what is wanted, and what would be left lacking.
    pub fn plan(&self, wanted: &Wanted) -> Result<(Vec<Change>, Vec<Lack>), StoreError> {
        let tables = Tables::look(&self.connection)?;
        let layout = layout(&tables, &wanted.layout)?;
        if let Some((table, _)) = tables.table()?
            && table.is_replicated
            && layout.cluster.is_none()
            && !tables.has(BATCHES)
        {
            return Err(schema::no_batches(table).into());
        }
        let mut changes = Vec::new();
        let mut change = |why: &str, statement: String| {
            let why = why.to_owned();
            changes.push(Change { why, statement });
        };
        if !tables.has(EVENTS) {
            change("the tables have a database", layout.create_database());
        }
        for (name, statement) in layout.tables() {
            if !tables.has(name) {
                change(&format!("{name} is not there"), statement);
            }
        }
        let mut lacks = tables.lacks(&self.connection)?;
        if wanted.add_columns {
            for lack in lacks.drain(..) {
                change(&lack.what, lack.statement);
            }
        }
        let on_cluster = layout.on_cluster();
        if let Some((table, found)) = tables.table()? {
            let alter = format!("ALTER TABLE {}.{}{on_cluster}", layout.database, table.name);
            if let Some(ttl) = wanted.layout.ttl()
                && !found.has_ttl(wanted.layout.ttl_days)
            {
                change(
                    "rows are to go some days after their arrival",
                    format!("{alter} MODIFY {ttl}"),
                );
            }
            let claims = self.claims(&tables)?;
            if wanted.mend_hours {
                let n_rows = self.n_rows_of(&claims.condition())?;
                if n_rows > 0 {
                    change(
                        &format!("{n_rows} rows claim hours that nobody counted"),
                        format!("{alter} {} SETTINGS mutations_sync = 2", claims.update()),
                    );
                }
            }
        }
        for statement in policy::statements(&layout, &wanted.readers) {
            change("who asks ClickHouse itself is narrowed", statement);
        }
        Ok((changes, lacks))
    }

    /// Does it. A mutation, which writes parts again, is waited for.
    pub fn run(&self, change: &Change) -> Result<(), StoreError> {
        let done = self.connection.ask_of_any_for(&change.statement, MUTATING);
        Ok(done.map(drop)?)
    }

    /// The data directory that has the number of this one.
    pub fn other_owner(&self) -> Result<Option<String>, StoreError> {
        if Tables::look(&self.connection)?.batches.is_none() {
            return Ok(None);
        }
        let own = Batch::latest(&self.connection, self.node)?;
        let other = rival(&self.connection, self.node, own)?;
        Ok(other.map(|(owner, _)| owner.to_string()))
    }

    /// Gives the number to this data directory, which goes on behind the last batch of the other one. Returns how many
    /// rows of that batch never came; none where no other has the number.
    pub fn take_over(&self) -> Result<Option<u64>, StoreError> {
        let tables = Tables::look(&self.connection)?;
        let (Some((table, _)), Some(_)) = (tables.table()?, &tables.batches) else {
            return Ok(None);
        };
        Ok(self.node.take_over(&self.connection, table.name)?)
    }

    /// What there is.
    pub fn status(&self) -> Result<Status, StoreError> {
        let connection = &self.connection;
        let version = connection.ask_of_any("SELECT version()")?;
        let tables = Tables::look(connection)?;
        let mut settings = Vec::new();
        let mut size = None;
        let table = tables.table()?;
        if let Some((table, found)) = table {
            for &(name, least) in windows(table) {
                let value = setting(connection, found, table, name)?;
                settings.push(Setting { name, value, least });
            }
            size = Some(self.size(&tables, table)?);
        }
        let lacks = tables.lacks(connection)?;
        let lacks = lacks.iter();
        Ok(Status {
            address: connection.current().to_string(),
            version: version.trim().to_owned(),
            database: connection.database().to_owned(),
            table: table.map(|(table, found)| format!("{} ({})", table.name, found.engine)),
            cluster: tables.layout().cluster,
            settings,
            lacking: lacks
                .map(|lack| format!("{}: {}", lack.what, lack.consequence))
                .collect(),
            size,
            nodes: match (&tables.batches, table) {
                (Some(_), Some((table, _))) => self.nodes(table)?,
                _ => Vec::new(),
            },
            replicas: self.replicas()?,
        })
    }

    fn size(&self, tables: &Tables, table: Table) -> Result<Size, Error> {
        let connection = &self.connection;
        let of_parts = connection.ask(format!(
            "SELECT sum(bytes_on_disk), count() FROM system.parts \
             WHERE active AND database = currentDatabase() AND table = '{}'",
            table.name
        ))?;
        let of_parts = numbers(&of_parts)?.concat();
        let n_rows = self.n_rows_of("1")?;
        let claims = self.claims(tables)?;
        let times = connection.ask(format!(
            "SELECT toString(min(timestamp)), toString(max(timestamp)) FROM {EVENTS}"
        ))?;
        let times = times.trim().split_once('\t').filter(|_| n_rows > 0);
        Ok(Size {
            n_rows,
            n_others: if claims.has_positions {
                self.n_rows_of(&format!("{POSITION} IS NULL"))?
            } else {
                n_rows
            },
            n_claims: self.n_rows_of(&claims.condition())?,
            n_bytes: of_parts.first().copied().unwrap_or(0),
            n_parts: of_parts.get(1).copied().unwrap_or(0),
            times: times.map(|(first, last)| (first.to_owned(), last.to_owned())),
        })
    }

    fn claims(&self, tables: &Tables) -> Result<Claims, Error> {
        let has_position = self.connection.ask(format!(
            "SELECT count() FROM system.columns WHERE database = currentDatabase() \
             AND table = '{EVENTS}' AND name = '{POSITION}'"
        ));
        Ok(Claims {
            legacy_working_time: self.legacy_working_time,
            has_positions: tables.has(EVENTS) && has_position?.trim() == "1",
        })
    }

    fn n_rows_of(&self, condition: &str) -> Result<u64, Error> {
        let sql = format!("SELECT count() FROM {EVENTS} WHERE {condition}");
        let n_rows = self.connection.ask_for(sql, MUTATING)?;
        Ok(numbers(&n_rows)?.into_iter().flatten().sum())
    }

    fn nodes(&self, table: Table) -> Result<Vec<NodeStatus>, Error> {
        // Of a number the row that was put last.
        let found = self.connection.ask(format!(
            "SELECT owner, node, first_position, end_position, n_rows FROM {BATCHES} \
             ORDER BY node, number DESC, end_position DESC LIMIT 1 BY node, owner"
        ))?;
        let node = |line: &str| {
            let (owner, rest) = line.split_once('\t').unwrap_or_default();
            let numbers = numbers(rest)?.concat();
            let &[node, first, end, n_rows] = numbers.as_slice() else {
                return Err(Error::Unexpected(line.to_owned()));
            };
            let number = u16::try_from(node).map_err(|_| Error::Unexpected(line.to_owned()))?;
            let of_owner = Node {
                number,
                owner: self.node.owner,
            };
            Ok(NodeStatus {
                node: number,
                owner: owner.to_owned(),
                is_this: owner == self.node.owner.to_string(),
                n_events: n_rows_at(&self.connection, EVENTS, of_owner.first()..of_owner.end())?,
                latest_batch: (n_rows, n_rows_at(&self.connection, table.name, first..end)?),
            })
        };
        found.lines().map(node).collect()
    }

    fn replicas(&self) -> Result<Vec<Replica>, Error> {
        let found = self.connection.ask_of_any(format!(
            "SELECT table, toUInt8(is_readonly), absolute_delay, queue_size, total_replicas, active_replicas \
             FROM system.replicas WHERE database = '{}' AND table IN ('{EVENTS}', '{LOCAL}', '{BATCHES}')",
            self.connection.database()
        ))?;
        let replica = |line: &str| {
            let (table, rest) = line.split_once('\t').unwrap_or_default();
            let numbers = numbers(rest)?.concat();
            let &[is_readonly, delay_s, n_queued, n_replicas, n_active] = numbers.as_slice() else {
                return Err(Error::Unexpected(line.to_owned()));
            };
            Ok(Replica {
                table: table.to_owned(),
                is_readonly: is_readonly == 1,
                delay_s,
                n_queued,
                n_replicas,
                n_active,
            })
        };
        found.lines().map(replica).collect()
    }
}

/// The layout of the tables that are there, or the wanted one where there are none.
fn layout(tables: &Tables, wanted: &Layout) -> Result<Layout, Error> {
    if !tables.has(EVENTS) && !tables.has(LOCAL) {
        return Ok(wanted.clone());
    }
    let found = tables.layout();
    match &wanted.cluster {
        Some(cluster) if tables.has(EVENTS) && found.cluster.as_ref() != Some(cluster) => {
            Err(Error::Tables(format!(
                "{EVENTS} of {} is there already, and not of the cluster {cluster}: choose another database for that \
                 (store.clickhouse.database), and bring events over with annoscope copy",
                found.database
            )))
        }
        Some(_) => Ok(Layout {
            ttl_days: wanted.ttl_days,
            ..wanted.clone()
        }),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests;
