//! A query under way: batches of rows within its limits, until its end or its failure.
//!
//! A task of its own takes the batches from the store, so that a query also ends when its
//! client reads nothing: at the time limit, and when it is ended. Dropping a [`Run`]
//! ends the task, which drops the store's side, which interrupts the database.

use std::time::Duration;

use annoscope_formats::{Format, Stats, Style};
use annoscope_sql::{Overflow, ResultColumn, Settings};
use annoscope_store::StoreError;
use arrow::array::RecordBatch;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::QueryError;
use crate::metrics::QueryOutcome;
use crate::registry::Running;
use crate::slots::QuerySlot;

/// Batches of rows from the store.
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, StoreError>>;

/// A statement whose rows come.
pub(crate) struct Opened {
    pub(crate) batches: Batches,
    /// What it occupies meanwhile.
    pub(crate) slot: Option<QuerySlot>,
    /// Rows of the result cache.
    pub(crate) n_cached: u64,
    /// Rows of the first batch, once it is there.
    pub(crate) n_first: u64,
    /// Whether events that were acknowledged before it was asked are missing.
    pub(crate) is_behind: bool,
}

impl Opened {
    /// Rows that occupy nothing.
    pub(crate) fn ready(batches: Batches) -> Opened {
        Opened {
            batches,
            slot: None,
            n_cached: 0,
            n_first: 0,
            is_behind: false,
        }
    }

    /// Waits for the first rows, the end, or the failure before them.
    pub(crate) async fn with_first_rows(
        mut self,
        time_limit: Duration,
    ) -> Result<Opened, QueryError> {
        let first = tokio::select! {
            first = self.batches.next() => first,
            limit = overtime(self.slot.as_ref(), time_limit) => {
                return Err(QueryError::Overtime { limit });
            }
            // The store's own end of it comes late where it cannot be interrupted.
            () = tokio::time::sleep(time_limit + STALLED) => {
                return Err(QueryError::TimeLimit { limit: time_limit });
            }
        };
        let Some(first) = first.transpose()? else {
            // A stream may not be asked again after its end.
            return Ok(self.map(|_| stream::empty().boxed()));
        };
        self.n_first = first.num_rows() as u64;
        let first = stream::iter([Ok(first)]);
        Ok(self.map(|rest| first.chain(rest).boxed()))
    }

    /// The same with other rows.
    pub(crate) fn map(self, other: impl FnOnce(Batches) -> Batches) -> Opened {
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

/// Rows of a block of ClickHouse, by the whole of which `result_overflow_mode = 'break'` stops.
const BLOCK_ROWS: u64 = 65_409;

/// What a result looks like.
pub(crate) struct Shape {
    pub(crate) columns: Vec<ResultColumn>,
    /// What the text asks for with `FORMAT`.
    pub(crate) format: Option<Format>,
    pub(crate) style: Style,
}

/// The limit of rows that a query has set itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResultLimit {
    n_rows: u64,
    overflow: Overflow,
}

impl ResultLimit {
    /// The failure of a result that has more rows, if that is one.
    fn exceeded_by(self, n_rows: u64) -> Option<QueryError> {
        let is_failure = self.overflow == Overflow::Throw && n_rows > self.n_rows;
        is_failure.then_some(QueryError::ResultRows { limit: self.n_rows })
    }

    /// By the settings `max_result_rows` and `result_overflow_mode`.
    pub(crate) fn of(settings: &Settings) -> Option<ResultLimit> {
        settings.max_result_rows.map(|n_rows| ResultLimit {
            n_rows,
            overflow: settings.result_overflow,
        })
    }
}

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Rows.
    pub(crate) n_rows: u64,
    /// Rows, as the query itself wants it.
    pub(crate) of_result: Option<ResultLimit>,
    /// Time in the store.
    pub(crate) time: Duration,
}

/// A query under way.
pub struct Run {
    /// What its batches hold.
    pub columns: Vec<ResultColumn>,
    /// What its text asks for with `FORMAT`.
    pub format: Option<Format>,
    /// How its values are spelled.
    pub style: Style,
    items: Receiver<Item>,
    _task: AbortOnDropHandle<()>,
    running: Running,
    limits: Limits,
    n_left: u64,
    n_came: u64,
    n_cached: u64,
    is_behind: bool,
    is_over: bool,
    is_truncated: bool,
}

enum Item {
    Batch(RecordBatch),
    Failed(StoreError),
    /// Others wait for its slot.
    Overtime(Duration),
    /// Every row was handed over. A channel that closes without it was cut off.
    End,
}

impl Run {
    /// Begins to read what was opened. Fails if its first rows are more than the query wants.
    pub(crate) fn start(
        shape: Shape,
        opened: Opened,
        mut running: Running,
        limits: Limits,
    ) -> Result<Run, QueryError> {
        let Shape {
            columns,
            format,
            style,
        } = shape;
        let Opened {
            batches,
            slot,
            n_cached,
            n_first,
            is_behind,
        } = opened;
        let n_left = match limits.of_result {
            Some(ResultLimit {
                n_rows,
                overflow: Overflow::Break,
            }) => n_rows.div_ceil(BLOCK_ROWS).saturating_mul(BLOCK_ROWS),
            _ => u64::MAX,
        };
        if let Some(error) = limits
            .of_result
            .and_then(|limit| limit.exceeded_by(n_first))
        {
            running.failed(&error);
            return Err(error);
        }
        let (to, items) = channel(BATCHES_AHEAD);
        let cancel = running.cancel().clone();
        let work = async move {
            pump(batches, to, cancel, limits.time, slot.as_ref()).await;
            drop(slot);
        };
        Ok(Run {
            columns,
            format,
            style,
            items,
            _task: AbortOnDropHandle::new(tokio::spawn(work)),
            running,
            limits,
            n_left: n_left.min(limits.n_rows),
            n_came: 0,
            n_cached,
            is_behind,
            is_over: false,
            is_truncated: false,
        })
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
                Some(Item::Overtime(limit)) => {
                    let error = QueryError::Overtime { limit };
                    self.fail(&error);
                    return Err(error);
                }
                None => return Err(self.failed(None)),
            };
            self.n_came += batch.num_rows() as u64;
            let limit = self.limits.of_result;
            if let Some(error) = limit.and_then(|limit| limit.exceeded_by(self.n_came)) {
                self.fail(&error);
                return Err(error);
            }
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
            n_cached: self.n_cached,
            elapsed: self.running.elapsed(),
            is_truncated: self.is_truncated,
            is_behind: self.is_behind,
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
            // Its own failure, even if it was also to be ended.
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
    slot: Option<&QuerySlot>,
) {
    let overtime_to = to.clone();
    let hand_on = async {
        while let Some(batch) = batches.next().await {
            let item = match batch {
                Ok(batch) => Item::Batch(batch),
                Err(error) => {
                    // The reader may be gone.
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
        () = tokio::time::sleep(time_limit + STALLED) => {}
        limit = overtime(slot, time_limit) => {
            // A reader that reads nothing learns it from the end of the channel.
            let _ = overtime_to.try_send(Item::Overtime(limit));
        }
    }
}

/// Waits until others shall have the slot.
async fn overtime(slot: Option<&QuerySlot>, time_limit: Duration) -> Duration {
    match slot {
        Some(slot) => slot.overtime(time_limit).await,
        None => std::future::pending().await,
    }
}
