//! The ingest endpoint: what servers send, as Vector's HTTP source takes it from CVAT's
//! logging handler.
//!
//! A body is one object, an array of objects, or objects one after another, as in
//! newline-delimited JSON. A broken document is refused as a whole; an element that
//! cannot be stored is rejected alone, with the reason, because a sender would repeat the
//! whole set for ever. Values are read as leniently as Vector and ClickHouse's `JSONEachRow` read
//! them: of a repeated key the last value counts, a payload is kept as it came. What does not fit is
//! rejected where ClickHouse stores another number. `docs/bad-events.md` has the table.

mod row;
mod values;
mod write;

use std::borrow::Cow;
use std::ops::Range;

use crate::claimed_hours::{keep_sent_hours, may_carry_hours, rename_claimed_hours};
use crate::event::{Event, EventHash, MAX_EVENTS, Origin, StoredEvent};
use crate::event_id::{self, EventId};
use crate::field::{Field, RawFields};
use crate::hash::HashInput;
use crate::json::{InvalidJson, Kind, Scanner, kind, unquote};
use crate::payload::Payload;
use crate::scope::WORKING_TIME_SCOPE;
use crate::time::Timestamp;
use values::Reason;

pub use row::ServerRow;
pub use values::MAX_INTERVALS;
pub use write::{named_server_event_json, server_event_json};

/// An event of a server, ready for the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// What to store.
    pub stored: StoredEvent,
    /// What a repeat is known by; `None` where the sender gave no time, as then nothing
    /// tells two events apart.
    pub hash: Option<EventHash>,
    /// The id that the sender gave it, if it did: then a repeat is known by the id, and not by the hash.
    pub id: Option<EventId>,
    /// Whether it claimed hours that were not counted: their key was renamed.
    pub claims_hours: bool,
}

/// An element that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("element {index}: {reason}")]
pub struct RejectedEvent {
    /// Place of the element in the body, from 0.
    pub index: usize,
    /// Text of the element: one JSON object.
    pub raw: String,
    /// Why, with the name of the field.
    pub reason: String,
}

/// A body that is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    /// Not text.
    #[error("invalid UTF-8 at byte {offset}")]
    NotUtf8 {
        /// Bytes before the first that is wrong.
        offset: usize,
    },
    /// Not JSON.
    #[error("invalid JSON: {0}")]
    NotJson(#[from] InvalidJson),
    /// An element is a number, a text, a list or a literal.
    #[error("element {index} is not an object")]
    NotAnObject {
        /// Place of the element, from 0.
        index: usize,
    },
    /// More than [`MAX_EVENTS`].
    #[error("more than {MAX_EVENTS} events in one request: send them in several")]
    TooMany,
}

/// Whether the key `working_time` in payloads of clients' events that a server passes on tells hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientHours {
    /// It is a claim, and renamed.
    Claimed,
    /// It was computed by the server: what CVATs did that had no `send:working_time`.
    Legacy,
}

/// Reads a body. An empty one holds no events. `received_at` is the time of events that
/// carry none.
pub fn parse_server_body(
    body: &[u8],
    received_at: Timestamp,
    client_hours: ClientHours,
) -> Result<Vec<Result<ServerEvent, RejectedEvent>>, InvalidDocument> {
    let text = std::str::from_utf8(body).map_err(|error| InvalidDocument::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    let mut scanner = Scanner::new(text);
    let mut reader = Reader {
        body: text,
        received_at,
        client_hours,
        hash_input: HashInput::ingest(),
        content_input: HashInput::content(),
        events: Vec::new(),
    };
    if scanner.peek() == Some(b'[') {
        scanner.bump();
        while scanner.next_element(reader.events.is_empty())? {
            reader.read_element(&mut scanner)?;
        }
        scanner.finish()?;
    } else {
        while scanner.peek().is_some() {
            reader.read_element(&mut scanner)?;
        }
    }
    Ok(reader.events)
}

/// Renames the hours in a payload that were not counted. Returns whether there were any.
fn rename_claims(
    payload: &mut Option<Payload>,
    scope: &str,
    source: &str,
    client_hours: ClientHours,
) -> bool {
    let is_legacy = client_hours == ClientHours::Legacy;
    let rename = if may_carry_hours(scope, source, is_legacy) {
        keep_sent_hours
    } else {
        rename_claimed_hours
    };
    payload
        .as_mut()
        .is_some_and(|payload| payload.rewrite(rename))
}

struct Reader<'a> {
    body: &'a str,
    received_at: Timestamp,
    client_hours: ClientHours,
    hash_input: HashInput,
    content_input: HashInput,
    events: Vec<Result<ServerEvent, RejectedEvent>>,
}

