//! Deduplication: which of the events of a request are stored already?
//!
//! Senders send again what they believe lost. Every committed event leaves its hash in a side
//! table of its day of receipt and in a filter in memory; a filter never misses, and its rare
//! false alarm (1 in a million) is settled by the table. Events on their way to the disk are
//! known by an exact set.
//!
//! **Invariant:** of all requests that hold one event, at most one owns it at any time, from
//! [`DedupWindow::reserve`] until its commit or its failure (`two_requests_never_own_one_event`).

mod saved;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annoscope_events::EventHash;
use fastbloom::BloomFilter;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::dedup_window::Day;
use crate::error::StoreError;

/// Share of unknown events that a filter takes for known ones. Each costs a look into the
/// side table, about 30 ms with 10 million hashes; 3.6 bytes an event buy one in a million.
const FALSE_ALARMS: f64 = 1e-6;

/// First filter of a day, in events; each further one of the day is twice as large, so that a
/// small installation holds 240 kB and no insert ever moves what is there.
const FIRST_SEGMENT: usize = 1 << 16;
const LARGEST_SEGMENT: usize = 1 << 22;

/// An event that a filter took for known, and the days whose tables may hold it.
pub struct Suspect {
    /// The event.
    pub hash: EventHash,
    /// The days.
    pub days: Vec<Day>,
}

/// Looks suspects up in the side tables and returns those that are there.
pub type Lookup = Arc<
    dyn Fn(Vec<Suspect>) -> BoxFuture<'static, Result<HashSet<EventHash>, StoreError>>
        + Send
        + Sync,
>;

/// The events of a store whose duplicates are recognized: the recent ones.
pub struct DedupWindow {
    state: Mutex<State>,
    /// Told whenever reserved events are committed or given back.
    released: Notify,
    lookup: Lookup,
    limits: DedupLimits,
}

/// A reading of the window's sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DedupStats {
    /// Events in the window.
    pub events: u64,
    /// Memory of its filters, in bytes.
    pub bytes: u64,
    /// Events that left it early, since the start, because it holds as many as it may.
    pub evicted: u64,
}

/// Bounds of the window.
#[derive(Clone, Copy, Debug)]
pub struct DedupLimits {
    /// Days of receipt that are kept, today included.
    pub days: i64,
    /// Most events held; beyond them the oldest leave early.
    pub events: usize,
}

#[derive(Default)]
struct State {
    in_flight: HashSet<EventHash>,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// Events that left early.
    n_evicted: u64,
}

struct Segment {
    day: Day,
    filter: BloomFilter,
    capacity: usize,
    len: usize,
}

impl Segment {
    fn new(day: Day, capacity: usize) -> Segment {
        // The filter's own hash function never runs: events come hashed.
        let filter = BloomFilter::with_false_pos(FALSE_ALARMS)
            .seed(&0)
            .expected_items(capacity);
        Segment {
            day,
            filter,
            capacity,
            len: 0,
        }
    }

    fn bytes(&self) -> usize {
        self.filter.num_bits() / 8
    }
}

/// What one look at the window gave a request.
#[derive(Default)]
struct Claim {
    fresh: Vec<EventHash>,
    duplicates: Vec<bool>,
    suspects: Vec<Suspect>,
}

/// The half of a hash that the filters work on.
fn filter_hash(hash: EventHash) -> u64 {
    hash.0 as u64
}

impl DedupWindow {
    /// An empty window. `lookup` settles what the filters suspect.
    pub fn new(lookup: Lookup, limits: DedupLimits) -> Arc<DedupWindow> {
        Arc::new(DedupWindow {
            state: Mutex::default(),
            released: Notify::new(),
            lookup,
            limits,
        })
    }

    /// Fills the filters of one day from its side table.
    pub fn load(&self, day: Day, n_events: usize, hashes: impl Iterator<Item = EventHash>) {
        let mut state = self.lock();
        state.segments.push_back(Segment::new(
            day,
            n_events.clamp(FIRST_SEGMENT, LARGEST_SEGMENT),
        ));
        for hash in hashes {
            state.insert(day, hash);
        }
        self.trim(&mut state);
    }

    /// Takes the filters of the last clean stop, if they hold what `expected` says, the events
    /// of each side table; false if the tables have to be read.
    pub fn restore(&self, path: &Path, expected: &BTreeMap<Day, usize>) -> bool {
        let Some(segments) = saved::take(path, expected) else {
            return false;
        };
        let mut state = self.lock();
        state.segments = segments.into();
        self.trim(&mut state);
        true
    }

