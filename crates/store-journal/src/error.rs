//! The journal's errors in the words of a store.

use annoscope_journal::{AppendError, OpenError, ReadError};
use annoscope_store::StoreError;

pub(crate) fn of_append(error: AppendError) -> StoreError {
    match error {
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
