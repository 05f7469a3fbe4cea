//! From the bytes of a body to a [`ClientRequest`].
//!
//! As in CVAT, all errors of fields are collected first; then the events are walked in
//! order, scope before payload, and the first bad one ends the walk. Of a key that occurs twice
//! the last value counts, as Python reads JSON.
//!
//! Refused is what CVAT refuses. What CVAT takes and no store here can keep is noted in the
//! event's [`Odd`], and the others go their way.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::invalid::{EventErrors, FieldError, FieldErrors, InvalidRequest};
use super::odd::Odd;
use super::rules::{self, Integer, NOT_NULL, REQUIRED};
use super::{ClientEvent, ClientRequest, Replaced, Sent};
use crate::claimed_hours::rename_claimed_hours;
use crate::event::MAX_EVENTS;
use crate::field::{Field, RawFields};
use crate::json::{InvalidJson, Kind, Scanner, TOO_DEEP, kind, unquote};
use crate::mend::{Mend, Mends};
use crate::payload::Payload;
use crate::scope::client_scope;
use crate::time::Timestamp;

/// What a member of the body came to: its value, or the JSON of its errors.
type Member<T> = Result<T, Value>;

/// The members of the body; `None` where the key is missing.
#[derive(Default)]
struct Members {
    events: Option<Member<Vec<ClientEvent>>>,
    previous_event: Option<Member<Option<ClientEvent>>>,
    timestamp: Option<Member<Timestamp>>,
}

pub(super) fn parse(body: &[u8]) -> Result<ClientRequest, InvalidRequest> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("invalid UTF-8 at byte {}", error.valid_up_to());
            return Err(InvalidRequest::broken_json(&what));
        }
    };
    let members = if text.is_empty() {
        // The framework reads no body at all as an object without members.
        Members::default()
    } else {
        let mut scanner = Scanner::new(text);
        match read_members(&mut scanner) {
            Ok(Ok(members)) => members,
            Ok(Err(errors)) => return Err(InvalidRequest::new(errors)),
            Err(error) => return Err(InvalidRequest::broken_json(&error)),
        }
    };
    let mut request = validate(members)?;
    for (index, event) in request.events.iter_mut().enumerate() {
        check_scope_and_payload(index, event)?;
    }
    Ok(request)
}

/// The outer error: the text is not JSON. The inner one: it is no object.
fn read_members(scanner: &mut Scanner<'_>) -> Result<Result<Members, Value>, InvalidJson> {
    if scanner.peek() != Some(b'{') {
        let raw = scanner.value()?;
        scanner.finish()?;
        return Ok(Err(match kind(raw) {
            Kind::Null => json!({ "non_field_errors": ["No data provided"] }),
            _ => not_an_object(raw),
        }));
    }
    scanner.bump();
    let mut members = Members::default();
    let mut is_first = true;
    while let Some(raw_key) = scanner.next_key(is_first)? {
        is_first = false;
        let key = unquote(raw_key).unwrap_or(Cow::Borrowed(""));
        match key.as_ref() {
            "events" => {
                members.events = Some(read_events(scanner)?);
            }
            "previous_event" => {
                members.previous_event = Some(read_event(scanner)?);
            }
            "timestamp" => {
                let timestamp = rules::datetime(scanner.value()?).and_then(rules::not_null);
                members.timestamp = Some(timestamp.map_err(|error| json!(error)));
            }
            _ => {
                scanner.value()?;
            }
        }
    }
    scanner.finish()?;
    Ok(Ok(members))
}

fn read_events(scanner: &mut Scanner<'_>) -> Result<Member<Vec<ClientEvent>>, InvalidJson> {
    if scanner.peek() != Some(b'[') {
        let raw = scanner.value()?;
        return Ok(Err(if kind(raw) == Kind::Null {
            json!([NOT_NULL])
        } else {
            let text = format!(
                "Expected a list of items but got type \"{}\".",
                python_type(raw)
            );
            json!({ "non_field_errors": [text] })
        }));
    }
    scanner.bump();
    let mut events = Vec::new();
    let mut errors = EventErrors::default();
    let mut n_elements = 0;
    while scanner.next_element(n_elements == 0)? {
        n_elements += 1;
        if errors.is_full() || n_elements > MAX_EVENTS {
            scanner.value()?;
            continue;
        }
        match read_event(scanner)? {
            Ok(Some(event)) => {
                events.push(event);
                errors.push(None);
            }
            Ok(None) => errors.push(Some(json!([NOT_NULL]))),
            Err(error) => errors.push(Some(error)),
        }
    }
    if n_elements > MAX_EVENTS {
        let text = format!("Ensure this field has no more than {MAX_EVENTS} elements.");
        return Ok(Err(json!({ "non_field_errors": [text] })));
    }
    Ok(match errors.finish() {
        None => Ok(events),
        Some(errors) => Err(errors),
    })
}

