use proptest::prelude::*;

use super::*;

/// 2024-07-01T12:00:00Z, second 0 of the examples.
const BASE_MS: i64 = 1_719_835_200_000;

/// A click at a second for a job; 0 is no job.
fn click(second: f64, job_id: i64) -> Activity {
    Activity {
        timestamp: Timestamp::from_millis(BASE_MS + (second * 1000.0).round() as i64),
        duration_ms: 0,
        is_compressed: false,
        is_repeat: false,
        ids: ids(job_id),
    }
}

/// A frame change from `second` on that lasts `seconds`.
fn frame(second: f64, seconds: f64, job_id: i64) -> Activity {
    Activity {
        duration_ms: (seconds * 1000.0).round() as i64,
        is_compressed: true,
        ..click(second, job_id)
    }
}

fn ids(job_id: i64) -> Ids {
    let id = (job_id != 0).then_some(job_id);
    Ids {
        job_id: id,
        task_id: id,
        project_id: id,
    }
}

/// Rows as `job:ms@second`, as the contract writes them.
fn rows(previous: Option<Activity>, activities: &[Activity]) -> String {
    working_time(previous.as_ref(), activities)
        .iter()
        .map(|row| {
            let counted_ms: i64 = row
                .intervals
                .iter()
                .map(|interval| interval.end_ms - interval.start_ms)
                .sum();
            assert_eq!(counted_ms, i64::from(row.duration_ms));
            let job = row
                .ids
                .job_id
                .map_or("null".to_owned(), |id| id.to_string());
            let second = (row.timestamp.millis() - BASE_MS) as f64 / 1000.0;
            format!("{job}:{}@{second}", row.duration_ms)
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn examples_of_the_contract() {
    let draw = Activity {
        duration_ms: 30_000,
        ..click(0.0, 7)
    };
    let cases: [(&str, Option<Activity>, Vec<Activity>, &str); 18] = [
        (
            "plain gaps",
            None,
            vec![click(0.0, 7), click(40.0, 7), click(65.5, 7)],
            "7:65500@0",
        ),
        (
            "exact threshold",
            None,
            vec![click(0.0, 7), click(99.999, 7), click(199.999, 7)],
            "7:99999@0",
        ),
        (
            "overlap",
            None,
            vec![frame(0.0, 6.0, 7), frame(4.0, 5.0, 7)],
            "7:9000@0",
        ),
        (
            "containment",
            None,
            vec![
                frame(0.0, 9.0, 7),
                click(2.0, 7),
                frame(3.0, 1.0, 7),
                click(12.0, 7),
            ],
            "7:12000@0",
        ),
        (
            "job switch",
            None,
            vec![
                click(0.0, 7),
                click(10.0, 7),
                click(30.0, 8),
                click(45.0, 8),
            ],
            "7:30000@0 8:15000@45",
        ),
        (
            "previous of other job",
            Some(click(0.0, 7)),
            vec![click(5.0, 8), click(9.0, 8)],
            "7:5000@5 8:4000@9",
        ),
        (
            "previous too old",
            Some(click(-100.0, 7)),
            vec![click(0.0, 8), click(3.0, 8)],
            "8:3000@3",
        ),
        ("empty list", None, vec![], ""),
        ("empty list, with previous", Some(click(0.0, 7)), vec![], ""),
        (
            "out of order",
            None,
            vec![click(20.0, 7), click(5.0, 7), click(26.0, 7)],
            "7:6000@20",
        ),
        ("zero result", None, vec![click(0.0, 7)], ""),
        (
            "previous compressed",
            Some(frame(-8.0, 12.0, 7)),
            vec![click(2.0, 7), click(15.0, 7)],
            "7:11000@2",
        ),
        (
            "long compressed after long gap",
            None,
            vec![click(0.0, 7), frame(150.0, 250.0, 7), click(401.0, 7)],
            "7:251000@0",
        ),
        (
            "switching back",
            None,
            vec![
                click(0.0, 7),
                click(10.0, 8),
                click(14.0, 7),
                click(20.0, 8),
            ],
            "7:16000@0 8:4000@14",
        ),
        (
            "no job then job",
            None,
            vec![click(0.0, 0), click(4.0, 7), click(9.0, 7)],
            "null:4000@0 7:5000@9",
        ),
        (
            "duration ignored",
            None,
            vec![draw, click(50.0, 7)],
            "7:50000@0",
        ),
        (
            "negative duration",
            None,
            vec![frame(0.0, -0.5, 7), click(1.0, 7)],
            "7:1000@0",
        ),
        (
            "event before previous",
            Some(click(5.0, 7)),
            vec![click(1.0, 7)],
            "",
        ),
    ];
    for (case, previous, activities, expected) in cases {
        assert_eq!(rows(previous, &activities), expected, "{case}");
    }
}

#[test]
fn intervals_are_what_was_counted() {
    let work = working_time(
        None,
        &[
            click(0.0, 7),
            click(10.0, 8),
            click(14.0, 7),
            frame(20.0, 5.0, 7),
            click(300.0, 7),
            click(301.0, 7),
        ],
    );
    let intervals: Vec<_> = work
        .iter()
        .map(|row| {
            row.intervals
                .iter()
                .map(|interval| (interval.start_ms - BASE_MS, interval.end_ms - BASE_MS))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        intervals,
        [
            vec![(0, 10_000), (14_000, 25_000), (300_000, 301_000)],
            vec![(10_000, 14_000)],
        ]
    );
}

#[test]
fn less_than_a_millisecond_is_a_row_of_zero() {
    let later = |micros| Activity {
        timestamp: Timestamp::from_micros(BASE_MS * 1000 + micros),
        ..click(0.0, 7)
    };
    let work = working_time(None, &[later(50), later(950)]);
    assert_eq!(work.len(), 1);
    assert_eq!(work[0].duration_ms, 0);
    assert_eq!(work[0].intervals, []);
}

#[test]
fn a_repeat_adds_no_time_and_is_gone_on_from() {
    let repeat = |activity: Activity| Activity {
        is_repeat: true,
        ..activity
    };
    let cases: [(&str, Vec<Activity>, &str); 3] = [
        (
            "repeat between",
            vec![click(0.0, 7), repeat(click(10.0, 8)), click(12.0, 7)],
            "8:2000@12",
        ),
        (
            "compressed repeat",
            vec![click(0.0, 7), repeat(frame(10.0, 5.0, 7)), click(20.0, 7)],
            "7:5000@0",
        ),
        (
            "older repeat does not move back",
            vec![
                click(0.0, 7),
                click(10.0, 7),
                repeat(click(5.0, 7)),
                click(20.0, 7),
            ],
            "7:20000@0",
        ),
    ];
    for (case, activities, expected) in cases {
        assert_eq!(rows(None, &activities), expected, "{case}");
    }
}

#[test]
fn more_time_than_a_row_holds_saturates() {
    let long = |micros: i64, duration_ms| Activity {
        timestamp: Timestamp::from_micros(micros),
        duration_ms,
        ..frame(0.0, 0.0, 7)
    };
    let two_long = [
        long(0, 4_000_000_000),
        long(4_000_000_000_000, 4_000_000_000),
    ];
    assert_eq!(rows(None, &two_long), "7:4294967295@-1719835200");

    let absurd = [
        long(i64::MIN, i64::MAX),
        long(i64::MAX, i64::MAX),
        long(0, i64::MIN),
        long(i64::MAX, 0),
    ];
    let work = working_time(Some(&long(i64::MAX, i64::MAX)), &absurd);
    assert!(work.is_empty());
    let work = working_time(Some(&long(i64::MIN, i64::MIN)), &absurd);
    assert_eq!(work[0].duration_ms, u32::MAX);
}

/// Activities of a few jobs within ten minutes, in any order.
fn any_activities(max: usize) -> impl Strategy<Value = Vec<Activity>> {
    let activity = (
        0..600_000_000_i64,
        -5_000..150_000_i64,
        0..4_i64,
        0..4_u8,
        0..8_u8,
    );
    proptest::collection::vec(activity, 0..max).prop_map(|parts| {
        parts
            .into_iter()
            .map(
                |(micros, duration_ms, job_id, compressed, repeat)| Activity {
                    timestamp: Timestamp::from_micros(BASE_MS * 1000 + micros),
                    duration_ms,
                    is_compressed: compressed == 0,
                    is_repeat: repeat == 0,
                    ids: ids(job_id),
                },
            )
            .collect()
    })
}

fn whole_ms(mut activities: Vec<Activity>) -> Vec<Activity> {
    for activity in &mut activities {
        activity.timestamp = Timestamp::from_millis(activity.timestamp.millis());
        activity.is_repeat = false;
    }
    activities
}

fn total_ms(work: &[WorkingTime]) -> i64 {
    work.iter().map(|row| i64::from(row.duration_ms)).sum()
}

/// Time by ids of the sequence cut before each index of `cuts`, as a client sends it: the
/// last activity of a request is the previous one of the next.
fn by_ids(activities: &[Activity], cuts: &[usize]) -> std::collections::BTreeMap<Ids, i64> {
    let mut totals = std::collections::BTreeMap::new();
    let mut start = 0_usize;
    let mut ends: Vec<usize> = cuts
        .iter()
        .map(|cut| cut % (activities.len() + 1))
        .collect();
    ends.push(activities.len());
    ends.sort_unstable();
    for end in ends {
        let previous = start.checked_sub(1).map(|last| &activities[last]);
        for row in working_time(previous, &activities[start..end]) {
            *totals.entry(row.ids).or_insert(0) += i64::from(row.duration_ms);
        }
        start = end;
    }
    totals
}

proptest! {
    #[test]
    fn no_more_than_the_wall_time_is_counted(
        activities in any_activities(40),
        previous in any_activities(2),
    ) {
        let work = working_time(previous.first(), &activities);
        let mut intervals: Vec<Interval> = work.iter().flat_map(|row| row.intervals.clone()).collect();
        intervals.sort_by_key(|interval| interval.start_ms);
        for pair in intervals.windows(2) {
            prop_assert!(pair[0].end_ms <= pair[1].start_ms, "counted twice: {pair:?}");
        }
        let all = previous.iter().chain(&activities);
        let first = all.clone().map(|activity| activity.end_micros().min(activity.timestamp.micros())).min();
        let last = all.map(|activity| activity.end_micros().max(activity.timestamp.micros())).max();
        if let (Some(first), Some(last)) = (first, last) {
            prop_assert!(total_ms(&work) * 1000 <= last - first);
            for interval in &intervals {
                prop_assert!(interval.start_ms < interval.end_ms);
                prop_assert!(first.div_euclid(1000) <= interval.start_ms);
                prop_assert!(interval.end_ms * 1000 <= last);
            }
        }
        for row in &work {
            let counted_ms: i64 = row.intervals.iter().map(|interval| interval.end_ms - interval.start_ms).sum();
            let n_roundings = (row.intervals.len() + activities.len()) as u64;
            prop_assert!(counted_ms.abs_diff(i64::from(row.duration_ms)) <= n_roundings);
        }
    }

    #[test]
    fn whole_milliseconds_add_up(activities in any_activities(40).prop_map(whole_ms)) {
        for row in working_time(None, &activities) {
            let counted_ms: i64 = row.intervals.iter().map(|interval| interval.end_ms - interval.start_ms).sum();
            prop_assert_eq!(counted_ms, i64::from(row.duration_ms));
        }
    }

    #[test]
    fn cuts_of_ordered_activities_change_nothing(
        activities in any_activities(30).prop_map(whole_ms),
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
    ) {
        let mut activities = activities;
        activities.sort_by_key(|activity| activity.timestamp);
        // No compressed activity ends after a later one starts.
        for index in 0..activities.len() {
            let next = activities.get(index + 1).map_or(i64::MAX, |next| next.timestamp.millis());
            let longest_ms = next - activities[index].timestamp.millis();
            activities[index].duration_ms = activities[index].duration_ms.clamp(0, longest_ms);
        }
        prop_assert_eq!(by_ids(&activities, &cuts), by_ids(&activities, &[]));
    }

    #[test]
    fn a_cut_changes_no_more_than_documented(
        activities in any_activities(30).prop_map(whole_ms),
        previous in any_activities(2).prop_map(whole_ms),
        cut in any::<usize>(),
    ) {
        prop_assume!(!activities.is_empty());
        let cut = cut % activities.len();
        prop_assume!(cut > 0);
        let (head, tail) = activities.split_at(cut);
        let last = &head[cut - 1];
        let latest_micros = previous
            .iter()
            .map(Activity::end_micros)
            .chain(head.iter().flat_map(|activity| [activity.timestamp.micros(), activity.end_micros()]))
            .max()
            .unwrap();
        let d_ms = (latest_micros - last.end_micros()) / 1000;
        let uncut_ms = total_ms(&working_time(previous.first(), &activities));
        let cut_ms = total_ms(&working_time(previous.first(), head)) + total_ms(&working_time(Some(last), tail));
        prop_assert!(cut_ms - uncut_ms <= d_ms, "{cut_ms} for {uncut_ms}, d = {d_ms}");
        prop_assert!(uncut_ms - cut_ms < 100_000, "{cut_ms} for {uncut_ms}, d = {d_ms}");
        if d_ms == 0 {
            prop_assert_eq!(cut_ms, uncut_ms);
        }
    }

    #[test]
    fn any_times_are_survived(
        parts in proptest::collection::vec((any::<i64>(), any::<i64>(), any::<bool>(), any::<bool>(), 0..3_i64), 0..10),
    ) {
        let activities: Vec<Activity> = parts
            .into_iter()
            .map(|(micros, duration_ms, is_compressed, is_repeat, job_id)| Activity {
                timestamp: Timestamp::from_micros(micros),
                duration_ms,
                is_compressed,
                is_repeat,
                ids: ids(job_id),
            })
            .collect();
        for row in working_time(activities.first(), &activities) {
            for interval in row.intervals {
                prop_assert!(interval.start_ms < interval.end_ms);
            }
        }
    }
}
