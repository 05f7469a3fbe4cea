//! What a delivery changes: events, and the states to compare the next one with.

use std::collections::HashMap;

use annoscope_events::{
    Cause, Event, Occasion, Payload, Place, Resource, ResourceKind, StoredEvent, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::adapter::{Action, Subject};
use crate::annotations::Annotation;
use crate::place::{fill, parents, place};
use crate::{Delivery, annotations};

/// How far up a resource's parents are looked for: a comment's are its issue, job, task and project.
const MAX_PARENTS: usize = 4;

/// A resource of one source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceKey {
    /// Its kind, as scopes have it; `person` for what is remembered of people.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

/// What is remembered of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownState {
    /// How it was when it was heard of last.
    pub state: Value,
    /// Whether it is deleted. Where it was is still of use: for what is told late of its parts.
    pub is_deleted: bool,
    /// When it was changed last, by the tool's clock.
    pub updated_at: Option<Timestamp>,
    /// Whether its creation was told. What existed before the webhook did is met by an update.
    pub is_created: bool,
}

/// What a delivery changes. Events and states belong into one transaction.
#[derive(Debug, Default)]
pub struct Changes {
    /// To be stored. Alike for alike deliveries, so that a repeat is recognized.
    pub events: Vec<StoredEvent>,
    /// To be remembered, in place of earlier ones.
    pub states: HashMap<ResourceKey, KnownState>,
    /// What became of its resources.
    pub receipt: Receipt,
}

/// How many resources of a delivery there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Something was new.
    pub changed: u64,
    /// All was known.
    pub repeated: u64,
    /// Something newer was known. What it says of a change is recorded where it says it itself.
    pub late: u64,
}

/// What is worked out of one delivery.
pub(crate) struct Work<'a, F> {
    pub delivery: &'a Delivery,
    pub source: &'a str,
    pub received_at: Timestamp,
    pub known: F,
    pub changes: Changes,
}

impl Delivery {
    /// What it changes, by what is known: `known` gives the state of a resource of this source. `source` is the
    /// source's name, which each event's payload has.
    pub fn changes<E>(
        &self,
        source: &str,
        received_at: Timestamp,
        known: impl FnMut(&ResourceKey) -> Result<Option<KnownState>, E>,
    ) -> Result<Changes, E> {
        let mut work = Work {
            delivery: self,
            source,
            received_at,
            known,
            changes: Changes::default(),
        };
        for resource in &self.resources {
            work.add(resource)?;
        }
        Ok(work.changes)
    }
}

/// How a resource stands to what is known of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Repeated,
    Late,
}

