//! What can go wrong: with a request about exports, and with an export itself.

use annoscope_formats::FileError;
use annoscope_store::StoreError;
use arrow::error::ArrowError;

/// Why a request about an export is refused.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such job, or no longer.
    #[error("There is no request with this id, or its result has expired.")]
    Unknown,
    /// An unfinished job has this id.
    #[error("A request with this id is still running.")]
    StillRunning,
    /// The job has begun.
    #[error("Only a request that has not started can be cancelled; this one is {status}.")]
    NotQueued {
        /// Its status.
        status: &'static str,
    },
    /// There is no result to download yet, or the job failed.
    #[error("There is nothing to download: the request is {status}.")]
    NotFinished {
        /// Its status.
        status: &'static str,
    },
    /// The job is there, its file is not.
    #[error("The file of this request is gone.")]
    FileGone,
    /// Too many jobs wait or are kept: try again later.
    #[error("Too many exports: {limit} {of}. Try again later.")]
    TooMany {
        /// The limit that was met.
        limit: usize,
        /// What it limits.
        of: &'static str,
    },
    /// The disk does not take a new job: try again later.
    #[error("The export cannot be started: {0}")]
    Disk(#[from] Failure),
    /// The server is about to end.
    #[error("The server is shutting down.")]
    ShuttingDown,
}

/// Why an export failed. The text is what its owner reads.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What is free belongs to new events.
    #[error(
        "the server's disk is nearly full: {free_bytes} bytes are free, {floor_bytes} are kept for new events"
    )]
    DiskFull {
        /// Free in the data directory, in bytes.
        free_bytes: u64,
        /// What an export leaves free, in bytes.
        floor_bytes: u64,
    },
    /// All results together are as large as they may be.
    #[error("all exports together may take {limit_bytes} bytes on the server's disk")]
    OverQuota {
        /// The configured limit, in bytes.
        limit_bytes: u64,
    },
    /// It took longer than it may.
    #[error("the export took longer than {limit_ms} ms")]
    TimedOut {
        /// The configured limit, in ms.
        limit_ms: u64,
    },
    /// The server ends.
    #[error("{RESTARTED}")]
    Stopped,
    /// The events could not be read.
    #[error("reading the events failed: {0}")]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error("writing the file failed: {0}")]
    Io(std::io::Error),
    /// The store sent something that the format cannot hold.
    #[error("writing the file failed: {0}")]
    Format(FileError),
    /// The store sent other columns than promised.
    #[error("the store sent unexpected columns: {0}")]
    Columns(#[from] ArrowError),
}

/// What the owner of an unfinished export reads after a restart.
pub(super) const RESTARTED: &str = "the server was restarted while the export ran";

/// A [`Failure`] that passed through a writer as an I/O error comes out as it went in.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        error.downcast::<Failure>().unwrap_or_else(Failure::Io)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        match error {
            FileError::Io(error) => error.into(),
            error @ FileError::Parquet(_) => Failure::Format(error),
            FileError::Columns(error) => error.into(),
        }
    }
}
