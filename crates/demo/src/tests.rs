use std::collections::{BTreeMap, HashSet};

use annoscope_events::{
    ClientHours, ClientRequest, Sender, Timestamp, UserRef, WORKING_TIME_SCOPE, parse_server_body,
};

use super::units::{DAY_MS, HOUR_MS};
use super::*;

/// 2024-07-01T12:00:00Z, a Monday.
const END: Timestamp = Timestamp::from_millis(1_719_835_200_000);

fn config(events: u64, days: u32) -> DemoConfig {
    DemoConfig {
        events,
        days,
        seed: 7,
        users: None,
        end: END,
    }
}

fn ndjson(config: &DemoConfig) -> Vec<u8> {
    let mut lines = Vec::new();
    let n_events = write_ndjson(generate(config).unwrap(), &mut lines, |_| ()).unwrap();
    assert_eq!(n_events, config.events);
    lines
}

#[test]
fn the_same_configuration_gives_the_same_bytes() {
    let config = config(20_000, 14);
    let lines = ndjson(&config);
    assert!(lines == ndjson(&config));
    assert!(lines != ndjson(&DemoConfig { seed: 8, ..config }));
    // The activity of another run of the program, of another day: it may only change when
    // the demo or the events' form is changed on purpose.
    let hash = blake3::hash(&lines);
    insta::assert_snapshot!(hash.to_hex().as_str(), @"8e2b3ce7a418f1755f16be2342bbf333f902064f5102b5287e93435d11b2da70");
}

#[test]
fn counts_are_exact_and_times_in_order_within_the_period() {
    let cases = [
        // (events, days, users)
        (0, 1, None),
        (1, 1, None),
        (17, 30, None),
        (1000, 1, None),
        (1000, 365, None),
        (5000, 2, Some(1)),
        (5000, 7, Some(40)),
        (60_000, 1, Some(1)),
        (100_000, 30, None),
    ];
    for (events, days, users) in cases {
        // A Monday, and a Sunday morning.
        for end in [END, Timestamp::from_millis(END.millis() - 30 * HOUR_MS)] {
            let config = DemoConfig {
                events,
                days,
                seed: 3,
                users,
                end,
            };
            let times: Vec<i64> = generate(&config)
                .unwrap()
                .map(|stored| stored.event.timestamp.millis())
                .collect();
            let case = format!("{config:?}");
            assert_eq!(times.len() as u64, events, "{case}");
            assert!(times.is_sorted(), "{case}");
            let earliest_ms = end.millis() - i64::from(days) * DAY_MS;
            assert!(
                times.first().is_none_or(|&first| first >= earliest_ms),
                "{case}"
            );
            assert!(
                times.last().is_none_or(|&last| last <= end.millis()),
                "{case}"
            );
        }
    }
}

#[test]
fn every_line_is_read_back_as_it_was() {
    let config = config(50_000, 10);
    let events: Vec<_> = generate(&config).unwrap().collect();
    let read = parse_server_body(&ndjson(&config), END, ClientHours::Claimed).unwrap();
    assert_eq!(read.len(), events.len());
    let mut hashes = HashSet::new();
    for (read, event) in read.into_iter().zip(&events) {
        let read = read.unwrap();
        assert_eq!(&read.stored, event);
        assert!(hashes.insert(read.hash.unwrap()), "a repeat: {event:?}");
    }
}

#[test]
fn a_request_is_of_one_person() {
    let config = config(50_000, 10);
    let mut sent: BTreeMap<Option<i64>, Vec<annoscope_events::StoredEvent>> = BTreeMap::new();
    for (body, n_events) in BatchesByUser::new(generate(&config).unwrap()) {
        assert!((1..=250).contains(&n_events), "{n_events}");
        let read = parse_server_body(&body, END, ClientHours::Claimed).unwrap();
        assert_eq!(read.len(), n_events);
        let events = read.into_iter().map(|event| event.unwrap().stored);
        let events: Vec<_> = events.collect();
        let user_id = events[0].event.user_id;
        assert!(events.iter().all(|stored| stored.event.user_id == user_id));
        sent.entry(user_id).or_default().extend(events);
    }
    let mut made: BTreeMap<Option<i64>, Vec<annoscope_events::StoredEvent>> = BTreeMap::new();
    for stored in generate(&config).unwrap() {
        made.entry(stored.event.user_id).or_default().push(stored);
    }
    assert!(sent == made, "each once, and in order");
}

