//! What can go wrong in a store.

use std::time::Duration;

/// An error of a store, in terms its callers can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The append queue holds as many bytes as it may; try again soon.
    #[error("the append queue is full ({limit_bytes} bytes)")]
    QueueFull {
        /// The configured bound, in bytes.
        limit_bytes: usize,
    },
    /// The disk has no room for the batch; ingest resumes by itself when there is room.
    #[error("the disk is full: {free_bytes} bytes are free, {needed_bytes} are needed")]
    DiskFull {
        /// Free for this process, in bytes.
        free_bytes: u64,
        /// What the batch, the log's next checkpoint and the reserve need, in bytes.
        needed_bytes: u64,
    },
    /// Too many queries run already.
    #[error("{limit} queries are running already")]
    Busy {
        /// How many may run at once.
        limit: usize,
    },
    /// The query ran longer than it may.
    #[error("the query ran longer than {} ms and was ended", limit.as_millis())]
    TimedOut {
        /// The limit that was in force.
        limit: Duration,
    },
    /// The query used up the database's memory and what it may spill to disk.
    #[error("the query needs more memory than the {limit_bytes} bytes of the database")]
    OutOfMemory {
        /// The database's memory, which all queries share, in bytes.
        limit_bytes: u64,
    },
    /// The process had no memory for the query.
    #[error("the process had no memory for the query within its {limit_bytes} bytes")]
    OutOfProcessMemory {
        /// Memory of the process beyond which queries are ended, in bytes.
        limit_bytes: u64,
    },
    /// The statement of a read failed for a reason of its own: a division by zero, a text that
    /// is no number. The message is DuckDB's, without the excerpt of its SQL.
    #[error("{message}")]
    Statement {
        /// For whoever wrote the query.
        message: String,
    },
    /// The query was ended, by its caller or to make room for appends.
    #[error("the query was ended before it finished")]
    Interrupted,
    /// A question to the writer was not answered in time.
    #[error("the writer does not answer")]
    NoAnswer,
    /// The process has no file descriptors left to open the database with; it is tried again.
    #[error("no file descriptors are free to open the database with")]
    NoDescriptors,
    /// The data cannot be read: it is damaged, or the disk is.
    #[error("the data cannot be read: {0}")]
    Unreadable(String),
    /// The store is closed, or is being opened again after a failure of the disk.
    #[error("the store is not open")]
    NotOpen,
    /// The data directory is in use.
    #[error("{0}")]
    Locked(String),
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
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// DuckDB failed.
    #[error("database: {0}")]
    Database(#[from] ::duckdb::Error),
    /// A commit failed and the database could not be asked whether it counts. Send the batch
    /// again: what was stored is recognized.
    #[error("it is not known whether the batch was stored: {0}")]
    InDoubt(String),
    /// A commit failed; every batch of its group gets this.
    #[error("commit failed: {0}")]
    Commit(String),
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
    Other,
}

/// How DuckDB's messages about data that it cannot read begin (seen with 1.5.6 and flipped bits,
/// zeros and short files). Queries read no other files than the store's own.
const UNREADABLE: [&str; 3] = ["IO Error: ", "Serialization Error: ", "INTERNAL Error: "];

impl FailureKind {
    /// Reads the prefixes that DuckDB puts before each message (seen with 1.5.6).
    pub(crate) fn of(error: &::duckdb::Error) -> FailureKind {
        let text = error.to_string();
        if text.contains("FATAL") || text.contains("database has been invalidated") {
            FailureKind::Fatal
        } else if text.contains("INTERRUPT") {
            FailureKind::Interrupted
        } else if FailureKind::is_memory(error) {
            FailureKind::OutOfMemory
        } else if FailureKind::is_unreadable(error) {
            FailureKind::Unreadable
        } else {
            FailureKind::Other
        }
    }

    /// Whether data could not be read, also of a fatal failure.
    pub(crate) fn is_unreadable(error: &::duckdb::Error) -> bool {
        let text = error.to_string();
        let begin = text.strip_prefix("FATAL Error: ").unwrap_or(&text);
        let is_full = text.contains("No space left");
        !is_full && UNREADABLE.iter().any(|sign| begin.starts_with(sign))
    }

    /// Whether memory was the reason, also of a fatal failure.
    pub(crate) fn is_memory(error: &::duckdb::Error) -> bool {
        let text = error.to_string();
        OUT_OF_MEMORY.iter().any(|sign| text.contains(sign))
    }
}

/// What comes before the excerpt of a statement in DuckDB's messages.
const EXCERPT: &str = "\n\nLINE ";

/// A message of DuckDB without the excerpt of the statement, which is not the one that the user
/// wrote.
pub(crate) fn without_excerpt(error: &::duckdb::Error) -> String {
    let text = error.to_string();
    let end = text.find(EXCERPT).unwrap_or(text.len());
    text[..end].trim_end().to_owned()
}
