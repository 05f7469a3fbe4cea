//! The client endpoint: one request of `POST /api/events`, as CVAT's page sends it.
//!
//! A request goes one way: [`ClientRequest::parse`] → [`ClientRequest::hashes`] →
//! [`ClientRequest::correct`] → [`CorrectedRequest::accept`] and
//! [`CorrectedRequest::write_reply`]. Errors have the JSON shapes and texts of Django REST
//! framework, which CVAT's clients know.

mod accept;
mod body;
mod correct;
mod invalid;
mod odd;
mod reply;
mod rules;

use std::borrow::Cow;

use crate::event::EventHash;
use crate::field::Field;
use crate::hash::HashInput;
use crate::mend::Mends;
use crate::scope::COMPRESSED_SCOPE;
use crate::sender::Sender;
use crate::time::Timestamp;
use crate::working_time::{Activity, Ids};
use odd::Odd;

pub use invalid::InvalidRequest;

/// One request as its client sent it: every field is valid, times are the client's.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    events: Vec<ClientEvent>,
    previous_event: Option<ClientEvent>,
    /// The client's clock when it sent the request.
    timestamp: Timestamp,
}

/// One request whose times are the server's.
#[derive(Clone, Debug)]
pub struct CorrectedRequest {
    events: Vec<ClientEvent>,
    previous_event: Option<ClientEvent>,
    /// Still the client's clock: the reply repeats it.
    timestamp: Timestamp,
    /// No time is counted past it.
    received_at: Timestamp,
}

/// An optional field: the reply repeats what was sent, and leaves out what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Sent<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Sent<T> {
    fn value(&self) -> Option<&T> {
        match self {
            Sent::Value(value) => Some(value),
            Sent::Absent | Sent::Null => None,
        }
    }
}

/// One event of a request.
#[derive(Clone, Debug)]
struct ClientEvent {
    /// Borrowed from the table of scopes; owned only in a `previous_event`, whose scope
    /// is not limited.
    scope: Cow<'static, str>,
    obj_name: Sent<String>,
    obj_id: Sent<i64>,
    obj_val: Sent<String>,
    timestamp: Timestamp,
    count: Sent<i64>,
    /// In ms.
    duration: u32,
    project_id: Sent<i64>,
    task_id: Sent<i64>,
    job_id: Sent<i64>,
    /// In `events`: always a value, in the form of [`crate::Payload`]. In
    /// `previous_event`: text as sent.
    payload: Sent<String>,
    /// Fields that the server replaces. Clients hardly ever send them, so they are kept
    /// apart, and a batch takes half the memory.
    replaced: Option<Box<Replaced>>,
    /// What is not stored as it was sent.
    odd: Option<Box<Odd>>,
}

/// What a client sent in fields that the server knows better. It is part of the hash, and
/// of the reply where it is a `previous_event`'s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Replaced {
    source: Sent<String>,
    user_id: Sent<i64>,
    user_name: Sent<String>,
    user_email: Sent<String>,
    org_id: Sent<i64>,
    org_slug: Sent<String>,
}

