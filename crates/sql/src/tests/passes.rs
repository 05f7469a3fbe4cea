//! Each rewrite, by an example of what it makes for DuckDB.

use std::collections::BTreeSet;

use super::prepared;

/// An expression, or a query, for each pass.
const CASES: &[(&str, &str)] = &[
    ("-If", "countIf(scope = 'a')"),
    ("-OrNull", "sumOrNull(duration)"),
    ("-OrDefault", "sumOrDefault(user_id)"),
    ("CAST", "CAST(duration AS String)"),
    ("Date plus interval", "toDate(timestamp) + INTERVAL 1 DAY"),
    (
        "INTERPOLATE",
        "SELECT toDate(timestamp) AS d, count() AS n FROM events GROUP BY d ORDER BY d WITH FILL INTERPOLATE (n)",
    ),
    ("JSON", "JSONExtractString(payload, 'a', 'b')"),
    (
        "JSON members by number",
        "JSONExtractInt(payload, 'points', 1)",
    ),
    (
        "JSONExtract by type",
        "JSONExtract(payload, 'v', 'Float64')",
    ),
    ("NULL in IN", "user_id NOT IN (1, NULL)"),
    (
        "NULL without a type",
        "isDistinctFrom(scope, arrayZip([1], [NULL])[1].2)",
    ),
    (
        "NaN in ORDER BY",
        "SELECT scope, avg(duration) AS a FROM events GROUP BY scope ORDER BY a DESC",
    ),
    (
        "order of tuples",
        "SELECT argMax((user_id, obj_id), timestamp) AS t FROM events GROUP BY scope ORDER BY t",
    ),
    ("NaN in comparisons", "avg(duration) > 5"),
    ("NaN in extremes", "max(duration / 2)"),
    (
        "WITH FILL",
        "SELECT toStartOfHour(timestamp) AS t, count() FROM events GROUP BY t ORDER BY t WITH FILL STEP toIntervalHour(1)",
    ),
    (
        "accurateCastOrNull",
        "accurateCastOrNull(duration, 'UInt8')",
    ),
    ("aggregates of no rows", "min(duration)"),
    (
        "any join",
        "SELECT a.scope FROM events AS a ANY LEFT JOIN (SELECT scope, user_id FROM events) AS b ON a.scope = b.scope",
    ),
    (
        "asof join",
        "SELECT b.scope FROM events AS a ASOF LEFT JOIN events AS b ON a.user_id = b.user_id AND a.timestamp >= b.timestamp",
    ),
    (
        "semi and anti joins",
        "SELECT a.scope, b.scope FROM events AS a LEFT ANTI JOIN events AS b ON a.user_id = b.user_id",
    ),
    ("array elements", "[1, 2, 3][duration]"),
    (
        "array join",
        "SELECT part FROM events ARRAY JOIN splitByChar(':', scope) AS part",
    ),
    ("arrayDistinct", "arrayDistinct([2, 1, 2])"),
    ("arrayJoin", "SELECT arrayJoin([1, 2]) AS x"),
    ("arraySlice", "arraySlice([1, 2, 3], 2)"),
    ("assumeNotNull", "assumeNotNull(user_name)"),
    ("backslash in LIKE", r"scope LIKE '50\\%%'"),
    ("bar", "bar(duration, 0, 100, 10)"),
    (
        "buckets of time",
        "toStartOfInterval(timestamp, INTERVAL 15 MINUTE)",
    ),
    (
        "IN as a list",
        "SELECT scope IN ('a', 'b'), user_id IN (1, 2, 3, 4, 5, 6, 7, 8, 9) FROM events ORDER BY timestamp DESC LIMIT 5",
    ),
    ("bytes of texts", "substring(scope, 2, 3)"),
    ("concat", "concat(scope, user_name)"),
    (
        "conditions that can fail",
        "SELECT scope FROM events WHERE duration > 1 AND CAST(obj_id AS UInt64) = 3",
    ),
    ("dateName", "dateName('month', timestamp)"),
    (
        "defaults of outer joins",
        "SELECT b.scope FROM events AS a LEFT JOIN events AS b ON a.user_id = b.obj_id",
    ),
    (
        "distinct on",
        "SELECT DISTINCT ON (scope) scope, timestamp FROM events ORDER BY timestamp",
    ),
    ("division by zero", "intDiv(100, duration)"),
    ("empty IN", "user_id IN ()"),
    ("format", "format('{} by {}', scope, user_id)"),
    (
        "Date beside a time",
        "toDate(timestamp) = toTimeZone(timestamp, 'Europe/Berlin')",
    ),
    (
        "large integers beside floats",
        "18446744073709551615 = duration / 2",
    ),
    ("texts of times", "parseDateTimeBestEffort(obj_val)"),
    ("formatDateTime", "formatDateTime(timestamp, '%F %i min')"),
    ("formatReadable", "formatReadableSize(duration)"),
    ("functions of NULL", "lower(NULL)"),
    ("groupConcat", "groupConcat(',')(scope)"),
    (
        "promoted payload paths",
        "SELECT sum(JSONExtractUInt(payload, 'working_time')), any(JSON_VALUE(payload, '$.platform.name')) FROM events",
    ),
    ("initcap", "initcap(scope)"),
    (
        "lag and lead",
        "lagInFrame(duration) OVER (ORDER BY timestamp)",
    ),
    ("lambdas", "arrayFilter(x -> x > 1, [1, 2])"),
    (
        "lambdas of several arrays",
        "arrayMap((x, y) -> x + y, [1, 2], [3, 4])",
    ),
    (
        "limit by",
        "SELECT scope, timestamp FROM events ORDER BY timestamp DESC LIMIT 2 BY scope LIMIT 10",
    ),
    ("now", "now()"),
    ("numbers", "SELECT number FROM numbers(3)"),
    ("numbers as times", "timestamp > 1782777600"),
    (
        "order of JSONType",
        "SELECT JSONType(payload) AS t FROM events GROUP BY t ORDER BY t",
    ),
    ("pad", "leftPad(scope, 10, '*')"),
    ("parse integers", "toUInt8OrZero(obj_val)"),
    (
        "parts of lambdas worked out once",
        "arrayMap(x -> x / arraySum(counted_ms), counted_ms)",
    ),
    ("products of 64 bits", "user_id * duration"),
    ("quantiles", "quantile(0.9)(duration)"),
    ("regular expressions", "extract(scope, '^([a-z]+):')"),
    (
        "rollup",
        "SELECT scope, count() FROM events GROUP BY ROLLUP(scope)",
    ),
    ("room for what is made", "repeat(scope, duration)"),
    ("round", "round(duration / 3, 1)"),
    ("runningDifference", "runningDifference(duration)"),
    ("simpleJSON", "simpleJSONExtractUInt(payload, 'a')"),
    (
        "time minus time",
        "timestamp - toDateTime('2026-06-01 00:00:00')",
    ),
    (
        "retention",
        "retention(scope = 'load:job', scope = 'save:job')",
    ),
    ("time plus number", "timestamp - 3600"),
    ("time zones", "toHour(timestamp, 'Europe/Berlin')"),
    ("toDate", "toDate(timestamp)"),
    ("toDateTime", "toDateTime(timestamp)"),
    ("toDecimal", "toDecimal64(duration, 2)"),
    ("toInt", "toUInt8(duration)"),
    ("toString", "toString(timestamp)"),
    ("toTypeName", "toTypeName(duration)"),
    ("topK", "topK(3)(scope)"),
    ("uniq", "uniq(user_id)"),
    (
        "windowFunnel",
        "windowFunnel(3600)(toDateTime(timestamp), scope = 'load:job', scope = 'save:job')",
    ),
    ("weeks of dateDiff", "dateDiff('week', timestamp, now())"),
    (
        "windows",
        "row_number() OVER (PARTITION BY scope ORDER BY timestamp)",
    ),
    (
        "with ties",
        "SELECT scope FROM events ORDER BY scope LIMIT 2 WITH TIES",
    ),
];

