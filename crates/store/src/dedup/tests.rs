use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use proptest::prelude::*;

use super::*;

const LIMITS: DedupLimits = DedupLimits {
    days: 7,
    events: 10_000_000,
};

/// A window over side tables that hold exactly what `stored` says.
fn window_over(stored: &Arc<Mutex<HashSet<EventHash>>>, limits: DedupLimits) -> Arc<DedupWindow> {
    let stored = Arc::clone(stored);
    let lookup: Lookup = Arc::new(move |suspects| {
        let stored = stored.lock().unwrap();
        let found: HashSet<EventHash> = suspects
            .iter()
            .map(|suspect| suspect.hash)
            .filter(|hash| stored.contains(hash))
            .collect();
        async move { Ok(found) }.boxed()
    });
    DedupWindow::new(lookup, limits)
}

fn hashes(range: std::ops::Range<u128>) -> Vec<EventHash> {
    // Spread as real hashes are.
    range
        .map(|n| EventHash(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)))
        .collect()
}

fn commit(stored: &Mutex<HashSet<EventHash>>, reservation: Reservation, day: Day) {
    stored.lock().unwrap().extend(reservation.fresh());
    reservation.commit(day);
}

#[tokio::test]
async fn a_committed_event_is_a_duplicate_and_a_dropped_one_is_not() {
    let stored = Arc::default();
    let window = window_over(&stored, LIMITS);
    let first = window.reserve(hashes(0..3)).await.unwrap();
    assert_eq!(first.duplicates(), [false; 3]);
    commit(&stored, first, Day(1));
    drop(window.reserve(hashes(3..4)).await.unwrap());
    let second = window.reserve(hashes(1..5)).await.unwrap();
    assert_eq!(second.duplicates(), [true, true, false, false]);
}

#[tokio::test]
async fn a_twin_within_a_request_is_a_duplicate() {
    let window = window_over(&Arc::default(), LIMITS);
    let twins = [hashes(0..2), hashes(0..1)].concat();
    let reservation = window.reserve(twins).await.unwrap();
    assert_eq!(reservation.duplicates(), [false, false, true]);
    assert_eq!(reservation.fresh().len(), 2);
}

#[tokio::test]
async fn a_duplicate_waits_for_the_request_that_holds_the_event() {
    for is_committed in [true, false] {
        let stored = Arc::default();
        let window = window_over(&stored, LIMITS);
        let first = window.reserve(hashes(0..2)).await.unwrap();
        let mut second = Box::pin(window.reserve(hashes(1..3)));
        assert!((&mut second).now_or_never().is_none(), "must wait");
        if is_committed {
            commit(&stored, first, Day(1));
        } else {
            drop(first);
        }
        assert_eq!(second.await.unwrap().duplicates(), [is_committed, false]);
    }
}

#[tokio::test]
async fn events_leave_with_their_day() {
    let stored = Arc::default();
    let window = window_over(&stored, LIMITS);
    for day in 1..=8 {
        let n = day as u128;
        commit(
            &stored,
            window.reserve(hashes(n..n + 1)).await.unwrap(),
            Day(day),
        );
    }
    // Not before the day is settled: the clock may be wrong.
    let all = window.reserve(hashes(1..9)).await.unwrap();
    assert_eq!(all.duplicates(), [true; 8]);
    window.settle(Day(8), Day(9));
    let reservation = window.reserve(hashes(1..9)).await.unwrap();
    let mut expected = [true; 8];
    expected[0] = false;
    assert_eq!(reservation.duplicates(), expected);
}

#[tokio::test]
async fn days_ahead_become_the_next_one_and_leave_with_it() {
    let stored = Arc::default();
    let window = window_over(&stored, LIMITS);
    for (n, day) in [(0, 1), (1, 400)] {
        let reservation = window.reserve(hashes(n..n + 1)).await.unwrap();
        commit(&stored, reservation, Day(day));
    }
    window.settle(Day(1), Day(2));
    assert_eq!(window.day_to_write(Day(1)), Day(2));
    let known = |window: Arc<DedupWindow>| async move {
        let reservation = window.reserve(hashes(0..2)).await.unwrap();
        reservation.duplicates().to_vec()
    };
    assert_eq!(known(Arc::clone(&window)).await, [true, true]);
    window.settle(Day(8), Day(9));
    assert_eq!(known(Arc::clone(&window)).await, [false, true]);
    window.settle(Day(9), Day(10));
    assert_eq!(known(window).await, [false, false]);
}

#[tokio::test]
async fn the_oldest_leave_when_the_window_is_full() {
    let stored = Arc::default();
    let limits = DedupLimits {
        days: 7,
        events: 2 * FIRST_SEGMENT,
    };
    let window = window_over(&stored, limits);
    let n = FIRST_SEGMENT as u128;
    for start in 0..4 {
        commit(
            &stored,
            window
                .reserve(hashes(start * n..(start + 1) * n))
                .await
                .unwrap(),
            Day(1),
        );
    }
    let stats = window.stats();
    assert!(stats.events <= limits.events as u64, "{stats:?}");
    assert_eq!(stats.events + stats.evicted, 4 * n as u64);
    let newest = window.reserve(hashes(4 * n - 1..4 * n)).await.unwrap();
    assert_eq!(newest.duplicates(), [true]);
}

#[tokio::test]
async fn an_unknown_event_seldom_needs_the_table() {
    let stored = Arc::default();
    let n_lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_lookups);
    let lookup: Lookup = Arc::new(move |suspects| {
        counted.fetch_add(suspects.len(), Ordering::Relaxed);
        async { Ok(HashSet::new()) }.boxed()
    });
    let window = DedupWindow::new(lookup, LIMITS);
    commit(
        &stored,
        window.reserve(hashes(0..500_000)).await.unwrap(),
        Day(1),
    );
    drop(window.reserve(hashes(500_000..1_000_000)).await.unwrap());
    // 1 in a million for each of four filters; 20 times that would still be no burden.
    assert!(n_lookups.load(Ordering::Relaxed) < 40, "{n_lookups:?}");
}

proptest! {
    /// Requests overlap in any way and end in any order: an event is owned once at a time,
    /// and stored once in the end.
    #[test]
    fn two_requests_never_own_one_event(
        requests in prop::collection::vec((prop::collection::vec(0_u128..12, 1..6), any::<bool>()), 1..20)
    ) {
        let stored: Arc<Mutex<HashSet<EventHash>>> = Arc::default();
        let window = window_over(&stored, LIMITS);
        let mut open: Vec<Reservation> = Vec::new();
        for (events, keeps_open) in requests {
            let events: Vec<EventHash> =
                events.into_iter().flat_map(|n| hashes(n..n + 1)).collect();
            let reservation = loop {
                if let Some(reservation) = window.reserve(events.clone()).now_or_never() {
                    break reservation.unwrap();
                }
                // It waits for one of the open ones: let the oldest end.
                commit(&stored, open.remove(0), Day(1));
            };
            for hash in reservation.fresh() {
                prop_assert!(!stored.lock().unwrap().contains(hash));
                prop_assert!(open.iter().all(|other| !other.fresh().contains(hash)));
            }
            if keeps_open {
                open.push(reservation);
            } else {
                commit(&stored, reservation, Day(1));
            }
        }
    }
}
