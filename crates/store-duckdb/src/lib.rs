//! The embedded home of events: one DuckDB file and its write-ahead log.
//!
//! One thread writes, checkpoints included (`writer.rs`, `committer.rs`); each query has a thread and a
//! connection of its own (`query.rs`). `database.rs` owns the file: it hands out
//! connections and opens the file again when a failed disk made DuckDB give it up.

mod acknowledged;
mod apply;
mod checkpoint;
mod committer;
mod database;
mod error;
mod export;
mod hashes;
mod memory;
mod priority;
mod query;
mod readers;
mod recovery;
mod room;
mod rows;
mod schema;
mod stats;
mod watchdog;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annoscope_events::{EventHash, Timestamp};
use annoscope_store::{
    Changes, Day, DedupLimits, DedupWindow, EventBatch, EventFilter, EventStore, Figure,
    MAX_RECENT, Position, Query, RecordBatches, Reservation, StoreError, StoreStats,
};
use futures::FutureExt;
use futures::future::{self, BoxFuture};

use apply::Applier;
use database::{Database, Purpose};
use error::Error;
use memory::MemoryWatch;
use readers::Readers;
use stats::Counters;
use writer::Writer;

pub use recovery::{Repair, repair};

/// What ends the process, as nothing but a new one helps. It takes the reason, for the log.
pub type LastResort = fn(&str);

/// Settings of the embedded store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Directory of the database; must exist and be locked by the caller.
    pub dir: PathBuf,
    /// Memory of the database for all queries and appends together, in bytes.
    pub memory_bytes: u64,
    /// Disk that large queries may use while they run, in bytes.
    pub spill_bytes: u64,
    /// Threads of one query; 0 means one per core.
    pub threads: usize,
    /// Queries that may run at once.
    pub max_queries: usize,
    /// Batches that may wait for a commit, in bytes.
    pub queue_bytes: usize,
    /// Size of the write-ahead log at which a checkpoint begins, in bytes.
    pub wal_checkpoint_bytes: u64,
    /// Disk that stays free beside what the next checkpoint needs, in bytes.
    pub min_free_bytes: u64,
    /// Days of receipt within which a duplicate is recognized.
    pub dedup_window_days: u32,
    /// Most events within which a duplicate is recognized; 4 bytes of memory each.
    pub dedup_window_events: usize,
    /// How long the clock has to say a day before the events of old ones are forgotten.
    pub day_settles_after: Duration,
    /// Memory of the whole process beyond which queries are ended, in bytes.
    pub process_memory_bytes: u64,
    /// Called when a query can be interrupted no more, or memory grows on.
    pub last_resort: LastResort,
}

impl StoreConfig {
    /// Long enough for a clock that is wrong after a start to be set.
    pub const DAY_SETTLES_AFTER: Duration = Duration::from_hours(1);
}

/// The embedded store.
pub struct DuckDbStore {
    database: Arc<Database>,
    window: Arc<DedupWindow>,
    changes: Arc<Changes>,
    writer: Writer,
    applier: Mutex<Applier>,
    readers: Readers,
    _memory: MemoryWatch,
    counters: Arc<Counters>,
}

impl DuckDbStore {
    /// Opens the store, creates or migrates its tables and loads the dedup window.
    pub fn open(config: &StoreConfig) -> Result<DuckDbStore, StoreError> {
        Ok(DuckDbStore::open_database(config)?)
    }

    fn open_database(config: &StoreConfig) -> Result<DuckDbStore, Error> {
        let counters = Arc::new(Counters::default());
        let database = Database::open(config.clone(), Arc::clone(&counters))?;
        let limits = DedupLimits {
            days: i64::from(config.dedup_window_days),
            events: config.dedup_window_events,
        };
        let window = DedupWindow::new(hashes::lookup(&database), limits);
        hashes::load(&database, &window, &saved_window(config))?;
        let n_rows = count_rows(&database)?;
        database.acknowledged.set(n_rows);
        Counters::set(&counters.rows_total, n_rows);
        let changes = Arc::new(Changes::after(last_times(&database, n_rows)?));
        let writer = Writer::start(
            Arc::clone(&database),
            Arc::clone(&window),
            Arc::clone(&changes),
        )?;
        let applier = Mutex::new(Applier::new(Arc::clone(&database)));
        let readers = Readers::start(Arc::clone(&database.room), config.last_resort)?;
        let memory = MemoryWatch::start(
            config.process_memory_bytes,
            readers.watchdog.handle(),
            Arc::clone(&database.room),
            Arc::clone(&counters),
            config.last_resort,
        )?;
        Ok(DuckDbStore {
            database,
            window,
            changes,
            writer,
            applier,
            readers,
            _memory: memory,
            counters,
        })
    }

