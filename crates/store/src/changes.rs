//! Which times were changed since when: what tells whether a kept result is still true.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Width of a slot, µs. A minute that got an event counts as changed whole.
const SLOT_US: i64 = 60_000_000;

/// Most slots that are told apart: 4 MB. Beyond it all is forgotten, which [`Changes::since`]
/// says.
const MAX_SLOTS: usize = 100_000;

/// Most times of events that [`Changes`] knows one by one: 160 kB.
pub const MAX_RECENT: usize = 20_000;

/// The times of the events that were appended since the store was opened.
///
/// **Invariant:** an append is recorded after queries can see its rows and before
/// [`EventStore::visible`](crate::EventStore::visible) says so. So a result that was read after
/// [`Changes::latest`] gave `n` is true until [`Changes::since`] of `n` names one of its times, and
/// what is visible is in every later result.
#[derive(Debug, Default)]
pub struct Changes {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// Number of the latest append.
    latest: u64,
    /// Number of the last append before which nothing is known.
    forgotten: u64,
    /// The latest append that changed a slot.
    changed: BTreeMap<i64, u64>,
    /// Times of the last events that were appended, µs, at most [`MAX_RECENT`].
    recent: VecDeque<i64>,
}

impl Changes {
    /// Of a store whose last events, in the order of their appends, have these times, µs since the
    /// epoch.
    pub fn after(times_us: Vec<i64>) -> Changes {
        let slots = Slots {
            recent: times_us.into(),
            ..Slots::default()
        };
        Changes {
            slots: Mutex::new(slots),
        }
    }

    /// Takes times of the last events of before, in the order of their appends, µs since the epoch; only
    /// where there are no later ones yet.
    pub fn remember(&self, times_us: Vec<i64>) {
        let mut slots = self.lock();
        if slots.recent.is_empty() {
            slots.recent = times_us.into();
        }
    }

    /// Whether it knows no time at all.
    pub fn is_empty(&self) -> bool {
        self.lock().recent.is_empty()
    }

    /// A time, µs since the epoch, from which on there are at least `n` events before `end_us`, and
    /// not many more where events are appended soon after they happen. `None` where the last
    /// [`MAX_RECENT`] do not tell.
    pub fn n_newest_from(&self, n: usize, end_us: i64) -> Option<i64> {
        let mut times: Vec<i64> = {
            let slots = self.lock();
            let recent = slots.recent.iter().copied();
            recent.filter(|time_us| *time_us < end_us).collect()
        };
        let at = times.len().checked_sub(n)?;
        (n > 0).then(|| *times.select_nth_unstable(at).1)
    }

    /// The number of the latest append.
    pub fn latest(&self) -> u64 {
        self.lock().latest
    }

    /// The spans of event time, µs since the epoch, that appends after number `n` changed, in
    /// order and apart from each other; `None` if that is no longer known.
    pub fn since(&self, n: u64) -> Option<Vec<Range<i64>>> {
        let slots = self.lock();
        if n < slots.forgotten {
            return None;
        }
        let mut spans: Vec<Range<i64>> = Vec::new();
        for (&slot, _) in slots.changed.iter().filter(|(_, changed)| **changed > n) {
            let start = slot.saturating_mul(SLOT_US);
            let end = start.saturating_add(SLOT_US);
            match spans.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => spans.push(start..end),
            }
        }
        Some(spans)
    }

    /// Takes note of an append of events with these times, µs since the epoch.
    pub fn record(&self, times_us: impl IntoIterator<Item = i64>) {
        let mut slots = self.lock();
        slots.latest += 1;
        let latest = slots.latest;
        let mut last_slot = None;
        for time_us in times_us {
            if slots.recent.len() == MAX_RECENT {
                slots.recent.pop_front();
            }
            slots.recent.push_back(time_us);
            let slot = time_us.div_euclid(SLOT_US);
            // Most events follow one another.
            if last_slot != Some(slot) {
                slots.changed.insert(slot, latest);
                last_slot = Some(slot);
            }
        }
        if slots.changed.len() > MAX_SLOTS {
            slots.changed.clear();
            slots.forgotten = latest;
        }
    }

    /// Rows were removed or changed: nothing that was read before is true for sure.
    pub fn forget(&self) {
        let mut slots = self.lock();
        slots.latest += 1;
        slots.forgotten = slots.latest;
        slots.changed.clear();
        slots.recent.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_appends_are_named_by_their_times() {
        let changes = Changes::default();
        assert_eq!(changes.since(0), Some(vec![]));
        changes.record([5, SLOT_US - 1, SLOT_US, 10 * SLOT_US]);
        let first = changes.latest();
        changes.record([-1, SLOT_US]);
        assert_eq!(
            changes.since(0),
            Some(vec![-SLOT_US..2 * SLOT_US, 10 * SLOT_US..11 * SLOT_US])
        );
        assert_eq!(
            changes.since(first),
            Some(vec![-SLOT_US..0, SLOT_US..2 * SLOT_US])
        );
        assert_eq!(changes.since(changes.latest()), Some(vec![]));
    }

    #[test]
    fn too_many_slots_are_forgotten_and_that_is_said() {
        let changes = Changes::default();
        changes.record([0]);
        let before = changes.latest();
        changes.record((0..).step_by(SLOT_US as usize).take(MAX_SLOTS + 1));
        assert_eq!(changes.since(before), None);
        assert_eq!(changes.since(changes.latest()), Some(vec![]));
        changes.record([0]);
        assert_eq!(changes.since(before), None);
        let spans = changes.since(changes.latest() - 1).unwrap();
        assert!(matches!(
            spans[..],
            [Range {
                start: 0,
                end: SLOT_US
            }]
        ));
    }

    #[test]
    fn as_many_events_are_from_a_time_on() {
        let changes = Changes::after(vec![4, 1]);
        changes.record([3, 7, 5]);
        let cases = [
            // The newest are 7, 5, 4, 3, 1.
            (1, i64::MAX, Some(7)),
            (3, i64::MAX, Some(4)),
            (5, i64::MAX, Some(1)),
            (6, i64::MAX, None),
            (0, i64::MAX, None),
            // Before an end.
            (1, 7, Some(5)),
            (2, 5, Some(3)),
            (4, 5, None),
        ];
        for (n, end_us, expected) in cases {
            assert_eq!(
                changes.n_newest_from(n, end_us),
                expected,
                "{n} before {end_us}"
            );
        }
        changes.record((0..).take(MAX_RECENT));
        assert_eq!(changes.n_newest_from(MAX_RECENT, i64::MAX), Some(0));
    }

    #[test]
    fn no_time_is_too_far_away() {
        let changes = Changes::default();
        changes.record([i64::MIN, i64::MAX]);
        assert_eq!(changes.since(0).map(|spans| spans.len()), Some(2));
    }

    #[test]
    fn after_rows_were_removed_nothing_is_known() {
        let changes = Changes::after(vec![1, 2, 3]);
        changes.record([60_000_000]);
        let before = changes.latest();
        changes.forget();
        assert_eq!(changes.since(before), None);
        assert_eq!(changes.n_newest_from(1, i64::MAX), None);
        assert_eq!(changes.since(changes.latest()), Some(Vec::new()));
    }
}
