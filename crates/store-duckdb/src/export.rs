//! Exports: events in the order of their time, in bounded memory.
//!
//! Sorting ten million rows at once would spill gigabytes. Events lie on the disk nearly in
//! the order of time, so an export goes through time in slices of some 100,000 rows: each
//! reads few blocks and is sorted in memory.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use duckdb::Connection;

use crate::database::{Database, Purpose};
use crate::error::Error;
use crate::query;
use crate::readers::Readers;
use annoscope_events::EXPORT_COLUMNS;
use annoscope_store::{
    EXCEPTION_SCOPE, EventFilter, Kinds, RECORDED_SOURCES, RecordBatches, RowSender,
};

/// Rows of a slice: some 30 MB while it is sorted.
const SLICE_ROWS: i64 = 100_000;

/// Widths in which time is counted, in µs: an hour, a second, a millisecond. Where an hour
/// holds more than a slice, its seconds are counted, and so on.
const WIDTHS_US: [i64; 3] = [3_600_000_000, 1_000_000, 1_000];

/// An export may go as slowly as the disk it is written to.
const TIME_LIMIT: Duration = Duration::from_hours(6);

/// A span of time, in µs: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: i64,
    end: i64,
}

pub(crate) fn start(
    database: &Arc<Database>,
    readers: &Readers,
    filter: EventFilter,
) -> Result<RecordBatches, Error> {
    query::spawn(
        database,
        readers,
        Purpose::Maintenance,
        TIME_LIMIT,
        move |connection, sender| {
            // One transaction: what is appended meanwhile is in no slice.
            connection.execute_batch("BEGIN")?;
            let result = export(connection, sender, &filter);
            connection.execute_batch("ROLLBACK")?;
            result
        },
    )
}

fn export(connection: &Connection, sender: &RowSender, filter: &EventFilter) -> Result<(), Error> {
    let whole = Span {
        start: filter.from.map_or(i64::MIN, |from| from.millis() * 1000),
        // The last millisecond counts whole.
        end: filter.to.map_or(i64::MAX, |to| (to.millis() + 1) * 1000),
    };
    let columns = EXPORT_COLUMNS.join(", ");
    let conditions = conditions_sql(filter);
    let count = |span, width_us| count(connection, span, width_us, &conditions);
    slices(whole, &WIDTHS_US, &count, &mut |span| {
        // Events of one time come in the order in which they arrived.
        let sql = format!(
            "SELECT {columns} FROM events WHERE {} AND {conditions} ORDER BY timestamp, position",
            within(span)
        );
        query::run(sender, connection, &sql)
    })
}

/// The conditions on ids, kinds and positions as SQL, `TRUE` when there is none. Only numbers and words of ours are
/// written, so there is nothing to escape.
fn conditions_sql(filter: &EventFilter) -> String {
    let mut sql = String::from("TRUE");
    for (column, id) in filter.ids() {
        write!(sql, " AND {column} = {id}").expect("a String takes everything");
    }
    if filter.kinds != Kinds::All {
        let [client, server] = RECORDED_SOURCES;
        write!(sql, " AND source IN ('{client}', '{server}')").expect("a String takes everything");
    }
    if filter.kinds == Kinds::RecordedWithoutExceptions {
        write!(sql, " AND scope <> '{EXCEPTION_SCOPE}'").expect("a String takes everything");
    }
    if let Some(before) = filter.before {
        // Events from before the positions have none.
        write!(sql, " AND (position IS NULL OR position < {})", before.0)
            .expect("a String takes everything");
    }
    sql
}

/// Cuts `span` into slices of about [`SLICE_ROWS`] rows and visits those that have any, in
/// order of time.
fn slices(
    span: Span,
    widths_us: &[i64],
    count: &impl Fn(Span, i64) -> Result<Vec<(i64, i64)>, Error>,
    visit: &mut impl FnMut(Span) -> Result<(), Error>,
) -> Result<(), Error> {
    let (&width, finer) = widths_us
        .split_first()
        .expect("the recursion ends at the finest width");
    let clip = |start: i64, end: i64| Span {
        start: start.max(span.start),
        end: end.min(span.end),
    };
    // The slice that is being gathered, and its rows.
    let mut gathered: Option<(Span, i64)> = None;
    for (start, n_rows) in count(span, width)? {
        let bucket = clip(start, start + width);
        let is_full = gathered.is_some_and(|(_, sum)| sum + n_rows > SLICE_ROWS);
        if is_full && let Some((slice, _)) = gathered.take() {
            visit(slice)?;
        }
        if n_rows > SLICE_ROWS && !finer.is_empty() {
            slices(bucket, finer, count, visit)?;
        } else if let Some((slice, sum)) = &mut gathered {
            slice.end = bucket.end;
            *sum += n_rows;
        } else {
            gathered = Some((bucket, n_rows));
        }
    }
    gathered.map_or(Ok(()), |(slice, _)| visit(slice))
}

