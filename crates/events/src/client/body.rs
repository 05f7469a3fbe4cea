//! From the bytes of a body to a [`ClientRequest`].
//!
//! As in CVAT, all errors of fields are collected first; then the events are walked in
//! order, scope before payload, and the first bad one ends the walk.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::invalid::{EventErrors, FieldError, FieldErrors, InvalidRequest};
use super::rules::{self, NOT_NULL, REPEATED_KEY, REQUIRED};
use super::{ClientEvent, ClientRequest, Replaced, Sent};
use crate::event::MAX_EVENTS;
use crate::field::{Field, RawFields};
use crate::json::{InvalidJson, Kind, Scanner, kind, unquote};
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
                let events = read_events(scanner)?;
                put(&mut members.events, events);
            }
            "previous_event" => {
                let event = read_event(scanner)?;
                put(&mut members.previous_event, event);
            }
            "timestamp" => {
                let timestamp = rules::datetime(scanner.value()?).and_then(rules::not_null);
                put(
                    &mut members.timestamp,
                    timestamp.map_err(|error| json!(error)),
                );
            }
            _ => {
                scanner.value()?;
            }
        }
    }
    scanner.finish()?;
    Ok(Ok(members))
}

/// Fills a member; a second value for the same key is an error.
fn put<T>(member: &mut Option<Member<T>>, value: Member<T>) {
    *member = Some(match member {
        None => value,
        Some(_) => Err(json!([REPEATED_KEY])),
    });
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
    };
    // In the order of the record, so errors are listed in it.
    let scope = reader.required(Field::Scope, |raw| {
        rules::text(raw).and_then(rules::not_null)
    });
    let obj_name = reader.text(Field::ObjName);
    let obj_id = reader.id(Field::ObjId);
    let obj_val = reader.text(Field::ObjVal);
    let source = reader.text(Field::Source);
    let timestamp = reader.required(Field::Timestamp, |raw| {
        rules::datetime(raw).and_then(rules::not_null)
    });
    let count = reader.optional(Field::Count, |raw| rules::integer(raw, i64::from(u16::MAX)));
    let duration = reader.optional(Field::Duration, |raw| {
        rules::duration(raw)
            .and_then(rules::not_null)
            .map(Sent::Value)
    });
    let project_id = reader.id(Field::ProjectId);
    let task_id = reader.id(Field::TaskId);
    let job_id = reader.id(Field::JobId);
    let replaced = Replaced {
        source,
        user_id: reader.id(Field::UserId),
        user_name: reader.text(Field::UserName),
        user_email: reader.text(Field::UserEmail),
        org_id: reader.id(Field::OrgId),
        org_slug: reader.text(Field::OrgSlug),
    };
    let payload = reader.text(Field::Payload);
    let (Some(scope), Some(timestamp), true) = (scope, timestamp, reader.errors.is_empty()) else {
        return Ok(Err(Value::Object(reader.errors)));
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
        duration: duration.value().copied().unwrap_or(0),
        project_id,
        task_id,
        job_id,
        payload,
        replaced: (replaced != Replaced::default()).then(|| Box::new(replaced)),
    })))
}

/// Reads fields by the rules and collects the errors.
struct FieldReader<'a> {
    fields: &'a RawFields<'a>,
    errors: FieldErrors,
}

impl<'a> FieldReader<'a> {
    fn required<T>(
        &mut self,
        field: Field,
        rule: impl Fn(&'a str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let result = match self.fields.get(field) {
            None => Err(vec![Cow::Borrowed(REQUIRED)]),
            Some(_) if self.fields.is_repeated(field) => Err(vec![Cow::Borrowed(REPEATED_KEY)]),
            Some(raw) => rule(raw),
        };
        result
            .map_err(|error| self.errors.insert(field.name().to_owned(), json!(error)))
            .ok()
    }

    fn optional<T: Default>(
        &mut self,
        field: Field,
        rule: impl Fn(&'a str) -> Result<Sent<T>, FieldError>,
    ) -> Sent<T> {
        match self.fields.get(field) {
            None => Sent::Absent,
            Some(_) => self.required(field, rule).unwrap_or_default(),
        }
    }

    fn text(&mut self, field: Field) -> Sent<String> {
        self.optional(field, |raw| {
            Ok(match rules::text(raw)? {
                Sent::Value(text) => Sent::Value(text.into_owned()),
                Sent::Null => Sent::Null,
                Sent::Absent => Sent::Absent,
            })
        })
    }

    fn id(&mut self, field: Field) -> Sent<i64> {
        self.optional(field, |raw| rules::integer(raw, i64::MAX))
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
    let payload = match &event.payload {
        Sent::Absent | Sent::Null => Payload::empty(),
        Sent::Value(text) => Payload::parse(text).map_err(|error| {
            let text = format!("The payload is not valid JSON: {error} (event {index}).");
            InvalidRequest::text("payload", &text)
        })?,
    };
    event.payload = Sent::Value(payload.into_string());
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
