//! What `events` is to a query: the one place that says which rows and columns it has.

use annoscope_catalogue::{CLICKHOUSE, DUCKDB, facts, latest};
use annoscope_events::{
    COLUMNS, ColumnAccess, ColumnType, HAS_PAYLOAD, PAYLOAD_IS_JSON, PROMOTED_PATHS,
    PromotedKind as EventPromotedKind,
};
use annoscope_sql::{Catalogue, Column, DataType, PromotedKind, PromotedPath, Relation, Source};
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

/// The store's own column, which is none of the event's: where in the order of appends it is, and so what
/// tells it from another that says the same.
const POSITION: &str = "position";

/// What the column means, for the page and the documents.
#[cfg(test)]
const POSITION_MEANING: &str = "its place in the order of arrival";

/// The table for callers whose rows are narrowed: from positions they would learn how much others send.
const WITHOUT_POSITIONS: &str = "(SELECT * REPLACE (CAST(NULL AS BIGINT) AS position) FROM events)";

/// The table of the embedded store that has what all events tell; `annoscope_store_duckdb::CATALOGUE`.
const CATALOGUE: &str = "catalogue_now";

/// The events that `rows` leaves, with the columns of CVAT's table and their types there, and those of ours that
/// queries may name.
pub fn events(rows: RowFilter) -> Relation {
    let with = |access| -> Vec<Column> {
        let columns = COLUMNS.iter().filter(move |column| column.access == access);
        columns.map(column).collect()
    };
    let uuids = COLUMNS
        .iter()
        .filter(|column| column.data_type == ColumnType::Uuid);
    Relation {
        columns: with(ColumnAccess::Listed),
        unlisted: with(ColumnAccess::Named)
            .into_iter()
            .chain([position()])
            .collect(),
        uuids: uuids.map(|column| column.name.to_owned()).collect(),
        promoted_paths: PROMOTED_PATHS.iter().map(promoted_path).collect(),
        has_payload: HAS_PAYLOAD.to_owned(),
        payload_is_json: PAYLOAD_IS_JSON.to_owned(),
        source: source(rows),
        catalogue: catalogue(rows),
    }
}

/// What the events that `rows` leaves tell: of all the table that the embedded store keeps, and of others no more
/// than these events themselves do.
fn catalogue(rows: RowFilter) -> Catalogue {
    let column = |name: &str, data_type| Column {
        name: name.to_owned(),
        data_type,
    };
    let time = DataType::DateTime64 {
        precision: 3,
        timezone: Some("Etc/UTC".to_owned()),
    };
    let of = |rows: &str, syntax| {
        let facts = format!("({})", facts(rows, syntax));
        format!("({})", latest(&facts, syntax))
    };
    let (clickhouse, duckdb) = match condition(rows) {
        None => (of(TABLE, &CLICKHOUSE), CATALOGUE.to_owned()),
        Some(condition) => (
            of(
                &format!("(SELECT * FROM {TABLE} WHERE {condition})"),
                &CLICKHOUSE,
            ),
            // As `Source::in_duckdb` of annoscope_sql, but with positions, of which no more is told than what comes last.
            of(
                &format!("(SELECT greatest(COLUMNS(*)) FROM {TABLE} WHERE {condition} OFFSET 0)"),
                &DUCKDB,
            ),
        ),
    };
    Catalogue {
        columns: vec![
            column("kind", DataType::String),
            column("id", DataType::UInt64),
            column("field", DataType::String),
            column("value", DataType::String),
            column("timestamp", time),
        ],
        clickhouse,
        duckdb,
    }
}

/// The columns of the table that queries may name, with their types in ClickHouse.
pub fn columns() -> Vec<Column> {
    let named = COLUMNS
        .iter()
        .filter(|column| column.access != ColumnAccess::Hidden);
    named.map(column).chain([position()]).collect()
}

/// Nobody's events have it where rows are narrowed.
fn position() -> Column {
    Column {
        name: POSITION.to_owned(),
        data_type: DataType::Nullable(Box::new(DataType::UInt64)),
    }
}

/// A column as ClickHouse types it.
fn column(column: &annoscope_events::Column) -> Column {
    let data_type = match column.data_type {
        ColumnType::Text | ColumnType::Uuid => DataType::String,
        ColumnType::UInt16 => DataType::UInt16,
        ColumnType::UInt32 => DataType::UInt32,
        ColumnType::UInt64 => DataType::UInt64,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::DateTime64 => DataType::DateTime64 {
            precision: 3,
            timezone: Some("Etc/UTC".to_owned()),
        },
        ColumnType::Bool => DataType::Bool,
        ColumnType::ArrayOfInt64 => DataType::Array(Box::new(DataType::Int64)),
    };
    Column {
        name: column.name.to_owned(),
        data_type: if column.is_null_to_queries() {
            DataType::Nullable(Box::new(data_type))
        } else {
            data_type
        },
    }
}

/// The table, and which of its rows. Only numbers of ours go into it.
fn source(rows: RowFilter) -> Source {
    let condition = condition(rows);
    let table = if condition.is_some() {
        WITHOUT_POSITIONS
    } else {
        TABLE
    };
    Source {
        clickhouse: TABLE.to_owned(),
        duckdb: table.to_owned(),
        condition,
    }
}

/// What a visible row fulfils; none for who sees all.
fn condition(rows: RowFilter) -> Option<String> {
    let RowFilter { user_id, org_id } = rows;
    let conditions: Vec<String> = [("user_id", user_id), ("org_id", org_id)]
        .into_iter()
        .filter_map(|(column, id)| Some(format!("{column} = {}", id?)))
        .collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
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
    use std::fmt::Write;

    use super::*;

    /// The list that the page's editor offers.
    #[test]
    fn the_page_offers_the_columns_of_the_table() {
        let mut expected = String::new();
        for column in COLUMNS {
            let meaning = match column.access {
                ColumnAccess::Listed => column.meaning.to_owned(),
                ColumnAccess::Named => format!("{}; not part of *", column.meaning),
                ColumnAccess::Hidden => continue,
            };
            let (name, data_type) = (column.name, column.clickhouse_type());
            writeln!(expected, "  ['{name}', '{data_type}', '{meaning}'],").unwrap();
        }
        writeln!(
            expected,
            "  ['{POSITION}', 'Nullable(UInt64)', '{POSITION_MEANING}; not part of *'],"
        )
        .unwrap();
        let page = include_str!("../../../web/src/editor/columns.ts");
        let list = page
            .split_once("= [\n")
            .and_then(|(_, list)| list.split_once("];"));
        assert_eq!(list.map(|(list, _)| list), Some(expected.as_str()));
    }

    /// CVAT's in the record of the contract, the others in a table with their types.
    #[test]
    fn the_documents_tell_of_every_column_that_queries_may_name() {
        let contract = include_str!("../../../docs/contract.md");
        let queries = include_str!("../../../docs/queries.md");
        for column in COLUMNS {
            let name = format!("`{}`", column.name);
            let data_type = format!("| {} |", column.clickhouse_type());
            let is_told = match column.access {
                ColumnAccess::Listed => contract.contains(&name),
                ColumnAccess::Named => queries
                    .lines()
                    .any(|line| line.contains(&name) && line.contains(&data_type)),
                ColumnAccess::Hidden => true,
            };
            assert!(is_told, "{name} {data_type}");
        }
        assert!(queries.contains("| `position` | Nullable(UInt64) |"));
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
            assert_eq!(source.duckdb == TABLE, expected.is_none());
        }
    }
}
