//! Counters of the store.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use annoscope_store::{BackendStats, Figure, Reading};

/// What is counted.
#[derive(Default)]
pub(crate) struct Counters {
    /// As in [`BackendStats`]; what others write is seen at the next start.
    pub(crate) rows_total: AtomicU64,
    /// INSERTs of events that ClickHouse confirmed.
    pub(crate) inserts: AtomicU64,
    /// Those whose answer did not come, or was an error.
    pub(crate) failed_inserts: AtomicU64,
    /// Times another address was taken.
    pub(crate) switches: AtomicU64,
    /// Reads that were ended in ClickHouse.
    pub(crate) killed_reads: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn set(counter: &AtomicU64, value: u64) {
        counter.store(value, Ordering::Relaxed);
    }

    /// Rows are those of ClickHouse, free space that of the server's own disk: what is left to its journal and exports.
    pub(crate) fn backend_stats(&self, data_dir: &Path) -> BackendStats {
        let disk = rustix::fs::statvfs(data_dir);
        BackendStats {
            rows_total: get(&self.rows_total),
            free_bytes: disk.map_or(0, |disk| disk.f_bavail * disk.f_frsize),
            claimed_bytes: 0,
        }
    }

    pub(crate) fn figures(&self) -> Vec<Figure> {
        let figures = [
            (
                "clickhouse_inserts",
                "INSERTs of events that ClickHouse confirmed",
                &self.inserts,
            ),
            (
                "clickhouse_failed_inserts",
                "INSERTs of events whose answer did not come or was an error",
                &self.failed_inserts,
            ),
            (
                "clickhouse_switches",
                "Times another address of ClickHouse was taken",
                &self.switches,
            ),
            (
                "clickhouse_killed_reads",
                "Reads that were ended in ClickHouse as nobody waited for them",
                &self.killed_reads,
            ),
        ];
        let figure = |(name, help, counter): (_, _, &AtomicU64)| Figure {
            name,
            help,
            reading: Reading::Counter(get(counter)),
        };
        figures.map(figure).into()
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
