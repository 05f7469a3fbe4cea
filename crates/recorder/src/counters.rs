//! What a recorder counts: for the host's own metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The counters of an outbox and its relay. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counters(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    written: AtomicU64,
    dropped: AtomicU64,
    sent: AtomicU64,
    refused: AtomicU64,
    failed_requests: AtomicU64,
    failed_reads: AtomicU64,
    waiting: AtomicU64,
    is_full: AtomicBool,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were written to the outbox, those of transactions that were rolled back included.
    pub written: u64,
    /// Events that were not written, since too many wait.
    pub dropped: u64,
    /// Events that annoscope has acknowledged.
    pub sent: u64,
    /// Events that annoscope will never take; the outbox keeps them aside where it can.
    pub refused: u64,
    /// Requests to annoscope that failed, and were or will be repeated.
    pub failed_requests: u64,
    /// Reads and writes of the outbox by the relay that failed, and were or will be repeated.
    pub failed_reads: u64,
    /// Events that wait, as of the relay's last look.
    pub waiting: u64,
}

impl Counters {
    /// A reading of all of them.
    pub fn counts(&self) -> Counts {
        let cells = &*self.0;
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Counts {
            written: read(&cells.written),
            dropped: read(&cells.dropped),
            sent: read(&cells.sent),
            refused: read(&cells.refused),
            failed_requests: read(&cells.failed_requests),
            failed_reads: read(&cells.failed_reads),
            waiting: read(&cells.waiting),
        }
    }

    /// Whether so many events wait that no more are written; counts them if so.
    pub fn drops(&self, n_events: usize) -> bool {
        let is_full = self.0.is_full.load(Ordering::Relaxed);
        if is_full {
            add(&self.0.dropped, n_events);
        }
        is_full
    }

    /// Counts events that were written.
    pub fn written(&self, n_events: usize) {
        add(&self.0.written, n_events);
    }

    pub(crate) fn dropped(&self, n_events: usize) {
        add(&self.0.dropped, n_events);
    }

    pub(crate) fn sent(&self, n_events: usize) {
        add(&self.0.sent, n_events);
    }

    pub(crate) fn refused(&self) {
        add(&self.0.refused, 1);
    }

    pub(crate) fn request_failed(&self) {
        add(&self.0.failed_requests, 1);
    }

    pub(crate) fn read_failed(&self) {
        add(&self.0.failed_reads, 1);
    }

    /// Returns whether it became full by that.
    pub(crate) fn waiting(&self, n_events: u64, max_waiting: u64) -> bool {
        self.0.waiting.store(n_events, Ordering::Relaxed);
        let is_full = n_events >= max_waiting;
        !self.0.is_full.swap(is_full, Ordering::Relaxed) && is_full
    }
}

fn add(cell: &AtomicU64, n: usize) {
    cell.fetch_add(n as u64, Ordering::Relaxed);
}
