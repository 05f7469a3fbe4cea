//! Which queries can be put together from slices of time, and what the slices are.

use super::{prepared, relation};
use crate::{Context, Division, Prepared, TimeSlices, prepare};

fn slices(sql: &str) -> Option<TimeSlices> {
    let prepared = prepared(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    by_time(prepared)
}

fn by_time(prepared: Prepared) -> Option<TimeSlices> {
    match prepared.division {
        Some(Division::ByTime(slices)) => Some(slices),
        _ => None,
    }
}

const FROM_US: i64 = 1_782_777_600_000_000;
const TO_US: i64 = 1_782_864_000_000_000;
const MINUTE_US: i64 = 60_000_000;

#[test]
fn results_by_time_are_sliced() {
    let all = i64::MIN..i64::MAX;
    for (sql, column, width_us, range) in [
        (
            "SELECT $__timeInterval(timestamp) AS time, count() FROM events WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time",
            0,
            MINUTE_US,
            FROM_US..TO_US + 1,
        ),
        (
            "SELECT user_id, $__timeInterval_ms(timestamp) AS t, count() FROM cvat.events WHERE $__timeFilter_ms(timestamp) AND scope = 'a' GROUP BY t, user_id",
            1,
            MINUTE_US,
            FROM_US..TO_US + 1,
        ),
        (
            "SELECT toStartOfHour(timestamp) AS h, uniqExact(user_id) AS n FROM events GROUP BY h HAVING n > 1 ORDER BY h DESC, n",
            0,
            60 * MINUTE_US,
            all.clone(),
        ),
        (
            "SELECT toDate(timestamp) AS d, count() FROM events WHERE timestamp > now() - INTERVAL 7 DAY AND timestamp < fromUnixTimestamp64Milli(1782864000000) GROUP BY d",
            0,
            1440 * MINUTE_US,
            1_782_864_000_000_001 - 7 * 1440 * MINUTE_US..TO_US,
        ),
        (
            "SELECT time, uniqExact(user_id) Users FROM (SELECT user_id, toStartOfInterval(timestamp, INTERVAL 15 minute) as time FROM cvat.events WHERE user_id IS NOT NULL GROUP BY user_id, time ORDER BY time ASC WITH FILL STEP toIntervalMinute(15)) GROUP BY time ORDER BY time",
            0,
            15 * MINUTE_US,
            all,
        ),
    ] {
        let slices = slices(sql).unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(slices.column, column, "{sql}");
        assert_eq!(slices.width_us, width_us, "{sql}");
        assert_eq!(slices.range, range, "{sql}");
        assert_eq!(slices.fills_gaps, sql.contains("FILL"), "{sql}");
        assert_eq!(slices.is_ascending, !sql.contains("DESC"), "{sql}");
    }
}

#[test]
fn results_that_need_more_than_a_bucket_are_not_sliced() {
    for sql in [
        "SELECT count() FROM events",
        "SELECT user_id, count() FROM events GROUP BY user_id",
        "SELECT DISTINCT toStartOfHour(timestamp) FROM events",
        "SELECT toStartOfHour(timestamp) AS h FROM events",
        "SELECT count() FROM events GROUP BY toStartOfHour(timestamp)",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h ORDER BY n",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h LIMIT 5",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h LIMIT 1 BY n",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h WITH ROLLUP",
        "SELECT toStartOfHour(timestamp) AS h, sum(count()) OVER (ORDER BY h) FROM events GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, runningDifference(count()) FROM events GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, count() FROM events WHERE user_id IN (SELECT user_id FROM events) GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, count() / (SELECT count() FROM events) FROM events GROUP BY h",
        "SELECT toStartOfHour(a.timestamp) AS h, count() FROM events AS a JOIN events AS b ON a.user_id = b.user_id GROUP BY h",
        "SELECT toStartOfHour(timestamp, 'Europe/Berlin') AS h, count() FROM events GROUP BY h",
        "SELECT toStartOfInterval(timestamp, INTERVAL 5 HOUR) AS h, count() FROM events GROUP BY h",
        "SELECT toStartOfMonth(timestamp) AS h, count() FROM events GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, count() FROM events GROUP BY h ORDER BY h WITH FILL STEP INTERVAL 1 MINUTE",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h HAVING n < 9 ORDER BY h WITH FILL STEP INTERVAL 1 HOUR",
        "SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h UNION ALL SELECT toStartOfHour(timestamp) AS h, count() AS n FROM events GROUP BY h",
        "SELECT h, count() FROM (SELECT toStartOfHour(timestamp) AS h FROM events LIMIT 5) GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, count() FROM events WHERE timestamp > toDateTime(9) AND timestamp < toDateTime(5) GROUP BY h",
        "SELECT toStartOfHour(timestamp) AS h, countIf(scope = '__slice_from_us') FROM events GROUP BY h",
    ] {
        assert_eq!(slices(sql), None, "{sql}");
    }
}

/// What stands beside the range of time is in the key, the range is not.
#[test]
fn the_key_is_the_query_without_its_range() {
    let key = |sql: &str, from_ms: i64, now_ms: i64| {
        let context = Context {
            now_ms,
            range: Some(crate::TimeRange {
                from_ms,
                to_ms: now_ms,
            }),
            ..super::context()
        };
        let slices = by_time(prepare(sql, &context, &relation()).unwrap());
        slices.unwrap().key().to_owned()
    };
    let sql = "SELECT $__timeInterval(timestamp) AS t, count() FROM events WHERE $__timeFilter(timestamp) AND user_id = 5 GROUP BY t";
    let first = key(sql, 1_000_000, 2_000_000);
    assert_eq!(first, key(sql, 1_005_000, 2_005_000));
    assert_ne!(first, key(&sql.replace('5', "6"), 1_000_000, 2_000_000));
    let other = key(
        &sql.replace("user_id = 5", "toUnixTimestamp(timestamp) < 5"),
        1_000_000,
        2_000_000,
    );
    assert_ne!(first, other);
}

#[test]
fn a_slice_is_a_range_of_the_events_time() {
    let sql = "SELECT toStartOfHour(timestamp) AS h, count() FROM events WHERE $__timeFilter(timestamp) AND (scope = 'a' OR scope = 'b') GROUP BY h ORDER BY h";
    insta::assert_snapshot!(slices(sql).unwrap().text(&(0..i64::MAX)));
}
