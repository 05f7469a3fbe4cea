//! Whatever is appended and asked for, in whatever order: the newest rows are those of all.

use std::sync::{Arc, LazyLock};

use annoscope_sql::{Context, Dialect, Division, TimeRange, prepare};
use arrow::array::{Int64Array, TimestampMillisecondArray};
use arrow::datatypes::{Field, Int64Type, Schema};
use proptest::prelude::*;

use super::*;
use crate::relation::{self, RowFilter};

const MINUTE_US: i64 = 60_000_000;

/// When it happened, µs since the epoch, and its number.
type Event = (i64, i64);

#[derive(Clone, Debug)]
enum Step {
    /// Events at these times, in thirds of a minute.
    Append(Vec<i64>),
    /// A query over these minutes.
    Ask { from: i64, length: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let third = 0..3000_i64;
    let length = prop::sample::select(vec![20, 600, 600]);
    prop_oneof![
        prop::collection::vec(third, 1..4).prop_map(Step::Append),
        (0..400_i64, length).prop_map(|(from, length)| Step::Ask { from, length }),
    ]
}

/// Prepared once, as it takes its time.
static NEWEST: LazyLock<Newest> = LazyLock::new(|| {
    let context = Context {
        range: Some(TimeRange {
            from_ms: 0,
            to_ms: 1,
        }),
        ..Context::default()
    };
    let sql = "SELECT timestamp, obj_id FROM events WHERE $__timeFilter_ms(timestamp) ORDER BY timestamp DESC, obj_id DESC LIMIT 5";
    let relation = relation::events(RowFilter::default());
    let prepared = prepare(sql, &context, &relation).unwrap();
    let Some(Division::Newest(newest)) = prepared.division(Dialect::DuckDb).cloned() else {
        panic!("the query is not for the newest rows");
    };
    newest
});

/// The query over these minutes.
fn newest(from: i64, length: i64) -> Newest {
    let mut newest = NEWEST.clone();
    newest.range = from * MINUTE_US..(from + length) * MINUTE_US + 1;
    newest
}

/// What the store answers for a slice.
fn answer(events: &[Event], slice: &Range<i64>) -> Vec<RecordBatch> {
    let mut rows: Vec<Event> = events
        .iter()
        .copied()
        .filter(|(time, _)| slice.contains(time))
        .collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    rows.truncate(5);
    if rows.is_empty() {
        return Vec::new();
    }
    let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
    let schema = Schema::new(vec![
        Field::new("c0", millis, true),
        Field::new("c1", DataType::Int64, true),
    ]);
    let times = rows.iter().map(|(time, _)| time / 1000);
    let columns: [arrow::array::ArrayRef; 2] = [
        Arc::new(TimestampMillisecondArray::from_iter_values(times)),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, id)| *id))),
    ];
    vec![RecordBatch::try_new(Arc::new(schema), columns.into()).unwrap()]
}

fn ids(rows: &[RecordBatch]) -> Vec<i64> {
    let ids = rows
        .iter()
        .map(|batch| batch.column(1).as_primitive::<Int64Type>());
    ids.flat_map(|ids| ids.values().to_vec()).collect()
}

/// Asks as the server does. The rows, how many of them had been cached, and how often the store
/// was asked.
fn ask(
    results: &ResultCache,
    changes: &Changes,
    events: &[Event],
    newest: &Newest,
) -> (Vec<i64>, u64, usize) {
    let mut search = results.search(newest, changes, true).unwrap();
    let mut n_asked = 0;
    loop {
        let fresh = search.statement().map(|_| answer(events, &search.slice));
        n_asked += usize::from(fresh.is_some());
        if let Some((rows, n_cached_rows)) = search.finish(&fresh.unwrap_or_default()).unwrap() {
            return (ids(&rows), n_cached_rows, n_asked);
        }
        search.widen();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_newest_rows_are_found(steps in prop::collection::vec(step(), 1..40)) {
        let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
        let (mut events, mut n_events) = (Vec::<Event>::new(), 0);
        for step in steps {
            match step {
                Step::Append(thirds) => {
                    let times: Vec<i64> = thirds.iter().map(|third| third * MINUTE_US / 3 / 1000 * 1000).collect();
                    for (time, id) in times.iter().zip(n_events..) {
                        events.push((*time, id));
                        n_events += 1;
                    }
                    changes.record(times);
                }
                Step::Ask { from, length } => {
                    let newest = newest(from, length);
                    let (found, _, _) = ask(&results, &changes, &events, &newest);
                    prop_assert_eq!(found, ids(&answer(&events, &newest.range)));
                }
            }
        }
    }
}

#[test]
fn the_next_window_asks_for_what_is_new() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let mut events: Vec<Event> = (0..600)
        .map(|minute| (minute * MINUTE_US, minute))
        .collect();
    // A 512th of the window has one, a 64th has five.
    let (_, n_cached_rows, n_asked) = ask(&results, &changes, &events, &newest(0, 599));
    assert_eq!((n_cached_rows, n_asked), (0, 2));
    let (rows, n_cached_rows, n_asked) = ask(&results, &changes, &events, &newest(1, 599));
    assert_eq!((n_cached_rows, n_asked), (5, 1), "{rows:?}");

    // Late, but among the newest; and one that is too late to be.
    events.extend([(597 * MINUTE_US + 1000, 1000), (5 * MINUTE_US, 1001)]);
    changes.record([597 * MINUTE_US + 1000, 5 * MINUTE_US]);
    let (rows, n_cached_rows, n_asked) = ask(&results, &changes, &events, &newest(2, 599));
    assert_eq!(rows, [599, 598, 1000, 597, 596]);
    assert_eq!((n_cached_rows, n_asked), (1, 1));
}

#[test]
fn few_rows_are_looked_for_in_all_of_the_window() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let events = [(MINUTE_US, 1), (500 * MINUTE_US, 2)];
    let (rows, _, n_asked) = ask(&results, &changes, &events, &newest(0, 599));
    assert_eq!((rows, n_asked), (vec![2, 1], 4));
}

#[test]
fn long_after_the_newest_event_it_is_found_at_once() {
    let results = ResultCache::new(1 << 20);
    let events: Vec<Event> = (0..600)
        .map(|minute| (minute * MINUTE_US, minute))
        .collect();
    let changes = Changes::after(events.iter().map(|(time_us, _)| *time_us).collect());
    let (rows, _, n_asked) = ask(&results, &changes, &events, &newest(0, 5_000));
    assert_eq!((rows, n_asked), (vec![599, 598, 597, 596, 595], 1));
    let (rows, _, n_asked) = ask(&results, &changes, &events, &newest(600, 5_000));
    assert_eq!((rows, n_asked), (vec![], 1));
}
