//! Why a dashboard was not read or saved.

use std::io;

use super::Meta;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// No dashboard has the uid.
    #[error("There is no dashboard {uid:?}.")]
    Unknown {
        /// As asked for.
        uid: String,
    },
    /// The dashboard has no such version, or it is too old to be kept.
    #[error("There is no version {version} of the dashboard {uid:?}.")]
    UnknownVersion {
        /// The dashboard.
        uid: String,
        /// As asked for.
        version: u64,
    },
    /// There is a newer version than the one that this save began with.
    #[error("{} saved version {} meanwhile; yours began with version {base}. Nothing was overwritten.", .meta.author.as_deref().unwrap_or("Somebody"), .meta.version)]
    Stale {
        /// The version that the save began with.
        base: u64,
        /// What is in force.
        meta: Meta,
    },
    /// A new dashboard has the uid of another.
    #[error("There is a dashboard {uid:?} already: give the new one another uid, or none.")]
    Taken {
        /// The uid.
        uid: String,
    },
    /// The built-in dashboard is in force already.
    #[error("The dashboard {uid:?} is the built-in one; there is nothing to reset.")]
    BuiltIn {
        /// The dashboard.
        uid: String,
    },
    /// The document is no dashboard.
    #[error("{field}: {message}")]
    Invalid {
        /// The member that is wrong.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The directory is full.
    #[error("There are {most} dashboards already: remove one first.")]
    TooMany {
        /// As many as there may be.
        most: usize,
    },
    /// A file of another dashboard is in the way.
    #[error("The file {file} holds another dashboard: rename it.")]
    Occupied {
        /// Its path.
        file: String,
    },
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
}
