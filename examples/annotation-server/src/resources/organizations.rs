//! Organizations: who makes one owns it.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::json;

use super::{Rules, memberships, owner, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::{ApiError, Result};

pub const RULES: Rules = Rules {
    create: Some(create),
    update: |_, before, body| {
        Ok(with_fields(
            before,
            body,
            &["name", "description", "contact"],
        ))
    },
    ..Rules::new(ResourceKind::Organization, "organizations")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let slug = body.text("slug")?;
    if change
        .find(ResourceKind::Organization, "slug", &json!(slug))?
        .is_some()
    {
        return Err(ApiError::invalid(
            "slug",
            "organization with this slug already exists.",
        ));
    }
    let state = json!({
        "slug": slug,
        "name": body.text_or("name", slug),
        "description": body.text_or("description", ""),
        "contact": body.value("contact", json!({})),
        "owner": owner(change)?,
    });
    let organization = change.create(ResourceKind::Organization, Place::default(), state)?;
    let user = change.caller.user()?;
    let owner = memberships::Member {
        organization: &organization,
        user,
        role: "owner",
        is_active: true,
    };
    memberships::add(change, &owner)?;
    Ok(organization)
}
