//! The timesheet of the dashboards over a set that a person can count: batches across midnight,
//! the days of 23 and 25 hours, a row of another system.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annoscope_events::{Event, EventHash, Interval, Payload, StoredEvent, Timestamp};
use annoscope_formats::{Format, TimeFormat};
use annoscope_query::{Access, Answer, Engine, QueryRequest, RowFilter};
use annoscope_sql::{Asker, Context, TimeRange, VariableValue};
use annoscope_store::EventBatch;
use futures::StreamExt;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use super::super::Dashboards;
use crate::config::Config;
use crate::exports::Exports;
use crate::metrics::Metrics;
use crate::store;
use crate::testing::open_store;

const BERLIN: &str = "Europe/Berlin";

/// An instant by Berlin's clocks; at the end of summer time the first of two.
fn berlin(text: &str) -> i64 {
    let civil: DateTime = text.parse().unwrap();
    let zone = TimeZone::get(BERLIN).unwrap();
    zone.to_timestamp(civil).unwrap().as_millisecond()
}

/// A row of working time of user 5 in job 7.
fn row(intervals: &[(i64, i64)], working_time_ms: i64, timestamp_ms: i64) -> StoredEvent {
    let event = Event {
        scope: "send:working_time".to_owned(),
        obj_name: None,
        obj_id: None,
        obj_val: None,
        source: "server".into(),
        timestamp: Timestamp::from_millis(timestamp_ms),
        count: None,
        duration: 0,
        project_id: Some(3),
        task_id: Some(4),
        job_id: Some(7),
        user_id: Some(5),
        user_name: Some("lena".to_owned()),
        user_email: None,
        org_id: None,
        org_slug: None,
        payload: Some(
            Payload::parse(&format!(r#"{{"working_time": {working_time_ms}}}"#)).unwrap(),
        ),
    };
    let intervals = intervals.iter();
    StoredEvent {
        intervals: intervals
            .map(|&(start_ms, end_ms)| Interval { start_ms, end_ms })
            .collect(),
        ..StoredEvent::from(event)
    }
}

/// A row that counted everything from the first instant up to the last.
fn counted(start: &str, end: &str) -> StoredEvent {
    let (start, end) = (berlin(start), berlin(end));
    row(&[(start, end)], end - start, start)
}

fn minutes(count: i64) -> i64 {
    count * 60_000
}

async fn rows_of(dir: &std::path::Path, events: Vec<StoredEvent>, title: &str) -> Vec<Value> {
    let config = Config::for_testing(dir.to_owned());
    let store = open_store(&config);
    let hashes = (0..events.len() as u128).map(EventHash).collect();
    let reservation = store.reserve(hashes).await.unwrap();
    let batch = EventBatch {
        events,
        received_at: Timestamp::from_millis(berlin("2026-12-31T00:00")),
        request_id: Uuid::nil(),
        reservation,
    };
    store.append(batch).await.unwrap();
    let exports = Exports::open(config.export_settings(), Arc::clone(&store)).unwrap();
    let metrics = Arc::new(Metrics::new(Arc::clone(&store), exports, Duration::ZERO));
    let engine = Engine::new(
        store,
        store::dialect(&config),
        config.engine_config(),
        metrics,
    );

    let (timesheet, _) = Dashboards::new(dir).get("timesheet").unwrap();
    let panels = timesheet.get("panels").unwrap().as_array().unwrap();
    let panel = panels.iter().find(|panel| panel["title"] == title).unwrap();
    let mut variables: BTreeMap<String, VariableValue> =
        ["users", "projects", "tasks", "jobs", "organizations"]
            .map(|name| (name.to_owned(), VariableValue::All("''".to_owned())))
            .into();
    let zone = VariableValue::One(BERLIN.to_owned());
    variables.insert("timezone".to_owned(), zone);
    let now = Timestamp::from_millis(berlin("2026-12-31T00:00"));
    let request = QueryRequest {
        sql: panel["targets"][0]["rawSql"].as_str().unwrap().to_owned(),
        context: Context {
            now_ms: now.millis(),
            range: Some(TimeRange {
                from_ms: berlin("2026-01-01T00:00"),
                to_ms: now.millis(),
            }),
            variables,
            ..Context::default()
        },
        limit: 1000,
        time_format: TimeFormat::Text,
        ignores_format: false,
        may_use_cache: true,
        query_id: None,
        time_limit: None,
        has_byte_order_mark: false,
    };
    let access = Access {
        user: Asker {
            id: 7,
            login: "anna".to_owned(),
            email: String::new(),
            organization: None,
        },
        rows: RowFilter::default(),
    };
    let run = engine.start(request, &access, now).await.unwrap();
    let answer = Answer::new(run, Format::Json, 1 << 20);
    let pieces = answer.into_stream(|error| error.to_error_body());
    let pieces: Vec<_> = pieces.collect().await;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(Result::unwrap).collect();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let names: Vec<&str> = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        names
            .iter()
            .zip(row.as_array().unwrap())
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_split_at_midnight_whatever_the_day() {
    let dir = tempfile::tempdir().unwrap();
    let cases = vec![
        // A session across midnight: 10 minutes before it, 20 after.
        counted("2026-06-01T23:50", "2026-06-02T00:20"),
        // Up to midnight to the millisecond, and from it on.
        counted("2026-06-03T23:59", "2026-06-04T00:00"),
        counted("2026-06-05T00:00", "2026-06-05T00:01"),
        // Two pieces of one row, a day apart, with the night between them.
        row(
            &[
                (berlin("2026-06-08T17:00"), berlin("2026-06-08T17:30")),
                (berlin("2026-06-09T09:00"), berlin("2026-06-09T09:15")),
            ],
            minutes(45),
            berlin("2026-06-09T09:15"),
        ),
        // The whole of the day that summer time begins on, and of the one that it ends on.
        counted("2026-03-29T00:00", "2026-03-30T00:00"),
        counted("2026-10-25T00:00", "2026-10-26T00:00"),
        // A minute, of another system: it is booked at the time of its row.
        row(&[], minutes(1), berlin("2026-07-01T00:00")),
        // Nothing was counted in it.
        row(
            &[(berlin("2026-08-01T12:00"), berlin("2026-08-01T12:00"))],
            0,
            berlin("2026-08-01T12:00"),
        ),
    ];
    let rows = rows_of(dir.path(), cases, "Hours per person and day").await;
    let told: Vec<String> = rows
        .iter()
        .rev()
        .map(|row| {
            let ms = row["working_time_ms"].as_i64().unwrap();
            format!(
                "{} {:>4} min, intervals {}",
                row["day"].as_str().unwrap(),
                ms / 60_000,
                row["has_intervals"]
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    2026-03-29 1380 min, intervals 1
    2026-06-01   10 min, intervals 1
    2026-06-02   20 min, intervals 1
    2026-06-03    1 min, intervals 1
    2026-06-05    1 min, intervals 1
    2026-06-08   30 min, intervals 1
    2026-06-09   15 min, intervals 1
    2026-07-01    1 min, intervals 0
    2026-08-01    0 min, intervals 1
    2026-10-25 1500 min, intervals 1
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_below_the_matrix_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let events = vec![counted("2026-06-01T23:50", "2026-06-02T00:20")];
    let rows = rows_of(dir.path(), events, "Days").await;
    let told: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {}", row["Day"], row["User"], row["Working time (h)"]))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "2026-06-02" "lena #5" 0.3333333333333333
    "2026-06-01" "lena #5" 0.16666666666666666
    "#);
}
