//! Counters and sizes of a store, read by the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A reading of the store's counters and sizes.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct StoreStats { $($(#[$doc])* pub $name: u64),* }

        /// The counters themselves.
        #[derive(Default)]
        pub(crate) struct Counters { $(pub(crate) $name: AtomicU64),* }

        impl Counters {
            pub(crate) fn read(&self) -> StoreStats {
                StoreStats { $($name: self.$name.load(Ordering::Relaxed)),* }
            }
        }
    };
}

stats! {
    /// Rows in the store.
    rows_total,
    /// Rows committed since the start.
    rows_stored,
    /// Commits since the start; one commit may hold many batches.
    commits,
    /// Commits that failed since the start.
    failed_commits,
    /// Batches refused because the queue was full.
    refused_queue_full,
    /// Batches refused because the disk was full.
    refused_disk_full,
    /// Bytes waiting for a commit.
    queued_bytes,
    /// Events in the dedup window.
    dedup_window_events,
    /// Memory of the dedup window's filters, in bytes.
    dedup_window_bytes,
    /// Events that left the dedup window early because it holds as many as it may.
    dedup_window_evicted,
    /// Checkpoints since the start.
    checkpoints,
    /// Checkpoints that failed since the start.
    failed_checkpoints,
    /// Duration of the last checkpoint, in ms.
    last_checkpoint_ms,
    /// Size of the write-ahead log, in bytes.
    wal_bytes,
    /// Free space on the data directory's file system, in bytes.
    free_bytes,
    /// Times the database was opened again after a failure.
    reopened,
    /// Reads that failed because the data could not be read.
    unreadable,
    /// Queries ended so that events could be stored.
    queries_ended_for_appends,
    /// Queries ended because the memory of the process was short.
    queries_ended_for_memory,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn set(counter: &AtomicU64, value: u64) {
        counter.store(value, Ordering::Relaxed);
    }
}
