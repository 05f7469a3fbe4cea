//! Whatever is appended and asked for, in whatever order: the rows of cached and fresh slices are
//! those of all events of the window.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use annoscope_sql::{Context, Dialect, TimeRange, prepare};
use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use proptest::prelude::*;

use super::*;
use crate::relation::{self, RowFilter};

const MINUTE_US: i64 = 60_000_000;
const DAY_MINUTES: i64 = 24 * 60;

/// A minute, and what the event is grouped by.
type Event = (i64, i64);

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Event>),
    /// A query over these minutes, which begin at a half.
    Ask {
        from: i64,
        length: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let minute = 0..DAY_MINUTES;
    let event = (minute.clone(), 0..3_i64);
    let length = prop::sample::select(vec![5, 300, 300, 300, 1000]);
    prop_oneof![
        prop::collection::vec(event, 1..4).prop_map(Step::Append),
        (minute, length).prop_map(|(from, length)| Step::Ask { from, length }),
    ]
}

/// Prepared once, as it takes its time.
static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let context = Context {
        range: Some(TimeRange {
            from_ms: 0,
            to_ms: 1,
        }),
        ..Context::default()
    };
    let sql =
        "SELECT user_id, count() FROM events WHERE $__timeFilter_ms(timestamp) GROUP BY user_id";
    let relation = relation::events(RowFilter::default());
    let prepared = prepare(sql, &context, &relation).unwrap();
    let Some(annoscope_sql::Division::Parts(parts)) = prepared.division(Dialect::DuckDb).cloned()
    else {
        panic!("the query cannot be divided");
    };
    parts
});

fn parts(from: i64, length: i64) -> Parts {
    let start = from * MINUTE_US + MINUTE_US / 2;
    let mut parts = PARTS.clone();
    parts.range = start..start + length * MINUTE_US + 1;
    parts
}

fn groups<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<i64, i64> {
    let mut groups = BTreeMap::new();
    for (_, key) in events {
        *groups.entry(*key).or_insert(0) += 1;
    }
    groups
}

fn within(events: &[Event], range: &Range<i64>) -> BTreeMap<i64, i64> {
    groups(
        events
            .iter()
            .filter(|(minute, _)| range.contains(&(minute * MINUTE_US))),
    )
}

