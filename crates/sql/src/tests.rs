//! The whole way of a query, from the user's text to both stores' texts.

mod attacks;
mod errors;
mod growth;
mod narrowed;
mod newest;
mod own_errors;
mod parts;
mod passes;
mod slices;

use crate::{
    Catalogue, Column, Context, DataType, Prepared, PromotedKind, PromotedPath, Relation, Source,
    SqlError, TimeRange, prepare,
};

/// CVAT's columns, narrowed to one user in both stores.
pub(crate) fn relation() -> Relation {
    let column = |name: &str, data_type: &str| Column {
        name: name.to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
    };
    let promoted = |path: &[&str], column: &str, kind| PromotedPath {
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        column: column.to_owned(),
        kind,
    };
    Relation {
        columns: vec![
            column("scope", "String"),
            column("obj_id", "Nullable(UInt64)"),
            column("obj_val", "Nullable(String)"),
            column("source", "String"),
            column("timestamp", "DateTime64(3, 'Etc/UTC')"),
            column("count", "Nullable(UInt16)"),
            column("duration", "UInt32"),
            column("user_id", "Nullable(UInt64)"),
            column("user_name", "Nullable(String)"),
            column("payload", "Nullable(String)"),
        ],
        unlisted: vec![
            column("counted_ms", "Array(Int64)"),
            column("counted_from_ms", "Nullable(Int64)"),
            column("counted_until_ms", "Nullable(Int64)"),
            column("counted_total_ms", "Nullable(Int64)"),
            column("request_id", "Nullable(String)"),
        ],
        uuids: vec!["request_id".to_owned()],
        promoted_paths: vec![
            promoted(
                &["working_time"],
                "payload_working_time",
                PromotedKind::UInt,
            ),
            promoted(
                &["platform", "name"],
                "payload_platform_name",
                PromotedKind::String,
            ),
        ],
        has_payload: "has_payload".to_owned(),
        payload_is_json: "payload_is_json".to_owned(),
        source: Source {
            clickhouse: "cvat.events".to_owned(),
            duckdb: "events".to_owned(),
            condition: Some("user_id = 7".to_owned()),
        },
        catalogue: Catalogue {
            columns: vec![
                column("kind", "String"),
                column("id", "UInt64"),
                column("field", "String"),
                column("value", "String"),
                column("timestamp", "DateTime64(3, 'Etc/UTC')"),
            ],
            clickhouse: "(SELECT * FROM facts WHERE user_id = 7)".to_owned(),
            duckdb: "(FROM facts WHERE user_id = 7)".to_owned(),
        },
    }
}

fn context() -> Context {
    Context {
        now_ms: 1_782_864_000_123,
        range: Some(TimeRange {
            from_ms: 1_782_777_600_000,
            to_ms: 1_782_864_000_000,
        }),
        interval_ms: Some(60_000),
        params: [("job".to_owned(), "5".to_owned())].into(),
        ..Context::default()
    }
}

fn prepared(sql: &str) -> Result<Prepared, SqlError> {
    prepare(sql, &context(), &relation())
}
