//! A query under way: batches of rows within its limits, until its end or its failure.
//!
//! A task of its own takes the batches from the store, so that a query also ends when its
//! client reads nothing: at the time limit, and when somebody ends it. Dropping a [`Run`]
//! ends the task, which drops the store's side, which interrupts the database.

use std::time::Duration;

use annoscope_sql::ResultColumn;
use annoscope_store::StoreError;
use arrow::array::RecordBatch;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::error::QueryError;
use super::places::Place;
use super::registry::Running;
use crate::metrics::QueryOutcome;

/// Batches of rows from the store.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch, StoreError>>;

/// A statement whose rows come.
pub(super) struct Opened {
    pub(super) batches: Batches,
    /// What it occupies meanwhile.
    pub(super) place: Option<Place>,
    /// Rows that had been kept from an earlier answer.
    pub(super) n_reused: u64,
}

impl Opened {
    /// Rows that occupy nothing.
    pub(super) fn ready(batches: Batches) -> Opened {
        Opened {
            batches,
            place: None,
            n_reused: 0,
        }
    }

    /// Waits for the first rows, the end, or the failure before them.
    pub(super) async fn with_first_rows(mut self) -> Result<Opened, StoreError> {
        let Some(first) = self.batches.next().await.transpose()? else {
            // A stream may not be asked again after its end.
            return Ok(self.map(|_| stream::empty().boxed()));
        };
        let first = stream::iter([Ok(first)]);
        Ok(self.map(|rest| first.chain(rest).boxed()))
    }

    /// The same with other rows.
    pub(super) fn map(self, other: impl FnOnce(Batches) -> Batches) -> Opened {
        Opened {
            batches: other(self.batches),
            ..self
        }
    }
}

/// Batches between the task and the reader. The store has some ahead as well.
const BATCHES_AHEAD: usize = 1;

/// How much later than the store we end a query ourselves: when its client does not read.
const STALLED: Duration = Duration::from_secs(1);

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Rows.
    pub(super) n_rows: u64,
    /// Time in the store.
    pub(super) time: Duration,
}

/// A query under way.
pub struct Run {
    /// What its batches hold.
    pub columns: Vec<ResultColumn>,
    items: Receiver<Item>,
    _task: AbortOnDropHandle<()>,
    running: Running,
    limits: Limits,
    n_left: u64,
    n_reused: u64,
    is_over: bool,
    is_truncated: bool,
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Rows sent.
    pub n_rows: u64,
    /// Rows that the store read for it, as far as its statements have ended; `None` for who does not
    /// see all events.
    pub n_read: Option<u64>,
    /// Rows of the result that had been kept from an earlier answer.
    pub n_reused: u64,
    /// From the arrival of the request.
    pub elapsed: Duration,
    /// Whether there were more rows.
    pub is_truncated: bool,
}

enum Item {
    Batch(RecordBatch),
    Failed(StoreError),
    /// Every row was handed over. A channel that closes without it was cut off.
    End,
}

impl Run {
    /// Begins to read what was opened, whose columns are `columns`.
    pub(super) fn start(
        columns: Vec<ResultColumn>,
        opened: Opened,
        running: Running,
        limits: Limits,
    ) -> Run {
        let Opened {
            batches,
            place,
            n_reused,
        } = opened;
        let (to, items) = channel(BATCHES_AHEAD);
        let cancel = running.cancel().clone();
        let work = async move {
            pump(batches, to, cancel, limits.time + STALLED).await;
            drop(place);
        };
        Run {
            columns,
            items,
            _task: AbortOnDropHandle::new(tokio::spawn(work)),
            running,
            limits,
            n_left: limits.n_rows,
            n_reused,
            is_over: false,
            is_truncated: false,
        }
    }

    /// The next rows; none at the end, which the limit of rows may bring about.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        while !self.is_over {
            let batch = match self.items.recv().await {
                Some(Item::Batch(batch)) => batch,
                Some(Item::End) => {
                    self.is_over = true;
                    return Ok(None);
                }
                Some(Item::Failed(error)) => return Err(self.failed(Some(error))),
                None => return Err(self.failed(None)),
            };
            if batch.num_rows() as u64 > self.n_left {
                self.truncate();
            }
            let n_rows = batch.num_rows().min(self.n_left as usize);
            self.n_left -= n_rows as u64;
            if n_rows > 0 {
                return Ok(Some(batch.slice(0, n_rows)));
            }
        }
        Ok(None)
    }

    /// There are more rows than are sent.
    pub fn truncate(&mut self) {
        self.is_over = true;
        self.is_truncated = true;
        self.items.close();
    }

    /// Rows went to the client.
    pub fn sent(&self, n_rows: usize) {
        self.running.sent(n_rows);
    }

    /// Counts the run as finished.
    pub fn finish(&mut self) -> Stats {
        self.running.ended(QueryOutcome::Finished);
        Stats {
            n_rows: self.running.n_rows(),
            n_read: (self.running.sees_all()).then(|| self.running.rows_read().get()),
            n_reused: self.n_reused,
            elapsed: self.running.elapsed(),
            is_truncated: self.is_truncated,
        }
    }

    /// What log lines about it belong to.
    pub fn span(&self) -> &tracing::Span {
        self.running.span()
    }

    /// Counts the run as failed, for a reason outside of it.
    pub fn fail(&mut self, error: &QueryError) {
        self.is_over = true;
        self.running.failed(error);
    }

    fn failed(&mut self, error: Option<StoreError>) -> QueryError {
        let error = match error {
            // Its own failure, even if somebody also wanted to end it.
            Some(error) if !matches!(error, StoreError::Interrupted) => error.into(),
            _ if self.running.cancel().is_cancelled() => QueryError::Cancelled,
            Some(error) => error.into(),
            None => QueryError::TimeLimit {
                limit: self.limits.time,
            },
        };
        self.fail(&error);
        error
    }
}

/// Hands batches on until the end, a failure, the time limit or the wish to end it.
async fn pump(
    mut batches: Batches,
    to: Sender<Item>,
    cancel: CancellationToken,
    time_limit: Duration,
) {
    let hand_on = async {
        while let Some(batch) = batches.next().await {
            let item = match batch {
                Ok(batch) => Item::Batch(batch),
                Err(error) => {
                    // The reader may be gone; then nobody asks.
                    let _ = to.send(Item::Failed(error)).await;
                    return;
                }
            };
            if to.send(item).await.is_err() {
                return;
            }
        }
        let _ = to.send(Item::End).await;
    };
    tokio::select! {
        () = hand_on => {}
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(time_limit) => {}
    }
}
