mod damage;
mod faulty;
mod model;

use std::ops::Range;

use futures::FutureExt;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock;

const LIMITS: DedupLimits = DedupLimits {
    days: 7,
    events: 8000,
    day_settles_after: Duration::ZERO,
};

/// Events of a segment with [`LIMITS`].
const SEGMENT: u128 = 1000;

fn hashes(range: Range<u128>) -> Vec<EventHash> {
    // Spread as real hashes are.
    range
        .map(|n| EventHash(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)))
        .collect()
}

fn open(dir: &TempDir) -> Arc<DedupWindow> {
    DedupWindow::open(dir.path(), LIMITS).unwrap()
}

/// Which of the events are known.
async fn known(window: &Arc<DedupWindow>, range: Range<u128>) -> Vec<bool> {
    let reservation = window.reserve(hashes(range)).await.unwrap();
    reservation.duplicates().to_vec()
}

async fn commit(window: &Arc<DedupWindow>, range: Range<u128>, day: Day) {
    let until = Position(range.end as u64);
    let reservation = window.reserve(hashes(range)).await.unwrap();
    reservation.commit(day, until);
}

#[tokio::test]
async fn a_committed_event_is_a_duplicate_and_a_dropped_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    assert_eq!(known(&window, 0..3).await, [false; 3]);
    commit(&window, 0..3, Day(1)).await;
    assert_eq!(known(&window, 1..5).await, [true, true, false, false]);
}

#[tokio::test]
async fn a_twin_within_a_request_is_a_duplicate() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    let twins = [hashes(0..2), hashes(0..1)].concat();
    let reservation = window.reserve(twins).await.unwrap();
    assert_eq!(reservation.duplicates(), [false, false, true]);
    assert_eq!(reservation.fresh(), hashes(0..2));
}

#[tokio::test]
async fn a_duplicate_waits_for_the_request_that_holds_the_event() {
    for is_committed in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let window = open(&dir);
        let first = window.reserve(hashes(0..2)).await.unwrap();
        let mut second = Box::pin(window.reserve(hashes(1..3)));
        assert!((&mut second).now_or_never().is_none(), "must wait");
        if is_committed {
            first.commit(Day(1), Position(2));
        } else {
            drop(first);
        }
        assert_eq!(second.await.unwrap().duplicates(), [is_committed, false]);
    }
}

#[tokio::test]
async fn sealed_events_are_known_and_given_back_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    for start in 0..3 {
        commit(&window, start * SEGMENT..(start + 1) * SEGMENT, Day(1)).await;
    }
    window.save().unwrap();
    assert_eq!(window.sealed().len(), 2);
    // Fresh ones among known ones stay reserved, known ones are free at once.
    let range = SEGMENT - 1..3 * SEGMENT + 1;
    let reservation = window.reserve(hashes(range)).await.unwrap();
    assert_eq!(reservation.fresh(), hashes(3 * SEGMENT..3 * SEGMENT + 1));
    let known = window.reserve(hashes(0..SEGMENT)).await.unwrap();
    assert!(known.fresh().is_empty());
}

#[tokio::test]
async fn events_leave_with_their_day() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    for day in 1..=8 {
        commit(&window, day..day + 1, Day(day as i64)).await;
    }
    window.save().unwrap();
    assert_eq!(known(&window, 1..9).await, [true; 8]);
    window.settle(Day(8), clock::monotonic());
    let mut expected = [true; 8];
    expected[0] = false;
    assert_eq!(known(&window, 1..9).await, expected);
    window.save().unwrap();
    let n_files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(n_files, 7);
}

#[tokio::test]
async fn the_position_outlives_the_last_event() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    commit(&window, 0..5, Day(1)).await;
    window.save().unwrap();
    window.settle(Day(100), clock::monotonic());
    assert_eq!(window.stats().events, 0);
    assert_eq!(window.save().unwrap(), Position(5));
    let window = open(&dir);
    assert_eq!(window.position(), Position(5));
    assert_eq!(known(&window, 0..5).await, [false; 5]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_makes_nothing_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let limits = DedupLimits {
        day_settles_after: Duration::from_mins(10),
        ..LIMITS
    };
    let open = || DedupWindow::open(dir.path(), limits).unwrap();
    let begin = clock::monotonic();
    let after = |seconds| begin + Duration::from_secs(seconds);
    let window = open();
    commit(&window, 0..1, Day(0)).await;
    window.settle(Day(0), begin);
    commit(&window, 1..2, Day(3000)).await;
    window.settle(Day(3000), after(599));
    window.settle(Day(3000), after(1198));
    window.settle(Day(0), after(1199));
    assert_eq!(known(&window, 0..2).await, [true, true]);
    window.save().unwrap();

    // What it left is treated as tomorrow's once the clock has settled, and leaves as such.
    let window = open();
    assert_eq!(known(&window, 0..2).await, [true, true]);
    window.settle(Day(0), after(1200));
    window.settle(Day(0), after(1800));
    window.save().unwrap();
    let window = open();
    commit(&window, 2..3, Day(0)).await;
    assert_eq!(known(&window, 0..3).await, [true, true, true]);
    window.settle(Day(7), after(2000));
    window.settle(Day(7), after(2600));
    assert_eq!(known(&window, 0..3).await, [false, true, true]);
    window.settle(Day(8), after(3000));
    window.settle(Day(8), after(3600));
    assert_eq!(known(&window, 0..3).await, [false, false, false]);
}