impl<E, F: FnMut(&ResourceKey) -> Result<Option<KnownState>, E>> Work<'_, F> {
    fn add(&mut self, resource: &Value) -> Result<(), E> {
        let (rule, adapter) = (self.delivery.rule, self.delivery.adapter);
        let kind = match rule.subject {
            Subject::Resource(kind) => kind,
            Subject::Annotation => return self.add_annotation(&Annotation::read(resource)),
            Subject::Other => {
                self.record(resource);
                return Ok(());
            }
        };
        let state = without(renamed(resource, adapter.renamed), adapter.withheld);
        let key = key(rule.subject, &state);
        let known = self.known(&key)?;
        let updated_at = time(&state, adapter.updated_at);
        let mut place = place(rule.subject, &state);
        self.fill_from_parents(&mut place, &state)?;
        if let Some(before) = known.as_ref().map(|known| &known.state) {
            fill(&mut place, &crate::place::place(rule.subject, before));
        }
        let remembered = without(state.clone(), adapter.no_properties);
        let standing = standing(rule.action, known.as_ref(), &remembered, updated_at);
        let resource = Resource {
            kind,
            id: state
                .get("id")
                .and_then(Value::as_i64)
                .filter(|&id| id >= 0),
            place,
            state,
        };
        let at = match rule.action {
            Action::Delete => self.received_at,
            _ => updated_at.map_or(self.received_at, |time| time.min(self.received_at)),
        };
        let events = match (rule.action, standing) {
            (_, Standing::Repeated) => Vec::new(),
            (Action::Create, _) => {
                self.at(at, &resource, |occasion| vec![occasion.created(&resource)])
            }
            (Action::Delete, _) => {
                self.at(at, &resource, |occasion| vec![occasion.deleted(&resource)])
            }
            (_, standing) => self.updates(at, &resource, known.as_ref(), standing),
        };
        self.changes.events.extend(events);
        self.count(standing);
        if standing == Standing::New {
            let is_deleted = rule.action == Action::Delete;
            let is_created = rule.action == Action::Create
                || known.as_ref().is_some_and(|known| known.is_created);
            // What is told of a deletion may be no more than an id.
            let last = known.map(|known| known.state).filter(|_| is_deleted);
            let known = KnownState {
                state: last.unwrap_or(remembered),
                is_deleted,
                updated_at,
                is_created,
            };
            self.remember(key, known);
        } else if let Some(known) = known.filter(|_| rule.action == Action::Create) {
            let known = KnownState {
                is_created: true,
                ..known
            };
            self.remember(key, known);
        }
        Ok(())
    }

    /// The events of an update: of what the delivery itself says to have changed, else of what is known.
    fn updates(
        &self,
        at: Timestamp,
        resource: &Resource,
        known: Option<&KnownState>,
        standing: Standing,
    ) -> Vec<StoredEvent> {
        let no_properties = self.delivery.adapter.no_properties;
        let after = Resource {
            state: without(resource.state.clone(), no_properties),
            ..resource.clone()
        };
        let before = match (
            &self.delivery.before,
            known.map(|known| known.state.clone()),
        ) {
            (Some(before), _) => Some(with_old_values(after.state.clone(), before)),
            (None, Some(_)) if standing == Standing::Late => return Vec::new(),
            (None, known) => known,
        };
        let Some(state) = before else {
            return self.at(at, resource, |occasion| {
                vec![first_seen(occasion, resource)]
            });
        };
        let before = Resource {
            state,
            ..after.clone()
        };
        self.at(at, resource, |occasion| occasion.updated(&before, &after))
    }

    /// What is no resource, as it came.
    fn record(&mut self, body: &Value) {
        let rule = self.delivery.rule;
        if let Some(scope) = rule.scope() {
            let payload = Map::from_iter([(rule.member.to_owned(), body.clone())]);
            let cause = self.cause(body);
            let occasion = Occasion {
                cause: &cause,
                at: self.received_at,
            };
            let event = occasion.event(&scope, &place(rule.subject, body), payload);
            self.changes.events.push(self.finished(event));
            self.count(Standing::New);
        }
    }

    pub(crate) fn known(&mut self, key: &ResourceKey) -> Result<Option<KnownState>, E> {
        match self.changes.states.get(key) {
            Some(known) => Ok(Some(known.clone())),
            None => (self.known)(key),
        }
    }

    pub(crate) fn remember(&mut self, key: ResourceKey, known: KnownState) {
        self.changes.states.insert(key, known);
    }

    /// Adds what the resource's parents are known to belong to.
    pub(crate) fn fill_from_parents(&mut self, place: &mut Place, state: &Value) -> Result<(), E> {
        let mut waiting: Vec<ResourceKey> = parents(state).collect();
        for _ in 0..MAX_PARENTS {
            let mut further = Vec::new();
            for key in std::mem::take(&mut waiting) {
                let known = self.known(&key)?;
                if let Some(KnownState { state, .. }) = known {
                    fill(place, &crate::place::place(subject_of(key.kind), &state));
                    further.extend(parents(&state));
                }
            }
            waiting = further;
        }
        Ok(())
    }

    fn cause(&self, resource: &Value) -> Cause {
        Cause {
            user: self.delivery.user(resource),
            ..Cause::default()
        }
    }

    /// The events of an occasion.
    fn at(
        &self,
        at: Timestamp,
        resource: &Resource,
        events: impl FnOnce(Occasion<'_>) -> Vec<StoredEvent>,
    ) -> Vec<StoredEvent> {
        let cause = self.cause(&resource.state);
        let events = events(Occasion { cause: &cause, at });
        events
            .into_iter()
            .map(|event| self.finished(event))
            .collect()
    }

    /// The event with the source's name in its payload, and no empty names.
    pub(crate) fn finished(&self, mut stored: StoredEvent) -> StoredEvent {
        let payload = stored.event.payload.as_ref().map_or("{}", Payload::as_str);
        let mut payload: Value = serde_json::from_str(payload).unwrap_or_else(|_| json!({}));
        payload["webhook"] = json!(self.source);
        let is_named = |name: &String| !name.is_empty();
        stored.event = Event {
            // It came from there, and is one member deeper nowhere.
            payload: Payload::from_value(&payload).ok().or(stored.event.payload),
            user_name: stored.event.user_name.filter(is_named),
            org_slug: stored.event.org_slug.filter(is_named),
            ..stored.event
        };
        stored
    }

    fn count(&mut self, standing: Standing) {
        let receipt = &mut self.changes.receipt;
        *match standing {
            Standing::New => &mut receipt.changed,
            Standing::Repeated => &mut receipt.repeated,
            Standing::Late => &mut receipt.late,
        } += 1;
    }

    pub(crate) fn count_annotation(&mut self, outcome: annotations::Outcome) {
        self.count(match outcome {
            annotations::Outcome::New => Standing::New,
            annotations::Outcome::Repeated => Standing::Repeated,
            annotations::Outcome::Late => Standing::Late,
        });
    }
}

