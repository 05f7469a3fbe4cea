//! Annotations of a job that were created, changed or deleted.

use serde_json::{Map, Value, json};

use super::{Occasion, Place};
use crate::event::{Event, StoredEvent};

/// What was done to annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum AnnotationAction {
    Create,
    Update,
    Delete,
}

/// Annotations in the form of CVAT's API: objects with `id`, shapes with `type`, tracks with `shapes`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Annotations<'a> {
    /// Labels of whole frames.
    pub tags: &'a [Value],
    /// Objects of one frame.
    pub shapes: &'a [Value],
    /// Objects that are followed through frames.
    pub tracks: &'a [Value],
}

/// Objects of one event: what its column `count` holds.
const MAX_OBJECTS: usize = u16::MAX as usize;

impl AnnotationAction {
    fn name(self) -> &'static str {
        match self {
            AnnotationAction::Create => "create",
            AnnotationAction::Update => "update",
            AnnotationAction::Delete => "delete",
        }
    }
}

impl<'a> Annotations<'a> {
    /// Of an object with the lists `tags`, `shapes` and `tracks`; one that is missing is empty.
    pub fn of(data: &'a Value) -> Annotations<'a> {
        let list = |name| {
            data.get(name)
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice)
        };
        Annotations {
            tags: list("tags"),
            shapes: list("shapes"),
            tracks: list("tracks"),
        }
    }

    fn len(&self) -> usize {
        self.tags.len() + self.shapes.len() + self.tracks.len()
    }
}

impl Occasion<'_> {
    /// `…:tags`, `…:shapes` and `…:tracks`: an event of all tags, one for each type of shapes, one for each
    /// type of tracks. Payloads have ids alone. No event has more objects than its count can say.
    pub fn annotations(
        &self,
        action: AnnotationAction,
        place: &Place,
        annotations: Annotations<'_>,
    ) -> Vec<StoredEvent> {
        let mut events = Vec::new();
        let mut add = |collection: &str, obj_name: Option<&str>, objects: &[Value]| {
            for objects in objects.chunks(MAX_OBJECTS) {
                let payload = Map::from_iter([(collection.to_owned(), json!(objects))]);
                let scope = format!("{}:{collection}", action.name());
                let stored = self.event(&scope, place, payload);
                events.push(StoredEvent {
                    event: Event {
                        obj_name: obj_name.map(str::to_owned),
                        count: u16::try_from(objects.len()).ok(),
                        ..stored.event
                    },
                    ..stored
                });
            }
        };
        let tags: Vec<Value> = annotations.tags.iter().map(id_alone).collect();
        add("tags", None, &tags);
        for (shape_type, shapes) in by_type(annotations.shapes, shape_type) {
            let shapes: Vec<Value> = shapes.into_iter().map(id_alone).collect();
            add("shapes", shape_type, &shapes);
        }
        for (shape_type, tracks) in by_type(annotations.tracks, track_type) {
            let tracks: Vec<Value> = tracks.into_iter().map(track).collect();
            add("tracks", shape_type, &tracks);
        }
        events
    }

    /// A replacement (PUT): what there was is deleted, then what there is now is created.
    pub fn annotations_replaced(
        &self,
        place: &Place,
        old: Annotations<'_>,
        new: Annotations<'_>,
    ) -> Vec<StoredEvent> {
        let mut events = self.annotations(AnnotationAction::Delete, place, old);
        events.extend(self.annotations(AnnotationAction::Create, place, new));
        events
    }

    /// `…:annotations`, which CVAT's documentation names and CVAT never sends: one event that counts all objects,
    /// for servers which have no use for one of each type.
    pub fn annotations_as_one(
        &self,
        action: AnnotationAction,
        place: &Place,
        annotations: Annotations<'_>,
    ) -> StoredEvent {
        let payload = Map::from_iter([
            ("tags".to_owned(), json!(annotations.tags.len())),
            ("shapes".to_owned(), json!(annotations.shapes.len())),
            ("tracks".to_owned(), json!(annotations.tracks.len())),
        ]);
        let stored = self.event(&format!("{}:annotations", action.name()), place, payload);
        StoredEvent {
            event: Event {
                count: Some(u16::try_from(annotations.len()).unwrap_or(u16::MAX)),
                ..stored.event
            },
            ..stored
        }
    }
}

/// Groups in the order in which their types come first.
fn by_type(
    objects: &[Value],
    type_of: fn(&Value) -> Option<&str>,
) -> Vec<(Option<&str>, Vec<&Value>)> {
    let mut groups: Vec<(Option<&str>, Vec<&Value>)> = Vec::new();
    for object in objects {
        let object_type = type_of(object);
        match groups.iter_mut().find(|(known, _)| *known == object_type) {
            Some((_, group)) => group.push(object),
            None => groups.push((object_type, vec![object])),
        }
    }
    groups
}

fn shape_type(shape: &Value) -> Option<&str> {
    shape.get("type")?.as_str()
}

fn track_type(track: &Value) -> Option<&str> {
    shape_type(track.get("shapes")?.get(0)?)
}

fn id_alone(object: &Value) -> Value {
    json!({ "id": object.get("id") })
}

fn track(track: &Value) -> Value {
    let mut kept = id_alone(track);
    if let Some(shapes) = track.get("shapes").and_then(Value::as_array) {
        kept["shapes"] = shapes.iter().map(id_alone).collect();
    }
    if let Some(difference) = track.get("visible_shapes_count_diff") {
        kept["visible_shapes_count_diff"] = difference.clone();
    }
    kept
}
