//! Reads: each on a connection of its own, streamed, with a time limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arrow::array::RecordBatch;
use duckdb::Connection;
use futures::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::database::{Database, Purpose};
use super::readers::Readers;
use super::room;
use super::rows::Rows;
use super::watchdog::{Cancel, Watched, Why};
use crate::error::{FailureKind, StoreError, without_excerpt};
use crate::stats::Counters;

/// Batches that wait for their reader. A batch of DuckDB has 2,048 rows, so a slow reader
/// holds some megabytes at most.
const BATCHES_AHEAD: usize = 8;

/// A read-only query.
#[derive(Clone, Debug)]
pub struct Query {
    /// In the store's own SQL: a SELECT each, or `EXPLAIN` of one, whose rows follow one
    /// another. All see the same events. Callers check what users type; what is no SELECT fails
    /// nevertheless.
    pub statements: Vec<String>,
    /// Longest time until the last row.
    pub time_limit: Duration,
    /// What the text reads by [`Rows::source`].
    pub rows: Option<Rows>,
    /// Counts rows as the statements end.
    pub rows_read: RowsRead,
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

    /// Lets a connection count. Whole groups of rows that the query's conditions exclude are not
    /// read, nor counted.
    const BEGIN: &str = r#"
        SET enable_profiling = 'no_output';
        SET custom_profiling_settings = '{"CUMULATIVE_ROWS_SCANNED": "true"}'"#;

    fn add_those_of_last_statement(&self, connection: &Connection) {
        let profile = connection.get_profiling_info();
        let n_rows = profile.and_then(|profile| {
            let n_rows = profile.metrics.get("CUMULATIVE_ROWS_SCANNED")?;
            n_rows.parse::<u64>().ok()
        });
        self.0.fetch_add(n_rows.unwrap_or(0), Ordering::Relaxed);
    }
}

/// The result of a read, batch by batch. Dropping it ends the read.
pub struct RecordBatches {
    items: Receiver<Item>,
    /// Whether the last item came: a read that ends without one was cut off by a panic.
    has_ended: bool,
    /// Dropped with the result.
    _cancel: Cancel,
}

/// What a read hands over.
enum Item {
    Batch(RecordBatch),
    Failed(StoreError),
    /// Every row was handed over.
    End,
}

impl RecordBatches {
    /// The next batch; blocks the thread. For callers outside of async code.
    pub fn blocking_next(&mut self) -> Option<Result<RecordBatch, StoreError>> {
        if self.has_ended {
            return None;
        }
        let item = self.items.blocking_recv();
        self.take(item)
    }

    fn take(&mut self, item: Option<Item>) -> Option<Result<RecordBatch, StoreError>> {
        match item {
            Some(Item::Batch(batch)) => Some(Ok(batch)),
            Some(Item::Failed(error)) => {
                self.has_ended = true;
                Some(Err(error))
            }
            Some(Item::End) => {
                self.has_ended = true;
                None
            }
            None => {
                self.has_ended = true;
                Some(Err(StoreError::Interrupted))
            }
        }
    }
}

impl Stream for RecordBatches {
    type Item = Result<RecordBatch, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let item = ready!(self.items.poll_recv(cx));
        Poll::Ready(self.take(item))
    }
}

/// Hands rows to the reader.
pub(super) struct Sink {
    items: Sender<Item>,
}

impl Sink {
    /// Runs one statement and hands its rows on. [`StoreError::Interrupted`] when the reader
    /// is gone.
    pub(super) fn run(&self, connection: &Connection, sql: &str) -> Result<(), StoreError> {
        let mut statement = connection.prepare(sql)?;
        drop(statement.stream_arrow([])?);
        while let Some(batch) = statement.step()? {
            self.send(RecordBatch::from(batch))?;
        }
        Ok(())
    }

    fn send(&self, batch: RecordBatch) -> Result<(), StoreError> {
        let sent = self.items.blocking_send(Item::Batch(batch));
        sent.map_err(|_| StoreError::Interrupted)
    }
}

