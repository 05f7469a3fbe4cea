//! The home of the events: the only place that knows which kind of store it is.

use std::sync::Arc;

use annoscope_sql::Dialect;
use annoscope_store::{EventStore, StoreError};
use annoscope_store_duckdb::{DuckDbStore, Repair, StoreConfig};

use crate::config::Config;
use crate::process;

/// What the store's SQL is.
pub const DIALECT: Dialect = Dialect::DuckDb;

/// Opens the store of a data directory that is locked. Blocks.
pub fn open(config: &Config) -> Result<Arc<dyn EventStore>, StoreError> {
    Ok(Arc::new(DuckDbStore::open(&settings(config))?))
}

/// Sets aside what cannot be read of the store of a data directory that is locked.
pub fn repair(config: &Config) -> Result<Repair, StoreError> {
    annoscope_store_duckdb::repair(&settings(config))
}

fn settings(config: &Config) -> StoreConfig {
    StoreConfig {
        dir: config.data_dir.clone(),
        memory_bytes: config.store.memory_bytes,
        spill_bytes: config.store.spill_bytes,
        threads: config.store.threads as usize,
        max_queries: config.query.max_concurrent as usize,
        queue_bytes: config.ingest.queue_bytes as usize,
        wal_checkpoint_bytes: config.store.wal_checkpoint_bytes,
        min_free_bytes: config.store.min_free_bytes,
        dedup_window_days: config.ingest.dedup_window_days,
        dedup_window_events: config.ingest.dedup_window_events as usize,
        day_settles_after: StoreConfig::DAY_SETTLES_AFTER,
        process_memory_bytes: config.process_memory_bytes(),
        last_resort: process::end,
    }
}
