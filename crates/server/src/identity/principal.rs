//! The authenticated origin of a request.

use annoscope_events::{Organization, UserRef};
use annoscope_query::{Access, RowFilter};
use annoscope_sql::Asker;

use super::{Account, Privilege, Role, TokenScope};

/// An authenticated user with what rights depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: UserRef,
    /// The account's privilege.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// What the credentials are good for.
    pub scope: TokenScope,
    /// The organization of this request; `None` is outside of all.
    pub organization: Option<Organization>,
    /// The user's role in that organization; `None` where it has no such member.
    pub role: Option<Role>,
}

impl Principal {
    /// What a query needs to know, where these rows are all that may be seen.
    pub fn access(&self, rows: RowFilter) -> Access {
        let organization = self.organization.as_ref();
        Access {
            user: Asker {
                id: self.user.id,
                login: self.user.name.clone(),
                email: self.user.email.clone(),
                organization: organization.map(|of| (of.id, of.slug.clone())),
            },
            rows,
        }
    }

    /// The account outside of organizations.
    pub(crate) fn new(account: &Account, scope: TokenScope) -> Principal {
        Principal {
            user: account.user(),
            privilege: account.privilege,
            has_analytics_access: account.has_analytics_access,
            scope,
            organization: None,
            role: None,
        }
    }
}

#[cfg(test)]
impl Principal {
    /// Of the id 7 and with all of a token's scope.
    pub(crate) fn for_testing(
        privilege: Privilege,
        org_id: Option<i64>,
        role: Option<Role>,
    ) -> Principal {
        Principal {
            user: UserRef {
                id: 7,
                name: "anna".to_owned(),
                email: String::new(),
            },
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
