//! What can go wrong with accounts.

use std::path::PathBuf;

use crate::identity::PasswordError;
use crate::identity::lockout::LockedOut;

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
    /// Too many wrong passwords before.
    #[error(transparent)]
    LockedOut(#[from] LockedOut),
    /// The server is stopping, or a thread panicked.
    #[error("the work on accounts was stopped")]
    Stopped(#[source] tokio::task::JoinError),
    /// No user of that name.
    #[error("there is no user {name:?}")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// No user of that id, or no token of that id of the user.
    #[error("there is no such {what}")]
    Unknown {
        /// `user`, `token`, `organization` or `member`.
        what: &'static str,
    },
    /// No organization of that slug.
    #[error("there is no organization {slug:?}")]
    UnknownOrganization {
        /// The slug.
        slug: String,
    },
    /// What a user would have is taken or not allowed.
    #[error(transparent)]
    Refused(#[from] RefusedUser),
    /// What an organization would have is taken or not allowed.
    #[error(transparent)]
    RefusedOrganization(#[from] RefusedOrganization),
    /// What a token would have is not allowed.
    #[error(transparent)]
    RefusedToken(#[from] RefusedToken),
    /// Not a password to set.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The old password is not right.
    #[error("the old password is not right")]
    WrongPassword,
    /// There would be no administrator any more.
    #[error("this is the last administrator who can log in: make another one first")]
    LastAdmin,
}

/// Why an organization is not added or changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedOrganization {
    /// The slug is in use.
    #[error("there is an organization {slug:?} already")]
    SlugTaken {
        /// The slug.
        slug: String,
    },
    /// The id is in use.
    #[error("the id {id} belongs to another organization")]
    IdTaken {
        /// The id.
        id: i64,
    },
    /// Not a slug that a header and an address can carry.
    #[error("a slug must have 1 to 16 of the characters a-z, A-Z, 0-9, - and _")]
    BadSlug,
    /// Ids begin at 1, and end where doubles do.
    #[error("an id must be at least 1 and at most 2^53, got {id}")]
    BadId {
        /// The id.
        id: i64,
    },
    /// Not a name.
    #[error("a name must have at most 64 characters, none of them a control character")]
    BadName,
}

/// Why a token is not made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedToken {
    /// Not a name.
    #[error("a token needs a name of 1 to 150 characters, none of them a control character")]
    BadName,
    /// It would be of no use.
    #[error("the token would have expired already")]
    Expired,
    /// A user has very many.
    #[error("there are {max} tokens already: revoke those that are no longer used")]
    TooMany {
        /// The limit.
        max: i64,
    },
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
        /// The account that has it.
        name: String,
    },
    /// Ids begin at 1, and end where doubles do.
    #[error("an id must be at least 1 and at most 2^53, got {id}")]
    BadId {
        /// The id.
        id: i64,
    },
    /// Not a name that HTTP Basic and logs can carry.
    #[error(
        "a name must have 1 to 150 characters, none of them a colon, a control character or a space at an end"
    )]
    BadName,
    /// Not a first or last name.
    #[error(
        "a first or last name must have at most 150 characters, none of them a control character"
    )]
    BadPersonName,
    /// Not an address.
    #[error("an e-mail address must have an @, no spaces, and at most 254 characters")]
    BadEmail,
}
