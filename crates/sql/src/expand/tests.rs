//! Cases of the whole text stage.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::context::{TimeRange, VariableValue};

fn context() -> Context {
    let one = |value: &str| VariableValue::One(value.to_owned());
    let many =
        |values: &[&str]| VariableValue::Many(values.iter().map(|v| (*v).to_owned()).collect());
    let all = |text: &str| VariableValue::All(text.to_owned());
    let variables = [
        ("name", one("ann")),
        ("quote", one("o'ne\\")),
        ("blank", one("")),
        ("task", many(&["5"])),
        ("users", many(&["o'neil", "b\\c", "7"])),
        ("none", many(&[])),
        ("picked", many(&["$__all"])),
        ("everyone", all("-1")),
        ("nested", all("'$everyone' OR '${name}' /* so */")),
        ("cycle", all("$ring")),
        ("ring", all("x $cycle")),
        ("evil", one("1; DROP")),
    ];
    Context {
        now_ms: 0,
        range: Some(TimeRange {
            from_ms: 1_780_358_400_500,
            to_ms: 1_780_444_800_500,
        }),
        interval_ms: Some(90_500),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        asker: Some(crate::context::Asker {
            id: 7,
            login: "o'neil".to_owned(),
            email: "o@example.com".to_owned(),
            organization: Some((3, "lab".to_owned())),
        }),
        params: BTreeMap::new(),
        ..Context::default()
    }
}

/// The expanded text, or the error after `!`.
fn show(sql: &str) -> String {
    match expand(sql, &context()) {
        Ok(expanded) => expanded.text,
        Err(error) => format!("! {:?} {error}", error.kind),
    }
}

#[test]
fn macros_expand_as_in_the_data_source() {
    let cases = [
        (
            "$__timeFilter(t)",
            "t >= toDateTime(1780358400) AND t <= toDateTime(1780444800)",
        ),
        (
            "$__timeFilter( a.t )",
            "a.t >= toDateTime(1780358400) AND a.t <= toDateTime(1780444800)",
        ),
        (
            "$__timeFilter_ms(t)",
            "t >= fromUnixTimestamp64Milli(1780358400500) AND t <= fromUnixTimestamp64Milli(1780444800500)",
        ),
        (
            "$__dateFilter(d)",
            "d >= toDate('2026-06-02') AND d <= toDate('2026-06-03')",
        ),
        (
            "$__dt(d, t)",
            "(d >= toDate('2026-06-02') AND d <= toDate('2026-06-03')) AND (t >= toDateTime(1780358400) AND t <= toDateTime(1780444800))",
        ),
        (
            "$__timeFrom(t) $__timeTo(t)",
            "t >= toDateTime(1780358400) t <= toDateTime(1780444800)",
        ),
        (
            "$__fromTime $__toTime()",
            "toDateTime(1780358400) toDateTime(1780444800)",
        ),
        (
            "$__fromTime_ms() $__toTime_ms",
            "fromUnixTimestamp64Milli(1780358400500) fromUnixTimestamp64Milli(1780444800500)",
        ),
        (
            "$__timeInterval(t)",
            "toStartOfInterval(toDateTime(t), INTERVAL 90 second)",
        ),
        (
            "$__timeInterval_ms(t)",
            "toStartOfInterval(toDateTime64(t, 3), INTERVAL 90500 millisecond)",
        ),
        (
            "$__timeGroup(t, '5m')",
            "toStartOfInterval(toDateTime(t), INTERVAL 300 second)",
        ),
        (
            "$__timeGroup(t, $__interval)",
            "toStartOfInterval(toDateTime(t), INTERVAL 60 second)",
        ),
        ("$__interval_s $__table", "90 events"),
        (
            "$__timeFrom(f(a, ')', [1, 2]))",
            "f(a, ')', [1, 2]) >= toDateTime(1780358400)",
        ),
        (
            "$__timeFrom($__timeGroup(t, 1h))",
            "toStartOfInterval(toDateTime(t), INTERVAL 3600 second) >= toDateTime(1780358400)",
        ),
        ("'$__fromTime' -- $__fromTime", "'$__fromTime'  "),
        (
            "$__timeFilter()",
            "! Expansion line 1, column 1: $__timeFilter takes 1 argument, got 0",
        ),
        (
            "$__timeFilter(a, b)",
            "! Expansion line 1, column 1: $__timeFilter takes 1 argument, got 2",
        ),
        (
            "$__fromTime(x)",
            "! Expansion line 1, column 1: $__fromTime takes no arguments, got 1",
        ),
        (
            "1 +\n  $__timeFilter(t",
            "! Syntax line 2, column 3: the parenthesis of $__timeFilter is not closed",
        ),
        (
            "$__timeGroup(t, x)",
            "! Expansion line 1, column 1: `x` is no width of a bucket; write a duration of at least half a second: `5m`, `1h30m`, `1d`",
        ),
        (
            "$__column",
            "! Expansion line 1, column 1: $__column has no value here; write the column's name",
        ),
        (
            "$__timeFliter(t)",
            "! Expansion line 1, column 1: unknown macro $__timeFliter; did you mean $__timeFilter or $__dateFilter or $__timeFilter_ms?",
        ),
    ];
    for (sql, text) in cases {
        assert_eq!(show(sql), text, "{sql}");
    }
}

