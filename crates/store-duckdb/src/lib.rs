//! The embedded home of events: one DuckDB file and its write-ahead log.
//!
//! Groups of batches are stored one after the other (`apply.rs`), with checkpoints between them
//! (`checkpoint.rs`); each query has a thread and a connection of its own (`query.rs`). `database.rs` owns the file:
//! it hands out connections and opens the file again when a failed disk made DuckDB give it up.

mod acknowledged;
mod apply;
mod catalogue;
mod checkpoint;
mod database;
mod erase;
mod error;
mod export;
mod history;
mod legacy_hashes;
mod materialized_views;
mod memory;
mod priority;
mod query;
mod readers;
mod recovery;
mod rewrite;
mod room;
mod rows;
mod schema;
mod sizes;
mod sorted;
mod stats;
mod wal;
mod watchdog;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use annoscope_store::{ROW_GROUP, StoreError};

use apply::Applier;
use checkpoint::IdleCheckpoints;
use database::{Database, Purpose};
use error::Error;
use memory::MemoryWatch;
use readers::Readers;
use stats::Counters;

pub use catalogue::CATALOGUE;
pub use erase::Person;
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
    /// Size of the write-ahead log at which a checkpoint begins, in bytes.
    pub wal_checkpoint_bytes: u64,
    /// Disk that stays free beside what the next checkpoint needs, in bytes.
    pub min_free_bytes: u64,
    /// Memory of the whole process beyond which queries are ended, in bytes.
    pub process_memory_bytes: u64,
    /// Called when a query can be interrupted no more, or memory grows on.
    pub last_resort: LastResort,
}

/// The embedded store.
pub struct DuckDbStore {
    database: Arc<Database>,
    applier: Arc<Mutex<Applier>>,
    /// Ended by the close.
    checkpoints: Mutex<Option<IdleCheckpoints>>,
    readers: Readers,
    _memory: MemoryWatch,
    counters: Arc<Counters>,
}

impl DuckDbStore {
    /// Opens the store, and creates or migrates its tables.
    pub fn open(config: &StoreConfig) -> Result<DuckDbStore, StoreError> {
        Ok(DuckDbStore::open_database(config)?)
    }

    fn open_database(config: &StoreConfig) -> Result<DuckDbStore, Error> {
        let counters = Arc::new(Counters::default());
        let database = Database::open(config.clone(), Arc::clone(&counters))?;
        let n_rows = count_rows(&database)?;
        database.acknowledged.set(n_rows);
        Counters::set(&counters.rows_total, n_rows);
        let mut applier = Applier::new(Arc::clone(&database));
        applier.open_catalogue();
        let applier = Arc::new(Mutex::new(applier));
        let checkpoints = IdleCheckpoints::start(
            Arc::clone(&database),
            Arc::clone(&applier),
            checkpoint::IDLE,
        )?;
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
            applier,
            checkpoints: Mutex::new(Some(checkpoints)),
            readers,
            _memory: memory,
            counters,
        })
    }

    /// Memory that the database holds for queries, appends and cached blocks together, in bytes;
    /// `None` while it does not answer.
    fn memory_bytes(&self) -> Option<u64> {
        let connection = self.database.connection_if_open()?;
        let sql = "SELECT CAST(sum(memory_usage_bytes) AS UBIGINT) FROM duckdb_memory()";
        connection.query_row(sql, [], |row| row.get(0)).ok()
    }
}

/// Number of stored events; DuckDB knows it without reading them.
fn count_rows(database: &Arc<Database>) -> Result<u64, Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    Ok(connection.query_row("SELECT count(*) FROM stored_events", [], |row| row.get(0))?)
}

/// As [`count_rows`]; 0 where there is no table yet.
fn count_events(connection: &duckdb::Connection) -> Result<u64, Error> {
    // Older schemas have a table of another name.
    let sql =
        "SELECT table_name FROM duckdb_tables() WHERE table_name IN ('events', 'stored_events')";
    let table = connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let table = match table {
        Err(duckdb::Error::QueryReturnedNoRows) => return Ok(0),
        table => table?,
    };
    Ok(
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })?,
    )
}

/// Times of the last `n` of `n_rows` events in the order of their positions, µs since the epoch.
fn recent_times(database: &Arc<Database>, n_rows: u64, n: usize) -> Result<Vec<i64>, Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    // They are among as many rows, and those that were sorted together with them.
    let first = n_rows.saturating_sub((n + ROW_GROUP) as u64);
    let mut statement = connection.prepare(
        "SELECT epoch_us(\"timestamp\") FROM stored_events WHERE rowid >= ? \
         ORDER BY coalesce(position, rowid) DESC LIMIT ?",
    )?;
    let times = statement.query_map([first, n as u64], |row| row.get(0))?;
    let mut times: Vec<i64> = times.collect::<Result<_, _>>()?;
    times.reverse();
    Ok(times)
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod backend_contract;
#[cfg(test)]
mod tests;
