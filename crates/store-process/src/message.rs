//! What the server asks of the store's process, and what it is answered.

use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_store::{BackendStats, EventFilter, MaterializedView, Position, Reading};
use serde::{Deserialize, Serialize};

/// A call of [`Backend`](annoscope_store::Backend). Each has a connection of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Request {
    Applied,
    /// The entries follow, a frame each.
    Apply {
        n_entries: usize,
        until: u64,
    },
    Query {
        statements: Vec<String>,
        views: Vec<View>,
        time_limit: Duration,
        /// Whether rows follow, with their end.
        brings_rows: bool,
    },
    Export(Filter),
    RowsAt {
        from: u64,
        until: u64,
    },
    Rewrite(Rewrite),
    RecentTimes {
        n: usize,
    },
    Health,
    Stats,
    Figures,
}

/// What a call is answered when it succeeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It is done, or has begun.
    Done,
    Position(u64),
    Stats(Stats),
    Figures(Vec<Figure>),
    Rewritten {
        n_rows: u64,
        next: Option<u64>,
        stats: Stats,
    },
}

/// A [`MaterializedView`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct View {
    name: String,
    select: String,
    scopes: Vec<String>,
}

impl From<MaterializedView> for View {
    fn from(view: MaterializedView) -> View {
        let MaterializedView {
            name,
            select,
            scopes,
        } = view;
        View {
            name,
            select,
            scopes,
        }
    }
}

impl From<View> for MaterializedView {
    fn from(view: View) -> MaterializedView {
        let View {
            name,
            select,
            scopes,
        } = view;
        MaterializedView {
            name,
            select,
            scopes,
        }
    }
}

/// A [`Rewrite`](annoscope_store::Rewrite).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rewrite {
    Delete {
        scopes: Scopes,
        from_us: i64,
        until_us: i64,
    },
    KeepNewest {
        scopes: Scopes,
        until_us: i64,
    },
    Compact {
        from: u64,
    },
    Catalogue,
}

/// [`Scopes`](annoscope_store::Scopes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Scopes {
    Named(Vec<String>),
    AllBut(Vec<String>),
}

impl From<&annoscope_store::Scopes> for Scopes {
    fn from(scopes: &annoscope_store::Scopes) -> Scopes {
        match scopes {
            annoscope_store::Scopes::Named(scopes) => Scopes::Named(scopes.clone()),
            annoscope_store::Scopes::AllBut(scopes) => Scopes::AllBut(scopes.clone()),
        }
    }
}

impl From<Scopes> for annoscope_store::Scopes {
    fn from(scopes: Scopes) -> annoscope_store::Scopes {
        match scopes {
            Scopes::Named(scopes) => annoscope_store::Scopes::Named(scopes),
            Scopes::AllBut(scopes) => annoscope_store::Scopes::AllBut(scopes),
        }
    }
}

impl From<&annoscope_store::Rewrite> for Rewrite {
    fn from(rewrite: &annoscope_store::Rewrite) -> Rewrite {
        match rewrite {
            annoscope_store::Rewrite::Delete {
                scopes,
                from_us,
                until_us,
            } => Rewrite::Delete {
                scopes: scopes.into(),
                from_us: *from_us,
                until_us: *until_us,
            },
            annoscope_store::Rewrite::KeepNewest { scopes, until_us } => Rewrite::KeepNewest {
                scopes: scopes.into(),
                until_us: *until_us,
            },
            annoscope_store::Rewrite::Compact { from } => Rewrite::Compact { from: from.0 },
            annoscope_store::Rewrite::Catalogue => Rewrite::Catalogue,
        }
    }
}

impl From<Rewrite> for annoscope_store::Rewrite {
    fn from(rewrite: Rewrite) -> annoscope_store::Rewrite {
        match rewrite {
            Rewrite::Delete {
                scopes,
                from_us,
                until_us,
            } => annoscope_store::Rewrite::Delete {
                scopes: scopes.into(),
                from_us,
                until_us,
            },
            Rewrite::KeepNewest { scopes, until_us } => annoscope_store::Rewrite::KeepNewest {
                scopes: scopes.into(),
                until_us,
            },
            Rewrite::Compact { from } => annoscope_store::Rewrite::Compact {
                from: Position(from),
            },
            Rewrite::Catalogue => annoscope_store::Rewrite::Catalogue,
        }
    }
}

