//! What is counted of queries, and how they end.

use std::time::Duration;

/// Counts queries.
pub trait QueryMetrics: Send + Sync {
    /// A query came in.
    fn query_started(&self);

    /// Rows of a query went out.
    fn query_rows_sent(&self, n_rows: u64);

    /// A query ended.
    fn query_ended(&self, outcome: QueryOutcome, took: Duration);
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueryOutcome {
    /// With its last row, or the last one that its limit allowed.
    Finished,
    /// Before it ran: the request or the query was wrong.
    Refused,
    /// At its time limit.
    TimedOut,
    /// At the limit of memory.
    OutOfMemory,
    /// While it ran: a division by zero, a text that is no number.
    Failed,
    /// By a request to end it.
    Cancelled,
    /// Its client went away.
    Abandoned,
    /// The server had no slot for it, or failed.
    Unavailable,
}

impl QueryOutcome {
    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            QueryOutcome::Finished => "finished",
            QueryOutcome::Refused => "refused",
            QueryOutcome::TimedOut => "timed_out",
            QueryOutcome::OutOfMemory => "out_of_memory",
            QueryOutcome::Failed => "failed",
            QueryOutcome::Cancelled => "cancelled",
            QueryOutcome::Abandoned => "abandoned",
            QueryOutcome::Unavailable => "unavailable",
        }
    }
}
