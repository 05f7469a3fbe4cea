//! Which queries ask for the newest rows, and what is asked of a slice.

use super::prepared;
use crate::{Division, Newest};

fn newest(sql: &str) -> Option<Newest> {
    let prepared = prepared(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    match prepared.division {
        Some(Division::Newest(newest)) => Some(newest),
        _ => None,
    }
}

#[test]
fn the_newest_rows_are_known() {
    for (sql, column, n_rows) in [
        (
            "SELECT * FROM events WHERE $__timeFilter(timestamp) AND scope IN ('a', 'b') ORDER BY timestamp DESC LIMIT 1000",
            4,
            1000,
        ),
        (
            "SELECT scope, timestamp AS t, user_id FROM events WHERE $__timeFilter(timestamp) ORDER BY t DESC, user_id LIMIT 5",
            1,
            5,
        ),
    ] {
        let newest = newest(sql).unwrap_or_else(|| panic!("{sql}"));
        assert_eq!((newest.column, newest.n_rows), (column, n_rows), "{sql}");
        assert_eq!(newest.range, 1_782_777_600_000_000..1_782_864_000_000_001);
    }
}

#[test]
fn other_rows_are_not() {
    for sql in [
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp LIMIT 5",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY user_id, timestamp DESC LIMIT 5",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 20000",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5 OFFSET 5",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5 WITH TIES",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 1 BY scope LIMIT 5",
        "SELECT DISTINCT timestamp FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5",
        "SELECT scope FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5",
        "SELECT timestamp FROM events WHERE timestamp > now() - INTERVAL 1 DAY ORDER BY timestamp DESC LIMIT 5",
        "SELECT timestamp, row_number() OVER (ORDER BY user_id) FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5",
        "SELECT timestamp FROM events WHERE $__timeFilter(timestamp) AND user_id IN (SELECT user_id FROM events) ORDER BY timestamp DESC LIMIT 5",
        "SELECT timestamp FROM (SELECT timestamp FROM events) WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5",
        "SELECT timestamp, '__slice_to_us' FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 5",
    ] {
        assert_eq!(newest(sql), None, "{sql}");
    }
}

#[test]
fn a_slice_of_the_newest_rows() {
    let sql = "SELECT timestamp, scope FROM events WHERE $__timeFilter(timestamp) AND user_id = 5 ORDER BY timestamp DESC LIMIT 9";
    insta::assert_snapshot!(newest(sql).unwrap().text(&(5..9)));
}