/// One event; `None` is null.
fn read_event(scanner: &mut Scanner<'_>) -> Result<Member<Option<ClientEvent>>, InvalidJson> {
    if scanner.peek() != Some(b'{') {
        let raw = scanner.value()?;
        return Ok(match kind(raw) {
            Kind::Null => Ok(None),
            _ => Err(not_an_object(raw)),
        });
    }
    scanner.bump();
    let fields = RawFields::read(scanner)?;
    let mut reader = FieldReader {
        fields: &fields,
        errors: FieldErrors::new(),
        odd: Odd::default(),
    };
    // In the order of the record, so errors are listed in it.
    let scope = reader.required(Field::Scope, rules::scope);
    let obj_name = reader.text(Field::ObjName);
    let obj_id = reader.id(Field::ObjId);
    let obj_val = reader.text(Field::ObjVal);
    let source = reader.text(Field::Source);
    let timestamp = reader.required(Field::Timestamp, |raw| {
        rules::datetime(raw).and_then(rules::not_null)
    });
    let count = reader.count();
    let duration = reader.duration();
    let project_id = reader.id(Field::ProjectId);
    let task_id = reader.id(Field::TaskId);
    let job_id = reader.id(Field::JobId);
    let replaced = Replaced {
        source,
        user_id: reader.integer(Field::UserId),
        user_name: reader.text(Field::UserName),
        user_email: reader.text(Field::UserEmail),
        org_id: reader.integer(Field::OrgId),
        org_slug: reader.text(Field::OrgSlug),
    };
    let payload = reader.optional(Field::Payload, rules::payload);
    let FieldReader { errors, odd, .. } = reader;
    let (Some(scope), Some(timestamp), true) = (scope, timestamp, errors.is_empty()) else {
        return Ok(Err(Value::Object(errors)));
    };
    Ok(Ok(Some(ClientEvent {
        scope: match client_scope(&scope) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(scope.into_owned()),
        },
        obj_name,
        obj_id,
        obj_val,
        timestamp,
        count,
        duration,
        project_id,
        task_id,
        job_id,
        payload,
        replaced: (replaced != Replaced::default()).then(|| Box::new(replaced)),
        odd: (odd != Odd::default()).then(|| Box::new(odd)),
    })))
}

/// Reads fields by the rules and collects the errors, and what is odd.
struct FieldReader<'a> {
    fields: &'a RawFields<'a>,
    errors: FieldErrors,
    odd: Odd,
}

impl<'a> FieldReader<'a> {
    fn required<T>(
        &mut self,
        field: Field,
        rule: impl Fn(&'a str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let result = match self.fields.get(field) {
            None => Err(vec![Cow::Borrowed(REQUIRED)]),
            Some(raw) => rule(raw),
        };
        result
            .map_err(|error| self.errors.insert(field.name().to_owned(), json!(error)))
            .ok()
    }