/// An [`EventFilter`]; times in µs since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    from: Option<i64>,
    to: Option<i64>,
    org_id: Option<i64>,
    project_id: Option<i64>,
    task_id: Option<i64>,
    job_id: Option<i64>,
    user_id: Option<i64>,
    kinds: Kinds,
    before: Option<u64>,
}

/// [`annoscope_store::Kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Kinds {
    All,
    Recorded,
    RecordedWithoutExceptions,
}

impl From<annoscope_store::Kinds> for Kinds {
    fn from(kinds: annoscope_store::Kinds) -> Kinds {
        match kinds {
            annoscope_store::Kinds::All => Kinds::All,
            annoscope_store::Kinds::Recorded => Kinds::Recorded,
            annoscope_store::Kinds::RecordedWithoutExceptions => Kinds::RecordedWithoutExceptions,
        }
    }
}

impl From<Kinds> for annoscope_store::Kinds {
    fn from(kinds: Kinds) -> annoscope_store::Kinds {
        match kinds {
            Kinds::All => annoscope_store::Kinds::All,
            Kinds::Recorded => annoscope_store::Kinds::Recorded,
            Kinds::RecordedWithoutExceptions => annoscope_store::Kinds::RecordedWithoutExceptions,
        }
    }
}

impl From<EventFilter> for Filter {
    fn from(filter: EventFilter) -> Filter {
        let EventFilter {
            from,
            to,
            org_id,
            project_id,
            task_id,
            job_id,
            user_id,
            kinds,
            before,
        } = filter;
        Filter {
            from: from.map(Timestamp::micros),
            to: to.map(Timestamp::micros),
            org_id,
            project_id,
            task_id,
            job_id,
            user_id,
            kinds: kinds.into(),
            before: before.map(|position| position.0),
        }
    }
}

impl From<Filter> for EventFilter {
    fn from(filter: Filter) -> EventFilter {
        EventFilter {
            from: filter.from.map(Timestamp::from_micros),
            to: filter.to.map(Timestamp::from_micros),
            org_id: filter.org_id,
            project_id: filter.project_id,
            task_id: filter.task_id,
            job_id: filter.job_id,
            user_id: filter.user_id,
            kinds: filter.kinds.into(),
            before: filter.before.map(Position),
        }
    }
}

/// [`BackendStats`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stats {
    rows_total: u64,
    free_bytes: u64,
    claimed_bytes: u64,
}

impl From<BackendStats> for Stats {
    fn from(stats: BackendStats) -> Stats {
        let BackendStats {
            rows_total,
            free_bytes,
            claimed_bytes,
        } = stats;
        Stats {
            rows_total,
            free_bytes,
            claimed_bytes,
        }
    }
}

impl From<Stats> for BackendStats {
    fn from(stats: Stats) -> BackendStats {
        BackendStats {
            rows_total: stats.rows_total,
            free_bytes: stats.free_bytes,
            claimed_bytes: stats.claimed_bytes,
        }
    }
}

/// A [`Figure`](annoscope_store::Figure).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) help: String,
    reading: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Value {
    Counter(u64),
    Gauge(u64),
    Seconds(f64),
}

impl From<annoscope_store::Figure> for Figure {
    fn from(figure: annoscope_store::Figure) -> Figure {
        Figure {
            name: figure.name.to_owned(),
            help: figure.help.to_owned(),
            reading: match figure.reading {
                Reading::Counter(count) => Value::Counter(count),
                Reading::Gauge(size) => Value::Gauge(size),
                Reading::Seconds(duration) => Value::Seconds(duration),
            },
        }
    }
}

impl Figure {
    pub(crate) fn reading(&self) -> Reading {
        match self.reading {
            Value::Counter(count) => Reading::Counter(count),
            Value::Gauge(size) => Reading::Gauge(size),
            Value::Seconds(duration) => Reading::Seconds(duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_crosses_whole() {
        let filter = EventFilter {
            from: Some(Timestamp::from_micros(-1)),
            to: Some(Timestamp::from_micros(i64::MAX)),
            org_id: Some(1),
            project_id: Some(2),
            task_id: Some(3),
            job_id: Some(4),
            user_id: Some(i64::MIN),
            kinds: annoscope_store::Kinds::RecordedWithoutExceptions,
            before: Some(Position(5)),
        };
        let json = serde_json::to_string(&Filter::from(filter)).unwrap();
        let back: Filter = serde_json::from_str(&json).unwrap();
        assert_eq!(EventFilter::from(back), filter);
    }
}
