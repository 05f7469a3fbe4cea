//! Who does what where, in the words of what a CVAT server records while annotators work.

use annoscope_events::{Cause, Ids, Place, Resource, ResourceKind, Sender};
use serde_json::Value;
use uuid::Uuid;

/// A user by a request.
pub fn cause(by: &Sender, request_id: Uuid) -> Cause {
    Cause {
        request_id: Some(request_id),
        user: Some(by.user.clone()),
        ..Cause::default()
    }
}

/// A job, its task and its project in the user's organization.
pub fn place(by: &Sender, ids: Ids) -> Place {
    Place {
        org: by.org.clone(),
        project_id: ids.project_id,
        task_id: ids.task_id,
        job_id: ids.job_id,
    }
}

/// A resource there.
pub fn resource(kind: ResourceKind, id: i64, place: Place, state: Value) -> Resource {
    Resource {
        kind,
        id: Some(id),
        place,
        state,
    }
}
