//! On the real engine.

use annoscope_events::rename_claimed_hours;
use annoscope_store::Backend;

use super::*;
use crate::ClickHouseStore;
use crate::engine::{self, Engine};

/// CVAT's table as its stack makes it, in an empty ClickHouse.
fn with_cvats_table() -> Option<(Engine, Administration)> {
    if !engine::is_there() {
        return None;
    }
    let engine = Engine::start();
    let administration = Administration::new(&engine.config(), false).unwrap();
    let connection = &administration.connection;
    connection.ask_of_any("CREATE DATABASE cvat").unwrap();
    connection
        .ask(
            "CREATE TABLE events (scope String, obj_name String NULL, obj_id UInt64 NULL, obj_val String NULL, \
             source String, timestamp DateTime64(3, 'Etc/UTC'), count UInt16 NULL, duration UInt32 DEFAULT toUInt32(0), \
             project_id UInt64 NULL, task_id UInt64 NULL, job_id UInt64 NULL, user_id UInt64 NULL, user_name String NULL, \
             user_email String NULL, org_id UInt64 NULL, org_slug String NULL, payload String NULL) \
             ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (timestamp) SETTINGS index_granularity = 8192",
        )
        .unwrap();
    Some((engine, administration))
}

fn apply(administration: &Administration, wanted: &Wanted) -> (usize, usize) {
    let (changes, lacks) = administration.plan(wanted).unwrap();
    for change in &changes {
        administration.run(change).unwrap();
    }
    (changes.len(), lacks.len())
}

#[test]
fn tables_are_made_once_and_a_store_works_on_them() {
    if !engine::is_there() {
        return;
    }
    let engine = Engine::start();
    let administration = Administration::new(&engine.config(), false).unwrap();
    assert!(administration.status().unwrap().table.is_none());
    let wanted = Wanted {
        layout: Layout {
            database: "cvat".to_owned(),
            cluster: None,
            ttl_days: Some(400),
        },
        ..Wanted::default()
    };
    assert_eq!(apply(&administration, &wanted), (3, 0));
    assert_eq!(apply(&administration, &wanted), (0, 0));
    let store = ClickHouseStore::open(&engine.config()).unwrap();
    assert_eq!(store.stats().rows_total, 0);
    let status = administration.status().unwrap();
    assert_eq!(status.table.as_deref(), Some("events (MergeTree)"));
    assert!(status.lacking.is_empty(), "{:?}", status.lacking);
    assert!(status.nodes[0].is_this);
    // Another number of days, for a table that is there.
    let shorter = Wanted {
        layout: Layout {
            ttl_days: Some(31),
            ..wanted.layout
        },
        ..Wanted::default()
    };
    assert_eq!(apply(&administration, &shorter), (1, 0));
    assert_eq!(apply(&administration, &shorter), (0, 0));
}

#[test]
fn a_table_of_cvats_is_changed_with_leave_only() {
    let Some((engine, administration)) = with_cvats_table() else {
        return;
    };
    let (changes, lacks) = administration.plan(&Wanted::default()).unwrap();
    // The table of batches is ours.
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(lacks.len(), 3, "{lacks:?}");
    let status = administration.status().unwrap();
    assert_eq!(status.lacking.len(), 3);
    assert!(status.lacking[2].contains("at least once"), "{status:?}");
    let wanted = Wanted {
        add_columns: true,
        ..Wanted::default()
    };
    assert_eq!(apply(&administration, &wanted), (4, 0));
    assert_eq!(apply(&administration, &wanted), (0, 0));
    ClickHouseStore::open(&engine.config()).unwrap();
    let of_cluster = Wanted {
        layout: Layout {
            cluster: Some("two".to_owned()),
            ..Layout::default()
        },
        ..Wanted::default()
    };
    let refused = administration.plan(&of_cluster).unwrap_err().to_string();
    assert!(refused.contains("is there already"), "{refused}");
}

/// Payloads of others, and what annoscope would have stored of each.
#[test]
fn claims_are_renamed_as_on_the_way_in() {
    let Some((_engine, administration)) = with_cvats_table() else {
        return;
    };
    let payloads = [
        r#"{"working_time": 5}"#,
        r#"{"a": {"working_time" : 5, "working_time":6}, "b": "working_time"}"#,
        "{\"working_time\"\n\t \r: 1}",
        r#"{"working\u005Ftime":1,"\u0077orking_tim\u0065": 2, "w\u006Frking_time": 3}"#,
        r#"{"claimed_working_time": 1, "x\"working_time": 2}"#,
        r#"{"text": "\"working_time\": 3"}"#,
        r#"no JSON "working_time": 1 "working_time""#,
        r#"{"working_time\u0000": 1, "\\working_time": 2, "working_timer": 3}"#,
        "{\"working_time\"\u{b}: 1}",
        "",
        "{}",
        r#"{"größe": 1, "working_time": "ünï 🦆"}"#,
    ];
    let connection = &administration.connection;
    for (i, payload) in payloads.iter().enumerate() {
        for (scope, source) in [
            ("click:element", "client"),
            ("send:working_time", "client"),
            ("send:working_time", "server"),
        ] {
            let values = format!(
                "'{scope}', '{source}', toDateTime64({i}, 3), {}",
                crate::rewrite::quoted(payload)
            );
            let insert =
                format!("INSERT INTO events (scope, source, timestamp, payload) VALUES ({values})");
            connection.ask(insert).unwrap();
        }
    }
    connection
        .ask("INSERT INTO events (scope, source, timestamp) VALUES ('a:b', 'client', toDateTime64(99, 3))")
        .unwrap();
    let n_claims = payloads
        .iter()
        .filter(|payload| rename_claimed_hours(payload) != **payload);
    let n_claims = 2 * n_claims.count() as u64;
    assert!(n_claims >= 10);
    let size = administration.status().unwrap().size.unwrap();
    assert_eq!((size.n_claims, size.n_others), (n_claims, size.n_rows));
    let wanted = Wanted {
        add_columns: true,
        mend_hours: true,
        ..Wanted::default()
    };
    apply(&administration, &wanted);
    let size = administration.status().unwrap().size.unwrap();
    assert_eq!(
        (size.n_claims, size.n_rows),
        (0, 3 * payloads.len() as u64 + 1)
    );
    for (i, payload) in payloads.iter().enumerate() {
        let renamed = rename_claimed_hours(payload);
        for (condition, expected) in [
            ("source = 'client'", renamed.as_ref()),
            ("source = 'server'", payload),
        ] {
            let n_rows = administration.n_rows_of(&format!(
                "timestamp = toDateTime64({i}, 3) AND {condition} AND payload = {}",
                crate::rewrite::quoted(expected)
            ));
            let expected_rows = if condition.contains("client") { 2 } else { 1 };
            assert_eq!(n_rows.unwrap(), expected_rows, "{payload}");
        }
    }
}
