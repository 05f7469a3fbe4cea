//! The database behind a journal.

use std::collections::VecDeque;
use std::time::Instant;

use arrow::buffer::Buffer;

use crate::{EventFilter, Figure, Position, Query, RecordBatches, StoreError};

/// One batch of the journal, as it was written there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its rows are from this position on.
    pub from: Position,
    /// What [`Record::encode`](crate::Record::encode) made of the batch.
    pub record: Buffer,
}

/// A database that takes events in the order of their positions, exactly once, and answers queries.
///
/// It has no queue, no dedup window and no change log: those are the journal's side. All calls block.
pub trait Backend: Send + Sync + 'static {
    /// Up to where events are stored for good and visible to queries. Asked at the start and after
    /// every error of [`Backend::apply`]: what failed may be stored all the same.
    fn applied(&self) -> Result<Position, StoreError>;

    /// Stores entries, which follow one another from [`Backend::applied`] on, and with them `until`, the
    /// position behind them: all of it or nothing. [`StoreError::Rejected`] where these entries can never
    /// be stored; any other error may pass. No entries: only the position goes on.
    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError>;

    /// As [`EventStore::query`](crate::EventStore::query). Starts it, and does not block for long.
    fn query(&self, query: Query) -> Result<RecordBatches, StoreError>;

    /// As [`EventStore::export`](crate::EventStore::export). Starts it, and does not block for long.
    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError>;

    /// Times of the last `n` events in the order of their positions, µs since the epoch.
    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError>;

    /// Whether entries would be stored now. What would keep them out is the error.
    fn health(&self) -> Result<(), StoreError>;

    /// Counters and sizes that any database has.
    fn stats(&self) -> BackendStats;

    /// Counters and sizes of this kind of database, for metrics.
    fn figures(&self) -> Vec<Figure>;

    /// The ends of the database's process that nobody asked for. None where it is in this process.
    fn restarts(&self) -> Restarts {
        Restarts::default()
    }

    /// Ends what runs and closes the database. Later calls do nothing.
    fn close(&self);
}

/// A reading of a database's counters and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackendStats {
    /// Rows in the database.
    pub rows_total: u64,
    /// Free space on the database's file system, in bytes.
    pub free_bytes: u64,
    /// What it will need of that for rows that it has taken, in bytes.
    pub claimed_bytes: u64,
}

/// The restarts of a database's process, since this process began.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    /// How many.
    pub n: u64,
    /// The latest, oldest first.
    pub latest: VecDeque<Restart>,
}

/// A process that ended and was not told to.
#[derive(Clone, Debug)]
pub struct Restart {
    /// When it ended.
    pub at: Instant,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it ended, as far as is known.
    pub reason: String,
}
