//! Who makes a request of the API.

use annoscope_events::{Organization, Resource, ResourceKind, UserRef};
use annoscope_recorder::Context;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use crate::app::App;
use crate::database::Records;
use crate::error::{ApiError, Result};
use crate::logins;

/// Who makes a request, by what it shows.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user's account; none of who has not logged in.
    pub user: Option<Resource>,
    /// The organization that the request is made in.
    pub org: Option<Organization>,
    /// The organizations that the user is an active member of.
    pub org_ids: Vec<i64>,
}

impl Caller {
    pub fn user(&self) -> Result<&Resource> {
        self.user.as_ref().ok_or(ApiError::Unauthenticated)
    }

    pub fn is_admin(&self) -> bool {
        self.user
            .as_ref()
            .is_some_and(|user| user.state["is_superuser"] == json!(true))
    }

    /// Whether the user sees a resource: what belongs to no organization, and what belongs to one of theirs. An access
    /// token is its owner's alone.
    pub fn sees(&self, resource: &Resource) -> bool {
        if resource.kind == ResourceKind::AccessToken {
            let own = self.user.as_ref().map(|user| &user.state["id"]);
            return own == Some(&resource.state["owner"]["id"]);
        }
        let org_id = resource.place.org.as_ref().map(|org| org.id);
        self.is_admin() || org_id.is_none_or(|id| self.org_ids.contains(&id))
    }
}

/// Who makes the request, where somebody has to be logged in.
impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Caller> {
        let caller = parts.extensions.get::<Result<Caller>>().cloned();
        let caller = caller.unwrap_or(Err(ApiError::Unauthenticated))?;
        caller.user()?;
        Ok(caller)
    }
}

/// Who makes the request, logged in or not.
pub struct Anyone(pub Caller);

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Anyone> {
        let caller = parts.extensions.get::<Result<Caller>>().cloned();
        caller.unwrap_or_else(|| Ok(Caller::default())).map(Anyone)
    }
}

/// Finds out who makes the request, once, and tells the recorder.
pub async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = app.read(|records| caller_of(records, &parts));
    parts.extensions.insert(caller);
    next.run(Request::from_parts(parts, body)).await
}

/// Names and values of the address's parameters, as they stand there.
fn pairs(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let query = uri.query().unwrap_or_default();
    query.split('&').filter_map(|pair| pair.split_once('='))
}

fn caller_of(records: Records<'_>, parts: &Parts) -> Result<Caller> {
    let Some(shown) = logins::shown(records, parts)? else {
        return Ok(Caller::default());
    };
    let text = |name: &str| {
        shown.user.state[name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let context = Context::current();
    context.set_user(UserRef {
        id: shown.user.id.unwrap_or_default(),
        name: text("username"),
        email: text("email"),
    });
    if let Some(id) = shown.access_token_id {
        context.set_access_token_id(id);
    }
    let mut caller = Caller {
        org_ids: organizations_of(records, &shown.user)?,
        user: Some(shown.user),
        org: None,
    };
    caller.org = organization(records, parts, &caller)?;
    Ok(caller)
}

fn organizations_of(records: Records<'_>, user: &Resource) -> Result<Vec<i64>> {
    let memberships = records.list(ResourceKind::Membership)?.into_iter();
    let own = memberships.filter(|membership| {
        membership.state["user"]["id"] == user.state["id"]
            && membership.state["is_active"] == json!(true)
    });
    Ok(own
        .filter_map(|membership| membership.place.org)
        .map(|org| org.id)
        .collect())
}

/// The organization that a header or a parameter names.
fn organization(
    records: Records<'_>,
    parts: &Parts,
    caller: &Caller,
) -> Result<Option<Organization>> {
    let parameter = |name: &str| {
        let mut pairs = pairs(&parts.uri);
        pairs.find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
    };
    let header = parts
        .headers
        .get("x-organization")
        .and_then(|value| value.to_str().ok());
    let slug = header
        .filter(|slug| !slug.is_empty())
        .or_else(|| parameter("org"));
    let found = match (slug, parameter("org_id")) {
        (Some(slug), _) => records.find(ResourceKind::Organization, "slug", &json!(slug))?,
        (None, Some(id)) => {
            let id = id
                .parse()
                .map_err(|_| ApiError::invalid("org_id", "A valid integer is required."))?;
            Some(records.get(ResourceKind::Organization, id)?)
        }
        (None, None) => return Ok(None),
    };
    let found = found.filter(|organization| caller.sees(organization));
    found
        .ok_or(ApiError::NotFound)
        .map(|organization| organization.place.org)
}
