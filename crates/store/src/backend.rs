//! The database behind a journal.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;

use crate::{
    EventFilter, Figure, Position, Query, Record, RecordBatches, RecordError, Rewrite, Rewritten,
    StoreError,
};

/// Rows that a database is given at once while more wait: those of a row group of the embedded one, the only number
/// that it writes straight to its file and never again, whatever its last row group lacks. It takes 1.7 µs of the
/// processor a row; with 420 rows more it is 3.6 µs and twice the file, as a checkpoint writes the group again; with
/// 1,000 fewer 3.1 µs (measured).
pub const ROW_GROUP: usize = 122_880;

/// One batch of the journal, as it was written there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its rows are from this position on, one each. One without rows has a position, too.
    pub from: Position,
    /// What [`Record::encode`](crate::Record::encode) made of the batch.
    pub record: Buffer,
}

impl Entry {
    /// The rows at these positions, some of which may lie before the entry or behind it.
    pub fn rows(&self, within: Range<Position>) -> Result<RecordBatch, RecordError> {
        let rows = Record::decode(&self.record)?.rows;
        let within = self.indices(within, rows.num_rows());
        Ok(rows.slice(within.start, within.len()))
    }

    /// As [`Entry::rows`], one column by its index in [`COLUMNS`](annoscope_events::COLUMNS).
    pub fn column(&self, index: usize, within: Range<Position>) -> Result<ArrayRef, RecordError> {
        let column = Record::decode_column(&self.record, index)?;
        let within = self.indices(within, column.len());
        Ok(column.slice(within.start, within.len()))
    }

    /// What is behind a position, as an entry of its own. Of an entry that cannot be read no row was ever
    /// stored: it is as it was.
    #[must_use]
    pub fn behind(&self, position: Position) -> Entry {
        let decoded = Record::decode(&self.record);
        match decoded {
            Ok(record) if self.from < position => {
                let within = self.indices(position..Position(u64::MAX), record.rows.num_rows());
                let rows = record.rows.slice(within.start, within.len());
                Entry {
                    from: position,
                    record: Record { rows, ..record }.encode().into(),
                }
            }
            _ => self.clone(),
        }
    }

    fn indices(&self, within: Range<Position>, n_rows: usize) -> Range<usize> {
        let index = |position: Position| {
            let index = position.0.saturating_sub(self.from.0);
            usize::try_from(index).map_or(n_rows, |index| index.min(n_rows))
        };
        let start = index(within.start);
        start..index(within.end).max(start)
    }
}

/// A database that takes events in the order of their positions, exactly once, and answers queries.
///
/// It has no queue, no dedup window and no change log: those are the journal's side. All calls block.
pub trait Backend: Send + Sync + 'static {
    /// Up to where events are stored for good and visible to queries. Asked at the start and after
    /// every error of [`Backend::apply`]: what failed may be stored all the same.
    fn applied(&self) -> Result<Position, StoreError>;

    /// Stores the rows of entries from [`Backend::applied`] up to `until`, and with them that position: all of it
    /// or nothing. The entries follow one another. The first may begin before, with rows that are stored already,
    /// and `until` may lie within the last one, whose other rows come with a later call: so a caller may give
    /// exactly as many rows as the database stores best. Positions of no entry's row have none.
    /// [`StoreError::Rejected`] where these entries can never be stored; any other error may pass.
    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError>;

    /// Makes ready what [`Backend::apply`] of these entries needs, of the rows at positions `within`, while earlier ones
    /// are applied. A database need not, and keeps it for one call at most: [`Backend::applied`] drops it.
    fn prepare(&self, _entries: &[Entry], _within: Range<Position>) {}

    /// As [`EventStore::query`](crate::EventStore::query). Starts it, and does not block for long.
    fn query(&self, query: Query) -> Result<RecordBatches, StoreError>;

    /// As [`EventStore::export`](crate::EventStore::export). Starts it, and does not block for long.
    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError>;

    /// As [`EventStore::rows_at`](crate::EventStore::rows_at). Starts it, and does not block for long.
    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError>;

    /// As [`EventStore::rewrite`](crate::EventStore::rewrite).
    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError>;

    /// Times of the last `n` events in the order of their positions, µs since the epoch.
    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError>;

    /// Whether entries would be stored now. What would keep them out is the error.
    fn health(&self) -> Result<(), StoreError>;

    /// Counters and sizes that any database has.
    fn stats(&self) -> BackendStats;

    /// Counters and sizes of this kind of database, for metrics.
    fn figures(&self) -> Vec<Figure>;

    /// What the database lacks for each event to be there once, as sentences, where the settings let it run without.
    fn lacking(&self) -> Vec<String> {
        Vec::new()
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    /// Of three rows.
    fn entry() -> Entry {
        Entry {
            from: Position(10),
            record: record(3, 2).encode().into(),
        }
    }

    #[test]
    fn rows_are_found_by_their_positions() {
        let rows = record(3, 2).rows;
        let cases = [
            (0..u64::MAX, 0..3),
            (10..13, 0..3),
            (10..12, 0..2),
            (12..13, 2..3),
            (0..11, 0..1),
            (0..10, 0..0),
            (13..20, 0..0),
        ];
        for (within, expected) in cases {
            let within = Position(within.start)..Position(within.end);
            let expected = rows.slice(expected.start, expected.len());
            assert_eq!(
                entry().rows(within.clone()).unwrap(),
                expected,
                "{within:?}"
            );
            for index in [0, 5] {
                let column = entry().column(index, within.clone()).unwrap();
                assert_eq!(&column, expected.column(index), "{within:?}");
            }
        }
    }

    #[test]
    fn what_is_behind_a_position_is_an_entry() {
        for position in [0, 10] {
            assert_eq!(entry().behind(Position(position)), entry());
        }
        let whole = record(3, 2);
        let rest = Record {
            rows: whole.rows.slice(2, 1),
            ..whole
        };
        let expected = Entry {
            from: Position(12),
            record: rest.encode().into(),
        };
        assert_eq!(entry().behind(Position(12)), expected);
        let unreadable = Entry {
            record: vec![0; 20].into(),
            ..entry()
        };
        assert_eq!(unreadable.behind(Position(12)), unreadable);
    }
}
