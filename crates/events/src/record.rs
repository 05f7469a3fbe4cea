//! What a server records: a builder for each kind of thing that happens to its resources.
//!
//! An [`Occasion`] says what all events of one change have in common: who caused it by which request, and
//! when. Its methods take what happened and give the events of it, in CVAT's form (contract.md, "Server events").
//! Nothing is sent or stored here. Every event has the request's id in its payload; what is known to be a secret
//! by its name is in none.

mod annotations;
mod calls;
mod cascade;
mod created;
mod exceptions;
mod python_text;
mod resource;
mod secrets;
#[cfg(test)]
mod tests;
mod updated;

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::event::{Event, Origin, StoredEvent};
use crate::payload::Payload;
use crate::sender::{Organization, UserRef};
use crate::time::Timestamp;

pub use annotations::{AnnotationAction, Annotations};
pub use calls::Dataset;
pub use cascade::Cascade;
pub use exceptions::{FailedJob, FailedRequest};
pub use resource::{Resource, ResourceKind};

/// Who caused what is recorded, and by which request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Id of the request; of a background job that of the request which asked for it. `None`: no request.
    pub request_id: Option<Uuid>,
    /// What the request says of its client.
    pub user_agent: Option<String>,
    /// The user, if one is known.
    pub user: Option<UserRef>,
    /// The access token that the request came with.
    pub access_token_id: Option<i64>,
    /// The address that the request came from.
    pub remote_addr: Option<String>,
}

/// Where a thing belongs: its organization, project, task and job, as far as it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The organization.
    pub org: Option<Organization>,
    /// Id of the project.
    pub project_id: Option<i64>,
    /// Id of the task.
    pub task_id: Option<i64>,
    /// Id of the job.
    pub job_id: Option<i64>,
}

/// What the events of one change have in common.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// Who, and by which request.
    pub cause: &'a Cause,
    /// When.
    pub at: Timestamp,
}

impl Occasion<'_> {
    /// An event of any scope, for what has no builder of its own. `payload` is what it has beside the
    /// request; one that is nested deeper than 127 levels is left out.
    pub fn event(
        &self,
        scope: &str,
        place: &Place,
        mut payload: Map<String, Value>,
    ) -> StoredEvent {
        payload.insert("request".to_owned(), Value::Object(self.request()));
        self.with_payload(scope, place, payload)
    }

    /// The request, as payloads name it.
    fn request(&self) -> Map<String, Value> {
        let mut request = Map::new();
        request.insert("id".to_owned(), self.request_id());
        if let Some(user_agent) = &self.cause.user_agent {
            request.insert("user_agent".to_owned(), json!(user_agent));
        }
        request
    }

    fn request_id(&self) -> Value {
        let id = self.cause.request_id;
        id.map_or(Value::Null, |id| json!(id.hyphenated().to_string()))
    }

    fn with_payload(&self, scope: &str, place: &Place, payload: Map<String, Value>) -> StoredEvent {
        let cause = self.cause;
        let user = cause.user.as_ref();
        let event = Event {
            scope: scope.to_owned(),
            obj_name: None,
            obj_id: None,
            obj_val: None,
            source: Cow::Borrowed("server"),
            timestamp: self.at,
            count: None,
            duration: 0,
            project_id: place.project_id,
            task_id: place.task_id,
            job_id: place.job_id,
            user_id: user.map(|user| user.id),
            user_name: user.map(|user| user.name.clone()),
            user_email: user
                .map(|user| user.email.clone())
                .filter(|email| !email.is_empty()),
            org_id: place.org.as_ref().map(|org| org.id),
            org_slug: place.org.as_ref().map(|org| org.slug.clone()),
            payload: Some(self.payload(payload)),
        };
        StoredEvent {
            event,
            intervals: Vec::new(),
            origin: Origin {
                access_token_id: cause.access_token_id,
                remote_addr: cause.remote_addr.clone(),
            },
        }
    }

    fn payload(&self, members: Map<String, Value>) -> Payload {
        let text = Value::Object(members).to_string();
        match Payload::parse_mending(&text) {
            Ok(mended) => mended.payload,
            // Texts are mended, so it is nested too deeply.
            Err(_) => Payload::from_value(&json!({ "request": { "id": self.request_id() } }))
                .expect("an id has no NUL and is not deep"),
        }
    }
}
