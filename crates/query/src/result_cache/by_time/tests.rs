//! Whatever is appended and asked for, in whatever order: cached and fresh rows give the result
//! that the whole query gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use annoscope_sql::{Context, Dialect, Division, TimeRange, prepare};
use arrow::array::{AsArray, Int64Array, TimestampSecondArray};
use arrow::datatypes::{Int64Type, TimestampSecondType};
use arrow::record_batch::RecordBatch as Batch;
use futures::FutureExt;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::relation::{self, RowFilter};

const MINUTE_US: i64 = 60_000_000;

/// The queries that are asked: by five minutes, with what is special about each.
const QUERIES: [&str; 5] = [
    "SELECT toStartOfFiveMinutes(timestamp) AS t, count() FROM events WHERE $__timeFilter_ms(timestamp) GROUP BY t ORDER BY t",
    "SELECT toStartOfFiveMinutes(timestamp) AS t, count() FROM events WHERE $__timeFilter_ms(timestamp) GROUP BY t ORDER BY t DESC",
    "SELECT toStartOfFiveMinutes(timestamp) AS t, count() FROM events WHERE $__timeFilter_ms(timestamp) GROUP BY t ORDER BY t WITH FILL STEP INTERVAL 5 MINUTE",
    "SELECT toStartOfFiveMinutes(timestamp) AS t, count() FROM events GROUP BY t ORDER BY t WITH FILL STEP INTERVAL 5 MINUTE",
    "SELECT toStartOfFiveMinutes(timestamp) AS t, count() FROM events WHERE timestamp <= $__toTime_ms GROUP BY t ORDER BY t WITH FILL STEP INTERVAL 5 MINUTE",
];

#[derive(Clone, Debug)]
enum Step {
    /// Events at these minutes.
    Append(Vec<i64>),
    /// A query over these minutes.
    Ask {
        query: &'static str,
        from: i64,
        to: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let minute = 0..60_i64;
    prop_oneof![
        prop::collection::vec(minute.clone(), 1..4).prop_map(Step::Append),
        (select(&QUERIES[..]), minute, 0..40_i64).prop_map(|(query, from, length)| Step::Ask {
            query,
            from,
            to: from + length,
        }),
    ]
}

fn slices(query: &str, from: i64, to: i64) -> TimeSlices {
    let context = Context {
        range: Some(TimeRange {
            from_ms: from * 60_000,
            to_ms: to * 60_000,
        }),
        ..Context::default()
    };
    let relation = relation::events(RowFilter::default());
    let prepared = prepare(query, &context, &relation).unwrap();
    let Some(Division::ByTime(slices)) = prepared.division(Dialect::DuckDb).cloned() else {
        panic!("{query} is no query by time");
    };
    slices
}

/// What the store answers for a slice of the time, in the order of the query.
fn answer(events: &[i64], slices: &TimeSlices, slice: &Range<i64>) -> Batch {
    let mut buckets = BTreeMap::new();
    for event in events.iter().filter(|event| slice.contains(event)) {
        *buckets.entry(floor(*event, slices.width_us)).or_insert(0) += 1;
    }
    if slices.fills_gaps
        && let (Some((&first, _)), Some((&last, _))) =
            (buckets.first_key_value(), buckets.last_key_value())
    {
        let mut start = first;
        while start < last {
            buckets.entry(start).or_insert(0);
            start += slices.width_us;
        }
    }
    let mut rows: Vec<(i64, i64)> = buckets.into_iter().collect();
    if !slices.is_ascending {
        rows.reverse();
    }
    let starts = TimestampSecondArray::from_iter_values(rows.iter().map(|row| row.0 / 1_000_000));
    let counts = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
    let columns: [(&str, Arc<dyn arrow::array::Array>); 2] =
        [("c0", Arc::new(starts)), ("c1", Arc::new(counts))];
    Batch::try_from_iter(columns).unwrap()
}

fn rows(batches: Batches) -> Vec<(i64, i64)> {
    let batches: Vec<_> = batches.collect().now_or_never().expect("all is there");
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.unwrap();
        let starts = batch.column(0).as_primitive::<TimestampSecondType>();
        let counts = batch.column(1).as_primitive::<Int64Type>();
        rows.extend(
            starts
                .values()
                .iter()
                .copied()
                .zip(counts.values().iter().copied()),
        );
    }
    rows
}

