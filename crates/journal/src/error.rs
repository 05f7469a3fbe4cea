//! Why something cannot be done.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::walk::Fault;

/// Why a record is not in the journal. All but [`AppendError::InDoubt`] are certain: nothing of it was written, or
/// what was written will never be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// No segment holds so much.
    #[error(
        "a record of {payload_bytes} bytes does not fit the journal's segments, which hold {limit_bytes}"
    )]
    TooLarge {
        /// Bytes of the payload.
        payload_bytes: usize,
        /// The most that a payload may have.
        limit_bytes: u64,
    },
    /// Too much waits for the disk. It may be tried again at once.
    #[error("{limit_bytes} bytes wait for the journal's disk already")]
    QueueFull {
        /// [`crate::Options::queue_bytes`].
        limit_bytes: usize,
    },
    /// What was not released has come to its bound. It may be tried again after a release.
    #[error("the journal has come to its bound of {limit_bytes} bytes")]
    Full {
        /// [`crate::Options::max_bytes`].
        limit_bytes: u64,
    },
    /// No further segment can be made, mostly because the disk is full. It may be tried again.
    #[error("the journal has no room for a further segment: {source}")]
    NoSpace {
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// A write or a sync failed before; nothing is taken until [`crate::Journal::reopen`].
    #[error("the journal takes nothing since it failed: {reason}")]
    Failed {
        /// What failed.
        reason: Arc<str>,
    },
    /// The write or the sync of this record failed. It may be there when the journal is opened by another process; after
    /// [`crate::Journal::reopen`] it is not.
    #[error("whether the journal has this is not known, as it failed: {reason}")]
    InDoubt {
        /// What failed.
        reason: Arc<str>,
    },
    /// [`crate::Journal::close`] was called.
    #[error("the journal is closed")]
    Closed,
}

/// Where a journal is damaged, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {offset}, where position {position} should be: {fault}", file.display())]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The byte of the file.
    pub offset: u64,
    /// The position that should be there.
    pub position: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Why a journal cannot be opened. Nothing is changed on the disk then.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Options that make no journal.
    #[error("the journal cannot be opened: {0}")]
    Options(&'static str),
    /// The system refuses.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A segment of a later version, or no segment at all.
    #[error("{} {what}. {ADVICE}", file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// What it is.
        what: String,
    },
    /// Records that were acknowledged cannot be read.
    #[error("{0}. Records that were acknowledged are missing from there on. {ADVICE}")]
    Damaged(Damage),
    /// A file of the middle is missing.
    #[error("segment {missing} is missing from {}, which stands before segment {after}. {ADVICE}", dir.display())]
    Gap {
        /// The directory.
        dir: PathBuf,
        /// Number of the segment that is not there.
        missing: u64,
        /// Number of the segment that comes after it.
        after: u64,
    },
    /// Less is there than was acknowledged.
    #[error("{} ends at position {found}, but {acknowledged} was acknowledged. {ADVICE}", dir.display())]
    Lost {
        /// The directory.
        dir: PathBuf,
        /// Where it ends.
        found: u64,
        /// What was acknowledged.
        acknowledged: u64,
    },
    /// [`crate::Journal::close`] was called.
    #[error("the journal is closed")]
    Closed,
    /// There is no room for the segment with which it goes on.
    #[error(
        "the journal cannot go on before something is released: it has come to its bound of {limit_bytes} bytes"
    )]
    Full {
        /// [`crate::Options::max_bytes`].
        limit_bytes: u64,
    },
}

/// What to do about damage.
const ADVICE: &str = "Nothing was changed: keep a copy of the directory, see with `annoscope journal check` what can be read, \
                      and bring the files back from the disk's or a backup's copy";

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It was released.
    #[error("position {position} was released; the journal begins at {begin}")]
    Released {
        /// The position that was wanted.
        position: u64,
        /// The first one that is there.
        begin: u64,
    },
    /// Nothing of this position was written yet.
    #[error("position {position} is beyond the journal's end at {end}")]
    Beyond {
        /// The position that was wanted.
        position: u64,
        /// Where the journal ends.
        end: u64,
    },
    /// The system refuses.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A record that was acknowledged cannot be read.
    #[error("{0}. {ADVICE}")]
    Damaged(Damage),
}