impl ClientRequest {
    /// Reads the body of a request. Fields that are unknown are ignored.
    pub fn parse(body: &[u8]) -> Result<ClientRequest, InvalidRequest> {
        body::parse(body)
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// One hash for each event, in order: of the event as it was sent, with its sender.
    pub fn hashes(&self, by: &Sender) -> Vec<EventHash> {
        let mut input = HashInput::client(by.user.id, by.org.as_ref().map(|org| org.id));
        self.events
            .iter()
            .map(|event| event.hash(&mut input))
            .collect()
    }

    /// Moves all times by the difference between the server's clock and the client's.
    ///
    /// `received_at` is the server's time of receipt in whole milliseconds, so whole
    /// milliseconds stay whole. An event that then lies ahead of its receipt, because the client's
    /// clock was set back since it happened, gets the time of receipt, and takes no part in
    /// working time: hours must not be made up. One before [`Timestamp::EARLIEST`] cannot be
    /// stored.
    pub fn correct(self, received_at: Timestamp) -> CorrectedRequest {
        correct::correct(self, received_at)
    }
}

impl CorrectedRequest {
    /// When each event happened, by the server's clock.
    pub fn timestamps(&self) -> impl Iterator<Item = Timestamp> {
        self.events.iter().map(|event| event.timestamp)
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl ClientEvent {
    fn odd_mut(&mut self) -> &mut Odd {
        self.odd.get_or_insert_default()
    }

    /// What of the event was changed.
    fn mends(&self) -> Mends {
        self.odd.as_ref().map_or(Mends::default(), |odd| odd.mends)
    }

    /// Why the event cannot be stored.
    fn reason(&self) -> Option<&str> {
        self.odd.as_ref()?.reason()
    }

    /// Of the event as it was sent, before anything was mended.
    fn hash(&self, input: &mut HashInput) -> EventHash {
        if let Some(odd) = &self.odd {
            let mut input = OddInput { input, odd };
            self.push_fields(&mut input);
        } else {
            self.push_fields(input);
        }
        input.finish()
    }

    fn push_fields(&self, input: &mut impl FieldInput) {
        input.text(Field::Scope, Some(&self.scope));
        input.text(Field::ObjName, self.obj_name.text());
        input.integer(Field::ObjId, self.obj_id.integer());
        input.text(Field::ObjVal, self.obj_val.text());
        input.integer(Field::Timestamp, Some(self.timestamp.micros()));
        input.integer(Field::Count, self.count.integer());
        input.integer(Field::Duration, Some(i64::from(self.duration)));
        input.integer(Field::ProjectId, self.project_id.integer());
        input.integer(Field::TaskId, self.task_id.integer());
        input.integer(Field::JobId, self.job_id.integer());
        input.text(Field::Payload, self.payload.text());
        if let Some(replaced) = &self.replaced {
            input.text(Field::Source, replaced.source.text());
            input.integer(Field::UserId, replaced.user_id.integer());
            input.text(Field::UserName, replaced.user_name.text());
            input.text(Field::UserEmail, replaced.user_email.text());
            input.integer(Field::OrgId, replaced.org_id.integer());
            input.text(Field::OrgSlug, replaced.org_slug.text());
        }
    }

    /// The event in the walk of working time, which ends at the receipt. `last_ids` stand for ids
    /// that there cannot be.
    fn activity(&self, received_at: Timestamp, is_repeat: bool, last_ids: Ids) -> Activity {
        let left_ms = received_at
            .micros()
            .saturating_sub(self.timestamp.micros())
            .div_euclid(1000);
        Activity {
            timestamp: self.timestamp,
            duration_ms: i64::from(self.duration).min(left_ms),
            is_compressed: self.scope == COMPRESSED_SCOPE,
            is_repeat,
            ids: self.ids().unwrap_or(last_ids),
        }
    }

    /// What it was done for; `None` where one of the ids is none.
    fn ids(&self) -> Option<Ids> {
        let odd = self.odd.as_deref();
        let id = |field, id: &Sent<i64>| match id.integer() {
            Some(id) if id < 0 => None,
            None if odd.is_some_and(|odd| odd.digits_of(field).is_some()) => None,
            id => Some(id),
        };
        Some(Ids {
            job_id: id(Field::JobId, &self.job_id)?,
            task_id: id(Field::TaskId, &self.task_id)?,
            project_id: id(Field::ProjectId, &self.project_id)?,
        })
    }
}

/// Where the fields of an event go to be hashed.
trait FieldInput {
    fn text(&mut self, field: Field, text: Option<&str>);
    fn integer(&mut self, field: Field, integer: Option<i64>);
}

impl FieldInput for HashInput {
    fn text(&mut self, field: Field, text: Option<&str>) {
        HashInput::text(self, field, text);
    }

    fn integer(&mut self, field: Field, integer: Option<i64>) {
        HashInput::integer(self, field, integer);
    }
}

/// Takes what was sent for what is stored.
struct OddInput<'a> {
    input: &'a mut HashInput,
    odd: &'a Odd,
}

impl FieldInput for OddInput<'_> {
    fn text(&mut self, field: Field, text: Option<&str>) {
        match self.odd.text_as_sent(field) {
            Some(as_sent) => self.input.bytes(field, as_sent),
            None => self.input.text(field, text),
        }
    }

    fn integer(&mut self, field: Field, integer: Option<i64>) {
        match self.odd.digits_of(field) {
            // More than eight digits, so they are no 64-bit integer's bytes.
            Some(digits) => self.input.bytes(field, digits.as_bytes()),
            None => self.input.integer(field, integer),
        }
    }
}

impl Sent<String> {
    fn text(&self) -> Option<&str> {
        self.value().map(String::as_str)
    }
}

impl Sent<i64> {
    fn integer(&self) -> Option<i64> {
        self.value().copied()
    }
}

#[cfg(test)]
mod tests;
