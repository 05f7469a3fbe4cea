use std::fmt::Write as _;

use super::*;
use crate::tests::relation;
use crate::{Column, Context, Dialect, ErrorKind, Position, Prepared, Relation, SqlError, prepare};

/// The events with every column that a view reads.
fn whole_relation() -> Relation {
    let mut relation = relation();
    let more = [
        ("obj_name", "Nullable(String)"),
        ("project_id", "Nullable(UInt64)"),
        ("task_id", "Nullable(UInt64)"),
        ("job_id", "Nullable(UInt64)"),
        ("org_id", "Nullable(UInt64)"),
        ("user_email", "Nullable(String)"),
        ("org_slug", "Nullable(String)"),
    ];
    let more = more.iter().map(|(name, data_type)| Column {
        name: (*name).to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
    });
    relation.unlisted.extend(more);
    relation
}

fn prepared_with(sql: &str, settings: &str) -> Result<Prepared, SqlError> {
    let context = Context {
        now_ms: 1_782_864_000_123,
        ..Context::default()
    };
    prepare(&format!("{sql}{settings}"), &context, &whole_relation())
}

#[test]
fn every_view_has_the_columns_of_its_head() {
    // None of the settings that change an answer changes what a view is.
    let settings = [
        "",
        " SETTINGS session_timezone = 'America/New_York'",
        " SETTINGS join_use_nulls = 1",
        " SETTINGS group_by_use_nulls = 1",
        " SETTINGS aggregate_functions_null_for_empty = 1",
        " SETTINGS union_default_mode = 'DISTINCT', except_default_mode = 'DISTINCT', intersect_default_mode = 'DISTINCT'",
    ];
    for view in views() {
        let of_head: Vec<(String, String)> = view
            .columns
            .iter()
            .map(|column| (column.name.to_owned(), column.data_type.to_string()))
            .collect();
        for settings in settings {
            let sql = format!("SELECT * FROM {}", view.name);
            let prepared = prepared_with(&sql, settings).unwrap_or_else(|e| panic!("{sql}: {e}"));
            let bound: Vec<(String, String)> = prepared
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.data_type.to_string()))
                .collect();
            assert_eq!(bound, of_head, "{}{settings}", view.name);
        }
    }
}

#[test]
fn a_view_is_named_as_a_table_is() {
    for sql in [
        "SELECT ms FROM cvat.hours",
        "SELECT hours.ms FROM default.hours",
        "SELECT cvat.hours.ms, hours.user_id FROM hours WHERE hours.ms > 0",
        "SELECT h.ms, hours.ms, h.* FROM hours AS h",
        "SELECT a.ms FROM hours AS a JOIN hours AS b ON a.user_id = b.user_id",
        "SELECT user_id, sum(ms) FROM hours GROUP BY user_id ORDER BY 2 DESC",
        "SELECT scope FROM events WHERE user_id IN (SELECT user_id FROM hours)",
    ] {
        let prepared = prepared_with(sql, "").unwrap_or_else(|error| panic!("{sql}: {error}"));
        // Its events are those of the caller.
        for dialect in [Dialect::ClickHouse, Dialect::DuckDb] {
            let text = prepared.text(dialect);
            assert!(text.contains("WHERE user_id = 7"), "{sql}: {text}");
        }
    }
}

#[test]
fn what_a_query_calls_so_goes_first() {
    let sql = "WITH hours AS (SELECT 1 AS one) SELECT one FROM hours";
    let prepared = prepared_with(sql, "").unwrap();
    assert!(!prepared.text(Dialect::ClickHouse).contains("events"));
}

#[test]
fn errors_are_where_the_view_is_named() {
    let at = |line, column| Some(Position { line, column });
    let error = prepared_with("SELECT\n  moments FROM hours", "").unwrap_err();
    assert_eq!((error.kind, error.position), (ErrorKind::Unknown, at(2, 3)));
    let error = prepared_with("SELECT ms FROM houses.hours", "").unwrap_err();
    assert_eq!(
        (error.kind, error.position),
        (ErrorKind::Forbidden, at(1, 16))
    );
    let error = prepared_with("SELECT ms FROM hour", "").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean hours?"));

    let context = Context {
        without_events: Some("no events for you".to_owned()),
        ..Context::default()
    };
    let error = prepare("SELECT 1,\n 2 FROM hours", &context, &whole_relation()).unwrap_err();
    assert_eq!(error.message, "no events for you");
    assert_eq!(error.position, at(2, 9));
}