#[test]
fn statement_macros_make_a_whole_select() {
    const FILTER: &str =
        "timestamp >= toDateTime(1780358400) AND timestamp <= toDateTime(1780444800)";
    const BUCKET: &str = "toStartOfInterval(toDateTime(timestamp), INTERVAL 90 second)";
    const GAP: &str = "t - lagInFrame(t, 1, t) OVER w";
    const WINDOW: &str =
        "WINDOW w AS (PARTITION BY metric ORDER BY t ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)";
    let step = "(max(n) - lagInFrame(max(n), 1, max(n)) OVER w)";
    let select = format!("SELECT {BUCKET} AS t, toString(scope) AS");
    let cases = [
        (
            "$__columns(timestamp, scope, count() AS c) FROM events",
            format!(
                "{select} metric, count() AS c FROM events WHERE {FILTER} GROUP BY t, metric ORDER BY t, metric "
            ),
        ),
        (
            "WITH x AS (SELECT 1) $__columns(timestamp, scope AS `my, key`, count()) FROM events WHERE a OR b",
            format!(
                "WITH x AS (SELECT 1) {select} `my, key`, count() AS value FROM events WHERE {FILTER} AND ( a OR b) GROUP BY t, `my, key` ORDER BY t, `my, key` "
            ),
        ),
        (
            "$__columns(timestamp, scope, count() AS c) from events prewhere a where b having c > 1 order by c limit 5 settings max_threads = 1;",
            format!(
                "{select} metric, count() AS c from events prewhere a WHERE {FILTER} AND ( b ) GROUP BY t, metric having c > 1  order by c limit 5 settings max_threads = 1;"
            ),
        ),
        (
            "$__rateColumns(timestamp, scope, sum(n)) FROM events FORMAT JSON",
            format!(
                "{select} metric, if(({GAP}) = 0, nan, sum(n) / ({GAP})) AS value FROM events  WHERE {FILTER} GROUP BY t, metric {WINDOW} ORDER BY t, metric FORMAT JSON"
            ),
        ),
        (
            "$__perSecondColumns(timestamp, scope, n) FROM events",
            format!(
                "{select} metric, if(({GAP}) = 0 OR {step} < 0, nan, {step} / ({GAP})) AS value FROM events WHERE {FILTER} GROUP BY t, metric {WINDOW} ORDER BY t, metric "
            ),
        ),
        (
            "$__increaseColumns(timestamp, scope, n) FROM events",
            format!(
                "{select} metric, if(({GAP}) = 0 OR {step} < 0, nan, toFloat64{step}) AS value FROM events WHERE {FILTER} GROUP BY t, metric {WINDOW} ORDER BY t, metric "
            ),
        ),
        (
            "SELECT '$__columns(a, b, c)'",
            "SELECT '$__columns(a, b, c)'".to_owned(),
        ),
        (
            "SELECT 1 SETTINGS $__adHocFilters('events')",
            "SELECT 1 SETTINGS additional_table_filters={}".to_owned(),
        ),
    ];
    for (sql, text) in cases {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&show(sql)), words(&text), "{sql}");
    }
    let refused = [
        (
            "$__columns(t, k) FROM events",
            "$__columns takes 3 arguments, got 2",
        ),
        (
            "$__columns FROM events",
            "$__columns takes 3 arguments, got 0",
        ),
        (
            "$__columns(t, k, count()",
            "the parenthesis of $__columns is not closed",
        ),
        ("$__columns(t, k, v)", "behind $__columns comes FROM"),
        (
            "$__columns(t, k, v) FROM events GROUP BY t",
            "$__columns groups by time and key itself",
        ),
        (
            "$__columns(t, k, v) FROM events ORDER BY t HAVING v > 1",
            "behind $__columns, HAVING comes before ORDER BY",
        ),
        (
            "SELECT * FROM ($__columns(t, k, v) FROM events)",
            "$__columns makes a whole SELECT and cannot stand in a subquery",
        ),
        (
            "$__columns(a, b, c) FROM t UNION ALL $__rateColumns(a, b, c) FROM t",
            "a statement has one macro such as $__columns, not $__rateColumns as well",
        ),
        (
            "$__lttb(100, timestamp, duration) FROM events",
            "the macro $__lttb is not supported: there is no function lttb here",
        ),
    ];
    for (sql, message) in refused {
        let error = expand(sql, &context()).unwrap_err();
        assert_eq!(error.message, message, "{sql}");
        assert!(error.position.is_some(), "{sql}");
    }
}

