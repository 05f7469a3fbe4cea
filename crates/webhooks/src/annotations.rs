//! Annotations of a tool that tells of each when it is done, with the time that it reports for it.
//!
//! That time is the event's duration and no hours: those are counted from the gaps between a person's events, as from
//! those of a browser (`working_time()`).

use annoscope_events::{
    Activity, Cause, Event, Ids, Occasion, Place, StoredEvent, Timestamp, UserRef,
    WORKING_TIME_SCOPE, WorkingTime, working_time,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::adapter::{Action, Subject};
use crate::changes::{KnownState, ResourceKey, Work, time};
use crate::place::{fill, place};
use crate::secret::hex;

/// What became of an annotation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    New,
    Repeated,
    Late,
}

/// An annotation, reduced to what is recorded and compared.
pub(crate) struct Annotation<'a> {
    whole: &'a Value,
    id: Option<i64>,
    /// Objects, by their type.
    objects: Vec<(String, u64)>,
    lead_time_s: Option<f64>,
}

impl Annotation<'_> {
    pub(crate) fn read(whole: &Value) -> Annotation<'_> {
        let mut objects: Vec<(String, u64)> = Vec::new();
        let results = whole.get("result").and_then(Value::as_array);
        for result in results.into_iter().flatten() {
            let kind = result
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("other");
            match objects.iter_mut().find(|(name, _)| name == kind) {
                Some((_, count)) => *count += 1,
                None => objects.push((kind.to_owned(), 1)),
            }
        }
        Annotation {
            whole,
            id: whole
                .get("id")
                .and_then(Value::as_i64)
                .filter(|&id| id >= 0),
            objects,
            lead_time_s: whole
                .get("lead_time")
                .and_then(Value::as_f64)
                .filter(|time| *time >= 0.0),
        }
    }

    fn n_objects(&self) -> u64 {
        self.objects.iter().map(|(_, count)| count).sum()
    }

    /// What is remembered of it: not what was drawn, which may be large, but its hash.
    fn remembered(&self) -> Value {
        let hash = Sha256::digest(self.whole.get("result").unwrap_or(&Value::Null).to_string());
        let hash = hex(&hash[..16]);
        let member = |name| self.whole.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "result": hash,
            "lead_time": self.lead_time_s,
            "was_cancelled": member("was_cancelled"),
            "ground_truth": member("ground_truth"),
            "task": member("task"),
            "project": member("project"),
        })
    }
}

