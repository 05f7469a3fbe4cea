//! Events that one request may store.

use std::collections::HashSet;
use std::sync::Arc;

use annoscope_events::EventHash;

use super::DedupWindow;
use super::day::Day;
use crate::Position;

/// The events of one request that this request, and no other, may store. Dropped without a
/// commit, it gives them back.
pub struct Reservation {
    window: Arc<DedupWindow>,
    fresh: Vec<EventHash>,
    duplicates: Vec<bool>,
}

impl Reservation {
    pub(super) fn new(
        window: Arc<DedupWindow>,
        fresh: Vec<EventHash>,
        duplicates: Vec<bool>,
    ) -> Reservation {
        Reservation {
            window,
            fresh,
            duplicates,
        }
    }

    /// For each event of the request, in order: is it stored already, or a twin of an earlier
    /// event of the same request?
    pub fn duplicates(&self) -> &[bool] {
        &self.duplicates
    }

    /// Hashes to commit with the batch.
    pub fn fresh(&self) -> &[EventHash] {
        &self.fresh
    }

    /// Gives back some of the fresh ones, which are not stored after all.
    pub fn forgo(&mut self, hashes: &[EventHash]) {
        if hashes.is_empty() {
            return;
        }
        self.fresh.retain(|hash| !hashes.contains(hash));
        self.window.release(hashes);
    }

    /// The batch came at `day` and is durable, as all before `until`, the position behind it, is: from now on its
    /// events are known. Called in the order of positions; does not touch the disk.
    pub fn commit(mut self, day: Day, until: Position) {
        let fresh = std::mem::take(&mut self.fresh);
        self.window.commit(day, &fresh, until);
    }

    /// Some of the events are stored already.
    pub(super) fn give_back(&mut self, stored: &HashSet<EventHash>, hashes: &[EventHash]) {
        if stored.is_empty() {
            return;
        }
        for (is_duplicate, hash) in self.duplicates.iter_mut().zip(hashes) {
            *is_duplicate |= stored.contains(hash);
        }
        self.fresh.retain(|hash| !stored.contains(hash));
        self.window.release(stored);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.fresh.is_empty() {
            self.window.release(&self.fresh);
        }
    }
}
