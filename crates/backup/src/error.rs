//! What can go wrong with a backup.

use std::io;

use annoscope_store::StoreError;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use crate::verify::Damage;

/// Why a backup is not written, or not read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
    /// The bucket failed.
    #[error("{doing}: {source}")]
    Bucket {
        /// What was being done, with the name.
        doing: String,
        /// What it failed with.
        source: object_store::Error,
    },
    /// The address of a place is none.
    #[error("{place}: {reason}")]
    BadPlace {
        /// As it was given.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no backup.
    #[error("there is no backup in {0}: it has no manifest.json")]
    NoBackup(String),
    /// The manifest is not as it was written.
    #[error("manifest.json is damaged: {0}")]
    BadManifest(String),
    /// A newer annoscope wrote it.
    #[error("the backup has format {found}, this annoscope reads up to {known}")]
    NewerFormat {
        /// Of the backup.
        found: u32,
        /// The latest of this version.
        known: u32,
    },
    /// Files are not as they were written.
    #[error("{}", listed(.0))]
    Damaged(Vec<Damage>),
    /// The place has the backup of another store.
    #[error("{0}")]
    NotOurs(String),
    /// The key does not open what is sealed.
    #[error("the key file is not the one that the secrets were sealed with, or they are damaged")]
    WrongKey,
    /// Rows cannot be read or written.
    #[error("a piece of events: {0}")]
    Parquet(#[from] ParquetError),
    /// Rows are not what they should be.
    #[error("rows of events: {0}")]
    Rows(#[from] ArrowError),
    /// The store does not give its events, or does not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listed(damages: &[Damage]) -> String {
    let lines: Vec<String> = damages.iter().map(Damage::to_string).collect();
    lines.join("\n")
}

impl BackupError {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> BackupError {
        let doing = doing.into();
        move |source| BackupError::Io { doing, source }
    }

    pub(crate) fn bucket(
        doing: impl Into<String>,
    ) -> impl FnOnce(object_store::Error) -> BackupError {
        let doing = doing.into();
        move |source| BackupError::Bucket { doing, source }
    }
}