#[test]
fn hours_are_plausible_and_equal_the_intervals() {
    let config = config(200_000, 30);
    let mut by_user_day: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for stored in generate(&config).unwrap() {
        let event = &stored.event;
        let intervals_ms: i64 = stored
            .intervals
            .iter()
            .map(|interval| interval.end_ms - interval.start_ms)
            .sum();
        if event.scope != WORKING_TIME_SCOPE {
            assert!(stored.intervals.is_empty());
            continue;
        }
        assert_eq!(intervals_ms, i64::from(event.duration));
        let day = event.timestamp.millis().div_euclid(DAY_MS);
        *by_user_day
            .entry((event.user_id.unwrap(), day))
            .or_default() += intervals_ms;
    }
    let hours: Vec<f64> = by_user_day
        .values()
        .map(|&ms| ms as f64 / HOUR_MS as f64)
        .collect();
    assert!(
        hours.iter().all(|hours| (0.0..12.0).contains(hours)),
        "{hours:?}"
    );
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    assert!((2.5..7.5).contains(&mean), "{mean} hours a day");
}

#[test]
fn everything_that_is_worked_on_was_created_before() {
    let mut known: HashSet<(&str, i64)> = HashSet::new();
    for stored in generate(&config(100_000, 30)).unwrap() {
        let event = &stored.event;
        let created = match event.scope.as_str() {
            "create:project" => Some(("project", event.project_id)),
            "create:task" => Some(("task", event.task_id)),
            "create:job" => Some(("job", event.job_id)),
            "create:organization" => Some(("organization", event.obj_id)),
            "create:user" => Some(("user", event.obj_id)),
            _ => None,
        };
        if let Some((kind, id)) = created {
            assert!(event.obj_name.is_some() || kind == "job", "{event:?}");
            known.insert((kind, id.unwrap()));
        }
        let used = [
            ("project", event.project_id),
            ("task", event.task_id),
            ("job", event.job_id),
            ("organization", event.org_id),
            (
                "user",
                event.user_id.filter(|&id| id != super::units::FIRST_ID),
            ),
        ];
        for (kind, id) in used {
            assert!(
                id.is_none_or(|id| known.contains(&(kind, id))),
                "{kind}: {event:?}"
            );
        }
    }
}

#[test]
fn many_kinds_of_events_are_there() {
    let mut n_by_scope: BTreeMap<String, u64> = BTreeMap::new();
    for stored in generate(&config(300_000, 30)).unwrap() {
        assert!(
            annoscope_events::SCOPES
                .iter()
                .any(|scope| scope.name == stored.event.scope),
            "{}",
            stored.event.scope
        );
        *n_by_scope.entry(stored.event.scope).or_default() += 1;
    }
    assert!(n_by_scope.len() >= 45, "{n_by_scope:#?}");
    let share = |scope: &str| n_by_scope[scope] as f64 / 300_000.0;
    assert!(
        (0.03..0.30).contains(&share(WORKING_TIME_SCOPE)),
        "{}",
        share(WORKING_TIME_SCOPE)
    );
    assert!((0.001..0.01).contains(&share("send:exception")));
}

#[test]
fn bodies_are_valid_requests_of_the_asked_size() {
    let config = DemoConfig {
        users: Some(3),
        ..config(20_000, 5)
    };
    let mut n_events = 0;
    for call in client_requests(&config, 100).unwrap() {
        let request = ClientRequest::parse(&call.body).unwrap();
        assert_eq!((request.len(), call.n_events), (100, 100));
        assert!(request.correct(END).mended(&[]).is_empty());
        n_events += 100;
    }
    assert!(n_events > 10_000, "{n_events}");
}

/// So many people begin on the first day that two do the same in the same millisecond, on pages that they
/// loaded in the same one.
#[test]
fn no_two_events_of_all_bodies_are_alike() {
    let config = DemoConfig {
        users: Some(3000),
        seed: 1,
        ..config(100_000, 10)
    };
    let by = Sender {
        user: UserRef {
            id: 1,
            name: "root".to_owned(),
            email: String::new(),
        },
        org: None,
    };
    let mut hashes = HashSet::new();
    let mut n_events = 0;
    for call in client_requests(&config, 1).unwrap() {
        let request = ClientRequest::parse(&call.body).unwrap();
        n_events += request.len();
        hashes.extend(request.hashes(&by));
    }
    assert!(n_events > 20_000, "{n_events}");
    assert_eq!(hashes.len(), n_events);
}

#[test]
fn what_cannot_be_made_is_refused() {
    let refused = |config: DemoConfig| generate(&config).err().unwrap().to_string();
    insta::assert_snapshot!(refused(config(1, 0)), @"0 days: from 1 to 3653 are possible");
    insta::assert_snapshot!(refused(DemoConfig { users: Some(0), ..config(1, 1) }), @"0 users: from 1 to 100000 are possible");
    insta::assert_snapshot!(refused(DemoConfig { users: Some(1), ..config(1_000_000, 1) }), @"1000000 events are too many for 1 users in 1 days: ask for more of either");
    insta::assert_snapshot!(refused(DemoConfig { end: Timestamp::EPOCH, ..config(1, 1) }), @"the period begins before 1970: choose a later end or fewer days");
}
