//! Changes of rows that are stored: what removes old ones and gives their room back.

use crate::Position;

/// A change, which is done whole or not at all. Positions stay as they are; one whose row is gone has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Removes the rows of scopes within a time.
    Delete {
        /// Of which scopes.
        scopes: Scopes,
        /// Earliest time, inclusive, µs since the epoch.
        from_us: i64,
        /// Latest time, exclusive, µs since the epoch.
        until_us: i64,
    },
    /// Of rows before a time keeps the newest one of each thing and property, and all that are the begin or the end of
    /// a thing ([`is_begin_or_end`](annoscope_events::is_begin_or_end)).
    KeepNewest {
        /// Of which scopes.
        scopes: Scopes,
        /// Latest time, exclusive, µs since the epoch.
        until_us: i64,
    },
    /// Writes rows from a position on anew, into room that is free, as many as are stored best at once.
    Compact {
        /// Where to begin.
        from: Position,
    },
    /// Makes anew what a database keeps of what rows tell of users, projects, tasks and jobs; one that keeps nothing
    /// does nothing.
    Catalogue,
}

/// A set of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// These.
    Named(Vec<String>),
    /// All others.
    AllBut(Vec<String>),
}

/// What a [`Rewrite`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Rows that were removed, or written anew; of [`Rewrite::Catalogue`] the facts that are kept.
    pub n_rows: u64,
    /// Where [`Rewrite::Compact`] goes on; none behind the last row.
    pub next: Option<Position>,
}