/// Rows in each bucket of `width_us` that has any: its start in µs and their number.
fn count(
    connection: &Connection,
    span: Span,
    width_us: i64,
    conditions: &str,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut statement = connection.prepare(&format!(
        "SELECT {} AS bucket, count(*) FROM events WHERE {} AND {conditions} \
         GROUP BY bucket ORDER BY bucket",
        bucket(width_us),
        within(span)
    ))?;
    let buckets = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(buckets.collect::<Result<_, _>>()?)
}

/// The start of a row's bucket, in µs. `//` rounds towards zero: before 1970 that is the next bucket.
fn bucket(width_us: i64) -> String {
    format!("epoch_us(timestamp) - (epoch_us(timestamp) % {width_us} + {width_us}) % {width_us}")
}

fn within(span: Span) -> String {
    let from = match span.start {
        i64::MIN => "TRUE".to_owned(),
        start => format!("timestamp >= make_timestamp({start})"),
    };
    match span.end {
        i64::MAX => from,
        end => format!("{from} AND timestamp < make_timestamp({end})"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const WHOLE: Span = Span {
        start: i64::MIN,
        end: i64::MAX,
    };

    /// Slices of a store that holds `n_rows` rows at each time.
    fn slices_of(rows: &BTreeMap<i64, i64>, whole: Span) -> Vec<Span> {
        let visited = RefCell::new(Vec::new());
        let count = |span: Span, width_us: i64| {
            let mut buckets = BTreeMap::new();
            for (&time, &n_rows) in rows.range(span.start..span.end) {
                *buckets
                    .entry(time.div_euclid(width_us) * width_us)
                    .or_insert(0) += n_rows;
            }
            Ok(buckets.into_iter().collect())
        };
        slices(whole, &WIDTHS_US, &count, &mut |span| {
            visited.borrow_mut().push(span);
            Ok(())
        })
        .unwrap();
        visited.into_inner()
    }

    proptest! {
        #[test]
        fn slices_cover_every_row_once_in_order_and_are_small(
            rows in prop::collection::btree_map(-9_000_000_i64..20_000_000, 1_i64..60_000, 0..80),
            bounds in prop::option::of((-9_000_000_i64..10_000_000, 10_000_000_i64..20_000_000)),
        ) {
            // Times are whole milliseconds, as in the store.
            let rows: BTreeMap<i64, i64> =
                rows.into_iter().map(|(ms, n_rows)| (ms * 1000, n_rows)).collect();
            let whole = bounds.map_or(WHOLE, |(a, b)| Span { start: a * 1000, end: b * 1000 });
            let slices = slices_of(&rows, whole);
            prop_assert!(slices.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let within = |span: &Span| rows.range(span.start..span.end).map(|(_, n)| n).sum::<i64>();
            prop_assert_eq!(slices.iter().map(within).sum::<i64>(), within(&whole));
            prop_assert!(slices.iter().all(|slice| within(slice) <= SLICE_ROWS));
        }
    }

    /// The database puts rows into the buckets that the slices are made of, before 1970, too.
    #[test]
    fn buckets_begin_at_or_before_their_rows() {
        let connection = Connection::open_in_memory().unwrap();
        let times = [
            i64::from(i32::MIN) * 1_000_000,
            -3_600_000_001,
            -3_600_000_000,
            -1,
            0,
            1,
            1_767_604_000_500_000,
        ];
        for (time, width_us) in times
            .into_iter()
            .flat_map(|time| WIDTHS_US.map(|width| (time, width)))
        {
            let sql = format!(
                "SELECT {} FROM (SELECT make_timestamp({time}) AS timestamp)",
                bucket(width_us)
            );
            let start: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(
                start,
                time.div_euclid(width_us) * width_us,
                "{time} by {width_us}"
            );
        }
    }

    #[test]
    fn a_crowded_millisecond_is_one_slice() {
        let rows = BTreeMap::from([(1_000, 5 * SLICE_ROWS), (2_000, 1)]);
        let slices = slices_of(&rows, WHOLE);
        assert_eq!(
            slices,
            [
                Span {
                    start: 1_000,
                    end: 2_000
                },
                Span {
                    start: 2_000,
                    end: 3_000
                }
            ]
        );
    }
}
