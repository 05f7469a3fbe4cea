//! Around each request of the API: its id, who makes it, and an event when it fails.

use annoscope_events::{Cause, FailedRequest, Organization, Resource, ResourceKind, UserRef};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::database::Records;
use crate::error::{ApiError, Failure, Result};
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
    /// What events have of all this.
    pub cause: Cause,
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

    /// Whether the user sees a resource: what belongs to no organization, and what belongs to one of theirs.
    pub fn sees(&self, resource: &Resource) -> bool {
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

pub async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let request_id = Uuid::new_v4();
    let content_type = header_text(&request, &header::CONTENT_TYPE);
    let mut cause = Cause {
        request_id: Some(request_id),
        user_agent: header_text(&request, &header::USER_AGENT),
        ..Cause::default()
    };
    let (parts, body) = request.into_parts();
    let caller = app.read(|records| identify(records, &parts, &mut cause));
    request = Request::from_parts(parts, body);
    let known = Caller {
        cause: cause.clone(),
        ..caller.clone().unwrap_or_default()
    };
    request.extensions_mut().insert(caller);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut answer = next.run(request).await;
    if let Some(Failure(message)) = answer.extensions().get::<Failure>() {
        let refused = Refused {
            method: &method,
            uri: &uri,
            content_type: content_type.as_deref(),
            status_code: answer.status().as_u16(),
            message,
        };
        if let Err(error) = refused.record(&app, &known) {
            answer = error.into_response();
        }
    }
    let id = HeaderValue::from_str(&request_id.to_string()).expect("an id is ASCII");
    answer.headers_mut().insert("x-request-id", id);
    answer
}

fn header_text(request: &Request, name: &HeaderName) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// A request that is about to be answered with an error.
struct Refused<'a> {
    method: &'a Method,
    uri: &'a Uri,
    content_type: Option<&'a str>,
    status_code: u16,
    message: &'a str,
}

impl Refused<'_> {
    fn record(&self, app: &App, caller: &Caller) -> Result<()> {
        let parameters = pairs(self.uri).map(|(key, value)| (key.to_owned(), json!(value)));
        let query_params: Map<String, Value> = parameters.collect();
        let failed = FailedRequest {
            message: self.message,
            basename: self.uri.path().split('/').nth(2),
            method: self.method.as_str(),
            url: self.uri.path_and_query().map_or("", |path| path.as_str()),
            query_params: Some(&query_params),
            content_type: self.content_type,
            status_code: self.status_code,
            ..FailedRequest::default()
        };
        app.change(caller, |change| {
            change.record(change.occasion().request_failed(&failed))
        })
    }
}

/// Names and values of the address's parameters, as they stand there.
fn pairs(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let query = uri.query().unwrap_or_default();
    query.split('&').filter_map(|pair| pair.split_once('='))
}

fn identify(records: Records<'_>, parts: &Parts, cause: &mut Cause) -> Result<Caller> {
    let Some(shown) = logins::shown(records, parts)? else {
        return Ok(Caller {
            cause: cause.clone(),
            ..Caller::default()
        });
    };
    cause.user = shown.user.id.map(|id| UserRef {
        id,
        name: shown.user.state["username"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        email: shown.user.state["email"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    });
    cause.access_token_id = shown.access_token_id;
    let mut caller = Caller {
        org_ids: organizations_of(records, &shown.user)?,
        user: Some(shown.user),
        org: None,
        cause: cause.clone(),
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