    /// Memory that the database holds for queries, appends and cached blocks together, in bytes;
    /// `None` while it does not answer.
    fn memory_bytes(&self) -> Option<u64> {
        let connection = self.database.connection(Purpose::Maintenance).ok()?;
        let sql = "SELECT CAST(sum(memory_usage_bytes) AS UBIGINT) FROM duckdb_memory()";
        connection.query_row(sql, [], |row| row.get(0)).ok()
    }
}

impl EventStore for DuckDbStore {
    fn reserve(&self, hashes: Vec<EventHash>) -> BoxFuture<'_, Result<Reservation, StoreError>> {
        self.window.reserve(hashes).boxed()
    }

    fn append(&self, batch: EventBatch) -> BoxFuture<'_, Result<Position, StoreError>> {
        let room = self.writer.room(batch.estimated_bytes());
        let queued = room.and_then(|room| {
            let (rows, day) = (batch.rows(), Day::of(batch.received_at));
            self.writer.submit(rows, room, batch.reservation, day)
        });
        async move {
            // The writer answers every job; it is gone only after `close`.
            queued?.await.unwrap_or(Err(StoreError::NotOpen))
        }
        .boxed()
    }

    fn durable(&self) -> Position {
        self.writer.visible()
    }

    fn visible(&self) -> Position {
        self.writer.visible()
    }

    fn wait_until_visible(&self, _: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        // A commit is durable and visible at once, and answered after that.
        future::ready(Ok(())).boxed()
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        Ok(query::start(&self.database, &self.readers, query)?)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        Ok(export::start(&self.database, &self.readers, filter)?)
    }

    fn changes(&self) -> Option<&Changes> {
        Some(&self.changes)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let asked = self.writer.ask();
        async move {
            // As for a batch.
            asked?.await.unwrap_or(Err(StoreError::NotOpen))
        }
        .boxed()
    }

    fn oldest_waiting(&self) -> Option<Timestamp> {
        None
    }

    fn stats(&self) -> StoreStats {
        self.database.measure_disk();
        self.counters.stats(self.window.stats())
    }

    fn figures(&self) -> Vec<Figure> {
        self.database.measure_disk();
        self.counters.figures(self.memory_bytes())
    }

    fn close(&self) {
        let was_open = self.writer.close();
        if was_open && let Err(error) = self.window.save(&saved_window(&self.database.config)) {
            tracing::warn!(%error, "the dedup window was not saved; the next start reads it from the tables");
        }
        self.database.close();
    }
}

impl Drop for DuckDbStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Where the dedup window waits for the next start.
fn saved_window(config: &StoreConfig) -> PathBuf {
    config.dir.join("dedup_window.filters")
}

/// Number of stored events; DuckDB knows it without reading them.
fn count_rows(database: &Arc<Database>) -> Result<u64, Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    Ok(connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?)
}

/// As [`count_rows`]; 0 where there is no table yet.
fn count_events(connection: &duckdb::Connection) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'events'";
    let n_tables: u64 = connection.query_row(sql, [], |row| row.get(0))?;
    if n_tables == 0 {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?)
}

/// Times of the last events in the order of their appends, µs since the epoch.
fn last_times(database: &Arc<Database>, n_rows: u64) -> Result<Vec<i64>, Error> {
    recent_times(database, n_rows, MAX_RECENT)
}

/// Of the last `n` of `n_rows` events.
fn recent_times(database: &Arc<Database>, n_rows: u64, n: usize) -> Result<Vec<i64>, Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    let first = n_rows.saturating_sub(n as u64);
    let mut statement = connection
        .prepare("SELECT epoch_us(\"timestamp\") FROM events WHERE rowid >= ? ORDER BY rowid")?;
    let times = statement.query_map([first], |row| row.get(0))?;
    Ok(times.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod backend_contract;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;
