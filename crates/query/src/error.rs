//! Why a query has no answer, or only a part of one.

use std::time::Duration;

use annoscope_formats::{ErrorBody, FormatError};
use annoscope_sql::{ErrorKind, SqlError};
use annoscope_store::StoreError;
use arrow::error::ArrowError;

use crate::execution;
use crate::metrics::QueryOutcome;

/// The cause of a fault of ours, for the log.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a query has no answer, or only a part of one.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The query is refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// It took too long.
    #[error(
        "the query ran longer than {}, the limit that the setting query.timeout_ms has, and was ended",
        shown(*limit)
    )]
    TimeLimit {
        /// The limit in force.
        limit: Duration,
    },
    /// It took longer than it may while others wait.
    #[error(
        "the query ran longer than {}, which is what it has while other accounts wait for a slot (setting query.max_concurrent), and was ended",
        shown(*limit)
    )]
    Overtime {
        /// The limit in force.
        limit: Duration,
    },
    /// It took too much memory.
    #[error(
        "the query needs more than the {limit_bytes} bytes of memory that all queries share (setting store.memory_bytes)"
    )]
    MemoryLimit {
        /// The memory of the database.
        limit_bytes: u64,
    },
    /// Its result has more rows than it wants.
    #[error(
        "the result has more than {limit} rows, the limit that the query sets as max_result_rows"
    )]
    ResultRows {
        /// What it set.
        limit: u64,
    },
    /// The process had no memory for it.
    #[error(
        "the query was ended because it needs more memory than there is for all of the database, {limit_bytes} bytes (setting store.process_bytes)"
    )]
    ProcessMemory {
        /// The memory of the process.
        limit_bytes: u64,
    },
    /// Its account has another query of that name.
    #[error("a query with the id {query_id} is running")]
    SameQueryId {
        /// How its sender calls it.
        query_id: String,
    },
    /// It failed of its own: a division by zero, a text that is no number.
    #[error("{message}")]
    Execution {
        /// Of ours.
        message: String,
    },
    /// [`Engine::end`](crate::Engine::end) ended it.
    #[error("the query was ended by a request to end it")]
    Cancelled,
    /// The store does not answer it now.
    #[error(transparent)]
    Store(StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(BoxError),
}

/// How to ask so that it takes less.
const LESS_MEMORY: &str = "aggregate fewer rows at once: quantiles, medians and arrays hold all values of a group; filter, or group into rounded values with their counts first";

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> QueryError {
        match error {
            StoreError::TimedOut { limit } => QueryError::TimeLimit { limit },
            StoreError::OutOfMemory { limit_bytes } => QueryError::MemoryLimit { limit_bytes },
            StoreError::OutOfProcessMemory { limit_bytes } => {
                QueryError::ProcessMemory { limit_bytes }
            }
            StoreError::Statement { message } => QueryError::Execution {
                message: execution::meaning(&message),
            },
            StoreError::Quarantined { .. } => QueryError::Execution {
                message: error.to_string(),
            },
            error => QueryError::Store(error),
        }
    }
}

impl From<FormatError> for QueryError {
    fn from(error: FormatError) -> QueryError {
        QueryError::Internal(error.into())
    }
}

impl From<ArrowError> for QueryError {
    fn from(error: ArrowError) -> QueryError {
        QueryError::Internal(error.into())
    }
}

impl QueryError {
    /// The word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            QueryError::Sql(error) => match error.kind {
                ErrorKind::Expansion => "expansion",
                ErrorKind::Syntax => "syntax",
                ErrorKind::Unknown => "unknown",
                ErrorKind::Type => "type",
                ErrorKind::Forbidden => "forbidden",
                ErrorKind::Unsupported => "unsupported",
            },
            QueryError::TimeLimit { .. } | QueryError::Overtime { .. } => "time_limit",
            QueryError::MemoryLimit { .. } | QueryError::ProcessMemory { .. } => "memory_limit",
            QueryError::ResultRows { .. } | QueryError::Execution { .. } => "execution",
            QueryError::SameQueryId { .. } => "same_query_id",
            QueryError::Cancelled => "cancelled",
            QueryError::Store(_) => "unavailable",
            QueryError::Internal(_) => "internal",
        }
    }

    /// How a query ends that fails so.
    pub(crate) fn outcome(&self) -> QueryOutcome {
        match self {
            QueryError::Sql(_) | QueryError::SameQueryId { .. } => QueryOutcome::Refused,
            QueryError::TimeLimit { .. } | QueryError::Overtime { .. } => QueryOutcome::TimedOut,
            QueryError::MemoryLimit { .. } | QueryError::ProcessMemory { .. } => {
                QueryOutcome::OutOfMemory
            }
            QueryError::ResultRows { .. } | QueryError::Execution { .. } => QueryOutcome::Failed,
            QueryError::Cancelled => QueryOutcome::Cancelled,
            QueryError::Store(_) | QueryError::Internal(_) => QueryOutcome::Unavailable,
        }
    }

    /// The error for programs.
    pub fn to_error_body(&self) -> ErrorBody {
        let mut body = ErrorBody::new(self.kind(), self.to_string());
        match self {
            QueryError::Sql(error) => {
                body.message.clone_from(&error.message);
                body.hint.clone_from(&error.hint);
                body.line = error.position.map(|at| at.line);
                body.column = error.position.map(|at| at.column);
            }
            QueryError::ProcessMemory { .. } => body.hint = Some(LESS_MEMORY.to_owned()),
            _ => {}
        }
        body
    }
}

/// `60 s`, `1.5 s`.
fn shown(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use annoscope_sql::Position;

    use super::*;

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        let sql = SqlError {
            kind: ErrorKind::Unknown,
            message: "there is no column scop".to_owned(),
            hint: Some("did you mean scope?".to_owned()),
            position: Some(Position { line: 1, column: 8 }),
        };
        let limit = Duration::from_millis(1500);
        let cases = [
            (
                QueryError::from(sql),
                r#"{"kind":"unknown","message":"there is no column scop","hint":"did you mean scope?","line":1,"column":8}"#,
            ),
            (
                QueryError::from(StoreError::TimedOut { limit }),
                r#"{"kind":"time_limit","message":"the query ran longer than 1.5 s, the limit that the setting query.timeout_ms has, and was ended","hint":null,"line":null,"column":null}"#,
            ),
            (
                QueryError::from(StoreError::OutOfMemory { limit_bytes: 1000 }),
                r#"{"kind":"memory_limit","message":"the query needs more than the 1000 bytes of memory that all queries share (setting store.memory_bytes)","hint":null,"line":null,"column":null}"#,
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_error_body().to_json().to_string(), expected);
        }
    }
}
