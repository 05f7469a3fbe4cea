//! The journal's errors in the words of a store.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use annoscope_journal::{AppendError, OpenError, ReadError};
use annoscope_store::StoreError;

/// The disk of a journal.
pub(crate) struct Disk {
    /// The journal's directory.
    pub(crate) dir: PathBuf,
    /// What a segment needs, in bytes.
    pub(crate) segment_bytes: u64,
}

impl Disk {
    fn no_segment(&self, source: &io::Error) -> StoreError {
        if matches!(
            source.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        ) {
            let free = rustix::fs::statvfs(&self.dir);
            return StoreError::DiskFull {
                free_bytes: free.map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize)),
                needed_bytes: self.segment_bytes,
            };
        }
        StoreError::Io {
            doing: format!("making a segment of the journal in {}", self.dir.display()),
            source: io::Error::new(source.kind(), source.to_string()),
        }
    }
}

pub(crate) fn of_append(error: AppendError, disk: &Disk) -> StoreError {
    match error {
        AppendError::NoSpace { source } => disk.no_segment(&source),
        AppendError::QueueFull { limit_bytes } => StoreError::QueueFull { limit_bytes },
        AppendError::Full { limit_bytes } => StoreError::JournalFull { limit_bytes },
        AppendError::Closed => StoreError::NotOpen,
        AppendError::InDoubt { reason } => StoreError::InDoubt(reason.to_string()),
        error => StoreError::Commit(error.to_string()),
    }
}

pub(crate) fn of_open(error: OpenError) -> StoreError {
    StoreError::Failed(Box::new(error))
}

pub(crate) fn of_read(error: ReadError) -> StoreError {
    StoreError::Failed(Box::new(error))
}