impl<'a> Reader<'a> {
    /// Takes room for the elements to come as if they were like those before `offset`: doubled again and again,
    /// the list of a large body would be in memory twice and once more half empty.
    fn make_room(&mut self, offset: usize) {
        let n_read = self.events.len();
        if n_read < self.events.capacity() || n_read < 1000 {
            return;
        }
        let n_like_these = (self.body.len() - offset).saturating_mul(n_read) / offset;
        let n_to_come = (n_like_these + n_like_these / 64 + 1).min(MAX_EVENTS - n_read);
        self.events.reserve_exact(n_to_come);
    }

    fn read_element(&mut self, scanner: &mut Scanner<'a>) -> Result<(), InvalidDocument> {
        let index = self.events.len();
        if index == MAX_EVENTS {
            return Err(InvalidDocument::TooMany);
        }
        self.make_room(scanner.offset());
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            return Err(InvalidDocument::NotAnObject { index });
        }
        let start = scanner.offset();
        scanner.bump();
        let mut fields = RawFields::read(scanner)?;
        let mut raw = scanner.text_since(start);
        let mut sent_at = None;
        if fields.get(Field::Scope).is_none()
            && let Some(letter) = DeadLetterLine::read(raw)
        {
            raw = letter.event;
            sent_at = letter.received_at;
            let mut inner = Scanner::new(raw);
            inner.bump();
            fields = RawFields::read(&mut inner)?;
        }
        let event = self
            .event(&fields, sent_at, raw)
            .map_err(|reason| RejectedEvent {
                index,
                raw: raw.to_owned(),
                reason: reason.0,
            });
        self.events.push(event);
        Ok(())
    }

    /// `sent_at` is the time of an event that carries none, where it is known.
    fn event(
        &mut self,
        fields: &RawFields<'_>,
        sent_at: Option<Timestamp>,
        raw: &str,
    ) -> Result<ServerEvent, Reason> {
        let text = |field| values::text(fields, field).map(Cow::into_owned);
        let id = |field| values::integer(fields, field, i64::MAX);
        let event_id = event_id::sent_id(fields).map_err(Reason)?;
        let timestamp = values::timestamp(fields)?.or(sent_at);
        let scope = text(Field::Scope).unwrap_or_default();
        if scope.is_empty() {
            return Err(Reason("scope: missing or empty".to_owned()));
        }
        let intervals = values::intervals(fields.intervals)?;
        if !intervals.is_empty() && scope != WORKING_TIME_SCOPE {
            return Err(Reason(format!("intervals: only on {WORKING_TIME_SCOPE}")));
        }
        let count = values::integer(fields, Field::Count, i64::from(u16::MAX))?;
        let duration = values::integer(fields, Field::Duration, i64::from(u32::MAX))?;
        let source = match values::text(fields, Field::Source).as_deref() {
            None | Some("server") => Cow::Borrowed("server"),
            Some("client") => Cow::Borrowed("client"),
            Some(other) => Cow::Owned(other.to_owned()),
        };
        // The hash is of what was sent, so the common form is made before a claim is renamed.
        let (mut payload, common_form) = text(Field::Payload)
            .map(Payload::with_common_form)
            .map(|(payload, form)| {
                let sent = form.map_or_else(|| payload.as_str().to_owned(), |form| form.text);
                (payload, sent)
            })
            .unzip();
        let claims_hours = rename_claims(&mut payload, &scope, &source, self.client_hours);
        // Intervals are hours that a server counted, and belong to them.
        let has_counted = source == "server" && !claims_hours;
        let event = Event {
            scope,
            obj_name: text(Field::ObjName),
            obj_id: id(Field::ObjId)?,
            obj_val: text(Field::ObjVal),
            source,
            timestamp: timestamp.unwrap_or(self.received_at),
            count: count.map(|count| u16::try_from(count).expect("range was checked")),
            duration: u32::try_from(duration.unwrap_or(0)).expect("range was checked"),
            project_id: id(Field::ProjectId)?,
            task_id: id(Field::TaskId)?,
            job_id: id(Field::JobId)?,
            user_id: id(Field::UserId)?,
            user_name: text(Field::UserName),
            user_email: text(Field::UserEmail),
            org_id: id(Field::OrgId)?,
            org_slug: text(Field::OrgSlug),
            payload,
        };
        let origin = Origin {
            access_token_id: id(Field::AccessTokenId)?,
            remote_addr: text(Field::RemoteAddr),
        };
        let sent = common_form.as_deref();
        let id = event_id.map(|id| {
            push_record(&event, timestamp, sent, fields, &mut self.content_input);
            let content = content_hash(&origin, fields, &mut self.content_input);
            EventId::new(id, content, self.events.len(), self.range_of(raw))
        });
        let hash = timestamp.map(|_| {
            push_record(&event, timestamp, sent, fields, &mut self.hash_input);
            self.hash_input.finish()
        });
        Ok(ServerEvent {
            stored: StoredEvent {
                event,
                intervals: if has_counted { intervals } else { Vec::new() },
                origin,
            },
            hash,
            id,
            claims_hours,
        })
    }

    /// Where a part of the body is in it.
    fn range_of(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr().addr() - self.body.as_ptr().addr();
        start..start + part.len()
    }
}

