//! Which part of a caller's events a query reads: the window goes into the narrowed relation, and
//! nothing else of the query does.

use super::prepared;

#[test]
fn the_window_goes_into_the_narrowed_relation() {
    let cases = [
        ("SELECT count() FROM events", ""),
        (
            "SELECT count() FROM events WHERE $__timeFilter(timestamp)",
            " AND timestamp >= make_timestamp(1782777600000000) AND timestamp < make_timestamp(1782864000000001)",
        ),
        (
            "SELECT count() FROM events WHERE timestamp > toDateTime(1719792000) AND toUInt8(payload) = 1",
            " AND timestamp >= make_timestamp(1719792000000001)",
        ),
        (
            "SELECT count() FROM events WHERE toDateTime(1719792000) > timestamp",
            " AND timestamp < make_timestamp(1719792000000000)",
        ),
        (
            "SELECT count() FROM (SELECT * FROM events WHERE timestamp >= toDateTime(1719792000)) WHERE user_id = 1",
            " AND timestamp >= make_timestamp(1719792000000000)",
        ),
        // Not every row of the result lies in it.
        (
            "SELECT count() FROM events WHERE timestamp >= toDateTime(1719792000) OR user_id = 1",
            "",
        ),
        (
            "SELECT count() FROM events WHERE NOT (timestamp >= toDateTime(1719792000))",
            "",
        ),
        (
            "SELECT count() FROM events HAVING max(timestamp) >= toDateTime(1719792000)",
            "",
        ),
        (
            "SELECT count() FROM events AS a LEFT JOIN events AS b ON a.user_id = b.user_id WHERE b.timestamp >= toDateTime(1719792000)",
            "",
        ),
        // Of another time, and of no constant.
        (
            "SELECT count() FROM events WHERE toDateTime(obj_id) >= toDateTime(1719792000)",
            "",
        ),
        (
            "SELECT count() FROM events WHERE timestamp >= toDateTime(user_id)",
            "",
        ),
    ];
    for (sql, bounds) in cases {
        let duckdb = prepared(sql).unwrap().duckdb;
        let source = format!(
            "(SELECT greatest(COLUMNS(*)) FROM events WHERE user_id = 7{bounds} OFFSET 0) AS __t"
        );
        assert!(duckdb.contains(&source), "{sql}\n{duckdb}");
    }
}
