//! Which events an export takes.

use annoscope_events::Timestamp;

use crate::Position;

/// Which kinds of events, as CVAT's exports tell them apart since 2.36.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// Whatever is stored.
    #[default]
    All,
    /// What browsers and servers recorded: the sources `client` and `server`.
    Recorded,
    /// The same without exceptions (`send:exception`), whose stacks are no business of annotators.
    RecordedWithoutExceptions,
}

/// The sources of what is recorded.
pub const RECORDED_SOURCES: [&str; 2] = ["client", "server"];

/// The scope of exceptions.
pub const EXCEPTION_SCOPE: &str = "send:exception";

impl Kinds {
    /// Whether an event of this source and scope is of these kinds.
    pub fn admit(self, source: &str, scope: &str) -> bool {
        match self {
            Kinds::All => true,
            Kinds::Recorded => RECORDED_SOURCES.contains(&source),
            Kinds::RecordedWithoutExceptions => {
                RECORDED_SOURCES.contains(&source) && scope != EXCEPTION_SCOPE
            }
        }
    }
}

/// Conditions that all must hold; `None` admits everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Earliest timestamp, inclusive.
    pub from: Option<Timestamp>,
    /// Latest timestamp, inclusive.
    pub to: Option<Timestamp>,
    /// Organization.
    pub org_id: Option<i64>,
    /// Project.
    pub project_id: Option<i64>,
    /// Task.
    pub task_id: Option<i64>,
    /// Job.
    pub job_id: Option<i64>,
    /// User.
    pub user_id: Option<i64>,
    /// Which kinds.
    pub kinds: Kinds,
    /// Events before this position: those that were durable at a moment.
    pub before: Option<Position>,
}

impl EventFilter {
    /// The ids that it asks for, by their columns.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let ids = [
            ("org_id", self.org_id),
            ("project_id", self.project_id),
            ("task_id", self.task_id),
            ("job_id", self.job_id),
            ("user_id", self.user_id),
        ];
        ids.into_iter()
            .filter_map(|(column, id)| Some((column, id?)))
    }
}
