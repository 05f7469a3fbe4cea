//! The two ladders of CVAT, privileges of an account and roles within an organization, and what
//! a token is good for.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// What an account may do at all (contract.md, "Exports"). Ordered: admin is highest.
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

/// What a member may do within an organization (contract.md, "Exports"). Ordered: owner
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

/// What a token is good for, within what its owner may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Everything.
    All,
    /// Looking: queries, dashboards, exports.
    Read,
    /// Sending events, and nothing else.
    Send,
}

/// A word that is none of those expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {what}: use {words}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    words: String,
}

/// The words of an enum: the same in the API, on the command line and in the database.
macro_rules! words {
    ($name:ident, $what:literal, $($variant:ident => $word:literal),+) => {
        impl $name {
            /// All of them, the most powerful first.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word in the API, on the command line and in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // `pad` and not `write_str`, so that the column of a table can be aligned.
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<$name, UnknownWord> {
                let known = $name::ALL.iter().copied();
                known.clone().find(|known| known.as_str() == word).ok_or_else(|| UnknownWord {
                    what: $what,
                    word: word.to_owned(),
                    words: known.map($name::as_str).collect::<Vec<_>>().join(", "),
                })
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.as_str()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                let word = value.as_str()?;
                word.parse().map_err(|e| FromSqlError::Other(Box::new(e)))
            }
        }
    };
}

words!(Privilege, "privilege", Admin => "admin", Business => "business", User => "user", Worker => "worker");
words!(Role, "role", Owner => "owner", Maintainer => "maintainer", Supervisor => "supervisor", Worker => "worker");
words!(TokenScope, "token scope", All => "all", Read => "read", Send => "send");
