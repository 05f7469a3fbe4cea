//! The home of events in ClickHouse: CVAT's table with columns of ours, asked over HTTP.
//!
//! ```text
//! journal ─ apply.rs: a batch ─ batches.rs: what is to be stored ─ an INSERT for each month
//!                                    ▲ asked after every unknown answer and every start
//! query, export ─ read.rs: Arrow, piece by piece; KILL QUERY when the reader is gone
//! ```
//!
//! `connection.rs` owns the addresses and is the only file that knows HTTP; `ddl.rs` has the tables as text, `schema.rs`
//! makes them, or says what an existing one lacks, and `node.rs` keeps several annoscopes apart. `administration.rs` is
//! what `annoscope clickhouse` does. The crate knows no users, and neither the journal nor how queries come to their text.
//!
//! Plain HTTP, and not the crate `clickhouse`: rows and results are Arrow here already, which that crate leaves to the
//! caller's own bytes, and what is left is a POST with parameters.

mod administration;
mod apply;
mod batches;
mod connection;
mod ddl;
mod error;
mod hours;
mod node;
mod policy;
mod read;
mod rewrite;
mod rows;
mod schema;
mod sizes;
mod stats;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use annoscope_store::{
    Backend, BackendStats, Entry, EventFilter, Figure, Position, Query, RecordBatches, Rewrite,
    Rewritten, StoreError,
};

pub use administration::{
    Administration, Change, NodeStatus, Replica, Setting, Size, Status, Wanted,
};
pub use ddl::Layout;
pub use node::{MAX_NODES, Node};
pub use policy::Reader;
pub use schema::Lack;

use apply::Applier;
use connection::Connection;
use error::Error;
use read::Reads;
use rows::Prepared;
use schema::Leave;
use stats::Counters;

/// Settings of the store.
#[derive(Clone, Debug)]
pub struct ClickHouseConfig {
    /// Addresses of the HTTP interfaces of one server, or of the replicas of one shard. One of them is used at a time.
    pub urls: Vec<String>,
    /// Who asks.
    pub user: String,
    /// With which password.
    pub password: String,
    /// Where the table `events` is.
    pub database: String,
    /// Which of the annoscopes before the table this is.
    pub node: Node,
    /// Whether a table that is there may get our columns and settings.
    pub may_alter: bool,
    /// Whether a table is used that cannot keep each event there once.
    pub at_least_once: bool,
    /// How long the answer to an INSERT, or to a question of ours, is waited for.
    pub timeout: Duration,
    /// Memory of one read in ClickHouse, in bytes.
    pub memory_bytes: u64,
    /// A directory of the disk that the server writes to, whose free space is told.
    pub data_dir: PathBuf,
}

/// The store.
pub struct ClickHouseStore {
    connection: Arc<Connection>,
    node: Node,
    applier: Mutex<Applier>,
    /// What comes after that which is applied now, and the first entry it was made of.
    prepared: Mutex<Option<(Position, Prepared)>>,
    reads: Reads,
    counters: Arc<Counters>,
    /// What the tables lack; empty until they were looked at.
    lacking: Arc<OnceLock<Vec<String>>>,
    data_dir: PathBuf,
}

impl ClickHouseStore {
    /// Makes the tables where they are not, and refuses those that events cannot be stored in exactly once. A
    /// ClickHouse that does not answer is no error: then it is looked at before the first events go there.
    pub fn open(config: &ClickHouseConfig) -> Result<ClickHouseStore, StoreError> {
        Ok(ClickHouseStore::connect(config)?)
    }

    fn connect(config: &ClickHouseConfig) -> Result<ClickHouseStore, Error> {
        let counters = Arc::new(Counters::default());
        let connection = Arc::new(Connection::new(config, Arc::clone(&counters))?);
        let lacking = Arc::default();
        let leave = Leave {
            alter: config.may_alter,
            at_least_once: config.at_least_once,
        };
        let mut applier = Applier::new(
            Arc::clone(&connection),
            Arc::clone(&counters),
            config.node,
            leave,
            Arc::clone(&lacking),
        );
        match applier.position() {
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, "ClickHouse cannot be asked now; events wait in the journal");
            }
            position => drop(position?),
        }
        Ok(ClickHouseStore {
            reads: Reads::new(Arc::clone(&connection), config.node, config.memory_bytes),
            connection,
            node: config.node,
            applier: Mutex::new(applier),
            prepared: Mutex::default(),
            counters,
            lacking,
            data_dir: config.data_dir.clone(),
        })
    }

    fn prepared(&self) -> MutexGuard<'_, Option<(Position, Prepared)>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that stores events, while the store is open.
    fn applier(&self) -> Result<MutexGuard<'_, Applier>, StoreError> {
        let applier = self.applier.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_open()?;
        Ok(applier)
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.connection.is_closed() {
            return Err(StoreError::NotOpen);
        }
        Ok(())
    }
}

impl Backend for ClickHouseStore {
    fn applied(&self) -> Result<Position, StoreError> {
        *self.prepared() = None;
        Ok(self.applier()?.position()?)
    }

    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError> {
        let first = entries.first().map(|entry| entry.from);
        let is_of_these = |(from, prepared): &mut (Position, Prepared)| {
            first == Some(*from) && prepared.within.end == until.0
        };
        let prepared = self.prepared().take_if(is_of_these);
        let prepared = prepared.map(|(_, prepared)| prepared);
        Ok(self.applier()?.apply(&entries, until, prepared)?)
    }

    fn prepare(&self, entries: &[Entry], within: Range<Position>) {
        // What cannot be read is refused when it is applied.
        let prepared = Prepared::of(entries, within.start.0..within.end.0).ok();
        let first = entries.first().map(|entry| entry.from);
        *self.prepared() = first.zip(prepared);
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        self.check_open()?;
        Ok(self.reads.query(query)?)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        self.check_open()?;
        Ok(self.reads.export(&filter))
    }

    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError> {
        self.check_open()?;
        Ok(self.reads.rows_at(positions))
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        Ok(self.applier()?.rewrite(rewrite)?)
    }

    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError> {
        let position = self.applied()?;
        Ok(read::recent_times(
            &self.connection,
            self.node,
            position,
            n,
        )?)
    }

    fn health(&self) -> Result<(), StoreError> {
        self.check_open()?;
        Ok(schema::check_writable(&self.connection)?)
    }

    fn stats(&self) -> BackendStats {
        self.counters.backend_stats(&self.data_dir)
    }

    fn figures(&self) -> Vec<Figure> {
        self.counters.figures()
    }

    fn lacking(&self) -> Vec<String> {
        self.lacking.get().cloned().unwrap_or_default()
    }

    fn close(&self) {
        let mut applier = self.applier.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.connection.is_closed() {
            applier.settle();
            self.connection.close();
        }
    }
}

#[cfg(test)]
mod backend_contract;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod trickle;
