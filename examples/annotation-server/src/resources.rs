//! The resources of the API, a file for each. What all have in common is here: lists, single ones, changes, deletions.

mod access_tokens;
mod annotations;
mod cloud_storages;
mod datasets;
mod functions;
mod invitations;
mod issues;
mod jobs;
mod labels;
mod memberships;
mod organizations;
mod projects;
mod requests;
mod server;
mod tasks;
pub mod users;
mod webhooks;

use annoscope_events::{Resource, ResourceKind};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::answers::{Parameters, json_answer, no_content, ok, paginated};
use crate::app::App;
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::{ApiError, Result};
use crate::request::Caller;

pub use datasets::imported;
pub use tasks::data_uploaded;

/// What is particular about a kind of resource.
#[derive(Clone, Copy)]
pub struct Rules {
    kind: ResourceKind,
    /// Its path below `/api/`.
    path: &'static str,
    /// Makes one from the body of a POST.
    create: Option<fn(&Change<'_>, &JsonBody) -> Result<Resource>>,
    /// The state after a PATCH.
    update: fn(&Change<'_>, &Resource, &JsonBody) -> Result<Value>,
    /// What a list's parameters mean, where they name no property.
    asked: fn(Records<'_>, Parameters) -> Result<Parameters>,
    /// What goes with it, or why it must stay.
    delete: fn(&Change<'_>, &Resource) -> Result<()>,
    /// What the API shows beside the state.
    shown: fn(Records<'_>, &Resource) -> Result<Value>,
}

const RULES: &[Rules] = &[
    access_tokens::RULES,
    cloud_storages::RULES,
    invitations::RULES,
    issues::COMMENT_RULES,
    issues::RULES,
    jobs::RULES,
    labels::RULES,
    memberships::RULES,
    organizations::RULES,
    projects::RULES,
    tasks::RULES,
    users::RULES,
    webhooks::RULES,
];

pub fn routes() -> Router<App> {
    let mut router = Router::new()
        .merge(annotations::routes())
        .merge(datasets::routes())
        .merge(functions::routes())
        .merge(invitations::routes())
        .merge(requests::routes())
        .merge(server::routes())
        .merge(users::routes());
    for rules in RULES {
        router = router.merge(rules.routes());
    }
    router
}

impl Rules {
    /// Without surprises: a PATCH changes the fields of `writable`, a DELETE removes, the state is shown as it is.
    const fn new(kind: ResourceKind, path: &'static str) -> Rules {
        Rules {
            kind,
            path,
            create: None,
            asked: |_, parameters| Ok(parameters),
            update: |_, before, _| Ok(before.state.clone()),
            delete: |change, resource| change.delete(resource),
            shown: |_, resource| Ok(resource.state.clone()),
        }
    }

    fn routes(&'static self) -> Router<App> {
        let list = move |State(app): State<App>,
                         caller: Caller,
                         query: Query<Parameters>,
                         headers: HeaderMap| async move {
            self.list(&app, &caller, &query.0, &headers)
        };
        let create = move |State(app): State<App>,
                           caller: Caller,
                           headers: HeaderMap,
                           body: JsonBody| async move {
            let create = self
                .create
                .ok_or(ApiError::Forbidden("This cannot be made."))?;
            let made = app.change(&caller, |change| {
                self.shown(**change, &create(change, &body)?, &base(&headers))
            });
            Ok::<_, ApiError>(json_answer(StatusCode::CREATED, &made?))
        };
        let one = move |State(app): State<App>,
                        caller: Caller,
                        Path(id): Path<String>,
                        headers: HeaderMap| async move {
            app.read(|records| {
                let found = self.find(records, &caller, &id)?;
                Ok(ok(&self.shown(records, &found, &base(&headers))?))
            })
        };
        let update = move |State(app): State<App>,
                           caller: Caller,
                           Path(id): Path<String>,
                           headers: HeaderMap,
                           body: JsonBody| async move {
            app.change(&caller, |change| {
                let before = self.find(**change, &caller, &id)?;
                let state = (self.update)(change, &before, &body)?;
                let after = change.update(&before, state)?;
                Ok(ok(&self.shown(**change, &after, &base(&headers))?))
            })
        };
        let delete = move |State(app): State<App>, caller: Caller, Path(id): Path<String>| async move {
            app.change(&caller, |change| {
                let found = self.find(**change, &caller, &id)?;
                (self.delete)(change, &found)?;
                Ok(no_content())
            })
        };
        Router::new()
            .route(&format!("/api/{}", self.path), get(list).post(create))
            .route(
                &format!("/api/{}/{{id}}", self.path),
                get(one).patch(update).delete(delete),
            )
    }

    /// By id, or by key where it has one.
    fn find(&self, records: Records<'_>, caller: &Caller, id: &str) -> Result<Resource> {
        let found = match id.parse() {
            Ok(id) => records.get(self.kind, id)?,
            Err(_) => records
                .find(self.kind, "key", &json!(id))?
                .ok_or(ApiError::NotFound)?,
        };
        if caller.sees(&found) {
            Ok(found)
        } else {
            Err(ApiError::NotFound)
        }
    }

    fn list(
        &self,
        app: &App,
        caller: &Caller,
        parameters: &Parameters,
        headers: &HeaderMap,
    ) -> Result<Response> {
        let url = format!("{}/api/{}", base(headers), self.path);
        app.read(|records| {
            let asked = (self.asked)(records, parameters.clone())?;
            let mut results = Vec::new();
            for resource in records.list(self.kind)? {
                let is_there = caller.org.is_none()
                    || caller.org == resource.place.org
                    || self.kind == ResourceKind::User;
                if is_there && caller.sees(&resource) && is_asked_for(&resource, &asked) {
                    results.push(self.shown(records, &resource, &base(headers))?);
                }
            }
            Ok(ok(&paginated(&url, parameters, &results)))
        })
    }

    fn shown(&self, records: Records<'_>, resource: &Resource, base: &str) -> Result<Value> {
        let mut shown = (self.shown)(records, resource)?;
        let id = resource.id.unwrap_or_default();
        shown["url"] = json!(format!("{base}/api/{}/{id}", self.path));
        shown["organization"] = json!(resource.place.org.as_ref().map(|org| org.id));
        Ok(shown)
    }
}

/// Whether each parameter that is a property, or a place, has that value.
fn is_asked_for(resource: &Resource, parameters: &Parameters) -> bool {
    let place = &resource.place;
    parameters.iter().all(|(name, value)| {
        let actual = match name.as_str() {
            "project_id" => json!(place.project_id),
            "task_id" => json!(place.task_id),
            "job_id" => json!(place.job_id),
            "issue_id" => resource.state["issue"].clone(),
            name => match resource.state.get(name) {
                Some(actual) => actual.clone(),
                None => return true,
            },
        };
        match actual {
            Value::String(text) => text == *value,
            Value::Object(_) | Value::Array(_) => true,
            number => number.to_string().as_str() == value.as_str(),
        }
    })
}

/// The address that the client knows this server by.
fn base(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// The state with those fields of the body that may be written.
fn with_fields(before: &Resource, body: &JsonBody, writable: &[&str]) -> Value {
    let mut state = before.state.clone();
    for &field in writable {
        if let Some(value) = body.0.get(field) {
            state[field] = value.clone();
        }
    }
    state
}

/// Where exports go to and imports come from: the client.
fn local_storage() -> Value {
    json!({ "id": 1, "location": "local", "cloud_storage_id": null })
}

/// A user as other resources name one.
fn user_summary(user: &Resource) -> Value {
    let state = &user.state;
    json!({
        "id": state["id"],
        "username": state["username"],
        "first_name": state["first_name"],
        "last_name": state["last_name"],
    })
}

/// The user that `field` of the body names by id, or null.
fn user_of(records: Records<'_>, body: &JsonBody, field: &str) -> Result<Value> {
    match body.optional_integer(field)? {
        Some(id) => Ok(user_summary(&records.get(ResourceKind::User, id)?)),
        None => Ok(Value::Null),
    }
}

fn owner(change: &Change<'_>) -> Result<Value> {
    Ok(user_summary(change.caller.user()?))
}
