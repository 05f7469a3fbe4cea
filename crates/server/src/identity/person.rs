//! Somebody with an account.

use super::Privilege;

/// Somebody with an account, here or in CVAT: what the rest of the server may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What events bear as `user_id`.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// What the person may do at all.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}
