//! Results of reads, batch by batch: a reader that is slow, or gone, holds no more than a few.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use futures::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::error::StoreError;

/// Most batches that wait for their reader. A batch has some thousand rows, so a slow reader holds some
/// megabytes at most.
pub const BATCHES_AHEAD: usize = 8;

/// The result of a read, batch by batch. Dropping it ends the read.
pub struct RecordBatches {
    items: Receiver<Item>,
    /// Whether the last item came: a read that ends without one was cut off by a panic.
    has_ended: bool,
    /// Dropped with the result.
    _cancel: Box<dyn Send + Sync>,
}

/// What a read hands over.
enum Item {
    Batch(RecordBatch),
    Failed(StoreError),
    /// Every row was handed over.
    End,
}

impl RecordBatches {
    /// A result, and where the read puts its rows. `cancel` ends the read when it is dropped.
    pub fn new(cancel: impl Send + Sync + 'static) -> (RowSender, RecordBatches) {
        let (sender, items) = channel(BATCHES_AHEAD);
        let result = RecordBatches {
            items,
            has_ended: false,
            _cancel: Box::new(cancel),
        };
        (RowSender { items: sender }, result)
    }

    /// The next batch; blocks the thread. For callers outside of async code.
    pub fn blocking_next(&mut self) -> Option<Result<RecordBatch, StoreError>> {
        if self.has_ended {
            return None;
        }
        let item = self.items.blocking_recv();
        self.take(item)
    }

    fn take(&mut self, item: Option<Item>) -> Option<Result<RecordBatch, StoreError>> {
        if let Some(Item::Batch(batch)) = item {
            return Some(Ok(batch));
        }
        self.has_ended = true;
        match item {
            Some(Item::Failed(error)) => Some(Err(error)),
            Some(_) => None,
            None => Some(Err(StoreError::Interrupted)),
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

/// Hands the rows of a read to its reader.
pub struct RowSender {
    items: Sender<Item>,
}

impl RowSender {
    /// Hands a batch on; blocks the thread while too many wait. [`StoreError::Interrupted`] when the
    /// reader is gone.
    pub fn send(&self, batch: RecordBatch) -> Result<(), StoreError> {
        let sent = self.items.blocking_send(Item::Batch(batch));
        sent.map_err(|_| StoreError::Interrupted)
    }

    /// The read is over.
    pub fn end(self, outcome: Result<(), StoreError>) {
        let last = match outcome {
            Ok(()) => Item::End,
            Err(error) => Item::Failed(error),
        };
        // The reader may be gone.
        let _ = self.items.blocking_send(last);
    }
}
