use std::sync::atomic::AtomicUsize;

use super::*;
use crate::clock;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

fn bounds() -> Bounds {
    Bounds {
        max: 6,
        max_per_address: 3,
        proxies: vec![PROXY],
        head_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_mins(2),
        write_timeout: Duration::from_mins(1),
    }
}

fn connections() -> (Connections, Arc<Mutex<Vec<Closed>>>) {
    let closed = Arc::new(Mutex::new(Vec::new()));
    let count = Arc::clone(&closed);
    let connections = Connections::new(bounds(), Gauge::default(), move |reason| {
        count.lock().unwrap().push(reason);
    });
    (connections, closed)
}

fn is_closed(place: &Place) -> bool {
    place.connection.close.is_cancelled()
}

#[test]
fn who_waits_longest_makes_room() {
    let (connections, closed) = connections();
    let begin = clock::monotonic();
    let at = |s| begin + Duration::from_secs(s);
    let first = connections.admit(HERE, at(0)).unwrap();
    let second = connections.admit(HERE, at(1)).unwrap();
    let third = connections.admit(HERE, at(2)).unwrap();
    let serving = first.connection.serve(at(3));
    // The first has a request, so the second goes.
    let fourth = connections.admit(HERE, at(4)).unwrap();
    assert!(!is_closed(&first) && is_closed(&second) && !is_closed(&third));
    drop(serving);
    let others: Vec<Place> = (5..8)
        .map(|s| connections.admit(THERE, at(s)).unwrap())
        .collect();
    assert_eq!(connections.len(), 6);
    // All places are taken: the longest silence of all addresses ends. The first was answered just
    // now by the real clock, which is before the times of this test.
    let _ninth = connections.admit(PROXY, at(9)).unwrap();
    assert!(is_closed(&first) && !is_closed(&third) && !is_closed(&fourth));
    assert!(!others.iter().any(is_closed));
    assert_eq!(*closed.lock().unwrap(), [Closed::Displaced; 2]);
}

#[test]
fn requests_are_not_displaced_and_proxies_are_many_clients() {
    let (connections, closed) = connections();
    let now = clock::monotonic();
    let mut serving = Vec::new();
    let mut places = Vec::new();
    for address in [HERE, HERE, HERE, PROXY, PROXY] {
        let place = connections.admit(address, now).unwrap();
        serving.push(place.connection.serve(now));
        places.push(place);
    }
    assert!(
        connections.admit(HERE, now).is_none(),
        "beyond the bound of an address"
    );
    let place = connections.admit(PROXY, now).unwrap();
    serving.push(place.connection.serve(now));
    assert!(
        connections.admit(PROXY, now).is_none(),
        "beyond the bound of all"
    );
    assert!(connections.admit(THERE, now).is_none());
    assert_eq!(*closed.lock().unwrap(), [Closed::Refused; 3]);
    drop(places.pop());
    assert!(connections.admit(THERE, now).is_some(), "a place is free");
}

/// Brings a connection to something.
type Prepare = fn(&Place, Instant) -> Option<Serving>;

/// What a connection is at, and after how many seconds of silence it is closed, and why.
type Silence = (&'static str, Prepare, Option<(u64, Closed)>);

#[test]
fn silence_ends() {
    let begin = clock::monotonic();
    let after = |s| begin + Duration::from_secs(s);
    let cases: [Silence; 4] = [
        ("nothing came", |_, _| None, Some((20, Closed::HeadTimeout))),
        (
            "answered",
            |place, now| {
                place.connection.lock().phase = Phase::Idle;
                place.connection.lock().since = now;
                None
            },
            Some((120, Closed::IdleTimeout)),
        ),
        (
            "serving",
            |place, now| Some(place.connection.serve(now)),
            None,
        ),
        (
            "serving who takes nothing",
            |place, now| {
                place.connection.lock().blocked_since = Some(now);
                Some(place.connection.serve(now))
            },
            Some((60, Closed::WriteTimeout)),
        ),
    ];
    for (case, prepare, expected) in cases {
        let (connections, closed) = connections();
        let place = connections.admit(HERE, begin).unwrap();
        let _serving = prepare(&place, begin);
        let seconds = [20, 60, 120, 1_000_000].map(|s| [s, s + 1]).concat();
        let ended = seconds.into_iter().find(|&s| {
            connections.sweep(after(s));
            is_closed(&place)
        });
        let reason = closed.lock().unwrap().first().copied();
        let expected_end = expected.map(|(s, _)| s + 1);
        assert_eq!(ended, expected_end, "{case}");
        assert_eq!(reason, expected.map(|(_, reason)| reason), "{case}");
    }
}

#[test]
fn places_are_free_again() {
    static N_CLOSED: AtomicUsize = AtomicUsize::new(0);
    let connections = Connections::new(bounds(), Gauge::default(), |_| {
        N_CLOSED.fetch_add(1, Ordering::Relaxed);
    });
    for _ in 0..100 {
        drop(connections.admit(HERE, clock::monotonic()).unwrap());
    }
    assert_eq!(
        (connections.len(), N_CLOSED.load(Ordering::Relaxed)),
        (0, 0)
    );
}