impl<E, F: FnMut(&ResourceKey) -> Result<Option<KnownState>, E>> Work<'_, F> {
    pub(crate) fn add_annotation(&mut self, annotation: &Annotation<'_>) -> Result<(), E> {
        let action = self.delivery.rule.action;
        let key = ResourceKey {
            kind: Subject::Annotation.name(),
            id: annotation.id.map(|id| id.to_string()).unwrap_or_default(),
        };
        let known = self.known(&key)?;
        let updated_at = time(annotation.whole, self.delivery.adapter.updated_at);
        let remembered = annotation.remembered();
        let outcome = outcome(action, known.as_ref(), &remembered, updated_at);
        self.count_annotation(outcome);
        if outcome != Outcome::New {
            return Ok(());
        }
        let before = known.map(|known| known.state);
        let place = self.place_of(annotation, before.as_ref())?;
        let at = match action {
            Action::Delete => self.received_at,
            _ => updated_at.map_or(self.received_at, |time| time.min(self.received_at)),
        };
        let user = match action {
            // It is not said who did.
            Action::Delete => None,
            _ => self.delivery.user(annotation.whole),
        };
        let cause = Cause {
            user: user.clone(),
            ..Cause::default()
        };
        let event = self.event(
            Occasion { cause: &cause, at },
            annotation,
            &place,
            before.as_ref(),
        );
        self.changes.events.push(event);
        if let Some(user) = user {
            self.count_work(&user, &place, at)?;
        }
        let is_deleted = action == Action::Delete;
        let known = KnownState {
            state: before.filter(|_| is_deleted).unwrap_or(remembered),
            is_deleted,
            updated_at,
            is_created: true,
        };
        self.remember(key, known);
        Ok(())
    }

    fn place_of(
        &mut self,
        annotation: &Annotation<'_>,
        before: Option<&Value>,
    ) -> Result<Place, E> {
        let whole = annotation.whole;
        let mut place = place(Subject::Annotation, whole);
        self.fill_from_parents(&mut place, whole)?;
        if let Some(before) = before {
            fill(
                &mut place,
                &crate::place::place(Subject::Annotation, before),
            );
        }
        if let Some(project) = self.delivery.body.get("project") {
            let subject = Subject::Resource(annoscope_events::ResourceKind::Project);
            fill(&mut place, &crate::place::place(subject, project));
        }
        Ok(place)
    }

    fn event(
        &self,
        occasion: Occasion<'_>,
        annotation: &Annotation<'_>,
        place: &Place,
        before: Option<&Value>,
    ) -> StoredEvent {
        let mut payload = Map::new();
        if let Some(lead_time) = annotation
            .whole
            .get("lead_time")
            .filter(|_| annotation.lead_time_s.is_some())
        {
            payload.insert("lead_time".to_owned(), lead_time.clone());
            payload.insert("reported_by".to_owned(), json!(self.delivery.adapter.title));
        }
        for name in ["was_cancelled", "ground_truth"] {
            if let Some(value) = annotation.whole.get(name) {
                payload.insert(name.to_owned(), value.clone());
            }
        }
        if !annotation.objects.is_empty() {
            let objects = annotation
                .objects
                .iter()
                .map(|(name, count)| (name.clone(), json!(count)));
            payload.insert("objects".to_owned(), Value::Object(objects.collect()));
        }
        let scope = self.delivery.rule.scope().unwrap_or_default();
        let stored = occasion.event(&scope, place, payload);
        let is_deletion = self.delivery.rule.action == Action::Delete;
        let count = u16::try_from(annotation.n_objects())
            .ok()
            .filter(|_| !is_deletion);
        self.finished(StoredEvent {
            event: Event {
                obj_id: annotation.id,
                count,
                duration: newly_reported_ms(annotation.lead_time_s, before),
                ..stored.event
            },
            ..stored
        })
    }

    /// Counts the time since the person's event before, if it is short enough to have been work.
    fn count_work(&mut self, user: &UserRef, place: &Place, at: Timestamp) -> Result<(), E> {
        let key = ResourceKey {
            kind: "person",
            id: user.id.to_string(),
        };
        let known = self.known(&key)?;
        let last = known.as_ref().and_then(|known| known.updated_at);
        if last.is_some_and(|last| last >= at) {
            return Ok(());
        }
        let now = activity(
            at,
            Ids {
                job_id: place.job_id,
                task_id: place.task_id,
                project_id: place.project_id,
            },
        );
        let before = last.map(|last| activity(last, ids(known.map(|known| known.state).as_ref())));
        for row in working_time(before.as_ref(), &[now]) {
            let event = self.working_time_event(row, user, place);
            self.changes.events.push(event);
        }
        let known = KnownState {
            state: json!({ "task": place.task_id, "project": place.project_id, "job": place.job_id }),
            is_deleted: false,
            updated_at: Some(at),
            is_created: true,
        };
        self.remember(key, known);
        Ok(())
    }

    fn working_time_event(&self, row: WorkingTime, user: &UserRef, place: &Place) -> StoredEvent {
        let cause = Cause {
            user: Some(user.clone()),
            ..Cause::default()
        };
        let occasion = Occasion {
            cause: &cause,
            at: row.timestamp,
        };
        let place = Place {
            org: place.org.clone(),
            project_id: row.ids.project_id,
            task_id: row.ids.task_id,
            job_id: row.ids.job_id,
        };
        let payload = Map::from_iter([("working_time".to_owned(), json!(row.duration_ms))]);
        let stored = occasion.event(WORKING_TIME_SCOPE, &place, payload);
        self.finished(StoredEvent {
            event: Event {
                count: Some(1),
                duration: row.duration_ms,
                ..stored.event
            },
            intervals: row.intervals,
            origin: stored.origin,
        })
    }
}

fn outcome(
    action: Action,
    known: Option<&KnownState>,
    remembered: &Value,
    updated_at: Option<Timestamp>,
) -> Outcome {
    let Some(known) = known else {
        return Outcome::New;
    };
    match action {
        _ if known.is_deleted => Outcome::Repeated,
        Action::Create => Outcome::Repeated,
        Action::Delete => Outcome::New,
        _ if known.updated_at > updated_at && updated_at.is_some() => Outcome::Late,
        _ if known.state == *remembered => Outcome::Repeated,
        _ => Outcome::New,
    }
}

/// What the tool reports beyond what it had reported before: its time of an annotation grows with each change.
fn newly_reported_ms(lead_time_s: Option<f64>, before: Option<&Value>) -> u32 {
    let before = before.and_then(|before| before.get("lead_time")?.as_f64());
    let new_s = lead_time_s.unwrap_or(0.0) - before.unwrap_or(0.0);
    // Saturates, and is 0 for what is negative.
    (new_s * 1_000.0) as u32
}

fn activity(timestamp: Timestamp, ids: Ids) -> Activity {
    Activity {
        timestamp,
        duration_ms: 0,
        is_compressed: false,
        is_repeat: false,
        ids,
    }
}

fn ids(state: Option<&Value>) -> Ids {
    let id = |name| state.and_then(|state| state.get(name)?.as_i64());
    Ids {
        job_id: id("job"),
        task_id: id("task"),
        project_id: id("project"),
    }
}
