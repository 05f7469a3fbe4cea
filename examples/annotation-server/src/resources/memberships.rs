//! Memberships: the role of a user in an organization. An invitation makes one; it counts once it is accepted.

use annoscope_events::{Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, user_summary, with_fields};
use crate::change::Change;
use crate::error::{ApiError, Result};

pub const RULES: Rules = Rules {
    update: |_, before, body| {
        let role = body.text("role")?;
        if before.state["role"] == json!("owner") || !ROLES.contains(&role) {
            return Err(ApiError::invalid("role", "This role cannot be given."));
        }
        Ok(with_fields(before, body, &["role"]))
    },
    ..Rules::new(ResourceKind::Membership, "memberships")
};

/// Roles that may be given; an organization has one owner.
pub const ROLES: &[&str] = &["worker", "supervisor", "maintainer"];

#[derive(Clone, Copy)]
pub struct Member<'a> {
    pub organization: &'a Resource,
    pub user: &'a Resource,
    pub role: &'a str,
    pub is_active: bool,
}

pub fn add(change: &Change<'_>, member: &Member<'_>) -> Result<Resource> {
    let state = json!({
        "organization": member.organization.id,
        "user": user_summary(member.user),
        "role": member.role,
        "is_active": member.is_active,
        "joined_date": if member.is_active { change.now() } else { Value::Null },
        "invitation": null,
    });
    change.create(
        ResourceKind::Membership,
        member.organization.place.clone(),
        state,
    )
}
