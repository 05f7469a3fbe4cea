//! A text for DuckDB grows with the query: what a call writes more than once of its arguments would double with each
//! level, and a hostile query of a few kilobytes would take the server.

use super::prepared;
use crate::functions::{self, Class, Function, FunctionKind};

/// Levels of nesting whose lengths are compared; no deeper ones where the first three grow unevenly.
const DEPTHS: [usize; 5] = [1, 2, 3, 6, 12];

/// Calls whose nesting means nothing, or that are tried by [`FORMS`].
const LEFT_OUT: &[&str] = &[
    "arrayJoin",
    "runningDifference",
    "isNull",
    "isNotNull",
    "toTypeName",
    "tupleElement",
    "JSONExtract",
    "JSONExtractKeysAndValues",
];

/// Literals of which one is what a function asks for: a unit, a type, a path, a zone, a format.
const TEXTS: &[&str] = &[
    "'Europe/Berlin'",
    "'day'",
    "'String'",
    "'$.a'",
    "'a'",
    "'%Y %z'",
    "'{} {}'",
];

/// What is no call of the table, or takes a lambda: `#` is what is nested, `@` what it begins with.
const FORMS: &[(&str, &str)] = &[
    ("obj_id", "# IN (1, 7, NULL)"),
    ("obj_id", "toInt64((#, 1) IN ((1, 2), (3, NULL)))"),
    ("obj_id", "toInt64((#, obj_id, 3) < (obj_id, user_id, 4))"),
    ("obj_id", "toInt64((#, obj_id, 3) = (obj_id, user_id, 4))"),
    ("obj_id", "[#, 2][1]"),
    ("obj_id", "[1, 2][#]"),
    ("obj_id", "(#, 2).1"),
    ("duration", "CAST(# AS UInt8)"),
    ("duration", "CAST(# AS Float32)"),
    ("obj_val", "CAST(# AS Nullable(Int64))"),
    ("obj_val", "CAST(toInt64(#) AS Int64)"),
    ("obj_val", "toString(CAST(# AS Nullable(DateTime)))"),
    ("obj_val", "toString(CAST(# AS Nullable(Date)))"),
    ("obj_val", "toString(CAST(# AS Nullable(Decimal(9, 2))))"),
    ("obj_val", "toString(accurateCastOrNull(#, 'Date'))"),
    ("obj_val", "toString(accurateCastOrNull(#, 'UInt8'))"),
    ("duration / 2", "accurateCastOrNull(#, 'Float32')"),
    ("duration / 2", "toFloat64(accurateCastOrNull(#, 'UInt8'))"),
    ("[1, 2]", "arrayMap(x -> x + 1, #)"),
    ("[1, 2]", "arrayFilter(x -> x > 1, #)"),
    ("[1, 2]", "arrayMap((x, y) -> x + y, #, @)"),
    ("[1, 2]", "[arrayCount(x -> x > 1, #)]"),
    ("[1, 2]", "[arrayAll(x -> x > 1, #)]"),
    ("[1, 2]", "[arrayLastIndex(x -> x > 1, #)]"),
    ("[1, 2]", "arraySort(x -> -x, #)"),
    ("[1.5, 2]", "[arraySum(x -> x, #)]"),
    ("[1, 2]", "arrayMap(x -> length(#), [1, 2])"),
    ("[1, NULL]", "[toUInt8OrNull(toString(has(#, NULL)))]"),
    ("payload", "JSONExtract(#, 'v', 'Nullable(String)')"),
    ("payload", "toString(JSONExtract(#, 'v', 'Float64'))"),
    ("payload", "toString(JSONExtract(#, 'v', 'UInt8'))"),
    (
        "ifNull(payload, '')",
        "toString(JSONExtract(#, 'v', 'Array(UInt8)'))",
    ),
    (
        "scope",
        "toString(JSONExtractKeysAndValues(#, 'a', 'String')[1].2)",
    ),
    ("payload", "JSONExtractRaw(#, 1, 2)"),
    ("payload", "JSONExtractRaw(payload, length(#))"),
    ("payload", "JSONExtractRaw(payload, #)"),
    ("timestamp", "# + INTERVAL 1 DAY"),
    (
        "timestamp",
        "toTimeZone(#, 'Europe/Berlin') + INTERVAL 1 MONTH",
    ),
    ("timestamp", "toDateTime(toDate(#)) + toIntervalHour(1)"),
    ("timestamp", "# + 3600"),
    (
        "timestamp",
        "toStartOfInterval(#, INTERVAL 6 HOUR, 'Europe/Berlin')",
    ),
    (
        "timestamp",
        "toDateTime(toStartOfInterval(#, INTERVAL 2 MONTH))",
    ),
    (
        "timestamp",
        "toDateTime(toStartOfInterval(#, INTERVAL 2 WEEK, 'Europe/Berlin'))",
    ),
    ("timestamp", "toStartOfDay(toDate(#), 'Europe/Berlin')"),
    ("timestamp", "toDateTime64(#, 1, 'Europe/Berlin')"),
    ("toDecimal64(obj_val, 3)", "# / toDecimal64(2, 2)"),
    ("duration", "round(#, -2)"),
    ("duration", "roundBankers(#, -2)"),
    ("obj_id", "intDiv(1, #)"),
    ("user_id", "positiveModulo(5, #)"),
    ("obj_val", "leftPad('a', length(#), '*')"),
    ("obj_val", "substring('abc', length(#))"),
    ("obj_val", "substring('abc', 1, length(#))"),
    ("obj_val", "reverse(substring(#, 2))"),
    ("obj_val", "toString(substring(#, 2) < substring(@, 3))"),
];