#[tokio::test]
async fn a_duplicate_is_known_when_the_clock_goes_back_over_midnight() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    commit(&window, 0..1, Day(1)).await;
    commit(&window, 1..2, Day(0)).await;
    window.settle(Day(7), clock::monotonic());
    assert_eq!(known(&window, 0..2).await, [true, true]);
}

#[tokio::test]
async fn the_oldest_leave_when_the_window_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let limits = DedupLimits {
        events: 4000,
        ..LIMITS
    };
    let window = DedupWindow::open(dir.path(), limits).unwrap();
    for start in 0..5 {
        commit(&window, start * 2000..(start + 1) * 2000, Day(1)).await;
        window.save().unwrap();
    }
    let stats = window.stats();
    assert_eq!((stats.events, stats.evicted), (4000, 6000));
    let (oldest, newest) = (5999..6001, 9999..10_001);
    assert_eq!(known(&window, oldest).await, [false, true]);
    assert_eq!(known(&window, newest).await, [true, false]);
    let n_files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(n_files, 2);
}

#[tokio::test]
async fn no_event_is_taken_while_nothing_is_written_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    // Four segments and the batch that was one too many.
    for start in 0..5 {
        commit(&window, start * SEGMENT..(start + 1) * SEGMENT, Day(1)).await;
    }
    let refused = window.reserve(hashes(0..1)).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))));
    window.save().unwrap();
    assert_eq!(known(&window, 0..1).await, [true]);
}

#[tokio::test]
async fn an_older_window_is_taken_over_whole_or_again() {
    let dir = tempfile::tempdir().unwrap();
    let window = open(&dir);
    let day_of = |n: u128| Day(1 + (n / 1500) as i64);
    let old = || (0..4000).map(|n| Ok((day_of(n), hashes(n..n + 1)[0])));
    let broken = old().take(3000).chain([Err(StoreError::NotOpen)]);
    assert!(window.take_over(broken, Position(4000)).is_err());
    window.save().unwrap();
    assert_eq!(window.position(), Position(0));

    let window = open(&dir);
    window.take_over(old(), Position(4000)).unwrap();
    let window = open(&dir);
    assert_eq!(window.position(), Position(4000));
    assert_eq!(window.stats().events, 4000);
    assert_eq!(known(&window, 0..4000).await, [true; 4000]);
    window.settle(Day(8), clock::monotonic());
    assert_eq!(known(&window, 1499..1501).await, [false, true]);
}

/// Requests for the same events come from many threads, while files are written: each event is fresh once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_is_fresh_once_however_many_send_it() {
    let dir = tempfile::tempdir().unwrap();
    let limits = DedupLimits {
        events: 24_000,
        ..LIMITS
    };
    let window = DedupWindow::open(dir.path(), limits).unwrap();
    let until = Arc::new(Mutex::new(0_u64));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (window, until) = (Arc::clone(&window), Arc::clone(&until));
            tokio::spawn(async move {
                let mut n_fresh = 0;
                for start in 0..60_u128 {
                    let start = start * 100 + sender * 7;
                    let reservation = window.reserve(hashes(start..start + 100)).await.unwrap();
                    n_fresh += reservation.fresh().len();
                    // In the order of positions.
                    let mut until = until.lock().unwrap();
                    *until += reservation.fresh().len() as u64;
                    reservation.commit(Day(1), Position(*until));
                }
                n_fresh
            })
        })
        .collect();
    let saver = {
        let (window, until) = (Arc::clone(&window), Arc::clone(&until));
        std::thread::spawn(move || {
            while *until.lock().unwrap() < 6021 {
                window.save().unwrap();
            }
        })
    };
    let mut n_fresh = 0;
    for sender in senders {
        n_fresh += sender.await.unwrap();
    }
    assert_eq!(n_fresh, 6021);
    saver.join().unwrap();
    assert_eq!(window.save().unwrap(), Position(6021));
    let window = open(&dir);
    assert_eq!(window.stats().events, 6021);
}

proptest! {
    /// Requests overlap in any way and end in any order: an event is owned once at a time,
    /// and stored once in the end.
    #[test]
    fn two_requests_never_own_one_event(
        requests in prop::collection::vec((prop::collection::vec(0_u128..12, 1..6), any::<bool>()), 1..20)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let window = open(&dir);
        let mut stored: HashSet<EventHash> = HashSet::new();
        let mut commit = |reservation: Reservation| {
            let is_new = reservation.fresh().iter().all(|&hash| stored.insert(hash));
            reservation.commit(Day(1), Position(stored.len() as u64));
            is_new
        };
        let mut owned: Vec<Reservation> = Vec::new();
        for (events, keeps_open) in requests {
            let events: Vec<EventHash> =
                events.into_iter().flat_map(|n| hashes(n..n + 1)).collect();
            let reservation = loop {
                if let Some(reservation) = window.reserve(events.clone()).now_or_never() {
                    break reservation.unwrap();
                }
                // It waits for one of the open ones: let the oldest end.
                prop_assert!(commit(owned.remove(0)));
            };
            for hash in reservation.fresh() {
                prop_assert!(owned.iter().all(|other| !other.fresh().contains(hash)));
            }
            if keeps_open {
                owned.push(reservation);
            } else {
                prop_assert!(commit(reservation));
            }
        }
    }
}
