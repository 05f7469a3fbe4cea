//! Events as JSON: the body of the 201 answer, as CVAT sends them back, and what is set aside.

use super::odd::Odd;
use super::{ClientEvent, CorrectedRequest, Replaced, Sent};
use crate::claimed_hours::rename_claimed_hours;
use crate::field::Field;
use crate::json::with_python_numbers;
use crate::sender::Sender;
use crate::time::Timestamp;

impl CorrectedRequest {
    /// Appends the JSON of the reply: every event at the time it was given and with the
    /// fields that the server replaces, the previous event at its corrected time, and
    /// the client's own clock. Optional fields that were not sent are left out.
    pub fn write_reply(&self, by: &Sender, out: &mut Vec<u8>) {
        let sender = SenderMembers::of(by);
        out.reserve(self.events.len() * 400 + 100);
        out.extend_from_slice(b"{\"events\":[");
        for (index, event) in self.events.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_event(out, event, &sender, payload_as_sent(event));
        }
        out.extend_from_slice(b"],\"previous_event\":");
        match &self.previous_event {
            None => out.extend_from_slice(b"null"),
            Some(event) => {
                let replaced = event.replaced.as_deref().cloned().unwrap_or_default();
                let sender = SenderMembers::new(replaced, event.odd.as_deref());
                push_event(out, event, &sender, event.payload.text());
            }
        }
        out.extend_from_slice(b",\"timestamp\":");
        push_timestamp(out, self.timestamp);
        out.push(b'}');
    }
}

/// An event as the ingest port takes it, with the values that cannot be stored.
pub(super) fn event_json(event: &ClientEvent, by: &Sender) -> String {
    let mut out = Vec::new();
    let payload = event.payload.text().map(rename_claimed_hours);
    push_event(&mut out, event, &SenderMembers::of(by), payload.as_deref());
    String::from_utf8(out).expect("JSON is text")
}

/// The payload in its common form, before anything was mended.
fn payload_as_sent(event: &ClientEvent) -> Option<&str> {
    let as_sent = event
        .odd
        .as_ref()
        .and_then(|odd| std::str::from_utf8(odd.text_as_sent(Field::Payload)?).ok());
    as_sent.or_else(|| event.payload.text())
}

/// The members of an event about its sender, written once for all events of a request.
struct SenderMembers {
    source: Sent<String>,
    json: Vec<u8>,
}

impl SenderMembers {
    /// What the server says about the sender of a request.
    fn of(by: &Sender) -> SenderMembers {
        let org = by.org.as_ref();
        let replaced = Replaced {
            source: Sent::Value("client".to_owned()),
            user_id: Sent::Value(by.user.id),
            user_name: Sent::Value(by.user.name.clone()),
            user_email: Sent::Value(by.user.email.clone()),
            org_id: org.map_or(Sent::Null, |org| Sent::Value(org.id)),
            org_slug: org.map_or(Sent::Null, |org| Sent::Value(org.slug.clone())),
        };
        SenderMembers::new(replaced, None)
    }

    fn new(sender: Replaced, odd: Option<&Odd>) -> SenderMembers {
        let mut json = Vec::new();
        push_integer(&mut json, Field::UserId, &sender.user_id, odd);
        push_text(&mut json, Field::UserName, &sender.user_name);
        push_text(&mut json, Field::UserEmail, &sender.user_email);
        push_integer(&mut json, Field::OrgId, &sender.org_id, odd);
        push_text(&mut json, Field::OrgSlug, &sender.org_slug);
        SenderMembers {
            source: sender.source,
            json,
        }
    }
}

/// `payload`: its text; `None` where it is as the event has it, absent or null.
fn push_event(
    out: &mut Vec<u8>,
    event: &ClientEvent,
    sender: &SenderMembers,
    payload: Option<&str>,
) {
    let odd = event.odd.as_deref();
    out.extend_from_slice(b"{\"scope\":");
    push_string(out, &event.scope);
    push_text(out, Field::ObjName, &event.obj_name);
    push_integer(out, Field::ObjId, &event.obj_id, odd);
    push_text(out, Field::ObjVal, &event.obj_val);
    push_text(out, Field::Source, &sender.source);
    out.extend_from_slice(b",\"timestamp\":");
    push_timestamp(out, event.timestamp);
    push_integer(out, Field::Count, &event.count, odd);
    let duration = Sent::Value(i64::from(event.duration));
    push_integer(out, Field::Duration, &duration, odd);
    push_integer(out, Field::ProjectId, &event.project_id, odd);
    push_integer(out, Field::TaskId, &event.task_id, odd);
    push_integer(out, Field::JobId, &event.job_id, odd);
    out.extend_from_slice(&sender.json);
    match payload {
        Some(text) => {
            push_key(out, Field::Payload);
            push_string(out, &with_python_numbers(text));
        }
        None => push_text(out, Field::Payload, &event.payload),
    }
    out.push(b'}');
}

fn push_key(out: &mut Vec<u8>, field: Field) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(field.name().as_bytes());
    out.extend_from_slice(b"\":");
}

fn push_text(out: &mut Vec<u8>, field: Field, text: &Sent<String>) {
    push_optional(out, field, text, |out, text| push_string(out, text));
}

fn push_integer(out: &mut Vec<u8>, field: Field, integer: &Sent<i64>, odd: Option<&Odd>) {
    if let Some(digits) = odd.and_then(|odd| odd.digits_of(field)) {
        push_key(out, field);
        out.extend_from_slice(digits.as_bytes());
        return;
    }
    push_optional(out, field, integer, |out, integer| {
        serde_json::to_writer(out, integer).expect("writing to memory does not fail");
    });
}

fn push_optional<T>(
    out: &mut Vec<u8>,
    field: Field,
    sent: &Sent<T>,
    push: impl Fn(&mut Vec<u8>, &T),
) {
    match sent {
        Sent::Absent => {}
        Sent::Null => {
            push_key(out, field);
            out.extend_from_slice(b"null");
        }
        Sent::Value(value) => {
            push_key(out, field);
            push(out, value);
        }
    }
}

fn push_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory does not fail");
}

fn push_timestamp(out: &mut Vec<u8>, timestamp: Timestamp) {
    let (text, n_bytes) = timestamp.ascii();
    out.push(b'"');
    out.extend_from_slice(&text[..n_bytes]);
    out.push(b'"');
}
