//! Which events an export takes.

use std::fmt::Write;

use annoscope_events::Timestamp;

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
}

impl EventFilter {
    /// The conditions on ids as SQL, `TRUE` when there is none. Only numbers are written, so
    /// there is nothing to escape.
    pub(crate) fn ids_sql(&self) -> String {
        let mut sql = String::from("TRUE");
        for (column, id) in [
            ("org_id", self.org_id),
            ("project_id", self.project_id),
            ("task_id", self.task_id),
            ("job_id", self.job_id),
            ("user_id", self.user_id),
        ] {
            if let Some(id) = id {
                write!(sql, " AND {column} = {id}").expect("a String takes everything");
            }
        }
        sql
    }
}
