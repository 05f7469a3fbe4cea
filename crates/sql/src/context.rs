//! What a query is asked with, besides its text.

use std::collections::BTreeMap;

/// A span of time, both ends included, in ms since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant.
    pub from_ms: i64,
    /// Last instant.
    pub to_ms: i64,
}

/// The current value of a template variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    /// Of a single-value variable: goes into the text as it is, but for its quotes.
    One(String),
    /// Of a multi-value variable: a list of quoted texts, also with one value only.
    Many(Vec<String>),
    /// "All" with the dashboard's own text for it, which goes into the query as it is.
    All(String),
}

/// What Grafana's global variables say of who asks: `${__user.login}`, `${__org.name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// Of the account.
    pub id: i64,
    /// Name of the account.
    pub login: String,
    /// Of the account; may be empty.
    pub email: String,
    /// The chosen organization's id and name.
    pub organization: Option<(i64, String)>,
}

/// Everything that a query's meaning depends on, besides its text and the relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The current time, in ms since the epoch: `now()` and `today()` are computed from it.
    pub now_ms: i64,
    /// The chosen time range; macros that need one are errors without it.
    pub range: Option<TimeRange>,
    /// Width of a bucket of time, in ms; by default the range divided by 1,000, rounded as
    /// Grafana rounds it.
    pub interval_ms: Option<u64>,
    /// Template variables by name.
    pub variables: BTreeMap<String, VariableValue>,
    /// Who asks, where that is known.
    pub asker: Option<Asker>,
    /// Values of typed parameters `{name:Type}` by name, in ClickHouse's text form.
    pub params: BTreeMap<String, String>,
    /// Settings that are given beside the text, in which the same ones win.
    pub settings: Vec<(String, String)>,
    /// What `currentDatabase()` says; `cvat` where nothing was chosen.
    pub database: Option<String>,
    /// Why the asker may read no events; constants and what is known of the table's columns may be asked for.
    pub without_events: Option<String>,
}