/// Starts a query.
pub(super) fn start(
    database: &Arc<Database>,
    readers: &Readers,
    query: Query,
) -> Result<RecordBatches, StoreError> {
    let Query {
        statements,
        time_limit,
        rows,
        rows_read,
    } = query;
    spawn(
        database,
        readers,
        Purpose::Query,
        time_limit,
        move |connection, sink| {
            let _brought = rows.map(Rows::lend);
            connection.execute_batch(RowsRead::BEGIN)?;
            // Callers check what users type; these two hold should they miss something.
            connection.execute_batch("BEGIN TRANSACTION READ ONLY")?;
            let mut statements = statements.iter();
            statements.try_for_each(|sql| {
                sink.run(connection, &one_select(sql))?;
                rows_read.add_those_of_last_statement(connection);
                Ok(())
            })
        },
    )
}

/// Puts a query into DuckDB's `query('…')`, which takes one SELECT and nothing else: as a text of
/// its own it could hold several statements, of which the first may be `COMMIT`.
pub(super) fn one_select(sql: &str) -> String {
    let (explain, select) = match sql.strip_prefix("EXPLAIN ") {
        Some(select) => ("EXPLAIN ", select),
        None => ("", sql),
    };
    format!("{explain}FROM query('{}')", select.replace('\'', "''"))
}

/// Runs `work` on a reader's thread with a connection of its own.
pub(super) fn spawn(
    database: &Arc<Database>,
    readers: &Readers,
    purpose: Purpose,
    time_limit: Duration,
    work: impl FnOnce(&Connection, &Sink) -> Result<(), StoreError> + Send + 'static,
) -> Result<RecordBatches, StoreError> {
    let connection = database.connection(purpose)?;
    let (sender, items) = channel(BATCHES_AHEAD);
    let watched = readers
        .watchdog
        .watch(purpose, connection.interrupt(), time_limit);
    let cancel = watched.cancel();
    let limits = Limits {
        counters: Arc::clone(&database.counters),
        time: time_limit,
        memory_bytes: database.config.memory_bytes,
        process_memory_bytes: database.config.process_memory_bytes,
    };
    readers.run(move || {
        let sink = Sink { items: sender };
        let result = work(&connection, &sink);
        // Returned before the reader learns the end, so that he may start the next query.
        drop(connection);
        let last = match result {
            Ok(()) => Item::End,
            Err(error) => Item::Failed(named(error, &watched, &limits)),
        };
        // The reader may be gone; then nobody asks.
        let _ = sink.items.blocking_send(last);
    });
    Ok(RecordBatches {
        items,
        has_ended: false,
        _cancel: cancel,
    })
}

/// What a read may use.
struct Limits {
    counters: Arc<Counters>,
    time: Duration,
    memory_bytes: u64,
    process_memory_bytes: u64,
}

/// Tells apart what a read can fail of.
fn named(error: StoreError, watched: &Watched, limits: &Limits) -> StoreError {
    let StoreError::Database(error) = error else {
        return error;
    };
    match FailureKind::of(&error) {
        // Somebody else's failure, after which the database is opened anew.
        FailureKind::Fatal if FailureKind::is_memory(&error) => StoreError::Interrupted,
        FailureKind::Fatal if !FailureKind::is_unreadable(&error) => StoreError::Database(error),
        FailureKind::Fatal | FailureKind::Unreadable => {
            Counters::add(&limits.counters.unreadable, 1);
            let message = without_excerpt(&error);
            tracing::error!(error = message, "the data cannot be read");
            StoreError::Unreadable(message)
        }
        _ if watched.why() == Why::Time && ends_early(&error) => {
            StoreError::TimedOut { limit: limits.time }
        }
        _ if ends_early(&error) && (watched.why() == Why::Memory || !is_interrupt(&error)) => {
            StoreError::OutOfProcessMemory {
                limit_bytes: limits.process_memory_bytes,
            }
        }
        FailureKind::Interrupted => StoreError::Interrupted,
        FailureKind::OutOfMemory => StoreError::OutOfMemory {
            limit_bytes: limits.memory_bytes,
        },
        FailureKind::Other => StoreError::Statement {
            message: without_excerpt(&error),
        },
    }
}

/// Whether the watch ended the read: by an interrupt, or within an expression.
fn ends_early(error: &duckdb::Error) -> bool {
    is_interrupt(error) || error.to_string().contains(room::SHORT)
}

fn is_interrupt(error: &duckdb::Error) -> bool {
    FailureKind::of(error) == FailureKind::Interrupted
}
