//! Counters and sizes of a store, for metrics and for what shares its disk.

use crate::Position;
use crate::dedup_window::DedupStats;

/// A reading of a store's counters and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Rows in the store.
    pub rows_total: u64,
    /// Rows committed since the start.
    pub rows_stored: u64,
    /// Commits since the start; one commit may hold many batches.
    pub commits: u64,
    /// Commits that failed since the start.
    pub failed_commits: u64,
    /// Batches refused because the queue was full.
    pub refused_queue_full: u64,
    /// Batches refused because the disk was full.
    pub refused_disk_full: u64,
    /// Bytes waiting for a commit.
    pub queued_bytes: u64,
    /// Free space on the store's file system, in bytes.
    pub free_bytes: u64,
    /// What the store will need of it for batches that it has taken, in bytes.
    pub claimed_bytes: u64,
    /// Up to where it is durable.
    pub durable: Position,
    /// Up to where queries see it.
    pub visible: Position,
    /// What the journal holds, in bytes; 0 where there is none.
    pub journal_bytes: u64,
    /// The dedup window.
    pub dedup_window: DedupStats,
}

/// A counter or a size of one kind of store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Name in the metrics, behind `store_`; with its unit, if it has one.
    pub name: &'static str,
    /// What it says, in the metrics.
    pub help: &'static str,
    /// Its value.
    pub reading: Reading,
}

/// The value of a [`Figure`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Counted since the start.
    Counter(u64),
    /// A size, now.
    Gauge(u64),
    /// A duration.
    Seconds(f64),
}