fn nested(base: &str, form: &str, depth: usize) -> String {
    let mut text = base.to_owned();
    for _ in 0..depth {
        text = form.replace('@', base).replace('#', &text);
    }
    text
}

/// The lengths of DuckDB's text at each of [`DEPTHS`]; `None` if the form means nothing.
fn lengths(base: &str, form: &str) -> Option<Vec<usize>> {
    let mut lengths = Vec::new();
    for depth in DEPTHS {
        if lengths.len() >= 3 && !grows_evenly(&lengths) {
            break;
        }
        let sql = format!("SELECT {} AS x FROM events", nested(base, form, depth));
        lengths.push(prepared(&sql).ok()?.duckdb.len());
    }
    Some(lengths)
}

fn leaf(class: Class) -> &'static str {
    match class {
        Class::Any | Class::Common | Class::Number | Class::Integer => "obj_id",
        Class::Float => "(duration / 2)",
        Class::Text => "obj_val",
        Class::Time | Class::DateTime => "timestamp",
        Class::Condition => "(duration = 1)",
        Class::Array => "[1, 2]",
        Class::Interval => "INTERVAL 15 MINUTE",
        Class::Lambda => "x -> x",
    }
}

/// Ways to make a value of a class of whatever a call gives.
fn adapters(class: Class) -> &'static [&'static str] {
    match class {
        Class::Any | Class::Common | Class::Text => {
            &["#", "toString(#)", "toString(length(#))", "length(#)"]
        }
        Class::Number | Class::Float | Class::Integer => &[
            "#",
            "toInt64(#)",
            "toFloat64(#)",
            "length(#)",
            "length(toString(#))",
        ],
        Class::Time | Class::DateTime => &[
            "#",
            "toDateTime(#)",
            "toDateTime(length(#))",
            "toDateTime(length(toString(#)))",
        ],
        Class::Condition => &["#", "(# = 1)", "(length(#) = 1)"],
        Class::Array => &["#", "[#]"],
        Class::Interval | Class::Lambda => &[],
    }
}

