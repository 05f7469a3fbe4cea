//! What events tell of users, organizations, projects, tasks, jobs, labels and cloud storages.
//!
//! [`KINDS`] is the one table of rules: which event tells which *fact*, a field of a thing with its value from a time on.
//! [`facts`] and [`latest`] are that table as SQL, for both databases, over whatever rows they are given: all of
//! them, those behind a position, or those that a caller may see. Of facts of one field the latest counts, by the
//! time of its event and not by its arrival, so late and repeated events change nothing but what they must.
//!
//! The crate opens no connection and depends on nothing.
//!
//! **Invariant:** both databases find the same facts in the same events, those that a reading of the rules in plain
//! Rust finds (`what_is_kept_is_what_all_rows_tell` in `crates/store-duckdb/src/catalogue/tests.rs`,
//! `tests/query/test_catalogue.py`).

mod kinds;
mod sql;

pub use kinds::{CREATED, DELETED, KINDS, Kind, SEEN, Seen, Told, Value};
pub use sql::{
    CLICKHOUSE, COLUMNS, DUCKDB, Syntax, facts, facts_of_all_kinds, latest, newest_facts,
};

/// The version of the rules and of their SQL: what was kept by others is made anew. Each change of what events tell
/// raises it.
pub const RULES: i64 = 1;
