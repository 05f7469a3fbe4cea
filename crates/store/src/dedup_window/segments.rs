//! The segments of a window, as they are in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use annoscope_events::EventHash;

use super::DedupLimits;
use super::day::Day;
use super::files::{Found, Sealing};
use super::open::{OpenSegment, Unsaved};
use super::sealed::SealedSegment;
use crate::Position;

/// Most events of a segment, but for the batch that fills it. Each part of its set then stays within 7/8 of
/// 2^15 places, beyond which it would double: 19 MB.
const SEGMENT_EVENTS: usize = 1_750_000;

/// Least segments of a full window: as many events leave at once as one holds.
const MIN_SEGMENTS: usize = 8;

/// Segments whose events may be open at once. Each has 19 MB, and up to 28 MB that are not written.
const MAX_UNSEALED: usize = 4;

/// A sealed segment and the day it leaves with.
#[derive(Clone)]
pub(super) struct Dated {
    pub id: u64,
    pub day: Day,
    pub segment: Arc<SealedSegment>,
}

/// All segments. There is an open one as soon as anything was committed.
pub(super) struct Segments {
    limits: DedupLimits,
    /// Oldest first. Replaced as a whole, so that its filters are asked without a lock.
    sealed: Arc<Vec<Dated>>,
    /// Oldest first: the last takes events, the others wait to be sealed.
    open: VecDeque<OpenSegment>,
    next_id: u64,
    /// Behind the last commit.
    until: Position,
    n_evicted: u64,
    /// The day that the clock says, and since when it does.
    today: Option<(Day, Instant)>,
    settled: Option<Day>,
}

impl Segments {
    pub fn new(limits: DedupLimits, found: Found, until: Position) -> Segments {
        let sealed = found.sealed.into_iter();
        let sealed = sealed.map(|(name, segment)| Dated {
            id: name.id,
            day: name.day,
            segment: Arc::new(segment),
        });
        let mut segments = Segments {
            limits,
            sealed: Arc::new(sealed.collect()),
            open: found.open.into(),
            next_id: found.next_id,
            until,
            n_evicted: 0,
            today: None,
            settled: None,
        };
        segments.evict();
        segments
    }

    pub fn sealed(&self) -> &Arc<Vec<Dated>> {
        &self.sealed
    }

    /// Whether more than [`MAX_UNSEALED`] segments could hold wait to be sealed, because files cannot be written or
    /// nobody saves.
    pub fn are_too_many_open(&self) -> bool {
        let n_events: usize = self.open.iter().map(|open| open.known.len()).sum();
        n_events > MAX_UNSEALED * self.capacity()
    }

    /// Whether a segment is complete and not sealed.
    pub fn is_any_complete(&self) -> bool {
        self.open.len() > 1
    }

    /// Events of a segment, but for the batch that fills it.
    fn capacity(&self) -> usize {
        (self.limits.events / MIN_SEGMENTS).clamp(1, SEGMENT_EVENTS)
    }

    /// Whether an open segment holds the event.
    pub fn is_in_open(&self, hash: EventHash) -> bool {
        self.open.iter().any(|open| open.known.contains(hash))
    }

    /// Adds events that came at `day`, and the position behind them.
    pub fn add(&mut self, day: Day, hashes: &[EventHash], until: Position) {
        self.until = self.until.max(until);
        let until = self.until;
        self.open_for(day).add(hashes.iter().copied(), until);
        self.evict();
    }

    /// Forgets all events, of which none has a position.
    pub fn clear(&mut self) {
        self.sealed = Arc::default();
        self.open.clear();
        self.until = Position(0);
    }

    /// The segment for events of `day`. Days never go back.
    fn open_for(&mut self, day: Day) -> &mut OpenSegment {
        let capacity = self.capacity();
        let newest = self.open.back();
        let is_usable = newest.is_some_and(|newest| {
            newest.known.len() == 0 || (newest.day >= day && newest.known.len() < capacity)
        });
        if !is_usable {
            let newest = self.newest_day();
            let day = newest.map_or(day, |newest| newest.max(day));
            self.open.push_back(OpenSegment::new(self.next_id, day));
            self.next_id += 1;
        }
        let newest = self.open.back_mut().expect("one was just made");
        newest.day = newest.day.max(day);
        newest
    }