fn standing(
    action: Action,
    known: Option<&KnownState>,
    remembered: &Value,
    updated_at: Option<Timestamp>,
) -> Standing {
    let Some(known) = known else {
        return Standing::New;
    };
    if known.is_deleted {
        // Nothing comes after a deletion, whatever overtook what.
        return if action == Action::Delete || known.is_created {
            Standing::Repeated
        } else {
            Standing::Late
        };
    }
    match action {
        Action::Delete => Standing::New,
        Action::Create if known.is_created => Standing::Repeated,
        _ if known.updated_at > updated_at && updated_at.is_some() => Standing::Late,
        Action::Create => Standing::New,
        _ if known.state == *remembered && known.updated_at == updated_at => Standing::Repeated,
        _ => Standing::New,
    }
}

/// The update of a resource of which nothing was known: that something changed, and not what.
fn first_seen(occasion: Occasion<'_>, resource: &Resource) -> StoredEvent {
    let scope = format!("update:{}", resource.kind.name());
    let payload = Map::from_iter([("first_seen".to_owned(), json!(true))]);
    let stored = occasion.event(&scope, &resource.place, payload);
    StoredEvent {
        event: Event {
            obj_id: resource.id,
            ..stored.event
        },
        ..stored
    }
}

/// Its id, or of an invitation its key.
fn key(subject: Subject, state: &Value) -> ResourceKey {
    let id = state.get("id").or_else(|| state.get("key"));
    ResourceKey {
        kind: subject.name(),
        id: match id {
            Some(Value::String(text)) => text.clone(),
            Some(id) => id.to_string(),
            None => String::new(),
        },
    }
}

fn subject_of(kind: &str) -> Subject {
    let known = ResourceKind::all().find(|known| known.name() == kind);
    known.map_or(Subject::Other, Subject::Resource)
}

pub(crate) fn time(state: &Value, member: &str) -> Option<Timestamp> {
    Timestamp::parse_iso8601(state.get(member)?.as_str()?).ok()
}

fn renamed(resource: &Value, names: &[(&str, &str)]) -> Value {
    let mut state = resource.clone();
    if let Value::Object(members) = &mut state {
        for (name, new) in names {
            if let Some(value) = members.shift_remove(*name) {
                members.insert((*new).to_owned(), value);
            }
        }
    }
    state
}

pub(crate) fn without(mut state: Value, names: &[&str]) -> Value {
    if let Value::Object(members) = &mut state {
        for name in names {
            members.shift_remove(*name);
        }
    }
    state
}

/// The state before an update that says itself what there was.
fn with_old_values(mut state: Value, before: &Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut state {
        for (name, value) in before {
            members.insert(name.clone(), value.clone());
        }
    }
    state
}
