//! Stores entries, each row once: notes a batch (`batches.rs`), and sends its rows, an INSERT for each month.
//!
//! Two things keep a row from being there twice. Before anything is sent again, the rows that are there are looked for;
//! and what may still be on its way has a token and the bytes of the first time, by which ClickHouse drops the second.
//! A group that lies in two months is seen month by month.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use annoscope_events::COLUMNS;
use annoscope_store::{Entry, Position, Rewrite, Rewritten};

use crate::batches::{Batch, Stored};
use crate::connection::Connection;
use crate::ddl::{BATCHES, EVENTS, POSITION};
use crate::error::Error;
use crate::node::Node;
use crate::rewrite;
use crate::rows::{Encoded, Month, Placed, Prepared};
use crate::schema::{self, Leave, Table};
use crate::stats::Counters;

/// Stores entries, one batch after the other.
pub(crate) struct Applier {
    connection: Arc<Connection>,
    counters: Arc<Counters>,
    node: Node,
    leave: Leave,
    lacking: Arc<OnceLock<Vec<String>>>,
    /// None until the tables were looked at.
    table: Option<Table>,
    /// None when ClickHouse has to be asked.
    stored: Option<Stored>,
}

impl Applier {
    pub(crate) fn new(
        connection: Arc<Connection>,
        counters: Arc<Counters>,
        node: Node,
        leave: Leave,
        lacking: Arc<OnceLock<Vec<String>>>,
    ) -> Applier {
        Applier {
            connection,
            counters,
            node,
            leave,
            lacking,
            table: None,
            stored: None,
        }
    }

    /// Up to where all is stored.
    pub(crate) fn position(&mut self) -> Result<Position, Error> {
        Ok(Position(self.stored()?.position))
    }

    fn stored(&mut self) -> Result<Stored, Error> {
        if let Some(stored) = &self.stored {
            return Ok(stored.clone());
        }
        let connection = &self.connection;
        let table = if let Some(table) = self.table {
            table
        } else {
            let (table, lacking) = schema::prepare(connection, self.leave)?;
            // It stays so until the next start.
            let _ = self.lacking.set(lacking);
            table
        };
        if table.is_replicated {
            // What another replica has acknowledged is here then.
            for name in [table.name, BATCHES] {
                connection.ask(format!("SYSTEM SYNC REPLICA {name}"))?;
            }
        }
        let stored = Stored::read(connection, table.name, self.node)?;
        count_rows(connection, &self.counters)?;
        self.table = Some(table);
        self.stored = Some(stored.clone());
        Ok(stored)
    }

    /// As [`Backend::apply`](annoscope_store::Backend::apply). What was `prepared` is of these entries, if all of it is
    /// still to be stored.
    pub(crate) fn apply(
        &mut self,
        entries: &[Entry],
        until: Position,
        prepared: Option<Prepared>,
    ) -> Result<(), Error> {
        let stored = self.stored()?;
        let within = stored.position..until.0;
        if stored.is_settled()
            && let Some(prepared) = prepared.filter(|prepared| prepared.within == within)
        {
            return self.send(stored, prepared.n_rows, &prepared.inserts, until.0);
        }
        let from = entries.first().map(|entry| entry.from.0);
        let rows = Placed::decode(entries, within)?;
        let is_next = from.is_none_or(|from| from <= stored.position);
        if !is_next || until.0 < stored.position {
            return Err(Error::NotNext {
                from: from.unwrap_or(until.0),
                applied: stored.position,
            });
        }
        // What was begun ends where it would have ended.
        let begun_until = stored.begun_until().filter(|end| *end < until.0);
        let n_begun = begun_until.map_or(0, |end| rows.n_before(end));
        if let Some(end) = begun_until {
            self.store(&rows.slice(0..n_begun), end)?;
        }
        self.store(&rows.slice(n_begun..rows.len()), until.0)
    }

    /// Stores the rows up to a position, which follow on those that are stored.
    fn store(&mut self, rows: &Placed, until: u64) -> Result<(), Error> {
        let stored = self.stored()?;
        if until == stored.position {
            return Ok(());
        }
        let inserts = rows.inserts(&stored.present)?;
        self.send(stored, rows.len(), &inserts, until)
    }

