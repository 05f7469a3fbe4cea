//! The home of the events: the only place that knows which kind of database is behind the journal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::Dialect;
use annoscope_store::{Backend, DedupLimits, DedupWindow, EventStore, StoreError};
use annoscope_store_duckdb::{DuckDbStore, Repair, StoreConfig};
use annoscope_store_journal::{JournalConfig, JournaledStore, open_journal};

use crate::clock;
use crate::config::Config;
use crate::dead_letter::DeadLetter;
use crate::process;
use crate::rejected_batches::RejectedBatches;

/// What the database's SQL is.
pub const DIALECT: Dialect = Dialect::DuckDb;

/// Long enough for a clock that is wrong after a start to be set.
const DAY_SETTLES_AFTER: Duration = Duration::from_hours(1);

/// Opens the store of a data directory that is locked. Blocks.
pub fn open(
    config: &Config,
    dead_letters: Arc<DeadLetter>,
) -> Result<Arc<dyn EventStore>, StoreError> {
    let database = DuckDbStore::open(&settings(config))?;
    let journal_config = journal(config);
    // The window's directory comes last of the two, so that its being there tells that a journal was.
    let first = if dedup_dir(config).exists() {
        None
    } else {
        Some(database.applied()?)
    };
    let journal = open_journal(&journal_config, first)?;
    let window = open_window(config, &database)?;
    let rejected = Arc::new(RejectedBatches { dead_letters });
    let database = Arc::new(database);
    let store = JournaledStore::start(&journal_config, journal, window, database, rejected)?;
    Ok(Arc::new(store))
}

/// Sets aside what cannot be read of the store of a data directory that is locked.
pub fn repair(config: &Config) -> Result<Repair, StoreError> {
    let repair = annoscope_store_duckdb::repair(&settings(config))?;
    let database = DuckDbStore::open(&settings(config))?;
    annoscope_store_journal::bring_into_step(&journal(config), &database)?;
    database.close();
    Ok(repair)
}

/// The dedup window; where there is none yet, with what an older annoscope kept in the database.
fn open_window(config: &Config, database: &DuckDbStore) -> Result<Arc<DedupWindow>, StoreError> {
    let window = DedupWindow::open(&dedup_dir(config), dedup_limits(config))?;
    let until = database.applied()?;
    if database.hand_over_legacy_hashes(|hashes| window.take_over(hashes, until))? {
        tracing::info!("took the dedup window over from the database");
    }
    Ok(window)
}

fn dedup_dir(config: &Config) -> PathBuf {
    config.data_dir.join("dedup")
}

fn dedup_limits(config: &Config) -> DedupLimits {
    DedupLimits {
        days: i64::from(config.ingest.dedup_window_days),
        events: config.ingest.dedup_window_events as usize,
        day_settles_after: DAY_SETTLES_AFTER,
    }
}

fn journal(config: &Config) -> JournalConfig {
    JournalConfig {
        dir: config.journal_dir(),
        max_bytes: config.journal.max_bytes,
        queue_bytes: config.ingest.queue_bytes as usize,
        clock: || u64::try_from(clock::now().millis()).unwrap_or(0),
    }
}

fn settings(config: &Config) -> StoreConfig {
    StoreConfig {
        dir: config.data_dir.clone(),
        memory_bytes: config.store.memory_bytes,
        spill_bytes: config.store.spill_bytes,
        threads: config.store.threads as usize,
        max_queries: config.query.max_concurrent as usize,
        wal_checkpoint_bytes: config.store.wal_checkpoint_bytes,
        min_free_bytes: config.store.min_free_bytes,
        process_memory_bytes: config.process_memory_bytes(),
        last_resort: process::end,
    }
}
