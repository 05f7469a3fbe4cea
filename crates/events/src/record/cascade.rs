//! Deletions that take others along.

use std::collections::HashMap;

use serde_json::Map;

use super::resource::Named;
use super::{Occasion, Place, Resource, ResourceKind};
use crate::event::StoredEvent;

/// What a deletion removes, remembered before it does: afterwards nobody can say which project a job was of.
///
/// Parents come before their children. What a child does not say of its place its parents do: of a job it is enough
/// to name its task.
#[derive(Clone, Debug, Default)]
pub struct Cascade {
    removed: Vec<Named>,
    places: HashMap<(ResourceKind, i64), Place>,
}

impl Cascade {
    /// Notes a resource that will be removed.
    pub fn remember(&mut self, resource: &Resource) {
        let mut named = resource.named();
        let place = &mut named.place;
        // The nearest parent first: it knows the others.
        self.fill(place, ResourceKind::Job, place.job_id);
        self.fill(place, ResourceKind::Task, place.task_id);
        self.fill(place, ResourceKind::Project, place.project_id);
        if let Some(id) = named.id {
            self.places.insert((named.kind, id), named.place.clone());
        }
        self.removed.push(named);
    }

    fn fill(&self, place: &mut Place, kind: ResourceKind, id: Option<i64>) {
        if let Some(parent) = id.and_then(|id| self.places.get(&(kind, id))) {
            place.fill_from(parent);
        }
    }
}

impl Place {
    fn fill_from(&mut self, parent: &Place) {
        self.org = self.org.take().or_else(|| parent.org.clone());
        self.project_id = self.project_id.or(parent.project_id);
        self.task_id = self.task_id.or(parent.task_id);
        self.job_id = self.job_id.or(parent.job_id);
    }
}

impl Occasion<'_> {
    /// `delete:…` of each that was remembered, in that order.
    pub fn cascade_deleted(&self, cascade: &Cascade) -> Vec<StoredEvent> {
        let deleted = |removed| self.of_resource("delete", removed, Map::new());
        cascade.removed.iter().map(deleted).collect()
    }
}