    /// Notes the batch up to a position, which has so many rows, and sends those that are not there yet.
    fn send(
        &mut self,
        stored: Stored,
        n_rows: usize,
        inserts: &BTreeMap<Month, Encoded>,
        until: u64,
    ) -> Result<(), Error> {
        let batch = Batch {
            number: stored.batch.number + 1,
            first: stored.position,
            end: until,
            n_rows: n_rows as u64,
        };
        let is_noted = stored.begun_until() == Some(until) && stored.batch.n_rows == batch.n_rows;
        let batch = if is_noted { stored.batch } else { batch };
        // Unknown until the fate of these rows is known.
        self.stored = None;
        self.node
            .check_alone(&self.connection, Some(stored.batch))?;
        if !is_noted {
            batch.note(&self.connection, self.node)?;
        }
        for (month, rows) in inserts {
            self.insert(&batch, *month, rows)?;
        }
        let mut present = stored.present;
        let n_present = present.partition_point(|position| *position < until);
        present.drain(..n_present);
        let n_new = n_rows - n_present;
        Counters::add(&self.counters.rows_total, n_new as u64);
        self.stored = Some(Stored {
            batch,
            position: until,
            present,
        });
        Ok(())
    }

    fn insert(&self, batch: &Batch, month: Month, rows: &Encoded) -> Result<(), Error> {
        // Into the shard itself: what shows all of them would send rows on later, wherever it likes.
        let table = self.table.map_or(EVENTS, |table| table.name);
        let names = COLUMNS.iter().map(|column| column.name);
        let names: Vec<&str> = names.chain([POSITION]).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) FORMAT ArrowStream",
            names.join(", ")
        );
        // Other rows have another one, also where positions come again after a restore.
        let token = format!(
            "annoscope-{}-{}-{month}-{}",
            batch.first,
            batch.end,
            rows.hash.to_hex()
        );
        self.connection.insert(sql, rows, token)
    }

    /// Changes rows that are stored.
    pub(crate) fn rewrite(&mut self, rewrite: &Rewrite) -> Result<Rewritten, Error> {
        if matches!(rewrite, Rewrite::Compact { .. } | Rewrite::Catalogue) {
            // ClickHouse's merges do the one, and of the other nothing is kept.
            return Ok(Rewritten::default());
        }
        let stored = self.stored()?;
        if stored.begun_until().is_some() {
            return Err(Error::Tables(
                "events are on their way to ClickHouse; nothing is removed before they are there"
                    .to_owned(),
            ));
        }
        self.settle_at(stored)?;
        let table = self.table.map_or(EVENTS, |table| table.name);
        let rewritten = rewrite::rewrite(&self.connection, table, rewrite);
        count_rows(&self.connection, &self.counters)?;
        rewritten
    }

    /// Notes that all is stored up to where it is: rows may go then, and the position stays.
    fn settle_at(&mut self, stored: Stored) -> Result<(), Error> {
        if stored.batch.n_rows == 0 && stored.batch.end == stored.position {
            return Ok(());
        }
        let batch = stored.batch.settled(stored.position);
        self.stored = None;
        self.node
            .check_alone(&self.connection, Some(stored.batch))?;
        batch.note(&self.connection, self.node)?;
        self.stored = Some(Stored { batch, ..stored });
        Ok(())
    }

    /// The same at the end, should ClickHouse still answer: whatever others remove, the next start finds the position.
    pub(crate) fn settle(&mut self) {
        if let Some(stored) = self.stored.clone()
            && stored.begun_until().is_none()
            && let Err(error) = self.settle_at(stored)
        {
            tracing::debug!(%error, "the next start looks for the latest rows");
        }
    }
}

fn count_rows(connection: &Arc<Connection>, counters: &Counters) -> Result<(), Error> {
    let n_rows = connection.ask(format!("SELECT count() FROM {EVENTS}"))?;
    let n_rows = n_rows.trim().parse();
    let n_rows = n_rows.map_err(|_| Error::Unexpected("a count".to_owned()))?;
    Counters::set(&counters.rows_total, n_rows);
    Ok(())
}
