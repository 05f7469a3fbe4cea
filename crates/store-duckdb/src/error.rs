//! How the embedded store fails, and what DuckDB's messages mean.

use annoscope_store::StoreError;

/// An error of the embedded store. Its callers get a [`StoreError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// In terms that callers can act on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// DuckDB failed.
    #[error("database: {0}")]
    DuckDb(#[from] duckdb::Error),
    /// The process has no file descriptors left to open the database with; it is tried again.
    #[error("no file descriptors are free to open the database with")]
    NoDescriptors,
    /// Entries do not begin where the database ends.
    #[error("entries from position {from} on were sent to a database that is at {applied}")]
    NotNext {
        /// Position of the first entry, or the one to go on to.
        from: u64,
        /// Up to where events are stored.
        applied: u64,
    },
    /// The database was written by a newer annoscope.
    #[error(
        "the data is of schema version {found}, this annoscope knows {known}: use a newer annoscope"
    )]
    NewerSchema {
        /// Version found in the file.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// The files hold less than was acknowledged, or cannot be read.
    #[error(
        "{file} is damaged: {reason}. Nothing was changed. Restore the data directory from a backup, or run `annoscope repair`: it sets aside what is damaged and goes on with what can be read"
    )]
    Damaged {
        /// The file, with its path.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The files were removed or replaced while they were in use; what was written meanwhile is in no directory.
    #[error("the files of the store are not in {dir} any more: put them back")]
    FilesGone {
        /// The data directory.
        dir: String,
    },
}

impl Error {
    /// A failure of the system in `doing`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let doing = doing.into();
        move |source| StoreError::Io { doing, source }.into()
    }
}

impl Error {
    /// Whether memory ran out in the database.
    pub(crate) fn is_memory(&self) -> bool {
        matches!(self, Error::DuckDb(error) if FailureKind::is_memory(error))
    }

    /// Whether the database is unusable until it is opened anew.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Error::DuckDb(error) if FailureKind::of(error) == FailureKind::Fatal)
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        match error {
            Error::Store(error) => error,
            error => StoreError::Failed(error.into()),
        }
    }
}

/// What DuckDB says when its memory limit or the spill space is used up: within a commit or an
/// appender the message has no prefix, but the advice that follows every one of them.
const OUT_OF_MEMORY: [&str; 3] = [
    "Out of Memory",
    "Increasing the memory limit",
    "failed to offload data block",
];

/// Ways in which DuckDB's C interface, which has only messages, reports a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The memory limit, shared by all queries, is used up.
    OutOfMemory,
    /// `interrupt` was called.
    Interrupted,
    /// The database object is unusable until it is opened anew.
    Fatal,
    /// What is read from the disk is not what was written, or cannot be read.
    Unreadable,
    /// The rows themselves are not what the table takes.
    Refused,
    Other,
}

/// How DuckDB's messages about data that it cannot read begin (seen with 1.5.6 and flipped bits,
/// zeros and short files). Queries read no other files than the store's own.
const UNREADABLE: [&str; 3] = ["IO Error: ", "Serialization Error: ", "INTERNAL Error: "];

/// What its messages about rows say that a table does not take. The appender's have no prefix. Other messages of
/// one kind, such as `Invalid Input Error`, may be of the call and not of the rows.
const REFUSED: [&str; 3] = [
    "constraint failed",
    "Constraint Error: ",
    "Conversion Error: ",
];

impl FailureKind {
    /// Reads the prefixes that DuckDB puts before each message (seen with 1.5.6).
    pub(crate) fn of(error: &duckdb::Error) -> FailureKind {
        let text = error.to_string();
        if text.contains("FATAL") || text.contains("database has been invalidated") {
            FailureKind::Fatal
        } else if text.contains("INTERRUPT") {
            FailureKind::Interrupted
        } else if FailureKind::is_memory(error) {
            FailureKind::OutOfMemory
        } else if FailureKind::is_unreadable(error) {
            FailureKind::Unreadable
        } else if REFUSED.iter().any(|sign| text.contains(sign)) {
            FailureKind::Refused
        } else {
            FailureKind::Other
        }
    }

    /// Whether data could not be read, also of a fatal failure.
    pub(crate) fn is_unreadable(error: &duckdb::Error) -> bool {
        let text = error.to_string();
        let begin = text.strip_prefix("FATAL Error: ").unwrap_or(&text);
        let is_full = text.contains("No space left");
        !is_full && UNREADABLE.iter().any(|sign| begin.starts_with(sign))
    }

    /// Whether memory was the reason, also of a fatal failure.
    pub(crate) fn is_memory(error: &duckdb::Error) -> bool {
        let text = error.to_string();
        OUT_OF_MEMORY.iter().any(|sign| text.contains(sign))
    }
}

/// What comes before the excerpt of a statement in DuckDB's messages.
const EXCERPT: &str = "\n\nLINE ";

/// A message of DuckDB without the excerpt of the statement, which is not the one that the user
/// wrote.
pub(crate) fn without_excerpt(error: &duckdb::Error) -> String {
    let text = error.to_string();
    let end = text.find(EXCERPT).unwrap_or(text.len());
    text[..end].trim_end().to_owned()
}
