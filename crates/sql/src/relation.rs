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
    pub hot_paths: Vec<HotPath>,
    /// How each store names it in `FROM`.
    pub source: Source,
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
pub struct HotPath {
    /// Keys from the payload's root.
    pub path: Vec<String>,
    /// The hidden column: NULL where the payload has no such path.
    pub column: String,
    /// What the column holds.
    pub kind: HotKind,
}

/// Which of ClickHouse's functions a hidden column answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HotKind {
    /// `JSONExtractUInt`.
    UInt,
    /// `JSONExtractString`.
    String,
}

/// What stands in `FROM` for the relation: a table, or a subquery in parentheses that holds
/// the rows which the caller may see.
#[derive(Clone, Debug)]
pub struct Source {
    /// In ClickHouse's SQL.
    pub clickhouse: String,
    /// In DuckDB's SQL; must also have the hidden columns of [`Relation::hot_paths`].
    pub duckdb: String,
}
