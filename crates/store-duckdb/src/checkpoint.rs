//! Checkpoints: moving the write-ahead log into the database file before it grows long.
//!
//! A checkpoint stops the writer while it lasts, in proportion to the log (64 MB take some
//! 200 ms on two cores), and fails while another transaction writes. So the writing thread
//! makes it, between two commits.

use std::sync::Arc;

use crate::database::{Database, Purpose};
use annoscope_store::clock;

use crate::error::Error;
use crate::stats::Counters;

/// Logs below this size, in bytes, open in no time and may stay when the store is idle.
const SHORT_LOG: u64 = 1 << 20;

/// After a commit: a checkpoint if the log has become long.
///
/// The default of 64 MB holds two of DuckDB's row groups of CVAT-like events. Shorter logs do not
/// make shorter stops: DuckDB then merges incomplete row groups, and some stops take 0.6 s.
pub(crate) fn after_commit(database: &Arc<Database>) {
    if database.wal_bytes() >= database.config.wal_checkpoint_bytes {
        checkpoint(database);
    }
}

/// When nothing was appended for a while: a checkpoint keeps no batch waiting.
pub(crate) fn when_idle(database: &Arc<Database>) {
    if database.wal_bytes() >= SHORT_LOG {
        checkpoint(database);
    }
}

/// Writes a checkpoint if there is a log. A failure loses nothing: the log stays.
pub(crate) fn checkpoint(database: &Arc<Database>) {
    let wal_bytes = database.wal_bytes();
    if wal_bytes == 0 {
        return;
    }
    let started = clock::monotonic();
    let done = database.retry_without_queries("a checkpoint has to be written", || {
        write(database).inspect_err(|error| {
            // Memory that runs out within a checkpoint is fatal to DuckDB 1.5.6.
            if error.is_fatal() {
                database.give_up();
            }
        })
    });
    let duration_ms = (clock::monotonic() - started).as_millis() as u64;
    match done {
        Ok(()) => {
            Counters::add(&database.counters.checkpoints, 1);
            Counters::set(&database.counters.last_checkpoint_ms, duration_ms);
            database.wal_bytes();
            tracing::debug!(wal_bytes, duration_ms, "wrote a checkpoint");
        }
        Err(error) => {
            Counters::add(&database.counters.failed_checkpoints, 1);
            tracing::warn!(wal_bytes, duration_ms, %error, "a checkpoint failed; the log keeps everything");
        }
    }
}

fn write(database: &Arc<Database>) -> Result<(), Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    Ok(connection.execute_batch("CHECKPOINT")?)
}
