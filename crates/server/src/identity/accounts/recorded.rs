//! Accounts, tokens, organizations and memberships as their events show them.
//!
//! Beyond CVAT's form `obj_id` of an update is the id of what was changed: the actor is in `user_id`, so nothing
//! else would say whose account it was.

use annoscope_events::{Event, Occasion, Organization, Place, Resource, ResourceKind, StoredEvent};
use serde_json::{Value, json};

use super::organizations::OrganizationSummary;
use super::tokens::Token;
use super::users::AccountRow;
use crate::identity::{Account, Role};

/// An account as it is created and deleted.
pub(super) fn user(account: &Account) -> Resource {
    resource(
        ResourceKind::User,
        account.id,
        None,
        json!({
            "username": account.name,
            "email": account.email,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "privilege": account.privilege.as_str(),
            "has_analytics_access": account.has_analytics_access,
        }),
    )
}

/// An account with what may change of it; of a password events say that it did.
pub(super) fn changeable_user(row: &AccountRow) -> Resource {
    let mut resource = user(&row.account);
    resource.state["is_active"] = json!(row.is_active);
    resource.state["password"] = json!(row.password_hash);
    resource
}

/// A token, which has no text any more.
pub(super) fn token(token: &Token, owner: &Account) -> Resource {
    let state = json!({
        "name": token.name,
        "scope": token.scope.as_str(),
        "expires_ms": token.expires_ms,
        "user": { "id": owner.id, "username": owner.name },
    });
    resource(ResourceKind::AccessToken, token.id, None, state)
}

/// An organization; one without a name is called by its slug.
pub(super) fn organization(summary: &OrganizationSummary) -> Resource {
    let organization = &summary.organization;
    let name = if summary.name.is_empty() {
        &organization.slug
    } else {
        &summary.name
    };
    let state = json!({ "slug": organization.slug, "name": name });
    resource(
        ResourceKind::Organization,
        organization.id,
        Some(organization),
        state,
    )
}

/// A membership, known by its user.
pub(super) fn membership(organization: &Organization, account: &Account, role: Role) -> Resource {
    let state = json!({
        "role": role.as_str(),
        "user": { "id": account.id, "username": account.name },
    });
    resource(
        ResourceKind::Membership,
        account.id,
        Some(organization),
        state,
    )
}

/// The events of a change.
pub(super) fn updated(
    occasion: Occasion<'_>,
    before: &Resource,
    after: &Resource,
) -> Vec<StoredEvent> {
    let of_object = |stored: StoredEvent| StoredEvent {
        event: Event {
            obj_id: after.id,
            ..stored.event
        },
        ..stored
    };
    let events = occasion.updated(before, after).into_iter();
    events.map(of_object).collect()
}

fn resource(
    kind: ResourceKind,
    id: i64,
    organization: Option<&Organization>,
    state: Value,
) -> Resource {
    Resource {
        kind,
        id: Some(id),
        place: Place {
            org: organization.cloned(),
            ..Place::default()
        },
        state,
    }
}
