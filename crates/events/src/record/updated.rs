//! `update:…`.

use serde_json::{Map, Value};

use super::created::properties;
use super::python_text::python_text;
use super::resource::without_url;
use super::{Occasion, Resource, ResourceKind};
use crate::event::{Event, StoredEvent};

/// Properties whose changes are no events.
const PASSED_OVER: &[&str] = &["labels", "updated_date", "url"];

impl Occasion<'_> {
    /// `update:…`: an event for each property that differs, with its new and its old value. A property that
    /// only one of the two states has was or becomes null, so a renamed one gives two events.
    ///
    /// An invitation has no updates. An access token that becomes revoked is deleted.
    pub fn updated(&self, before: &Resource, after: &Resource) -> Vec<StoredEvent> {
        if after.kind == ResourceKind::Invitation {
            return Vec::new();
        }
        let gone = properties(&before.state).filter(|property| after.state.get(property).is_none());
        properties(&after.state)
            .chain(gone)
            .filter(|property| differs(before, after, property))
            .map(|property| {
                if is_revocation(after, property) {
                    self.deleted(after)
                } else {
                    self.property_updated(before, after, property)
                }
            })
            .collect()
    }

    fn property_updated(&self, before: &Resource, after: &Resource, property: &str) -> StoredEvent {
        let mut payload = Map::new();
        payload.insert("old_value".to_owned(), before.shown(property));
        let scope = format!("update:{}", after.kind.name());
        let stored = self.event(&scope, &after.named().place, payload);
        StoredEvent {
            event: Event {
                obj_name: Some(property.to_owned()),
                obj_id: id_of(property, &after.state),
                obj_val: Some(python_text(&after.shown(property))),
                ..stored.event
            },
            ..stored
        }
    }
}

fn differs(before: &Resource, after: &Resource, property: &str) -> bool {
    let value = |resource: &Resource| {
        resource
            .state
            .get(property)
            .map_or(Value::Null, without_url)
    };
    !PASSED_OVER.contains(&property)
        && !is_id_of_another(before, after, property)
        && value(before) != value(after)
}

/// Whether the property is `x_id` beside an `x`, whose event has the id.
fn is_id_of_another(before: &Resource, after: &Resource, property: &str) -> bool {
    property
        .strip_suffix("_id")
        .is_some_and(|other| before.state.get(other).is_some() || after.state.get(other).is_some())
}

fn is_revocation(after: &Resource, property: &str) -> bool {
    after.kind == ResourceKind::AccessToken
        && property == "revoked"
        && after.state[property] == Value::Bool(true)
}

/// The id of what a property refers to: of an assignee the user's.
fn id_of(property: &str, state: &Value) -> Option<i64> {
    let beside = state.get(format!("{property}_id"));
    let within = || state.get(property)?.get("id");
    beside.or_else(within)?.as_i64().filter(|&id| id >= 0)
}