/// Forms of a call in which the argument at `place` is what is nested.
fn forms(function: &Function, place: usize) -> Vec<String> {
    let n = function.arguments.len().max(place + 1);
    let needed = (0..n).filter(|&index| {
        let argument = &function.arguments[index];
        index <= place || !argument.is_optional
    });
    let needed: Vec<usize> = needed.collect();
    let mut forms = vec![Vec::new()];
    for index in needed {
        let argument = &function.arguments[index];
        let choices: Vec<String> = if index == place {
            vec!["#".to_owned()]
        } else if argument.is_constant && argument.class == Class::Text {
            TEXTS.iter().map(|text| (*text).to_owned()).collect()
        } else if argument.is_constant {
            vec!["2".to_owned()]
        } else {
            [leaf(argument.class), other_leaf(argument.class), "1"]
                .map(str::to_owned)
                .to_vec()
        };
        forms = forms
            .into_iter()
            .flat_map(|form: Vec<String>| {
                choices.iter().map(move |choice| {
                    let mut form = form.clone();
                    form.push(choice.clone());
                    form
                })
            })
            .collect();
    }
    forms
        .into_iter()
        .map(|arguments| format!("{}({})", function.name, arguments.join(", ")))
        .collect()
}

/// Another value of a class, where the first one does not go with the others or may be NULL.
fn other_leaf(class: Class) -> &'static str {
    match class {
        Class::Any | Class::Common | Class::Text => "scope",
        Class::Number | Class::Integer => "duration",
        other => leaf(other),
    }
}

/// Whether no level takes much more than the one before it.
fn grows_evenly(lengths: &[usize]) -> bool {
    let by_level = lengths.windows(2).zip(DEPTHS.windows(2));
    let by_level =
        by_level.map(|(lengths, depths)| (lengths[1] - lengths[0]) / (depths[1] - depths[0]));
    let by_level: Vec<usize> = by_level.collect();
    by_level
        .windows(2)
        .all(|grown| grown[1] <= grown[0] + grown[0] / 4 + 200)
}

#[test]
fn a_text_grows_with_the_depth_of_its_calls() {
    let mut problems = Vec::new();
    for function in functions::all() {
        if function.kind != FunctionKind::Scalar || LEFT_OUT.contains(&function.name) {
            continue;
        }
        for (place, argument) in function.arguments.iter().enumerate() {
            if argument.is_constant || adapters(argument.class).is_empty() {
                continue;
            }
            let forms = forms(function, place);
            let bases = [leaf(argument.class), other_leaf(argument.class)];
            let tried = bases
                .iter()
                .flat_map(|base| forms.iter().map(move |form| (*base, form)));
            let found = tried.into_iter().find_map(|(base, form)| {
                adapters(argument.class).iter().find_map(|adapter| {
                    let form = adapter.replace('#', form);
                    lengths(base, &form).map(|lengths| (form, lengths))
                })
            });
            let has_lambda = function.arguments[0].class == Class::Lambda;
            match found {
                Some((_, lengths)) if grows_evenly(&lengths) => {}
                Some((form, lengths)) => problems.push(format!("{form}: {lengths:?}")),
                None if has_lambda => {}
                None => problems.push(format!(
                    "{} at {place}: no form of it is known",
                    function.name
                )),
            }
        }
    }
    for (base, form) in FORMS {
        match lengths(base, form) {
            Some(lengths) if grows_evenly(&lengths) => {}
            Some(lengths) => problems.push(format!("{form}: {lengths:?}")),
            None => problems.push(format!("{form} of {base} means nothing")),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_long_value_before_a_subquery_is_refused() {
    let form = "# IN (SELECT user_id FROM events)";
    assert!(
        prepared(&format!(
            "SELECT {} AS x FROM events",
            nested("obj_id", form, 2)
        ))
        .is_ok()
    );
    let sql = format!("SELECT {} AS x FROM events", nested("obj_id", form, 40));
    let error = prepared(&sql).unwrap_err();
    assert!(
        error.message.contains("so long a value before IN"),
        "{error:?}"
    );
}

#[test]
fn no_literal_is_taken_for_the_name_of_an_argument() {
    let long = nested("obj_val", "concat(#, '-')", 30);
    for number in 1..100 {
        let name = format!("\u{1}'{number}\u{1}").replace('\'', "''");
        let sql = format!("SELECT leftPad({long}, 20, '{name}') AS x FROM events");
        let text = prepared(&sql).unwrap().duckdb;
        assert!(text.contains(&format!("'{name}'")), "{text}");
        assert!(!text.replace(&name, "").contains('\u{1}'), "{text}");
    }
}
