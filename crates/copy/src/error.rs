//! What goes wrong.

use std::io;
use std::path::PathBuf;

use arrow::error::ArrowError;

/// Why a copy ended before its end. It can be begun again: what is there already is not copied twice.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Neither an address nor a file that can be copied.
    #[error(
        "{0:?} is no place for events: give http://user:password@host:8123/cvat, or a file that ends in .csv, .ndjson or .parquet"
    )]
    Place(String),
    /// A server does not answer.
    #[error("{place} does not answer: {reason}")]
    Unreachable {
        /// Address without its password.
        place: String,
        /// What the network says.
        reason: String,
    },
    /// A server refuses a statement.
    #[error("{place} answers {status}: {message}")]
    Refused {
        /// Address without its password.
        place: String,
        /// HTTP's status.
        status: u16,
        /// ClickHouse's code, where it says one.
        code: Option<u16>,
        /// The first line of the answer.
        message: String,
    },
    /// The table is another one.
    #[error(
        "{place}: the table {table} has no column {column}, so it is no table of CVAT's events"
    )]
    Table {
        /// Address without its password.
        place: String,
        /// Name of the table.
        table: String,
        /// Column that is missing.
        column: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}, {place}: {reason}", path.display())]
    Content {
        /// Where it is.
        path: PathBuf,
        /// Line or row group.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A column has values of another kind.
    #[error("the column {column} is of type {found}: {source}")]
    Type {
        /// Name of the column.
        column: &'static str,
        /// Its type.
        found: String,
        /// What the conversion says.
        source: ArrowError,
    },
    /// Rows are missing after everything was copied.
    #[error(
        "{n_missing} rows of {month} are not in the target, which took them: look at its log, or for another program that deletes rows"
    )]
    Missing {
        /// As 2026-11.
        month: String,
        /// How many.
        n_missing: u64,
    },
    /// The task that reads the source did not end by itself.
    #[error("reading the source: {0}")]
    Reader(#[source] tokio::task::JoinError),
    /// Batches cannot be handled.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// ClickHouse's codes of what passes: a timeout, too many queries, a broken connection, no memory, a table that is
/// read-only for now, too many parts, an unknown outcome, a keeper that is away.
const TRANSIENT_CODES: [u16; 10] = [159, 202, 203, 209, 210, 241, 242, 252, 319, 999];

impl CopyError {
    /// Whether the same again may succeed: the network failed, or the server is too busy.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            CopyError::Unreachable { .. } => true,
            CopyError::Refused { status, code, .. } => match code {
                Some(code) => TRANSIENT_CODES.contains(code),
                None => matches!(status, 408 | 429 | 500..=599),
            },
            _ => false,
        }
    }
}
