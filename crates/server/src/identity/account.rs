//! An account.

use annoscope_events::UserRef;

use super::Privilege;

/// An account, here or in CVAT: what the rest of the server may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
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
    /// What its user may do at all.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

impl Account {
    /// Its user, as events name it.
    pub fn user(&self) -> UserRef {
        UserRef {
            id: self.id,
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }
}
