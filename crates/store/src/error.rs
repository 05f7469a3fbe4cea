//! What can go wrong in a store.

use std::error::Error;
use std::time::Duration;

use crate::Position;

/// A failure of which only the text matters.
pub type BoxError = Box<dyn Error + Send + Sync>;

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
    /// The journal holds as much as it may: the database behind it takes nothing, or too little.
    #[error(
        "the journal has come to its bound of {limit_bytes} bytes: the database behind it takes too little"
    )]
    JournalFull {
        /// The configured bound, in bytes.
        limit_bytes: u64,
    },
    /// There has to be a journal.
    #[error(
        "there is no journal in {dir}, and this data directory had one: bring it back, or see `annoscope repair`, \
         which goes on without what it held"
    )]
    NoJournal {
        /// Where it should be.
        dir: String,
    },
    /// The database is not where the journal can go on: files of one of them were taken away or put back.
    #[error(
        "the database has the events up to position {}, and the journal those from {} to {}: one of \
         them lost files, or got older ones back; bring both back from one backup, or see `annoscope repair`",
        applied.0, begin.0, end.0
    )]
    OutOfStep {
        /// Up to where the database is.
        applied: Position,
        /// Where the journal begins.
        begin: Position,
        /// Where the journal ends.
        end: Position,
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
    /// is no number. The message is the database's, without an excerpt of its SQL.
    #[error("{message}")]
    Statement {
        /// For the author of the query.
        message: String,
    },
    /// The query ended the database's process while it ran alone, and is refused for some time.
    #[error(
        "this query ended the database, twice, and is refused for {} minutes",
        left.as_secs().div_ceil(60)
    )]
    Quarantined {
        /// How long it is still refused.
        left: Duration,
    },
    /// The query was ended, by its caller or to make room for appends.
    #[error("the query was ended before it finished")]
    Interrupted,
    /// The store's process ended while it worked on this, and is started anew.
    #[error("the store ended before this was done, and is started again")]
    Lost,
    /// A question to the writer was not answered in time.
    #[error("the writer does not answer")]
    NoAnswer,
    /// The data cannot be read: it is damaged, or the disk is.
    #[error("the data cannot be read: {0}")]
    Unreadable(String),
    /// The store is closed, or is being opened again after a failure of the disk.
    #[error("the store is not open")]
    NotOpen,
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The store failed in a way of its own, of which its callers know no more than the text.
    #[error(transparent)]
    Failed(BoxError),
    /// These entries can never be stored, however often they are sent.
    #[error("the entries cannot be stored: {0}")]
    Rejected(String),
    /// The database takes events from another store in place of this one, for good.
    #[error("{0}")]
    Replaced(String),
    /// A commit failed and the store could not be asked whether it counts. Send the batch
    /// again: what was stored is recognized.
    #[error("it is not known whether the batch was stored: {0}")]
    InDoubt(String),
    /// A commit failed; every batch of its group gets this.
    #[error("commit failed: {0}")]
    Commit(String),
}
