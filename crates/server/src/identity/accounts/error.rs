//! What can go wrong with accounts.

use std::path::PathBuf;

use crate::identity::PasswordError;

/// Why an account was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
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
        "the accounts are of schema version {found}, this annoscope knows {known}: use the newer one"
    )]
    NewerSchema {
        /// Version in the file.
        found: usize,
        /// Latest version known here.
        known: usize,
    },
    /// The database failed.
    #[error("the accounts database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// Passwords are verified two at a time, and the others of now take too long.
    #[error("too many logins at the same time")]
    TooManyLogins,
    /// The server is stopping, or a thread panicked.
    #[error("the work on accounts was stopped")]
    Stopped(#[source] tokio::task::JoinError),
    /// No user of that name.
    #[error("there is no user {name:?}")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// What a new user would have is taken or not allowed.
    #[error(transparent)]
    Refused(#[from] RefusedUser),
    /// Not a password to set.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Why a user is not added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUser {
    /// The name is in use.
    #[error("there is a user {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The id is in use.
    #[error("the id {id} belongs to the user {name:?}")]
    IdTaken {
        /// The id.
        id: i64,
        /// Who has it.
        name: String,
    },
    /// Ids begin at 1.
    #[error("an id must be at least 1, got {id}")]
    BadId {
        /// The id.
        id: i64,
    },
    /// Not a name that HTTP Basic and logs can carry.
    #[error(
        "a name must have 1 to 150 characters, none of them a colon, a control character or a space at an end"
    )]
    BadName,
    /// Not an address.
    #[error("an e-mail address must have an @, no spaces, and at most 254 characters")]
    BadEmail,
}
