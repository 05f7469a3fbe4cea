//! What may be asked, and what is answered.

use serde::{Deserialize, Serialize};

use crate::doctor::Finding;

/// The request of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Up to where the store is durable. Until the connection ends no event moves from an outbox to the store.
    Hold,
    /// Rows at positions from `from` on, before `until`, once queries see them.
    Rows { from: u64, until: u64 },
    /// To remove what is too old or too much, or to say what that is.
    Retention { is_dry_run: bool },
    /// To make the catalogue anew.
    Catalogue,
    /// What is wrong.
    Examine,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    /// Of [`Request::Hold`].
    Position(u64),
    /// A batch follows, as an Arrow IPC stream of so many bytes.
    Rows { n_bytes: usize },
    /// What was done so far, for a person.
    Step(String),
    /// What was asked for, for a person.
    Text(String),
    /// Of [`Request::Examine`], the worst first.
    Findings(Vec<Finding>),
    /// All is said.
    End,
    /// It is not done, and why.
    Failed(String),
}
