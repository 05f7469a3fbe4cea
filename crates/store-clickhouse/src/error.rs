//! How the store fails, and what ClickHouse's answers mean.

use annoscope_store::StoreError;
use arrow::error::ArrowError;
use uuid::Uuid;

/// An error of the store. Its callers get a [`StoreError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// In terms that callers can act on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No address could be connected to, so nothing was done.
    #[error("no ClickHouse can be reached: {0}")]
    Unreachable(String),
    /// What was sent may have been done or not.
    #[error("{place} did not answer to the end: {reason}")]
    NoAnswer {
        /// The address.
        place: String,
        /// What the connection failed with.
        reason: String,
    },
    /// ClickHouse says no.
    #[error("{place}: {message}")]
    Refused {
        /// The address.
        place: String,
        /// ClickHouse's code of the error; 0 where it has none.
        code: u32,
        /// ClickHouse's words, without its stack.
        message: String,
    },
    /// An answer that is not what was asked for.
    #[error("ClickHouse gave what is no answer to the question: {0}")]
    Unexpected(String),
    /// Arrow's bytes cannot be read.
    #[error("ClickHouse's rows cannot be read: {0}")]
    Rows(#[from] ArrowError),
    /// Entries do not begin where the database ends.
    #[error("entries from position {from} on were sent to a database that is at {applied}")]
    NotNext {
        /// Position of the first entry, or the one to go on to.
        from: u64,
        /// Up to where events are stored.
        applied: u64,
    },
    /// The tables are not such that each event would be there once.
    #[error(
        "the table events of {database} lacks what keeps each event there once. Give annoscope leave to add it \
         (store.clickhouse.alter = true), or run on it (without settings of it, an event may be there twice after a lost \
         answer: store.clickhouse.at_least_once = true allows that): {}",
        missing.join("; ")
    )]
    Lacking {
        /// The database.
        database: String,
        /// Statements that would add it.
        missing: Vec<String>,
    },
    /// Another data directory has the number of this one.
    #[error(
        "the rows of node {node} in {database} are of another data directory ({owner}): give each annoscope before one \
         table a number of its own (store.clickhouse.node), or, if that data directory is gone for good, let this one go \
         on in its place: annoscope clickhouse apply --take-over"
    )]
    OfAnother {
        /// The number.
        node: u16,
        /// The database.
        database: String,
        /// Which data directory.
        owner: Uuid,
    },
    /// What there is does not fit together, and only a person knows why.
    #[error("{0}")]
    Tables(String),
}

/// ClickHouse's codes of errors that mean something here (its `src/Common/ErrorCodes.cpp`).
pub(crate) mod code {
    /// `MEMORY_LIMIT_EXCEEDED`
    pub(crate) const MEMORY: u32 = 241;
    /// `TABLE_IS_READ_ONLY`
    pub(crate) const READ_ONLY: u32 = 242;
    /// `TIMEOUT_EXCEEDED`
    pub(crate) const TIME: u32 = 159;
    /// `TOO_MANY_SIMULTANEOUS_QUERIES`
    pub(crate) const BUSY: u32 = 202;
    /// `QUERY_WAS_CANCELLED`
    pub(crate) const CANCELLED: u32 = 394;
    /// `CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN`, `VIOLATED_CONSTRAINT`: the rows themselves are not what the table
    /// takes. Other codes may be of a table that somebody changes back.
    pub(crate) const OF_THE_ROWS: [u32; 2] = [349, 469];
    /// `AUTHENTICATION_FAILED`, `ACCESS_DENIED`, `UNKNOWN_DATABASE`: a person has to do something.
    pub(crate) const OF_THE_SETTINGS: [u32; 3] = [516, 497, 81];
}

impl Error {
    /// Whether the same may be done later, though nobody changes anything.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Error::Unreachable(_) | Error::NoAnswer { .. } => true,
            Error::Refused { code, .. } => !code::OF_THE_SETTINGS.contains(code),
            _ => false,
        }
    }

    /// Whether ClickHouse says that another of its replicas may do it: this one has done nothing.
    pub(crate) fn is_for_another(&self) -> bool {
        matches!(self, Error::Refused { code, .. } if *code == code::READ_ONLY)
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        match error {
            Error::Store(error) => error,
            Error::NoAnswer { .. } => StoreError::InDoubt(error.to_string()),
            Error::OfAnother { .. } => StoreError::Replaced(error.to_string()),
            Error::Refused { code, message, .. } if code::OF_THE_ROWS.contains(&code) => {
                StoreError::Rejected(message)
            }
            error => StoreError::Failed(error.into()),
        }
    }
}
