//! Who is asking.

use annoscope_events::Organization;

use super::rights::RowFilter;
use super::{Person, Privilege, Role, TokenScope};

/// Who asks, and for which organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's id.
    pub id: i64,
    /// The account's name.
    pub name: String,
    /// Empty where the account has none.
    pub email: String,
    /// The account's privilege.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// What the credentials are good for.
    pub scope: TokenScope,
    /// The organization of this request; `None` is outside of all.
    pub organization: Option<Organization>,
    /// The caller's role in that organization; `None` for those who are not members.
    pub role: Option<Role>,
}

/// A caller who looks at events, and the rows that are there to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who it is.
    pub caller: Caller,
    /// All that the caller may see.
    pub rows: RowFilter,
}

impl Caller {
    /// The person outside of organizations.
    pub(crate) fn new(person: &Person, scope: TokenScope) -> Caller {
        Caller {
            id: person.id,
            name: person.name.clone(),
            email: person.email.clone(),
            privilege: person.privilege,
            has_analytics_access: person.has_analytics_access,
            scope,
            organization: None,
            role: None,
        }
    }
}

#[cfg(test)]
impl Caller {
    /// Somebody with the id 7 and all of a token's scope.
    pub(crate) fn for_testing(
        privilege: Privilege,
        org_id: Option<i64>,
        role: Option<Role>,
    ) -> Caller {
        Caller {
            id: 7,
            name: "anna".to_owned(),
            email: String::new(),
            privilege,
            has_analytics_access: false,
            scope: TokenScope::All,
            organization: org_id.map(|id| Organization {
                id,
                slug: "acme".to_owned(),
            }),
            role,
        }
    }
}