fn lowered(case: &str) -> crate::Prepared {
    let sql = if case.starts_with("SELECT ") {
        case.to_owned()
    } else {
        format!("SELECT {case} AS x FROM events")
    };
    prepared(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn each_pass_rewrites_its_example() {
    let mut lines = Vec::new();
    for (pass, case) in CASES {
        let prepared = lowered(case);
        assert!(
            prepared.passes.contains(pass),
            "{case}: {:?}",
            prepared.passes
        );
        lines.push(format!("{pass}: {case}\n    {}", prepared.duckdb));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_pass_has_an_example() {
    let named: BTreeSet<&str> = CASES.iter().map(|(pass, _)| *pass).collect();
    for (_, case) in CASES {
        for pass in lowered(case).passes {
            assert!(named.contains(pass), "the pass {pass} has no example");
        }
    }
}

#[test]
fn a_text_grows_with_its_conditions_that_can_fail() {
    let length = |n: usize| {
        let conditions = vec!["duration > 1 AND CAST(obj_id AS UInt64) > 1"; n].join(" AND ");
        let prepared = lowered(&format!("SELECT scope FROM events WHERE {conditions}"));
        prepared.duckdb.len()
    };
    assert!(length(40) < 3 * length(20));
}

#[test]
fn both_texts_of_an_example_of_each_clause() {
    let sql = "WITH toDate(timestamp) AS day
        SELECT day, user_name AS name, sum(duration) / 1000 AS seconds
        FROM events
        WHERE $__timeFilter(timestamp) AND scope LIKE 'draw%' AND user_id = {job:UInt64}
        GROUP BY day, name
        HAVING seconds > 1
        ORDER BY day, seconds DESC
        LIMIT 3 BY day
        LIMIT 100";
    let prepared = prepared(sql).unwrap();
    let columns: Vec<String> = prepared
        .columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.data_type))
        .collect();
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n\n{}",
        columns.join(", "),
        prepared.clickhouse,
        prepared.duckdb
    ));
}

#[test]
fn a_uuid_of_the_store_is_a_text() {
    let text = prepared("SELECT request_id FROM events WHERE request_id LIKE 'a%'").unwrap();
    assert_eq!(text.columns[0].data_type.to_string(), "Nullable(String)");
    assert_eq!(text.duckdb.matches("request_id").count(), 2);
    let as_text = r#"CAST(__t0."request_id" AS VARCHAR)"#;
    assert_eq!(text.duckdb.matches(as_text).count(), 2, "{}", text.duckdb);

    let all = prepared("SELECT * FROM events").unwrap();
    assert!(!all.duckdb.contains("request_id"), "{}", all.duckdb);
}