#[test]
fn global_variables_have_their_value_or_are_refused_by_name() {
    let cases = [
        (
            "'${__user.login}' ${__user.id} ${__user} '${__user.email}'",
            "'o''neil' 7 7 'o@example.com'",
        ),
        (
            "'${__org.name}' ${__org} $__org '[[__org.name]]'",
            "'lab' 3 3 'lab'",
        ),
        ("${__user.login:sqlstring}", "'o''neil'"),
        ("'$__timezone'", "'UTC'"),
        (
            "'$__dashboard'",
            "! Expansion line 1, column 2: the global variable ${__dashboard} has no value here; give it in \"variables\": {\"__dashboard\": \"title\"}",
        ),
        ("'${name.field}'", "'${name.field}'"),
    ];
    for (sql, text) in cases {
        assert_eq!(show(sql), text, "{sql}");
    }
    for name in super::variables::GLOBAL {
        let sql = format!("SELECT '${{{name}.nonsense}}'");
        assert!(show(&sql).contains("has no value here"), "{sql}");
    }
    let mut context = context();
    let title = VariableValue::One("It's".to_owned());
    context.variables.insert("__dashboard".to_owned(), title);
    let expanded = expand("'$__dashboard'", &context).unwrap();
    assert_eq!(expanded.text, "'It''s'");
}

#[test]
fn an_empty_text_box_is_an_empty_text_where_a_value_is_awaited() {
    let cases = [
        ("scope = $blank", "scope = ''"),
        ("scope IN ($blank)", "scope IN ('')"),
        (
            "scope LIKE $blank AND f(x, ${blank})",
            "scope LIKE '' AND f(x, '')",
        ),
        ("scope LIKE '%$blank%'", "scope LIKE '%%'"),
        ("x = 1 $blank", "x = 1 "),
        ("x = ${blank:raw}", "x = "),
        ("$blank", ""),
    ];
    for (sql, text) in cases {
        assert_eq!(show(sql), text, "{sql}");
    }
}

