//! Webhooks: what is known of them. None is delivered.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::json;

use super::{Rules, owner, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::Result;

pub const RULES: Rules = Rules {
    create: Some(create),
    update: |_, before, body| {
        let writable = [
            "target_url",
            "description",
            "content_type",
            "is_active",
            "enable_ssl",
            "events",
        ];
        Ok(with_fields(before, body, &writable))
    },
    ..Rules::new(ResourceKind::Webhook, "webhooks")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let project_id = body.optional_integer("project_id")?;
    let project = project_id
        .map(|id| change.get(ResourceKind::Project, id))
        .transpose()?;
    let place = Place {
        project_id,
        ..project.map_or_else(|| change.place(), |project| project.place)
    };
    let state = json!({
        "type": body.text_or("type", if project_id.is_some() { "project" } else { "organization" }),
        "target_url": body.text("target_url")?,
        "description": body.text_or("description", ""),
        "content_type": body.text_or("content_type", "application/json"),
        "is_active": body.value("is_active", json!(true)),
        "enable_ssl": body.value("enable_ssl", json!(true)),
        "events": body.list("events"),
        "project_id": project_id,
        "owner": owner(change)?,
    });
    change.create(ResourceKind::Webhook, place, state)
}
