//! Invitations to an organization, by the e-mail address of an account. No mail is sent: the key is in the answer.

use annoscope_events::{Resource, ResourceKind};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::memberships::{self, Member, ROLES};
use super::{Rules, owner};
use crate::answers::ok;
use crate::app::App;
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::{ApiError, Result};
use crate::logins;
use crate::request::Caller;

pub const RULES: Rules = Rules {
    create: Some(create),
    shown: |records, invitation| {
        let mut shown = invitation.state.clone();
        let org = invitation.place.org.as_ref().map(|org| org.id);
        let organization = records.get(ResourceKind::Organization, org.unwrap_or_default())?;
        shown["organization_info"] = json!({
            "id": org, "slug": organization.state["slug"], "name": organization.state["name"],
        });
        Ok(shown)
    },
    ..Rules::new(ResourceKind::Invitation, "invitations")
};

pub fn routes() -> Router<App> {
    Router::new().route("/api/invitations/{key}/accept", post(accept))
}

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let org = change.caller.org.as_ref();
    let org = org.ok_or_else(|| ApiError::invalid("organization", "This field is required."))?;
    let organization = change.get(ResourceKind::Organization, org.id)?;
    let role = body.text("role")?;
    if !ROLES.contains(&role) {
        return Err(ApiError::invalid("role", "This role cannot be given."));
    }
    let email = body.text("email")?;
    let user = change.find(ResourceKind::User, "email", &json!(email))?;
    let user = user.ok_or_else(|| ApiError::invalid("email", "Nobody here has this address."))?;
    let member = Member {
        organization: &organization,
        user: &user,
        role,
        is_active: false,
    };
    let membership = memberships::add(change, &member)?;
    let state = json!({
        "key": logins::secret(),
        "role": role,
        "user": membership.state["user"],
        "membership": membership.id,
        "owner": owner(change)?,
        "accepted": false,
        "expired": false,
    });
    change.create(ResourceKind::Invitation, organization.place, state)
}

async fn accept(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response> {
    app.change(&caller, |change| {
        let invitation = change.find(ResourceKind::Invitation, "key", &json!(key))?;
        let invitation = invitation.filter(|invitation| {
            invitation.state["user"]["id"] == json!(caller.user.as_ref().and_then(|user| user.id))
        });
        let invitation = invitation.ok_or(ApiError::NotFound)?;
        let membership_id = invitation.state["membership"].as_i64().unwrap_or_default();
        // Who is invited does not see the organization yet.
        let membership = (**change).get(ResourceKind::Membership, membership_id)?;
        let mut state = membership.state.clone();
        state["is_active"] = json!(true);
        state["joined_date"] = change.now();
        change.update(&membership, state)?;
        let mut state: Value = invitation.state.clone();
        state["accepted"] = json!(true);
        change.update(&invitation, state)?;
        let slug = invitation.place.org.as_ref().map(|org| org.slug.clone());
        Ok(ok(&json!({ "organization_slug": slug })))
    })
}
