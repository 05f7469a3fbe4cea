//! Which queries can be put together from aggregates of slices, and what is asked.

use super::prepared;
use crate::{Division, Parts};

fn parts(sql: &str) -> Option<Parts> {
    let prepared = prepared(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    match prepared.division {
        Some(Division::Parts(parts)) => Some(parts),
        _ => None,
    }
}

#[test]
fn groups_of_what_can_be_added_up_are_divided() {
    for sql in [
        "SELECT DISTINCT scope FROM events WHERE $__timeFilter(timestamp)",
        "SELECT DISTINCT user_id AS u, source FROM events WHERE $__timeFilter(timestamp) AND u > 5 ORDER BY u LIMIT 9",
        "SELECT count(), max(timestamp) FROM events WHERE $__timeFilter(timestamp)",
        "SELECT scope, avg(duration), min(obj_id), max(user_name), sum(count) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope HAVING count() > 1",
        "SELECT user_id, sum(JSONExtractUInt(payload, 'working_time')) / 1000 / 3600 AS h FROM events WHERE JSONHas(payload, 'working_time') AND $__timeFilter(timestamp) GROUP BY user_id ORDER BY h DESC",
        "SELECT scope, uniqExact(user_id), count(DISTINCT source), countIf(duration > 5), sumIf(duration, user_id = 1) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT b, count() FROM (SELECT JSON_VALUE(payload, '$.platform.name') AS b, user_id FROM events WHERE $__timeFilter(timestamp) AND b != '' GROUP BY b, user_id) GROUP BY b ORDER BY count() DESC",
        "SELECT user_id, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY user_id ORDER BY n DESC LIMIT 3 WITH TIES",
    ] {
        assert!(parts(sql).is_some(), "{sql}");
    }
}

#[test]
fn other_queries_are_not_divided() {
    for sql in [
        // Without both ends of the time.
        "SELECT DISTINCT scope FROM events",
        "SELECT DISTINCT scope FROM events WHERE timestamp > now() - INTERVAL 7 DAY",
        // By time already.
        "SELECT $__timeInterval(timestamp) AS t, count() FROM events WHERE $__timeFilter(timestamp) GROUP BY t",
        "SELECT scope FROM events WHERE $__timeFilter(timestamp)",
        "SELECT * FROM events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 9",
        // What depends on the order, or on every value.
        "SELECT scope, any(user_id) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, median(duration) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, sum(duration / 2) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, avg(duration / 2) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, max(duration / 2) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, sum(DISTINCT duration) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, maxOrNull(duration) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, uniqExactIf(user_id, duration > 5) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, argMax(user_id, timestamp) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        // What looks beyond its rows.
        "SELECT scope, count() FROM events WHERE $__timeFilter(timestamp) GROUP BY scope WITH ROLLUP",
        "SELECT scope, count() FROM events WHERE $__timeFilter(timestamp) AND user_id IN (SELECT user_id FROM events) GROUP BY scope",
        "SELECT scope, count() / (SELECT count() FROM events) FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT scope, sum(count()) OVER () FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT a, count() FROM (SELECT scope AS a FROM events WHERE $__timeFilter(timestamp) GROUP BY scope) WHERE a IN (SELECT scope FROM events) GROUP BY a",
        "SELECT a.scope, count() FROM events AS a JOIN events AS b ON a.user_id = b.user_id WHERE $__timeFilter(a.timestamp) GROUP BY a.scope",
        // A literal that looks like a mark.
        "SELECT scope, countIf(source = '__slice_from_us') FROM events WHERE $__timeFilter(timestamp) GROUP BY scope",
        "SELECT concat(scope, '__slice_rows') AS s FROM (SELECT DISTINCT scope FROM events WHERE $__timeFilter(timestamp))",
    ] {
        assert_eq!(parts(sql), None, "{sql}");
    }
}

#[test]
fn both_texts_of_a_divided_query() {
    let sql = "SELECT source, avg(duration) AS a, maxIf(obj_id, scope = 'x'), count(), uniqExact(user_id)
        FROM events WHERE $__timeFilter(timestamp) AND user_id > 3 GROUP BY source ORDER BY a LIMIT 5";
    let parts = parts(sql).unwrap();
    let slices = [
        0..60_000_000,
        60_000_000..90_000_000,
        99_000_000..100_000_000,
    ];
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n\n{}",
        parts.of_slices(&slices),
        parts.of_rows(Some("kept()"), &slices[..1]),
        parts.of_rows(None, &[])
    ));
}

#[test]
fn rows_keep_what_is_known_of_their_values() {
    let sql = "SELECT left(user_name, 3) AS name, sum(JSONExtractUInt(payload, 'n')) AS n
        FROM events WHERE $__timeFilter(timestamp) GROUP BY name";
    let whole = parts(sql).unwrap().of_rows(Some("kept()"), &[]);
    // Cut characters are shown, and sums beyond BIGINT come back.
    assert!(whole.contains("chr(65533)"), "{whole}");
    assert!(whole.contains("CAST(s1 AS UBIGINT)"), "{whole}");
}
