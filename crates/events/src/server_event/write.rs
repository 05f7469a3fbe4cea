//! A stored event written back as a server would send it.

use std::fmt::Write;

use crate::event::StoredEvent;
use crate::field::Field;
use crate::json::push_ascii_string;
use crate::payload::Payload;
use crate::time::Timestamp;

/// Appends one element as CVAT's logging handler sends it: the time as text of unix
/// seconds, the payload as text, ASCII only, fields without a value left out. Counted
/// intervals follow as `"intervals": [[start_ms, end_ms], …]`.
/// [`crate::parse_server_body`] reads it back as it was.
pub fn server_event_json(stored: &StoredEvent, out: &mut Vec<u8>) {
    let element = Element::of(stored);
    element.end(out);
}

/// The same with the id that its sender gave it.
pub fn named_server_event_json(event_id: &str, stored: &StoredEvent, out: &mut Vec<u8>) {
    let mut element = Element::of(stored);
    element.text(Field::EventId, Some(event_id));
    element.end(out);
}

/// The text of an object whose members are added one by one.
struct Element(String);

impl Element {
    fn of(stored: &StoredEvent) -> Element {
        let event = &stored.event;
        let mut element = Element(String::with_capacity(400));
        element.text(Field::Scope, Some(&event.scope));
        element.text(Field::ObjName, event.obj_name.as_deref());
        element.integer(Field::ObjId, event.obj_id);
        element.text(Field::ObjVal, event.obj_val.as_deref());
        element.text(Field::Source, Some(&event.source));
        element.text(Field::Timestamp, Some(&unix_seconds(event.timestamp)));
        element.integer(Field::Count, event.count.map(i64::from));
        element.integer(Field::Duration, Some(i64::from(event.duration)));
        element.integer(Field::ProjectId, event.project_id);
        element.integer(Field::TaskId, event.task_id);
        element.integer(Field::JobId, event.job_id);
        element.integer(Field::UserId, event.user_id);
        element.text(Field::UserName, event.user_name.as_deref());
        element.text(Field::UserEmail, event.user_email.as_deref());
        element.integer(Field::OrgId, event.org_id);
        element.text(Field::OrgSlug, event.org_slug.as_deref());
        element.text(Field::Payload, event.payload.as_ref().map(Payload::as_str));
        element.integer(Field::AccessTokenId, stored.origin.access_token_id);
        element.text(Field::RemoteAddr, stored.origin.remote_addr.as_deref());
        if !stored.intervals.is_empty() {
            element.key("intervals");
            for (index, interval) in stored.intervals.iter().enumerate() {
                element.0.push(if index == 0 { '[' } else { ',' });
                write!(element.0, "[{},{}]", interval.start_ms, interval.end_ms)
                    .expect("writing to memory does not fail");
            }
            element.0.push(']');
        }
        element
    }

    fn end(mut self, out: &mut Vec<u8>) {
        self.0.push('}');
        out.extend_from_slice(self.0.as_bytes());
    }

    fn key(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn text(&mut self, field: Field, text: Option<&str>) {
        if let Some(text) = text {
            self.key(field.name());
            push_ascii_string(&mut self.0, text);
        }
    }

    fn integer(&mut self, field: Field, integer: Option<i64>) {
        if let Some(integer) = integer {
            self.key(field.name());
            self.0.push_str(&integer.to_string());
        }
    }
}

/// Seconds with one to six fraction digits, as Python prints the float.
fn unix_seconds(timestamp: Timestamp) -> String {
    let micros = timestamp.micros();
    let sign = if micros < 0 { "-" } else { "" };
    let magnitude = micros.unsigned_abs();
    let text = format!(
        "{sign}{}.{:06}",
        magnitude / 1_000_000,
        magnitude % 1_000_000
    );
    let trimmed = text.trim_end_matches('0');
    if trimmed.ends_with('.') {
        format!("{trimmed}0")
    } else {
        trimmed.to_owned()
    }
}