fn one(batch: &Batch) -> Batches {
    // Cut in two: a result comes in batches.
    let middle = batch.num_rows() / 2;
    let pieces = [
        Ok(batch.slice(0, middle)),
        Ok(batch.slice(middle, batch.num_rows() - middle)),
    ];
    stream::iter(pieces).boxed()
}

/// Answers as the server does. Also gives the rows that were cached.
fn ask(
    results: &ResultCache,
    changes: &Changes,
    events: &[i64],
    slices: &TimeSlices,
) -> (Vec<(i64, i64)>, u64) {
    let whole = || one(&answer(events, slices, &slices.range));
    match results.plan(slices, changes) {
        Plan::Whole(writer) => (rows(writer.watch(whole())), 0),
        Plan::Slices(mut refresh) => {
            for slice in refresh.missing.clone() {
                assert!(refresh.take(answer(events, slices, &slice)));
            }
            match refresh.finish().unwrap() {
                Some(refreshed) => (rows(refreshed.batches), refreshed.n_cached),
                None => (rows(whole()), 0),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_refreshed_result_is_the_result(steps in prop::collection::vec(step(), 1..30)) {
        let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
        let mut events: Vec<i64> = Vec::new();
        for step in steps {
            match step {
                Step::Append(minutes) => {
                    let times: Vec<i64> = minutes.iter().map(|minute| minute * MINUTE_US).collect();
                    events.extend(&times);
                    changes.record(times);
                }
                Step::Ask { query, from, to } => {
                    let slices = slices(query, from, to);
                    let expected = rows(one(&answer(&events, &slices, &slices.range)));
                    let (found, _) = ask(&results, &changes, &events, &slices);
                    prop_assert_eq!(found, expected, "{} of {}..={}", query, from, to);
                }
            }
        }
    }

    #[test]
    fn joined_spans_cover_what_they_join(spans in prop::collection::vec((0..100_i64, 0..20_i64), 0..20)) {
        let spans: Vec<Range<i64>> = spans.iter().map(|(start, length)| *start..start + length).collect();
        let joined = joined(spans.iter().filter(|span| !span.is_empty()).cloned().collect());
        prop_assert!(joined.len() <= MAX_SLICES);
        prop_assert!(joined.windows(2).all(|pair| pair[0].end < pair[1].start));
        for span in spans {
            prop_assert!(span.is_empty() || joined.iter().any(|one| one.start <= span.start && span.end <= one.end));
        }
    }
}

/// A window that moves on computes what is new, and a late event its own bucket.
#[test]
fn only_new_and_changed_buckets_are_asked_for() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let events: Vec<i64> = (0..90).map(|minute| minute * MINUTE_US).collect();
    let first = slices(QUERIES[0], 1, 61);
    assert_eq!(ask(&results, &changes, &events, &first).1, 0);

    let second = slices(QUERIES[0], 3, 63);
    changes.record([20 * MINUTE_US, 63 * MINUTE_US]);
    let Plan::Slices(refresh) = results.plan(&second, &changes) else {
        panic!("nothing was cached");
    };
    let minutes: Vec<_> = refresh
        .missing
        .iter()
        .map(|span| span.start / MINUTE_US..span.end / MINUTE_US)
        .collect();
    assert_eq!(minutes, [3..5, 20..25, 60..63]);
    assert_eq!(ask(&results, &changes, &events, &second).1, 10);
}

#[test]
fn what_is_too_large_is_not_kept() {
    let changes = Changes::default();
    let events: Vec<i64> = (0..90).map(|minute| minute * MINUTE_US).collect();
    for max_bytes in [0, 400] {
        let results = ResultCache::new(max_bytes);
        for _ in 0..3 {
            let slices = slices(QUERIES[0], 0, 90);
            assert_eq!(
                ask(&results, &changes, &events, &slices).1,
                0,
                "{max_bytes}"
            );
        }
    }
}

/// Gaps are filled up to the last event, which lay in the bucket that the first window cut off.
#[test]
fn an_earlier_end_is_no_filled_gap() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let events = [52, 79].map(|minute| minute * MINUTE_US);
    ask(&results, &changes, &events, &slices(QUERIES[2], 52, 79));
    let earlier = slices(QUERIES[4], 35, 75);
    let (found, _) = ask(&results, &changes, &events, &earlier);
    assert_eq!(found, [(50 * 60, 1)]);
}
