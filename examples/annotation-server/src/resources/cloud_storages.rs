//! Cloud storages: what is known of them. Nothing is read from or written to one, and credentials are not kept.

use annoscope_events::{Resource, ResourceKind};
use serde_json::json;

use super::{Rules, owner, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::Result;

pub const RULES: Rules = Rules {
    create: Some(create),
    update: |_, before, body| {
        let writable = [
            "display_name",
            "description",
            "resource",
            "manifests",
            "specific_attributes",
        ];
        Ok(with_fields(before, body, &writable))
    },
    ..Rules::new(ResourceKind::CloudStorage, "cloudstorages")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let state = json!({
        "display_name": body.text("display_name")?,
        "provider_type": body.text("provider_type")?,
        "resource": body.text("resource")?,
        "credentials_type": body.text("credentials_type")?,
        "description": body.text_or("description", ""),
        "specific_attributes": body.text_or("specific_attributes", ""),
        "manifests": body.list("manifests"),
        "owner": owner(change)?,
    });
    change.create(ResourceKind::CloudStorage, change.place(), state)
}
