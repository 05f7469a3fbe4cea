//! Events as a CVAT server records them while annotators work.

use std::borrow::Cow;

use annoscope_events::{Event, Ids, Payload, Sender, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::names::ViewError;

/// An event of the server with user, organization and time, and nothing else.
pub fn event(scope: &str, at_ms: i64, by: &Sender) -> Event {
    Event {
        scope: scope.to_owned(),
        obj_name: None,
        obj_id: None,
        obj_val: None,
        source: Cow::Borrowed("server"),
        timestamp: Timestamp::from_millis(at_ms),
        count: None,
        duration: 0,
        project_id: None,
        task_id: None,
        job_id: None,
        user_id: Some(by.user.id),
        user_name: Some(by.user.name.clone()),
        user_email: Some(by.user.email.clone()).filter(|email| !email.is_empty()),
        org_id: by.org.as_ref().map(|org| org.id),
        org_slug: by.org.as_ref().map(|org| org.slug.clone()),
        payload: None,
    }
}

/// `members` with the id of the request.
pub fn payload(mut members: Value, request_id: Uuid) -> Payload {
    members["request"] = json!({ "id": request_id.hyphenated().to_string() });
    Payload::from_value(&members).expect("the demo's values have no NUL and are not deep")
}

/// The event of a job, its task and its project.
pub fn of_job(event: Event, ids: Ids) -> Event {
    Event {
        project_id: ids.project_id,
        task_id: ids.task_id,
        job_id: ids.job_id,
        ..event
    }
}

/// `update:job`: one property of a job has another value.
pub fn job_updated(
    event: Event,
    property: &str,
    values: (&Value, String),
    request_id: Uuid,
) -> Event {
    let (old, new) = values;
    Event {
        obj_name: Some(property.to_owned()),
        obj_val: Some(new),
        payload: Some(payload(json!({ "old_value": old }), request_id)),
        ..event
    }
}

/// `…:tags`, `…:shapes` or `…:tracks`: `n_objects` from `first_id` on.
pub fn annotations(
    event: Event,
    shape_type: Option<&str>,
    first_id: i64,
    n_objects: u16,
    request_id: Uuid,
) -> Event {
    let collection = event.scope.rsplit(':').next().unwrap_or_default();
    let ids: Vec<Value> = (0..i64::from(n_objects))
        .map(|nth| json!({ "id": first_id + nth }))
        .collect();
    let payload = payload(json!({ collection: ids }), request_id);
    Event {
        obj_name: shape_type.map(str::to_owned),
        count: Some(n_objects),
        payload: Some(payload),
        ..event
    }
}

/// `send:exception` of a view: only the user is known.
pub fn view_failed(event: Event, error: &ViewError, ids: Ids, request_id: Uuid) -> Event {
    let id = request_id.hyphenated().to_string();
    let path = error
        .path
        .replace("{}", &ids.job_id.unwrap_or(0).to_string());
    let members = json!({
        "basename": error.basename,
        "action": error.action,
        "request": {
            "url": path,
            "query_params": {},
            "content_type": "application/json",
            "method": error.method,
            "id": id,
        },
        "message": error.message,
        "stack": error.stack,
        "status_code": error.status,
    });
    let payload =
        Payload::from_value(&members).expect("the demo's values have no NUL and are not deep");
    Event {
        count: Some(1),
        org_id: None,
        org_slug: None,
        payload: Some(payload),
        ..event
    }
}
