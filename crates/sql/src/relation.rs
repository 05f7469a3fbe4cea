//! The relation that a query reads: the events that its caller may see.

use crate::types::DataType;

/// What `events` stands for.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Columns in order, the visible ones only.
    pub columns: Vec<Column>,
    /// Columns that are read by their names and are no part of `*`, as ClickHouse's
    /// `MATERIALIZED` columns.
    pub unlisted: Vec<Column>,
    /// Names of columns that the embedded store holds as UUID: they are texts to a query.
    pub uuids: Vec<String>,
    /// Payload paths that have a column of their own.
    pub promoted_paths: Vec<PromotedPath>,
    /// The hidden column of the embedded store that says whether `payload` is not NULL: who asks
    /// `payload` itself reads it whole.
    pub has_payload: String,
    /// The hidden column of the embedded store that says where JSON functions may look into `payload`:
    /// of what is no JSON ClickHouse's give their defaults, DuckDB's fail.
    pub payload_is_json: String,
    /// How each store names it in `FROM`.
    pub source: Source,
    /// What these events tell of users, projects, tasks and jobs.
    pub catalogue: Catalogue,
}

/// The latest facts that the events of a [`Relation`] tell. Views read it by the name `catalogue`; no query does.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Columns in order.
    pub columns: Vec<Column>,
    /// What stands in `FROM`, in ClickHouse's SQL.
    pub clickhouse: String,
    /// What stands in `FROM`, in DuckDB's SQL: the columns in that order.
    pub duckdb: String,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name, the same in both stores.
    pub name: String,
    /// ClickHouse's type.
    pub data_type: DataType,
}

/// A path of the payload and the hidden column of the embedded store that holds its value.
#[derive(Clone, Debug)]
pub struct PromotedPath {
    /// Keys from the payload's root.
    pub path: Vec<String>,
    /// The hidden column: NULL where the payload has no such path.
    pub column: String,
    /// What the column holds.
    pub kind: PromotedKind,
}

/// Which of ClickHouse's functions a hidden column answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromotedKind {
    /// `JSONExtractUInt`.
    UInt,
    /// `JSONExtractString`. The text of null, an array or an object has a NUL character before it;
    /// no other text has one.
    String,
}

/// Where the rows come from, and which of them the caller may see. All of it is ours: no text of
/// a user goes into it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The table's name in ClickHouse.
    pub clickhouse: String,
    /// The table's name in DuckDB, or a SELECT in brackets; it must also have the hidden columns of the [`Relation`].
    pub duckdb: String,
    /// The condition that a visible row fulfils, the same text for both; all rows without one.
    pub condition: Option<String>,
}

impl Source {
    /// What stands in `FROM`, in ClickHouse's SQL.
    pub(crate) fn in_clickhouse(&self) -> String {
        match &self.condition {
            None => self.clickhouse.clone(),
            Some(condition) => format!("(SELECT * FROM {} WHERE {condition})", self.clickhouse),
        }
    }

    /// What stands in `FROM`, in DuckDB's SQL. `bounds` are those of the query's window of time,
    /// if it has one.
    ///
    /// `OFFSET 0` leaves out no row, but keeps DuckDB from evaluating conditions of the query on rows
    /// that are not in it: the error of a cast would tell the value of a foreign row. It also
    /// keeps DuckDB from pruning by the query's window, which is why the bounds, with which
    /// nothing can fail, are put within: a week of 5 million rows in 90 days takes 62 ms without
    /// them, 10 with them, and 6 without `OFFSET 0` (DuckDB 1.5.6). ClickHouse takes no notice of
    /// it, and there a cast of a foreign row may fail.
    ///
    /// `greatest` of one value is that value, but DuckDB knows no bounds of it. What it knows of a
    /// column itself are the bounds of all stored rows: a condition that lies outside of them is
    /// never evaluated, so that whether a cast fails would tell the least and the greatest foreign
    /// value (`test_no_error_tells_how_far_foreign_values_reach`).
    pub(crate) fn in_duckdb(&self, bounds: Option<&str>) -> String {
        let Some(condition) = &self.condition else {
            return self.duckdb.clone();
        };
        let bounds = bounds.map_or_else(String::new, |bounds| format!(" AND {bounds}"));
        format!(
            "(SELECT greatest(COLUMNS(*)) FROM {} WHERE {condition}{bounds} OFFSET 0)",
            self.duckdb
        )
    }
}
