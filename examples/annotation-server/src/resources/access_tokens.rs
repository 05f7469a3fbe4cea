//! Access tokens: `Authorization: Bearer …` for scripts. The token itself is shown once.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, owner, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::Result;
use crate::logins;

pub const RULES: Rules = Rules {
    create: Some(create),
    update: |_, before, body| {
        Ok(with_fields(
            before,
            body,
            &["name", "expiry_date", "read_only"],
        ))
    },
    shown: |records, token| {
        let mut shown = token.state.clone();
        let key = shown["id"].to_string();
        if let Some(mut document) = records.document("accesstoken", &key)?
            && document["was_shown"] != json!(true)
        {
            shown["value"] = document["value"].clone();
            document["was_shown"] = json!(true);
            records.set_document("accesstoken", &key, &document)?;
        }
        Ok(shown)
    },
    ..Rules::new(ResourceKind::AccessToken, "auth/access_tokens")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let state = json!({
        "name": body.text("name")?,
        "expiry_date": body.value("expiry_date", Value::Null),
        "read_only": body.value("read_only", json!(false)),
        "owner": owner(change)?,
    });
    let token = change.create(ResourceKind::AccessToken, Place::default(), state)?;
    let document = json!({ "value": logins::secret() });
    change.set_document("accesstoken", &token.state["id"].to_string(), &document)?;
    Ok(token)
}