    fn newest_day(&self) -> Option<Day> {
        let open = self.open.back().map(|open| open.day);
        open.or_else(|| self.sealed.last().map(|dated| dated.day))
    }

    /// Lets the oldest segments leave beyond the window's size.
    fn evict(&mut self) {
        let mut n_events = self.n_events();
        while n_events > self.limits.events {
            let n_oldest = if let Some(oldest) = self.sealed.first() {
                let n_oldest = oldest.segment.n_events;
                Arc::make_mut(&mut self.sealed).remove(0);
                n_oldest
            } else if self.open.len() > 1 {
                let oldest = self.open.pop_front();
                oldest.map_or(0, |oldest| oldest.known.len())
            } else {
                return;
            };
            n_events -= n_oldest;
            self.n_evicted += n_oldest as u64;
            tracing::warn!(
                n_events = n_oldest,
                "the dedup window is full: duplicates of its oldest events are not recognized any more"
            );
        }
    }

    /// Lets days leave that are past, and makes those ahead tomorrow's, once the clock has said `today` for
    /// as long as the limits ask: one that is wrong for a moment would have duplicates taken for new.
    pub fn settle(&mut self, today: Day, now: Instant) {
        let since = match self.today {
            Some((day, since)) if day == today => since,
            _ => now,
        };
        self.today = Some((today, since));
        let is_settled = now.duration_since(since) >= self.limits.day_settles_after;
        if !is_settled || self.settled == Some(today) {
            return;
        }
        self.settled = Some(today);
        let is_past = |day: Day| day.0 <= today.0 - self.limits.days;
        let tomorrow = Day(today.0 + 1);
        let mut sealed = self.sealed.as_ref().clone();
        sealed.retain(|dated| !is_past(dated.day));
        for dated in &mut sealed {
            dated.day = dated.day.min(tomorrow);
        }
        self.sealed = Arc::new(sealed);
        self.open.retain(|open| !is_past(open.day));
        for open in &mut self.open {
            open.day = open.day.min(tomorrow);
        }
        let is_empty = self.open.is_empty() && self.sealed.is_empty();
        if is_empty && self.until > Position(0) {
            // The position has to stay on the disk.
            let until = self.until;
            self.open_for(today).add([], until);
        }
    }

    /// What the files lack, oldest first.
    pub fn take_unsaved(&mut self) -> Vec<Unsaved> {
        self.open
            .iter_mut()
            .map(OpenSegment::take_unsaved)
            .collect()
    }

    /// The oldest segment that takes no more events and is saved, and how many it has.
    pub fn next_to_seal(&self) -> Option<(u64, usize)> {
        let oldest = self.open.front()?;
        let is_complete = self.open.len() > 1 && oldest.is_saved();
        is_complete.then(|| (oldest.id, oldest.known.len()))
    }

    /// Puts a sealed segment in the place of the open one, unless that has left the window meanwhile.
    pub fn put_sealed(&mut self, id: u64, sealing: Sealing) {
        let Some(index) = self.open.iter().position(|open| open.id == id) else {
            return;
        };
        let open = self.open.remove(index).expect("it was found there");
        let Some(segment) = sealing.segment else {
            return;
        };
        let sealed = Arc::make_mut(&mut self.sealed);
        sealed.push(Dated {
            id,
            day: open.day,
            segment: Arc::new(segment),
        });
        sealed.sort_unstable_by_key(|dated| dated.id);
    }

    /// The days of all segments.
    pub fn days(&self) -> BTreeMap<u64, Day> {
        let sealed = self.sealed.iter().map(|dated| (dated.id, dated.day));
        let open = self.open.iter().map(|open| (open.id, open.day));
        sealed.chain(open).collect()
    }

    /// Events of all segments.
    pub fn n_events(&self) -> usize {
        let sealed = self.sealed.iter().map(|dated| dated.segment.n_events);
        let open = self.open.iter().map(|open| open.known.len());
        sealed.chain(open).sum()
    }

    /// Events that left early, since the start.
    pub fn n_evicted(&self) -> u64 {
        self.n_evicted
    }

    /// Memory, in bytes.
    pub fn bytes(&self) -> usize {
        let sealed = self.sealed.iter().map(|dated| dated.segment.bytes());
        sealed.chain(self.open.iter().map(OpenSegment::bytes)).sum()
    }
}
