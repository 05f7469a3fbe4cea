//! What `events` is to a query: the one place that says which rows and columns it has.

use annoscope_events::{PROMOTED_PATHS, PromotedKind as EventPromotedKind};
use annoscope_sql::{Column, DataType, PromotedKind, PromotedPath, Relation, Source};
use annoscope_store::{HAS_PAYLOAD, PAYLOAD_IS_JSON};
use serde::{Deserialize, Serialize};

/// Users and organizations to which rows are narrowed; `None` is "any".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowFilter {
    /// `user_id` of the event.
    pub user_id: Option<i64>,
    /// `org_id` of the event.
    pub org_id: Option<i64>,
}

/// The table of the store, which has the columns below and the hidden ones of [`PROMOTED_PATHS`].
const TABLE: &str = "events";

/// A UUID in the store, a text to queries.
const REQUEST_ID: &str = "request_id";

/// The events that `rows` leaves, with the 17 columns of CVAT's table and their types there, and those of ours that
/// queries may name.
pub fn events(rows: RowFilter) -> Relation {
    Relation {
        columns: columns()
            .map(|(name, data_type)| Column {
                name: name.to_owned(),
                data_type,
            })
            .into(),
        unlisted: vec![
            Column {
                // Starts and ends in turn, ms since the epoch: what a row of working time counted.
                name: "counted_ms".to_owned(),
                data_type: DataType::Array(Box::new(DataType::Int64)),
            },
            counted_span("counted_from_ms"),
            counted_span("counted_until_ms"),
            counted_span("counted_total_ms"),
            Column {
                // Ties all events of one request together.
                name: REQUEST_ID.to_owned(),
                data_type: DataType::Nullable(Box::new(DataType::String)),
            },
            Column {
                // Whether JSON functions can read the payload.
                name: PAYLOAD_IS_JSON.to_owned(),
                data_type: DataType::Bool,
            },
        ],
        uuids: vec![REQUEST_ID.to_owned()],
        promoted_paths: PROMOTED_PATHS.iter().map(promoted_path).collect(),
        has_payload: HAS_PAYLOAD.to_owned(),
        payload_is_json: PAYLOAD_IS_JSON.to_owned(),
        source: source(rows),
    }
}

/// What a row of working time counted, in short: its beginning, its end, or how much it is, in ms; NULL
/// where it says no intervals. The store skips rows by these, which it cannot by a list.
fn counted_span(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        data_type: DataType::Nullable(Box::new(DataType::Int64)),
    }
}

/// The table, and which of its rows. Only numbers of ours go into it.
fn source(rows: RowFilter) -> Source {
    let RowFilter { user_id, org_id } = rows;
    let conditions: Vec<String> = [("user_id", user_id), ("org_id", org_id)]
        .into_iter()
        .filter_map(|(column, id)| Some(format!("{column} = {}", id?)))
        .collect();
    Source {
        clickhouse: TABLE.to_owned(),
        duckdb: TABLE.to_owned(),
        condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
    }
}

fn columns() -> [(&'static str, DataType); 17] {
    use DataType::{String, UInt16, UInt32, UInt64};
    let nullable = |data_type| DataType::Nullable(Box::new(data_type));
    let timestamp = DataType::DateTime64 {
        precision: 3,
        timezone: Some("Etc/UTC".to_owned()),
    };
    [
        ("scope", String),
        ("obj_name", nullable(String)),
        ("obj_id", nullable(UInt64)),
        ("obj_val", nullable(String)),
        ("source", String),
        ("timestamp", timestamp),
        ("count", nullable(UInt16)),
        ("duration", UInt32),
        ("project_id", nullable(UInt64)),
        ("task_id", nullable(UInt64)),
        ("job_id", nullable(UInt64)),
        ("user_id", nullable(UInt64)),
        ("user_name", nullable(String)),
        ("user_email", nullable(String)),
        ("org_id", nullable(UInt64)),
        ("org_slug", nullable(String)),
        ("payload", nullable(String)),
    ]
}

fn promoted_path(promoted: &annoscope_events::PromotedPath) -> PromotedPath {
    PromotedPath {
        path: promoted.path.iter().map(|key| (*key).to_owned()).collect(),
        column: promoted.column.to_owned(),
        kind: match promoted.kind {
            EventPromotedKind::UInt => PromotedKind::UInt,
            EventPromotedKind::String => PromotedKind::String,
        },
    }
}

#[cfg(test)]
mod tests {
    use annoscope_store::EVENT_COLUMNS;

    use super::*;

    #[test]
    fn the_columns_are_those_of_the_store() {
        let relation = events(RowFilter::default());
        let names: Vec<&str> = relation.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, EVENT_COLUMNS);
        assert_eq!(relation.promoted_paths.len(), PROMOTED_PATHS.len());
    }

    #[test]
    fn rows_are_narrowed_before_a_query_sees_them() {
        let cases = [
            (None, None, None),
            (None, Some(3), Some("org_id = 3")),
            (Some(7), None, Some("user_id = 7")),
            (Some(7), Some(3), Some("user_id = 7 AND org_id = 3")),
        ];
        for (user_id, org_id, expected) in cases {
            let source = events(RowFilter { user_id, org_id }).source;
            assert_eq!(source.condition.as_deref(), expected);
        }
    }
}