#[test]
fn variables_are_interpolated_as_in_the_data_source() {
    let cases = [
        ("$name ${name} [[name]] a_$name", "ann ann ann a_ann"),
        ("'$name-${name:raw}' \"$name\"", "'ann-ann' \"ann\""),
        (
            "IN ($task) IN ($users)",
            r"IN ('5') IN ('o''neil','b\\c','7')",
        ),
        (
            "IN (${users:csv})",
            "! Expansion line 1, column 5: the value of $users has quotes or other signs that cannot stand outside of a string; make $users a multi-value variable, or put it in quotes: `'$users'`",
        ),
        ("IN ($none)", "IN ('')"),
        (r"= '$quote'", r"= 'o''ne\\'"),
        (
            "= $quote",
            "! Expansion line 1, column 3: the value of $quote has quotes or other signs that cannot stand outside of a string; make $quote a multi-value variable, or put it in quotes: `'$quote'`",
        ),
        (
            "SELECT $evil",
            "! Expansion line 1, column 8: the value of $evil has quotes or other signs that cannot stand outside of a string; make $evil a multi-value variable, or put it in quotes: `'$evil'`",
        ),
        (
            "= ${quote:singlequote} ${quote:sqlstring}",
            r"= 'o''ne\\' 'o''ne\\'",
        ),
        (
            "${task:csv} [[task:pipe]] ${name:doublequote} ${task:json}",
            "5 5 \"ann\" 5",
        ),
        (
            "match(x, '${users:regex}')",
            r"match(x, '(o''neil|b\\\\c|7)')",
        ),
        (
            "'${users:pipe}' '${users:text}'",
            r"'o''neil|b\\c|7' 'o''neil + b\\c + 7'",
        ),
        ("'${users:json}'", r#"'["o''neil","b\\\\c","7"]'"#),
        (
            "'$users'",
            "! Expansion line 1, column 2: $users stands for a list, which brings its own quotes; write `IN ($users)` without quotes, or `'${users:pipe}'`",
        ),
        (
            "'${name:sqlstring}'",
            "! Expansion line 1, column 2: the format `sqlstring` of $name brings its own quotes; write `${name:sqlstring}` without quotes",
        ),
        (
            "${name:nonsense}",
            "! Expansion line 1, column 1: the format `nonsense` of $name makes no SQL; use csv, singlequote, sqlstring, doublequote, raw, pipe, regex, json, text, glob, distributed, lucene, queryparam, percentencode or uriencode",
        ),
        (
            "'${name:glob}' '${users:glob}' '${users:distributed}'",
            r"'ann' '{o''neil,b\\c,7}' 'o''neil,users=b\\c,users=7'",
        ),
        (
            "'${users:queryparam}' '${users:percentencode}' ${name:queryparam}",
            "'var-users=o%27neil&var-users=b%5Cc&var-users=7' '%7Bo%27neil%2Cb%5Cc%2C7%7D' var-name=ann",
        ),
        (
            "'${name:lucene}' '${users:lucene}'",
            r#"'ann' '("o''neil" OR "b\\\\c" OR "7")'"#,
        ),
        (
            "'${__to:date:YYYY-MM}' '${__from:date:YYYY-MM-DD HH:mm}'",
            "'2026-06' '2026-06-02 00:00'",
        ),
        (
            "'${__to:date:LLL}'",
            "! Expansion line 1, column 2: `LLL` in the date format of ${__to:date:LLL} is not supported; use `date:iso`, `date:seconds`, or letters as in `date:YYYY-MM-DD HH:mm:ss`",
        ),
        ("$everyone ${everyone:csv}", "-1 -1"),
        ("$nested", "'-1' OR 'ann'  "),
        ("'$nested'", "'''-1'' OR ''ann'' /* so */'"),
        (
            "1, $cycle",
            "! Expansion line 1, column 4: the text for All of $cycle leads back to $cycle",
        ),
        ("$__from ${__to}", "1780358400500 1780444800500"),
        (
            "'${__from:date}' '${__to:date:iso}' ${__from:date:seconds}",
            "'2026-06-02T00:00:00.500Z' '2026-06-03T00:00:00.500Z' 1780358401",
        ),
        (
            "$__interval $__interval_ms $__range $__range_s $__range_ms",
            "1m 90500 86400s 86400 86400000",
        ),
        (
            "[[1, 2], [name]] [[unknown]]",
            "[[1, 2], [name]] [[unknown]]",
        ),
        ("'$unknown $5' a$b", "'$unknown $5' a$b"),
        (
            "1,\n $nmae",
            "! Expansion line 2, column 2: unknown variable $nmae; did you mean $name or $none?",
        ),
        (
            "${zzzzzzz:csv}",
            "! Expansion line 1, column 1: unknown variable $zzzzzzz",
        ),
        ("$$it's $name$$", "'it''s ann'"),
        (
            "SELECT 'a",
            "! Syntax line 1, column 8: this string is not closed",
        ),
        (
            "1 /* $name",
            "! Syntax line 1, column 3: this comment is not closed",
        ),
    ];
    for (sql, text) in cases {
        assert_eq!(show(sql), text, "{sql}");
    }
}

#[test]
fn conditional_all_looks_at_the_current_value() {
    let cases = [
        ("$__conditionalAll(u IN ($task), $task)", "u IN ('5')"),
        ("$__conditionalAll(u IN ($picked), ${picked:csv})", "1=1"),
        ("$__conditionalAll(u = '$blank', [[blank]])", "1=1"),
        ("$__conditionalAll(u IN ($none), $none)", "1=1"),
        ("$__conditionalAll(u = $everyone, $everyone)", "1=1"),
        (
            "$__conditionalAll($__conditionalAll(a, $task) OR b, $task)",
            "a OR b",
        ),
        (
            "$__conditionalAll(u, x)",
            "! Expansion line 1, column 1: the second argument of $__conditionalAll is no variable; write `$__conditionalAll(condition, $name)`",
        ),
        (
            "$__conditionalAll(u, $tsk)",
            "! Expansion line 1, column 1: unknown variable $tsk; did you mean $task?",
        ),
    ];
    for (sql, text) in cases {
        assert_eq!(show(sql), text, "{sql}");
    }
}

#[test]
fn macros_without_a_range_name_the_fields() {
    for sql in [
        "$__timeFilter(t)",
        "$__from",
        "$__interval",
        "$__range_s",
        "$__interval_s",
    ] {
        let error = expand(sql, &Context::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Expansion, "{sql}");
        assert_eq!(
            error.hint.as_deref(),
            Some("set the request's fields `from` and `to`"),
            "{sql}"
        );
    }
}

#[test]
fn errors_after_an_expansion_lead_to_the_users_text() {
    let sql = "SELECT $users,\n $__timeFilter(t) -- c\n, nonsense";
    let expanded = expand(sql, &context()).unwrap();
    let nonsense = expanded.text.find("nonsense").unwrap();
    assert_eq!(&sql[expanded.original(nonsense)..], "nonsense");
    let within = expanded.text.find("toDateTime(1780444800)").unwrap();
    assert!(sql[expanded.original(within)..].starts_with("$__timeFilter"));
    let position = expanded.position(nonsense);
    assert_eq!((position.line, position.column), (3, 3));
}

#[test]
fn what_grows_is_refused() {
    let mut context = context();
    let long = VariableValue::One("x".repeat(100_000));
    context.variables.insert("long".to_owned(), long);
    let double = |name: &str| VariableValue::All(format!("${name} ").repeat(1_000));
    for (name, other) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "blank")] {
        context.variables.insert(name.to_owned(), double(other));
    }
    let nested = "$__timeFilter(".repeat(20) + "t" + &")".repeat(20);
    let nested_less = "$__timeFilter(".repeat(15) + &"t".repeat(100) + &")".repeat(15);
    for sql in [
        "$long ".repeat(20),
        "$a".to_owned(),
        nested,
        nested_less,
        " ".repeat(2_000_000),
    ] {
        let error = expand(&sql, &context).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Expansion);
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_origins_stay_in_it(
        parts in prop::collection::vec(prop_oneof![
            Just("$__timeFilter("), Just("$__fromTime"), Just("$__conditionalAll("), Just("$name"),
            Just("${users"), Just(":csv}"), Just("[[task"), Just("]]"), Just("$nested"), Just("}"),
            Just("'"), Just("\""), Just("`"), Just("\\"), Just("("), Just(")"), Just(","), Just("/*"),
            Just("*/"), Just("--"), Just("\n"), Just("$$"), Just("$"), Just("é"), Just(" "), Just("5m"),
        ], 0..24),
    ) {
        let sql = parts.concat();
        if let Ok(expanded) = expand(&sql, &context()) {
            for offset in 0..=expanded.text.len() {
                prop_assert!(expanded.original(offset) <= sql.len());
            }
            let tokens = expanded.tokens().unwrap();
            prop_assert!(tokens.iter().all(|token| !matches!(token.kind, TokenKind::Comment | TokenKind::Heredoc)));
        }
    }
}