/// What the store answers for slices.
fn answer(events: &[Event], slices: &[Range<i64>]) -> Option<RecordBatch> {
    let (mut numbers, mut keys, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (number, slice) in (0..).zip(slices) {
        for (key, count) in within(events, slice) {
            numbers.push(number);
            keys.push(key);
            counts.push(count);
        }
    }
    let column = |name, ty| Field::new(name, ty, true);
    let schema = Schema::new(vec![
        column("slice", DataType::Int32),
        column("c0", DataType::Int64),
        column("c1", DataType::Int64),
    ]);
    let columns: [arrow::array::ArrayRef; 3] = [
        Arc::new(Int32Array::from(numbers)),
        Arc::new(Int64Array::from(keys)),
        Arc::new(Int64Array::from(counts)),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns.into()).unwrap();
    // The store sends no batch without rows.
    (batch.num_rows() > 0).then_some(batch)
}

/// Asks as the server does. `None` where the query is asked whole; else its groups, and how
/// many slices were read.
fn ask(
    results: &ResultCache,
    changes: &Changes,
    events: &[Event],
    parts: &Parts,
) -> Option<(BTreeMap<i64, i64>, usize)> {
    let mut slices = results.slice_rows(parts, changes)?;
    let n_read = slices.missing.len();
    if slices.is_much_missing() {
        let fresh = answer(events, &slices.missing);
        slices.add(fresh.as_slice()).unwrap();
    }
    let mut groups = BTreeMap::new();
    for slice in &slices.missing {
        for (key, count) in within(events, slice) {
            *groups.entry(key).or_insert(0) += count;
        }
    }
    for batch in slices.rows().iter().flat_map(Rows::batches) {
        let column = |index: usize| batch.column(index).as_primitive::<Int64Type>().values();
        for (key, count) in column(0).iter().zip(column(1)) {
            *groups.entry(*key).or_insert(0) += count;
        }
    }
    Some((groups, n_read))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_rows_of_all_slices_are_the_groups(steps in prop::collection::vec(step(), 1..40)) {
        let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
        let mut events: Vec<Event> = Vec::new();
        for step in steps {
            match step {
                Step::Append(new) => {
                    events.extend(&new);
                    changes.record(new.iter().map(|(minute, _)| minute * MINUTE_US));
                }
                Step::Ask { from, length } => {
                    let parts = parts(from, length);
                    if let Some((found, _)) = ask(&results, &changes, &events, &parts) {
                        prop_assert_eq!(found, within(&events, &parts.range));
                    }
                }
            }
        }
    }

    #[test]
    fn slices_are_next_to_each_other_and_few(start in 0..10_i64 * DAY_MINUTES, length in 1..100 * DAY_MINUTES) {
        let asked = start * MINUTE_US..(start + length) * MINUTE_US + 1;
        let slices = missing(&[], &asked);
        prop_assert_eq!(slices[0].start, asked.start);
        prop_assert_eq!(slices[slices.len() - 1].end, asked.end);
        prop_assert!(slices.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert!(slices.iter().all(|slice| slice.start < slice.end));
        prop_assert!(slices.len() <= 40, "{}", slices.len());
    }
}

/// A window that moves on asks for its ends, and for the slice of a late event.
#[test]
fn only_the_ends_and_what_changed_are_asked_for() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let mut events: Vec<Event> = (0..DAY_MINUTES)
        .map(|minute| (minute, minute % 7))
        .collect();
    assert!(ask(&results, &changes, &events, &parts(0, 1200)).is_none());
    let (_, n_whole) = ask(&results, &changes, &events, &parts(1, 1200)).unwrap();
    assert!(n_whole > 8);

    let (_, n_asked) = ask(&results, &changes, &events, &parts(2, 1200)).unwrap();
    assert_eq!(n_asked, 2);
    events.push((600, 8));
    changes.record([600 * MINUTE_US]);
    let (groups, n_asked) = ask(&results, &changes, &events, &parts(3, 1200)).unwrap();
    assert_eq!(n_asked, 3);
    assert_eq!(groups[&8], 1);
}

#[test]
fn windows_that_move_on_for_long_do_not_gather_slices() {
    let (results, changes) = (ResultCache::new(1 << 20), Changes::default());
    let events: Vec<Event> = (0..500).map(|n| (n * 10, 0)).collect();
    let mut n_most = 0;
    for minute in (0..3500).step_by(7) {
        if let Some((groups, n_asked)) = ask(&results, &changes, &events, &parts(minute, 1200)) {
            assert_eq!(groups[&0], 120);
            n_most = n_most.max(n_asked);
        }
    }
    assert!(n_most <= 40, "{n_most}");
    let cached = results.get(&key(&parts(0, 1200))).unwrap();
    let Entry::Divided(Divided::Slices { slices, .. }) = &*cached else {
        panic!("nothing was cached");
    };
    assert!(slices.len() <= MAX_SLICES + 40, "{}", slices.len());
}

#[test]
fn what_is_too_large_is_asked_whole() {
    let changes = Changes::default();
    let events: Vec<Event> = (0..90).map(|minute| (minute, minute)).collect();
    let results = ResultCache::new(4 << 10);
    assert!(ask(&results, &changes, &events, &parts(0, 90)).is_none());
    let (groups, _) = ask(&results, &changes, &events, &parts(0, 90)).unwrap();
    assert_eq!(groups.len(), 89);
    assert!(ask(&results, &changes, &events, &parts(0, 90)).is_none());
    assert!(ask(&results, &changes, &events, &parts(0, 90)).is_none());
}