    fn optional<T>(
        &mut self,
        field: Field,
        rule: impl Fn(&'a str) -> Result<Sent<T>, FieldError>,
    ) -> Sent<T> {
        match self.fields.get(field) {
            None => Sent::Absent,
            Some(_) => self.required(field, rule).unwrap_or(Sent::Absent),
        }
    }

    fn text(&mut self, field: Field) -> Sent<String> {
        match self.optional(field, rules::text) {
            Sent::Value(mended) => {
                if let Some((as_sent, mends)) = mended.as_sent {
                    self.odd.text(field, as_sent, mends);
                }
                Sent::Value(mended.text.into_owned())
            }
            Sent::Null => Sent::Null,
            Sent::Absent => Sent::Absent,
        }
    }

    /// Any integer of 64 bits; a larger one is null, and noted with its digits.
    fn integer(&mut self, field: Field) -> Sent<i64> {
        match self.optional(field, rules::integer) {
            Sent::Value(Integer::Small(value)) => Sent::Value(value),
            Sent::Value(Integer::Large(digits)) => {
                self.odd.digits(field, digits);
                Sent::Null
            }
            Sent::Null => Sent::Null,
            Sent::Absent => Sent::Absent,
        }
    }

    /// An integer that the field's column has to hold.
    fn integer_to(&mut self, field: Field, max: i64) -> Sent<i64> {
        let value = self.integer(field);
        let is_held = match value {
            Sent::Value(value) => (0..=max).contains(&value),
            Sent::Null => self.odd.digits_of(field).is_none(),
            Sent::Absent => true,
        };
        if !is_held {
            self.odd.reject(field, format_args!("not from 0 to {max}"));
        }
        value
    }

    fn id(&mut self, field: Field) -> Sent<i64> {
        self.integer_to(field, i64::MAX)
    }

    fn count(&mut self) -> Sent<i64> {
        self.integer_to(Field::Count, i64::from(u16::MAX))
    }

    /// In ms. A negative one is 0: a page's clock was set back while it measured. One that no
    /// column holds is 0, and noted with its digits.
    fn duration(&mut self) -> u32 {
        let field = Field::Duration;
        let sent = self.optional(field, |raw| {
            rules::integer(raw)
                .and_then(rules::not_null)
                .map(Sent::Value)
        });
        let Sent::Value(duration) = sent else {
            return 0;
        };
        let digits = match duration {
            Integer::Small(value) => match u32::try_from(value) {
                Ok(value) => return value,
                Err(_) => value.to_string(),
            },
            Integer::Large(digits) => digits,
        };
        if digits.starts_with('-') {
            self.odd.mends.add(Mend::NegativeDuration);
        } else {
            self.odd.digits(field, digits);
            self.odd
                .reject(field, format_args!("not from 0 to {}", u32::MAX));
        }
        0
    }
}

/// All members together: either every one is valid, or all errors are told.
fn validate(members: Members) -> Result<ClientRequest, InvalidRequest> {
    let mut errors = FieldErrors::new();
    let mut check = |name: &str, error: Value| {
        errors.insert(name.to_owned(), error);
    };
    let events = match members.events {
        None => Vec::new(),
        Some(Ok(events)) => events,
        Some(Err(error)) => {
            check("events", error);
            Vec::new()
        }
    };
    let previous_event = match members.previous_event {
        None => None,
        Some(Ok(event)) => event,
        Some(Err(error)) => {
            check("previous_event", error);
            None
        }
    };
    let timestamp = match members.timestamp {
        Some(Ok(timestamp)) => Some(timestamp),
        Some(Err(error)) => {
            check("timestamp", error);
            None
        }
        None => {
            check("timestamp", json!([REQUIRED]));
            None
        }
    };
    match timestamp {
        Some(timestamp) if errors.is_empty() => Ok(ClientRequest {
            events,
            previous_event,
            timestamp,
        }),
        _ => Err(InvalidRequest::new(Value::Object(errors))),
    }
}

/// The second walk. Brings the payload into its common form; none is `{}`.
fn check_scope_and_payload(index: usize, event: &mut ClientEvent) -> Result<(), InvalidRequest> {
    // The scopes that clients may send are borrowed from the table.
    if let Cow::Owned(scope) = &event.scope {
        let shown: String = scope.chars().take(100).collect();
        let text = format!("Clients may not send the scope \"{shown}\" (event {index}).");
        return Err(InvalidRequest::text("scope", &text));
    }
    let Sent::Value(text) = &event.payload else {
        event.payload = Sent::Value(Payload::empty().into_string());
        return Ok(());
    };
    let mended = match Payload::parse_mending(text) {
        Ok(mended) => mended,
        Err(error) if error.reason == TOO_DEEP => {
            // It stays as it was sent: the event is not stored.
            event.odd_mut().reject(Field::Payload, error);
            return Ok(());
        }
        Err(error) => {
            let text = format!("The payload is not valid JSON: {error} (event {index}).");
            return Err(InvalidRequest::text("payload", &text));
        }
    };
    let text = mended.payload.into_string();
    // No client counts hours.
    let stored = match rename_claimed_hours(&text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(renamed) => Some(renamed),
    };
    let (as_sent, mut mends) = match mended.as_sent {
        Some((as_sent, mends)) => (Some(as_sent), mends),
        None => (None, Mends::default()),
    };
    if stored.is_some() {
        mends.add(Mend::ClaimedHours);
    }
    if !mends.is_empty() {
        let as_sent = as_sent.unwrap_or_else(|| text.clone());
        event
            .odd_mut()
            .text(Field::Payload, as_sent.into_bytes(), mends);
    }
    event.payload = Sent::Value(stored.unwrap_or(text));
    Ok(())
}

fn not_an_object(raw: &str) -> Value {
    let text = format!(
        "Invalid data. Expected a dictionary, but got {}.",
        python_type(raw)
    );
    json!({ "non_field_errors": [text] })
}

/// The name of the type that Python reads the value as.
fn python_type(raw: &str) -> &'static str {
    match kind(raw) {
        Kind::Null => "NoneType",
        Kind::Bool => "bool",
        Kind::Number if raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => "float",
        Kind::Number => "int",
        Kind::String => "str",
        Kind::Array => "list",
        Kind::Object => "dict",
    }
}
