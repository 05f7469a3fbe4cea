//! The two ladders of CVAT: privileges of an account, roles within an organization.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// What an account may do at all (contract, section 4). Ordered: admin is highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Only what work needs.
    Worker,
    /// The usual account.
    User,
    /// May also see analytics. Gone in newer CVAT, kept for those who have it.
    Business,
    /// Everything.
    Admin,
}

/// What a member may do within an organization (contract, section 4). Ordered: owner
/// is highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Annotates.
    Worker,
    /// Leads workers.
    Supervisor,
    /// Runs the organization.
    Maintainer,
    /// Owns the organization.
    Owner,
}

/// A word that is no privilege.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a privilege: use admin, business, user or worker")]
pub struct UnknownPrivilege(String);

impl Privilege {
    /// All of them, highest first.
    pub const ALL: [Privilege; 4] = [
        Privilege::Admin,
        Privilege::Business,
        Privilege::User,
        Privilege::Worker,
    ];

    /// The word in the API, on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Privilege::Admin => "admin",
            Privilege::Business => "business",
            Privilege::User => "user",
            Privilege::Worker => "worker",
        }
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` and not `write_str`, so that the column of a table can be aligned.
        f.pad(self.as_str())
    }
}

impl FromStr for Privilege {
    type Err = UnknownPrivilege;

    fn from_str(word: &str) -> Result<Privilege, UnknownPrivilege> {
        Privilege::ALL
            .into_iter()
            .find(|privilege| privilege.as_str() == word)
            .ok_or_else(|| UnknownPrivilege(word.to_owned()))
    }
}

impl ToSql for Privilege {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for Privilege {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Privilege> {
        value
            .as_str()?
            .parse()
            .map_err(|e| FromSqlError::Other(Box::new(e)))
    }
}
