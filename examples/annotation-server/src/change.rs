//! A change of resources: it and the events that tell of it are one transaction.

use std::ops::Deref;

use annoscope_events::{
    Cascade, Occasion, Organization, Place, Resource, ResourceKind, StoredEvent,
};
use annoscope_recorder::RusqliteOutbox;
use rusqlite::params;
use serde_json::{Value, json};

use crate::database::Records;
use crate::error::{ApiError, Result};
use crate::request::Caller;

pub struct Change<'a> {
    records: Records<'a>,
    outbox: &'a RusqliteOutbox,
    pub caller: &'a Caller,
    /// Of all its events.
    pub occasion: Occasion<'a>,
}

impl<'a> Deref for Change<'a> {
    type Target = Records<'a>;

    fn deref(&self) -> &Records<'a> {
        &self.records
    }
}

impl<'a> Change<'a> {
    pub fn new(
        records: Records<'a>,
        outbox: &'a RusqliteOutbox,
        caller: &'a Caller,
        occasion: Occasion<'a>,
    ) -> Change<'a> {
        Change {
            records,
            outbox,
            caller,
            occasion,
        }
    }

    /// A resource that the caller sees.
    pub fn get(&self, kind: ResourceKind, id: i64) -> Result<Resource> {
        let found = Some(self.records.get(kind, id)?);
        let found = found.filter(|resource| self.caller.sees(resource));
        found.ok_or(ApiError::NotFound)
    }

    /// The time of the change, as states have it.
    pub fn now(&self) -> Value {
        json!(self.occasion.at.to_string())
    }

    /// Where something new belongs that has no parent: the organization of the request.
    pub fn place(&self) -> Place {
        Place {
            org: self.caller.org.clone(),
            ..Place::default()
        }
    }

    /// Keeps a new resource; its state gets its id and its dates.
    pub fn create(
        &self,
        kind: ResourceKind,
        mut place: Place,
        mut state: Value,
    ) -> Result<Resource> {
        let id = self.next_id(kind.name())?;
        if kind == ResourceKind::Organization {
            let slug = state["slug"].as_str().unwrap_or_default().to_owned();
            place.org = Some(Organization { id, slug });
        }
        state["id"] = json!(id);
        state["created_date"] = self.now();
        state["updated_date"] = self.now();
        let resource = Resource {
            kind,
            id: Some(id),
            place,
            state,
        };
        self.insert(&resource)?;
        self.record([self.occasion.created(&resource)])?;
        Ok(resource)
    }

    fn insert(&self, resource: &Resource) -> Result<()> {
        let Place {
            org,
            project_id,
            task_id,
            job_id,
        } = &resource.place;
        let org_id = org.as_ref().map(|org| org.id);
        let state = resource.state.to_string();
        self.0.execute(
            "INSERT INTO resources (kind, id, org_id, project_id, task_id, job_id, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                resource.kind.name(),
                resource.id,
                org_id,
                project_id,
                task_id,
                job_id,
                state
            ],
        )?;
        Ok(())
    }

    /// Gives a resource another state.
    pub fn update(&self, before: &Resource, mut state: Value) -> Result<Resource> {
        state["updated_date"] = self.now();
        let after = Resource {
            state,
            ..before.clone()
        };
        self.0.execute(
            "UPDATE resources SET state = ?3 WHERE kind = ?1 AND id = ?2",
            params![after.kind.name(), after.id, after.state.to_string()],
        )?;
        self.record(self.occasion.updated(before, &after))?;
        Ok(after)
    }

    /// Removes a resource and all that belongs to it.
    pub fn delete(&self, resource: &Resource) -> Result<()> {
        let mut removed = vec![resource.clone()];
        removed.extend(self.belonging(resource)?);
        let mut cascade = Cascade::default();
        for resource in &removed {
            cascade.remember(resource);
            self.0.execute(
                "DELETE FROM resources WHERE kind = ?1 AND id = ?2",
                params![resource.kind.name(), resource.id],
            )?;
            self.0.execute(
                "DELETE FROM documents WHERE of = ?1 AND key = ?2",
                params![resource.kind.name(), resource.id.map(|id| id.to_string())],
            )?;
        }
        self.record(self.occasion.cascade_deleted(&cascade))
    }

    /// Keeps events beside the change.
    pub fn record(&self, events: impl IntoIterator<Item = StoredEvent>) -> Result<()> {
        let events: Vec<StoredEvent> = events.into_iter().collect();
        Ok(self.outbox.record(self.0, &events)?)
    }
}
