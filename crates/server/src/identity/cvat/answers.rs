//! CVAT's answers, as far as we read them.

use annoscope_events::Organization as EventOrganization;
use serde::Deserialize;

use crate::identity::{Account, Membership, Privilege, Role};

/// `GET /api/users/self`.
#[derive(Debug, Deserialize)]
pub(super) struct UserSelf {
    id: i64,
    username: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    is_superuser: bool,
    /// Newer CVAT has this mark in place of the privilege business.
    #[serde(default)]
    has_analytics_access: bool,
}

impl UserSelf {
    pub(super) fn into_account(self) -> Account {
        let privileges = self.groups.iter().filter_map(|group| group.parse().ok());
        let highest = privileges.max().unwrap_or(Privilege::Worker);
        Account {
            id: self.id,
            name: self.username,
            email: self.email.unwrap_or_default(),
            first_name: self.first_name.unwrap_or_default(),
            last_name: self.last_name.unwrap_or_default(),
            privilege: if self.is_superuser {
                Privilege::Admin
            } else {
                highest
            },
            has_analytics_access: self.has_analytics_access,
            created_ms: 0,
        }
    }
}

/// `GET /api/organizations`.
#[derive(Debug, Deserialize)]
pub(super) struct Organizations {
    results: Vec<Organization>,
}

/// `GET /api/organizations/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    id: i64,
    slug: String,
    #[serde(default)]
    name: Option<String>,
}

impl Organization {
    pub(super) fn into_event_organization(self) -> EventOrganization {
        EventOrganization {
            id: self.id,
            slug: self.slug,
        }
    }
}

impl Organizations {
    /// The one with exactly that slug, whatever CVAT takes for a match.
    pub(super) fn with_slug(self, slug: &str) -> Option<EventOrganization> {
        let mut results = self.results.into_iter();
        let found = results.find(|organization| organization.slug == slug);
        found.map(Organization::into_event_organization)
    }

    /// Those that the person is a member of, by slug. Administrators see all organizations.
    pub(super) fn with_roles(self, members: &Memberships, account_id: i64) -> Vec<Membership> {
        let with_role = |organization: Organization| {
            let role = members.role(organization.id, account_id)?;
            Some(Membership {
                name: organization.name.clone().unwrap_or_default(),
                role,
                organization: organization.into_event_organization(),
            })
        };
        let mut found: Vec<Membership> = self.results.into_iter().filter_map(with_role).collect();
        found.sort_by(|a, b| a.organization.slug.cmp(&b.organization.slug));
        found
    }
}

/// `GET /api/memberships`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Memberships {
    results: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    organization: i64,
    user: Option<User>,
    role: String,
    /// Whether the invitation was accepted.
    #[serde(default)]
    is_active: bool,
}

#[derive(Debug, Deserialize)]
struct User {
    id: i64,
}

impl Memberships {
    /// The person's role in that organization; CVAT's filters are not relied on.
    pub(super) fn role(&self, organization_id: i64, account_id: i64) -> Option<Role> {
        let is_it = |member: &&Member| {
            member.is_active
                && member.organization == organization_id
                && member
                    .user
                    .as_ref()
                    .is_some_and(|user| user.id == account_id)
        };
        self.results.iter().find(is_it)?.role.parse().ok()
    }
}
