//! What is asked of a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;

/// A read-only query.
#[derive(Clone, Debug)]
pub struct Query {
    /// In the store's own SQL: a SELECT each, or `EXPLAIN` of one, whose rows follow one
    /// another. All see the same events. Callers check what users type; what is no SELECT fails
    /// nevertheless.
    pub statements: Vec<String>,
    /// Views that the statements name, each behind those that it names itself.
    pub views: Vec<MaterializedView>,
    /// Longest time until the last row.
    pub time_limit: Duration,
    /// What the text reads by [`Rows::SOURCE`].
    pub rows: Option<Rows>,
    /// Counts rows as the statements end.
    pub rows_read: RowsRead,
}

/// A view that statements name beside the store's tables, whose rows the store may keep from one query to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterializedView {
    /// As statements name it: letters, digits and `_`.
    pub name: String,
    /// Its rows, in the store's own SQL: a SELECT, of other views too, that gives the same until an event of [`MaterializedView::scopes`] is
    /// stored or stored events are changed.
    pub select: String,
    /// Scopes of the events that it is made of.
    pub scopes: Vec<String>,
}

/// Rows that a query brings along and reads beside, or instead of, the store's tables.
#[derive(Clone, Debug)]
pub struct Rows {
    batches: Arc<[RecordBatch]>,
}

impl Rows {
    /// What gives them in FROM, in the text of the query that brings them. Its columns are `s0`,
    /// `s1` ….
    pub const SOURCE: &'static str = "brought_rows()";

    /// The rows of one batch or more, which have the same columns.
    pub fn new(batches: Vec<RecordBatch>) -> Rows {
        Rows {
            batches: batches.into(),
        }
    }

    /// Their batches.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
}

/// How many stored rows queries had to read, those that they did not want included. Clones count
/// together.
#[derive(Clone, Debug, Default)]
pub struct RowsRead(Arc<AtomicU64>);

impl RowsRead {
    /// The rows of all statements that have ended.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A statement has ended.
    pub fn add(&self, n_rows: u64) {
        self.0.fetch_add(n_rows, Ordering::Relaxed);
    }
}