#[test]
fn the_time_that_is_asked_for_reaches_the_events() {
    // 2026-06-01 in UTC, and how far the day of a zone may be from it.
    let (june, day) = (1_780_272_000_000_i64, 86_400_000_i64);
    let (from, until) = (Some(june), Some(june));
    let cases = [
        ("started >= '2026-06-01 00:00:00'", from, None),
        ("started >= toDateTime(1780272000)", from, None),
        (
            "started > fromUnixTimestamp64Milli(1780272000000) AND ms > 5",
            from,
            None,
        ),
        (
            "started >= fromUnixTimestamp64Milli(toInt64(2 * 1780276000000 - 1780280000000))",
            from,
            None,
        ),
        ("started_ms >= 1780272000000", from, None),
        ("toDateTime(1780272000) <= ended", from, None),
        (
            "ended < '2026-06-01 00:00:00'",
            None,
            until.map(|ms| ms + 2),
        ),
        ("started_ms <= 1780272000000", None, until.map(|ms| ms + 1)),
        ("day >= '2026-06-01'", from.map(|ms| ms - day), None),
        ("day >= toDate('2026-06-01')", from.map(|ms| ms - day), None),
        (
            "day = '2026-06-01'",
            from.map(|ms| ms - day),
            until.map(|ms| ms + 2 * day),
        ),
        (
            "day BETWEEN '2026-06-01' AND '2026-06-01'",
            from.map(|ms| ms - day),
            until.map(|ms| ms + 2 * day),
        ),
        ("day >= {day:Date}", from.map(|ms| ms - day), None),
        ("day > today() - 30", from.map(|ms| ms - day), None),
        // Nothing that is not asked of every row.
        ("started >= '2026-06-01 00:00:00' OR ms > 5", None, None),
        ("NOT (started >= '2026-06-01 00:00:00')", None, None),
        ("started != '2026-06-01 00:00:00'", None, None),
        ("started >= ended", None, None),
        ("toHour(started) > 5", None, None),
    ];
    let context = Context {
        now_ms: june + 30 * day + 5,
        params: [("day".to_owned(), "2026-06-01".to_owned())].into(),
        ..Context::default()
    };
    for view in ["intervals", "hours"] {
        for (condition, from, until) in &cases {
            let is_of = match view {
                "hours" => !condition.contains("_ms"),
                _ => !condition.contains("day"),
            };
            if !is_of {
                continue;
            }
            let sql = format!("SELECT sum(ms) FROM {view} WHERE {condition}");
            let prepared = prepare(&sql, &context, &whole_relation())
                .unwrap_or_else(|error| panic!("{sql}: {error}"));
            for dialect in [Dialect::ClickHouse, Dialect::DuckDb] {
                let text = prepared.text(dialect);
                let has = |bound: i64| text.contains(&bound.to_string());
                let all = crate::bind::ALL_TIME_MS;
                assert_eq!(has(all.start), from.is_none(), "{sql}\n{text}");
                assert_eq!(has(all.end), until.is_none(), "{sql}\n{text}");
                assert!(from.is_none_or(&has), "{sql}\n{text}");
                assert!(until.is_none_or(&has), "{sql}\n{text}");
            }
        }
    }
}

#[test]
fn no_row_that_a_join_keeps_is_left_out() {
    let all = crate::bind::ALL_TIME_MS.start.to_string();
    let cases = [
        ("hours AS h JOIN events AS e ON e.job_id = h.job_id", true),
        ("events AS e JOIN hours AS h ON e.job_id = h.job_id", true),
        (
            "hours AS h LEFT JOIN events AS e ON e.job_id = h.job_id",
            true,
        ),
        (
            "events AS e LEFT JOIN hours AS h ON e.job_id = h.job_id",
            false,
        ),
        (
            "events AS e FULL JOIN hours AS h ON e.job_id = h.job_id",
            false,
        ),
        (
            "events AS e ANY JOIN hours AS h ON e.job_id = h.job_id",
            false,
        ),
    ];
    for (from, is_bound) in cases {
        let sql = format!("SELECT count() FROM {from} WHERE h.started >= '2026-06-01 00:00:00'");
        let prepared = prepared_with(&sql, "").unwrap_or_else(|error| panic!("{sql}: {error}"));
        let text = prepared.text(Dialect::ClickHouse);
        assert_eq!(!text.contains(&all), is_bound, "{sql}\n{text}");
    }
}

/// Sessions and requests that begin in the time that is asked for go on after it.
#[test]
fn rows_of_several_events_are_asked_of_two_days_more() {
    let (june, two_days) = (1_780_272_000_000_i64, 2 * 86_400_000_i64);
    for (view, column) in [("sessions", "started"), ("objects", "at")] {
        let sql = format!("SELECT count() FROM {view} WHERE {column} >= '2026-06-01 00:00:00'");
        let prepared = prepared_with(&sql, "").unwrap_or_else(|error| panic!("{sql}: {error}"));
        let text = prepared.text(Dialect::ClickHouse);
        let all = crate::bind::bounds_of_views(&crate::bind::ALL_TIME_MS);
        for (ms, is_there) in [(june - two_days, true), (all[0].1, false), (all[1].1, true)] {
            assert_eq!(
                text.contains(&ms.to_string()),
                is_there,
                "{ms} {sql}\n{text}"
            );
        }
    }
}

