//! ClickHouse's SELECT over the events: macros, variables, check, types, and its text for both
//! stores. Opens no connection, reads no clock.
//!
//! ```text
//! user's text ─ expand ─ parse ─ bind ─┬─ ClickHouse's text, `events` replaced
//!              (macros) (AST)  (types) └─ lower ─ DuckDB's text
//! ```
//!
//! **Invariant:** what is not bound does not run. A function, table or clause that this crate
//! does not know by name is refused; no text of the user reaches a database but through a node
//! that was bound.

mod context;
#[cfg_attr(not(test), allow(dead_code, reason = "the binder is not there yet"))]
mod dialect;
#[cfg_attr(not(test), expect(dead_code, reason = "the binder is not there yet"))]
mod dialect_edits;
mod error;
#[cfg_attr(not(test), expect(dead_code, reason = "the binder is not there yet"))]
mod expand;
mod relation;
mod types;

pub use context::{Context, TimeRange, VariableValue};
pub use error::{ErrorKind, Position, SqlError};
pub use relation::{Column, HotKind, HotPath, Relation, Source};
pub use types::{DataType, IntervalUnit};

/// What a statement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Rows.
    Select,
    /// `EXPLAIN …`: how the store would run it. `EXPLAIN SYNTAX …` is answered by
    /// [`Prepared::clickhouse`].
    Explain,
    /// `EXPLAIN SYNTAX …`: the query as it is sent to ClickHouse.
    ExplainSyntax,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultColumn {
    /// As ClickHouse names it.
    pub name: String,
    /// As ClickHouse types it.
    pub data_type: DataType,
}

/// A checked query.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What was asked for.
    pub kind: StatementKind,
    /// For ClickHouse.
    pub clickhouse: String,
    /// For DuckDB. Result columns are named `c0`, `c1`, … and have these types: integers and
    /// floats as named, `Bool` BOOLEAN, `String` VARCHAR, both dates DATE, `DateTime`
    /// TIMESTAMP_S, `DateTime64` TIMESTAMP_MS or TIMESTAMP (UTC, whatever the time zone of
    /// the type), intervals BIGINT, `Nothing` INTEGER, arrays lists, tuples structs.
    pub duckdb: String,
    /// The result's columns.
    pub columns: Vec<ResultColumn>,
    /// Functions that the query uses, sorted.
    pub functions: Vec<String>,
    /// Rewrite passes that changed something on the way to DuckDB, sorted.
    pub passes: Vec<&'static str>,
}

/// Expands, parses, checks and resolves a query.
///
/// # Errors
/// [`SqlError`] with the place in `sql` for whatever is no permitted query.
pub fn prepare(sql: &str, context: &Context, relation: &Relation) -> Result<Prepared, SqlError> {
    let _ = (sql, context, relation);
    todo!()
}
