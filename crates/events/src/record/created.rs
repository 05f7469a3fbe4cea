//! `create:…` and `delete:…`.

use serde_json::{Map, Value};

use super::resource::Named;
use super::{Occasion, Resource};
use crate::event::{Event, StoredEvent};

/// What the payload of a creation has not: other columns have it, or it is a list of its own.
const LEFT_OUT: &[&str] = &[
    "url",
    "slug",
    "id",
    "name",
    "username",
    "display_name",
    "message",
    "organization",
    "project",
    "size",
    "task",
    "tasks",
    "job",
    "jobs",
    "comments",
    "issues",
    "attributes",
    "key",
];

impl Occasion<'_> {
    /// `create:…`: the payload has the resource, less what other columns have.
    pub fn created(&self, resource: &Resource) -> StoredEvent {
        let mut payload = Map::new();
        for property in properties(&resource.state) {
            if !LEFT_OUT.contains(&property) {
                payload.insert(property.to_owned(), resource.shown(property));
            }
        }
        self.of_resource("create", &resource.named(), payload)
    }

    /// `delete:…`, of what nothing else was removed with; of a cascade there is
    /// [`Cascade`](super::Cascade).
    pub fn deleted(&self, resource: &Resource) -> StoredEvent {
        self.of_resource("delete", &resource.named(), Map::new())
    }

    pub(super) fn of_resource(
        &self,
        action: &str,
        resource: &Named,
        payload: Map<String, Value>,
    ) -> StoredEvent {
        let scope = format!("{action}:{}", resource.kind.name());
        let stored = self.event(&scope, &resource.place, payload);
        StoredEvent {
            event: Event {
                obj_name: resource.name.clone(),
                obj_id: resource.id,
                ..stored.event
            },
            ..stored
        }
    }
}

/// The names of an object's members; none of what is no object.
pub(super) fn properties(state: &Value) -> impl Iterator<Item = &str> {
    state
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys().map(String::as_str))
}