/// A view reads the events and other views, and no view itself.
#[test]
fn every_head_is_whole() {
    for view in views() {
        assert!(view.meaning.len() > 10, "{}", view.name);
        assert!(!view.columns.is_empty(), "{}", view.name);
        for column in &view.columns {
            assert!(!column.meaning.is_empty(), "{}.{}", view.name, column.name);
        }
    }
}

/// The list that the page's editor offers.
#[test]
fn the_page_offers_the_relations() {
    let mut expected = String::new();
    for view in views() {
        let text = |text: &str| text.replace('\'', "\\'");
        let (name, meaning) = (view.name, text(view.meaning));
        writeln!(
            expected,
            "  {{\n    name: '{name}',\n    info: '{meaning}',\n    columns: ["
        )
        .unwrap();
        for column in &view.columns {
            let (name, data_type) = (column.name, text(&column.data_type.to_string()));
            let meaning = text(column.meaning);
            writeln!(expected, "      ['{name}', '{data_type}', '{meaning}'],").unwrap();
        }
        expected.push_str("    ],\n  },\n");
    }
    let page = include_str!("../../../../web/src/editor/relations.ts");
    let list = page
        .split_once("= [\n")
        .and_then(|(_, list)| list.split_once("];"));
    assert_eq!(
        list.map(|(list, _)| list),
        Some(expected.as_str()),
        "{expected}"
    );
}

/// A section for each, with its columns in a table.
#[test]
fn the_document_tells_of_every_relation() {
    let document = include_str!("../../../../docs/relations.md");
    for view in views() {
        let mut expected = format!("### {}\n\n", view.name);
        expected.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
        for column in &view.columns {
            let ViewColumn {
                name,
                data_type,
                meaning,
            } = column;
            writeln!(expected, "| `{name}` | {data_type} | {meaning} |").unwrap();
        }
        let (head, rows) = expected.split_once("\n\n").unwrap();
        assert!(
            document.contains(&format!("{head}\n")),
            "docs/relations.md has no {head}"
        );
        assert!(
            document.contains(rows),
            "docs/relations.md, {head}:\n{rows}"
        );
    }
}

/// A store goes by the scopes alone: rows that are kept change with nothing else.
#[test]
fn views_that_may_be_kept_are_made_of_the_scopes_that_are_listed() {
    for (name, scopes) in MATERIALIZED {
        let mut texts = vec![find(name).unwrap().text];
        for view in views() {
            if view.name != name && texts[0].contains(&format!("FROM {}", view.name)) {
                texts.push(view.text);
            }
        }
        let mut read = std::collections::BTreeSet::new();
        for text in texts {
            for word in [
                "now(",
                "today(",
                "{from_ms",
                "FROM catalogue",
                "JOIN catalogue",
            ] {
                assert!(!text.contains(word), "{name} reads {word}");
            }
            let lines = text.lines();
            let code = lines.filter(|line| !line.trim_start().starts_with("--"));
            let literals = code.flat_map(|line| line.split('\'').skip(1).step_by(2));
            read.extend(literals.filter(|literal| literal.contains(':')));
        }
        assert_eq!(read, scopes.iter().copied().collect(), "{name}");
    }
}

#[test]
fn a_view_that_may_be_kept_is_named_the_same_in_each_query() {
    let names = |sql: &str| {
        let prepared = prepared_with(sql, "").unwrap();
        let materialized = prepared.materialized(Dialect::DuckDb).cloned();
        let views = materialized.map_or_else(Vec::new, |found| {
            for view in &found.views {
                assert!(found.text.contains(&format!("FROM {}", view.name)), "{sql}");
            }
            found.views
        });
        views.into_iter().map(|view| view.name).collect::<Vec<_>>()
    };
    let alone = names("SELECT count() FROM job_transitions");
    assert_eq!(alone.len(), 1);
    let cases = [
        "SELECT job_id, max(at) FROM job_transitions AS t WHERE number > 1 GROUP BY job_id",
        "SELECT 1 FROM events AS e JOIN job_transitions AS t ON e.job_id = t.job_id",
        "SELECT count() FROM events WHERE job_id IN (SELECT job_id FROM cvat.job_transitions)",
        "WITH t AS (SELECT * FROM job_transitions) SELECT * FROM t AS a JOIN t AS b ON a.job_id = b.job_id",
    ];
    for sql in cases {
        assert_eq!(names(sql), alone, "{sql}");
    }
    assert_eq!(names("SELECT count() FROM hours").len(), 2);
    let of_zone =
        names("SELECT count() FROM job_transitions SETTINGS session_timezone = 'America/New_York'");
    assert_ne!(of_zone, alone);
    assert!(names("SELECT count() FROM events").is_empty());
}
