//! What a user reads, and where it points.

use super::prepared;

#[test]
fn errors_say_what_is_wrong_and_where() {
    let cases = [
        "SELECT scop FROM events",
        "SELECT\n  count()\nFROM event",
        "SELECT toHuor(timestamp) FROM events",
        "SELECT count() FROM events WHERE $__timeFilter(timestamp) AND user_di = 1",
        "SELECT todate(timestamp) FROM events",
        "SELECT sum(scope) FROM events",
        "SELECT scope, count() FROM events",
        "SELECT count() FROM events WHERE count() > 1",
        "SELECT count() FROM events WHERE obj_val = 5",
        "SELECT if(user_id, 1, 2) FROM events",
        "SELECT if(1, 1, 'x') FROM events",
        "SELECT count() FROM events WHERE timestamp > '2026-06-01T00:00:00Z'",
        "SELECT count() FROM events WHERE user_id IN ('5', '')",
        "SELECT {other:UInt64}",
        "SELECT scope FROM events UNION SELECT scope FROM events",
        "SELECT scope, count() FROM events GROUP BY 3",
        "SELECT a.scope FROM events AS a JOIN events AS b ON a.user_id = b.user_id JOIN events AS c ON b.user_id = c.user_id WHERE scope = ''",
        "SELECT 1 AS x FROM (SELECT 1 AS k) AS a ASOF JOIN (SELECT 1 AS k) AS b ON a.k = b.k",
        "SELECT 1 AS x FROM (SELECT 1 AS k) AS a JOIN (SELECT 1 AS k) ON a.k = k",
        "SELECT 1 AS x, 2 AS x",
        "SELECT EXISTS (SELECT 1)",
        "SELECT scope FRM events WHERE",
        "SELECT toDate(timestamp) AS d FROM events ORDER BY d DESC WITH FILL",
        "SELECT toHour(timestamp, 'Mars/Olympus') FROM events",
        "SELECT arrayMap(x -> x, payload) FROM events",
        "",
    ];
    let lines = cases.map(|sql| format!("{sql}\n    {}", prepared(sql).unwrap_err()));
    insta::assert_snapshot!(lines.join("\n"));
}