/// A line of the dead letters, sent as it lies.
struct DeadLetterLine<'a> {
    /// Text of the event: an object.
    event: &'a str,
    received_at: Option<Timestamp>,
}

impl<'a> DeadLetterLine<'a> {
    /// `None` where the object, which is valid, has other members than such a line has.
    fn read(object: &'a str) -> Option<DeadLetterLine<'a>> {
        let mut members: [Option<&str>; DEAD_LETTER_KEYS.len()] = Default::default();
        let mut scanner = Scanner::new(object);
        scanner.bump();
        let mut is_first = true;
        while let Some(raw_key) = scanner.next_key(is_first).ok()? {
            is_first = false;
            let key = unquote(raw_key).ok()?;
            let place = DEAD_LETTER_KEYS.iter().position(|&name| name == key)?;
            members[place] = Some(scanner.value().ok()?);
        }
        let [received_at, request_id, reason, event] = members;
        let (received_at, event) = (received_at?, event?);
        if request_id.is_none() || reason.is_none() || kind(event) != Kind::Object {
            return None;
        }
        let text = (kind(received_at) == Kind::String).then(|| unquote(received_at).ok());
        Some(DeadLetterLine {
            event,
            received_at: text
                .flatten()
                .and_then(|text| Timestamp::parse_iso8601(&text).ok()),
        })
    }
}

/// The members of a line of the dead letters; the last one is the event.
const DEAD_LETTER_KEYS: [&str; 4] = ["received_at", "request_id", "reason", "event"];

/// Pushes what was sent: a text that had to be mended goes in as its JSON; `payload` is in its
/// common form, where it has one, and an empty one is none.
fn push_record(
    event: &Event,
    timestamp: Option<Timestamp>,
    payload: Option<&str>,
    fields: &RawFields<'_>,
    input: &mut HashInput,
) {
    let text = |input: &mut HashInput, field, text: Option<&str>| {
        input.text(field, values::mended(fields, field).or(text));
    };
    text(input, Field::Scope, Some(&event.scope));
    text(input, Field::ObjName, event.obj_name.as_deref());
    input.integer(Field::ObjId, event.obj_id);
    text(input, Field::ObjVal, event.obj_val.as_deref());
    text(input, Field::Source, Some(&event.source));
    input.integer(Field::Timestamp, timestamp.map(Timestamp::micros));
    input.integer(Field::Count, event.count.map(i64::from));
    input.integer(Field::Duration, Some(i64::from(event.duration)));
    input.integer(Field::ProjectId, event.project_id);
    input.integer(Field::TaskId, event.task_id);
    input.integer(Field::JobId, event.job_id);
    input.integer(Field::UserId, event.user_id);
    text(input, Field::UserName, event.user_name.as_deref());
    text(input, Field::UserEmail, event.user_email.as_deref());
    input.integer(Field::OrgId, event.org_id);
    text(input, Field::OrgSlug, event.org_slug.as_deref());
    let payload = payload.filter(|payload| !payload.is_empty());
    text(input, Field::Payload, payload);
}

/// The hash of all that an event with an id says: beside the record what is no part of other hashes.
fn content_hash(origin: &Origin, fields: &RawFields<'_>, input: &mut HashInput) -> EventHash {
    input.integer(Field::AccessTokenId, origin.access_token_id);
    input.text(Field::RemoteAddr, origin.remote_addr.as_deref());
    input.intervals(fields.intervals);
    input.finish()
}

#[cfg(test)]
mod tests;
