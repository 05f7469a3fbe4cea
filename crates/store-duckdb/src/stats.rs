//! Counters of the embedded store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use annoscope_store::{BackendStats, Figure, Reading};

use crate::memory::resident_bytes;

/// What is counted or measured.
#[derive(Default)]
pub(crate) struct Counters {
    /// As in [`BackendStats`].
    pub(crate) rows_total: AtomicU64,
    pub(crate) free_bytes: AtomicU64,
    /// Checkpoints, and those that failed.
    pub(crate) checkpoints: AtomicU64,
    pub(crate) failed_checkpoints: AtomicU64,
    /// Duration of the last checkpoint, in ms.
    pub(crate) last_checkpoint_ms: AtomicU64,
    /// Size of the database's file and of its write-ahead log, in bytes.
    pub(crate) file_bytes: AtomicU64,
    pub(crate) wal_bytes: AtomicU64,
    /// Times the database was opened again after a failure.
    pub(crate) reopened: AtomicU64,
    /// Reads that failed because the data could not be read.
    pub(crate) unreadable: AtomicU64,
    /// Queries ended so that events could be stored, and because memory of the process was short.
    pub(crate) queries_ended_for_appends: AtomicU64,
    pub(crate) queries_ended_for_memory: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn set(counter: &AtomicU64, value: u64) {
        counter.store(value, Ordering::Relaxed);
    }

    /// What any database behind a journal has.
    pub(crate) fn backend_stats(&self) -> BackendStats {
        BackendStats {
            rows_total: get(&self.rows_total),
            free_bytes: get(&self.free_bytes),
            // A checkpoint writes again what is in the log.
            claimed_bytes: 2 * get(&self.wal_bytes),
        }
    }

    /// What this store has. `memory_bytes` is none while the database does not answer.
    pub(crate) fn figures(&self, memory_bytes: Option<u64>) -> Vec<Figure> {
        use Reading::{Counter, Gauge, Seconds};
        let last_checkpoint = Duration::from_millis(get(&self.last_checkpoint_ms));
        let figures = [
            (
                "checkpoints",
                "Checkpoints",
                Counter(get(&self.checkpoints)),
            ),
            (
                "failed_checkpoints",
                "Checkpoints that failed",
                Counter(get(&self.failed_checkpoints)),
            ),
            (
                "last_checkpoint_duration_seconds",
                "Duration of the last checkpoint",
                Seconds(last_checkpoint.as_secs_f64()),
            ),
            (
                "file_bytes",
                "Size of the database's file",
                Gauge(get(&self.file_bytes)),
            ),
            (
                "wal_bytes",
                "Size of the write-ahead log",
                Gauge(get(&self.wal_bytes)),
            ),
            (
                "reopened",
                "Times the database was opened again after a failure",
                Counter(get(&self.reopened)),
            ),
            (
                "unreadable",
                "Reads that failed since the data could not be read: it is damaged, or the disk is",
                Counter(get(&self.unreadable)),
            ),
            (
                "queries_ended_for_appends",
                "Queries ended so that events could be stored",
                Counter(get(&self.queries_ended_for_appends)),
            ),
            (
                "queries_ended_for_memory",
                "Queries ended because memory of the process was short",
                Counter(get(&self.queries_ended_for_memory)),
            ),
        ];
        let memory = memory_bytes.map(|bytes| {
            (
                "memory_bytes",
                "Memory of the database, which store.memory_bytes limits",
                Gauge(bytes),
            )
        });
        let process_memory = resident_bytes().map(|bytes| {
            (
                "process_memory_bytes",
                "Memory of the database's process, which store.process_bytes limits",
                Gauge(bytes),
            )
        });
        let figures = figures.into_iter().chain(memory).chain(process_memory);
        let figure = |(name, help, reading)| Figure {
            name,
            help,
            reading,
        };
        figures.map(figure).collect()
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
