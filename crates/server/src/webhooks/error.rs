//! What can go wrong with webhooks.

use std::path::PathBuf;

/// Why a delivery was not taken, or a source not changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The data directory or the file in it.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was written by a newer annoscope.
    #[error(
        "the webhooks are of schema version {found}, this annoscope knows {known}: use the newer one"
    )]
    NewerSchema {
        /// Version in the file.
        found: usize,
        /// Latest version known here.
        known: usize,
    },
    /// The database failed.
    #[error("the webhooks' database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// What the database holds is not what was written.
    #[error("the webhooks' database holds {0}")]
    Corrupt(&'static str),
    /// As many events wait for the store as may.
    #[error("{waiting} events of webhooks wait for the store, which takes none")]
    Full {
        /// How many.
        waiting: i64,
    },
    /// No source of that name.
    #[error("there is no webhook {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// What a source would be called is taken or not allowed.
    #[error(transparent)]
    Refused(#[from] RefusedSource),
    /// The server is stopping, or a thread panicked.
    #[error("the work on webhooks was stopped")]
    Stopped(#[source] tokio::task::JoinError),
}

/// A name that a source cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedSource {
    /// Not fit for an address.
    #[error("a name has 1 to 32 letters, digits, - and _")]
    Name,
    /// Another one has it.
    #[error("there is a webhook {0:?} already")]
    Taken(String),
}
