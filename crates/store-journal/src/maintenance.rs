//! What keeps the journal short and working.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_events::Timestamp;
use annoscope_journal::Journal;
use annoscope_store::{Day, DedupWindow, clock};

use crate::visible::Visible;

/// How often it is looked whether the journal works.
const STEP: Duration = Duration::from_millis(500);

/// How often the dedup window is saved, and what lies before it released. A start reads what came
/// since then.
const SAVE_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Maintenance {
    pub(crate) journal: Arc<Journal>,
    pub(crate) window: Arc<DedupWindow>,
    pub(crate) visible: Arc<Visible>,
    /// The time of day, in ms since the epoch.
    pub(crate) clock: fn() -> u64,
}

impl Maintenance {
    /// Until the store is closed.
    pub(crate) fn run(self) {
        let mut saved: Option<Instant> = None;
        while self.visible.closed_for().is_none() {
            self.visible.wait_until_closed(STEP);
            self.reopen_after_failure();
            if saved.is_none_or(|at| clock::since(at) >= SAVE_EVERY) {
                self.save_and_release();
                saved = Some(clock::monotonic());
            }
        }
        self.save_and_release();
    }

    fn reopen_after_failure(&self) {
        if self.journal.stats().failure.is_none() || self.visible.closed_for().is_some() {
            return;
        }
        match self.journal.reopen() {
            Ok(()) => tracing::warn!("the journal is open again and takes events"),
            // Said once by the journal; the next step tries again.
            Err(error) => tracing::debug!(%error, "the journal cannot be opened again yet"),
        }
    }

    fn save_and_release(&self) {
        let now = i64::try_from((self.clock)()).unwrap_or(i64::MAX);
        let today = Day::of(Timestamp::from_millis(now));
        self.window.settle(today, clock::monotonic());
        match self.window.save() {
            Ok(saved) => self.journal.release(saved.min(self.visible.get()).0),
            Err(error) => {
                tracing::warn!(%error, "the dedup window was not saved; the journal keeps what it lacks");
            }
        }
    }
}
