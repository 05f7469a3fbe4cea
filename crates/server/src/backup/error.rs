//! Why a backup is not made, or not brought back.

use std::io;
use std::path::PathBuf;

use annoscope_backup::BackupError;
use annoscope_store::StoreError;

use crate::control::ControlError;
use crate::dir_lock::LockError;
use crate::server::ServeError;
use crate::webhooks::WebhookError;

/// The failure of `annoscope backup` or `annoscope restore`.
#[derive(Debug, thiserror::Error)]
pub enum BackupCommandError {
    /// The backup's own files.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The running server.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The lock of the data directory cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The data directory cannot be opened.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The store does not give or take events.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Accounts or webhooks cannot be read.
    #[error("{file}: {source}")]
    Sqlite {
        /// Name of the file.
        file: &'static str,
        /// What it failed with.
        source: rusqlite::Error,
    },
    /// The webhooks' file is of another version.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
    /// Another command is at it.
    #[error("another backup of {} is being made", .0.display())]
    Busy(PathBuf),
    /// The data directory has something.
    #[error(
        "{} is not empty (it has {found}): restore into a new data directory",
        dir.display()
    )]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// What is there.
        found: String,
    },
    /// A restore of another backup was interrupted.
    #[error(
        "{} has a part of another backup, whose restore was interrupted: go on with that one, or empty the directory",
        .0.display()
    )]
    OtherRestore(PathBuf),
    /// The manifest names a file that is none of a data directory.
    #[error("the backup has a file of the name {0:?}, which is none of a data directory")]
    BadName(String),
}

impl BackupCommandError {
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> BackupCommandError {
        let doing = doing.into();
        move |source| BackupCommandError::Io { doing, source }
    }

    pub(super) fn sqlite(file: &'static str) -> impl FnOnce(rusqlite::Error) -> BackupCommandError {
        move |source| BackupCommandError::Sqlite { file, source }
    }
}