    /// Writes the filters for the next start. For a clean stop, when nothing is in flight.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        saved::write(&self.lock(), path)
    }

    /// Finds out which of `hashes` are stored, and reserves the others for the caller. Waits
    /// while another reservation holds one of them.
    pub async fn reserve(
        self: &Arc<DedupWindow>,
        hashes: Vec<EventHash>,
    ) -> Result<Reservation, StoreError> {
        let claim = loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Registered before the look, so that a release in between is not missed.
            released.as_mut().enable();
            match self.claim(&hashes) {
                Some(claim) => break claim,
                None => released.await,
            }
        };
        let Claim {
            fresh,
            duplicates,
            suspects,
        } = claim;
        // From here on a drop gives back what is not committed.
        let mut reservation = Reservation {
            window: Arc::clone(self),
            fresh,
            duplicates,
        };
        if !suspects.is_empty() {
            let stored = (self.lookup)(suspects).await?;
            reservation.give_back(&stored, &hashes);
        }
        Ok(reservation)
    }

    /// Puts what is not known in flight; `None` while another request holds one of the events.
    fn claim(&self, hashes: &[EventHash]) -> Option<Claim> {
        let mut state = self.lock();
        if hashes.iter().any(|hash| state.in_flight.contains(hash)) {
            return None;
        }
        let mut claim = Claim::default();
        for &hash in hashes {
            // A twin within the request finds its elder in flight.
            let is_new = state.in_flight.insert(hash);
            claim.duplicates.push(!is_new);
            if is_new {
                claim.fresh.push(hash);
                let days = state.days_that_may_hold(hash);
                if !days.is_empty() {
                    claim.suspects.push(Suspect { hash, days });
                }
            }
        }
        Some(claim)
    }

    /// Whether `day` has left the window at `today`.
    pub fn is_past(&self, day: Day, today: Day) -> bool {
        day.0 <= today.0 - self.limits.days
    }

    /// The day under which a hash that came at `day` is kept: days never go back, so that a
    /// filter and its side table always agree.
    pub fn day_to_write(&self, day: Day) -> Day {
        let newest = self.lock().segments.back().map(|segment| segment.day);
        newest.map_or(day, |newest| newest.max(day))
    }

    /// Drops the filters of days that left the window, and takes those ahead for `last`'s: the tables
    /// were treated likewise. Not told by a clock that just moved, which may move back.
    pub fn settle(&self, today: Day, last: Day) {
        let mut state = self.lock();
        state
            .segments
            .retain(|segment| !self.is_past(segment.day, today));
        for segment in &mut state.segments {
            segment.day = segment.day.min(last);
        }
        self.trim(&mut state);
    }

    /// Drops the oldest filters beyond the window's size.
    fn trim(&self, state: &mut State) {
        let mut n_events: usize = state.segments.iter().map(|segment| segment.len).sum();
        while n_events > self.limits.events && state.segments.len() > 1 {
            let oldest = state.segments.pop_front().expect("there is more than one");
            n_events -= oldest.len;
            state.n_evicted += oldest.len as u64;
            tracing::warn!(
                n_events = oldest.len,
                "the dedup window is full: duplicates of its oldest events are not recognized any more"
            );
        }
    }

    /// Its sizes now.
    pub fn stats(&self) -> DedupStats {
        let state = self.lock();
        let segments = state.segments.iter();
        let (events, bytes) = segments.fold((0, 0), |(events, bytes), segment| {
            (events + segment.len, bytes + segment.bytes())
        });
        DedupStats {
            events: events as u64,
            bytes: bytes as u64,
            evicted: state.n_evicted,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn days_that_may_hold(&self, hash: EventHash) -> Vec<Day> {
        let hash = filter_hash(hash);
        let hits = self
            .segments
            .iter()
            .filter(|segment| segment.filter.contains_hash(hash));
        let mut days: Vec<Day> = hits.map(|segment| segment.day).collect();
        days.dedup();
        days
    }

    fn insert(&mut self, day: Day, hash: EventHash) {
        let full_or_older = match self.segments.back() {
            Some(last) if last.day >= day => {
                (last.len >= last.capacity).then_some(last.capacity * 2)
            }
            _ => Some(FIRST_SEGMENT),
        };
        if let Some(capacity) = full_or_older {
            self.segments
                .push_back(Segment::new(day, capacity.min(LARGEST_SEGMENT)));
        }
        let last = self.segments.back_mut().expect("one was just made");
        last.filter.insert_hash(filter_hash(hash));
        last.len += 1;
    }
}

/// The events of one request that this request, and no other, may store. Dropped without a
/// commit, it gives them back.
pub struct Reservation {
    window: Arc<DedupWindow>,
    fresh: Vec<EventHash>,
    duplicates: Vec<bool>,
}

impl Reservation {
    /// For each event of the request, in order: is it stored already, or a twin of an earlier
    /// event of the same request?
    pub fn duplicates(&self) -> &[bool] {
        &self.duplicates
    }

    /// Hashes to commit with the batch.
    pub fn fresh(&self) -> &[EventHash] {
        &self.fresh
    }

    /// The batch is on the disk: from now on its events are known.
    pub fn commit(mut self, day: Day) {
        let fresh = std::mem::take(&mut self.fresh);
        if fresh.is_empty() {
            return;
        }
        let mut state = self.window.lock();
        for &hash in &fresh {
            state.insert(day, hash);
            state.in_flight.remove(&hash);
        }
        self.window.trim(&mut state);
        drop(state);
        self.window.released.notify_waiters();
    }

    /// It is not known whether the batch is on the disk. Its events become suspects: one that is sent
    /// again is looked up in the side table, which knows.
    pub fn leave_in_doubt(self, day: Day) {
        self.commit(day);
    }

    fn give_back(&mut self, stored: &HashSet<EventHash>, hashes: &[EventHash]) {
        if stored.is_empty() {
            return;
        }
        for (is_duplicate, hash) in self.duplicates.iter_mut().zip(hashes) {
            *is_duplicate |= stored.contains(hash);
        }
        self.fresh.retain(|hash| !stored.contains(hash));
        let mut state = self.window.lock();
        for hash in stored {
            state.in_flight.remove(hash);
        }
        drop(state);
        self.window.released.notify_waiters();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut state = self.window.lock();
        for hash in &self.fresh {
            state.in_flight.remove(hash);
        }
        drop(state);
        self.window.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
