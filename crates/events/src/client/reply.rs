//! The body of the 201 answer: the processed events, as CVAT sends them back.

use super::{ClientEvent, CorrectedRequest, Replaced, Sent};
use crate::field::Field;
use crate::json::with_python_numbers;
use crate::sender::Sender;
use crate::time::Timestamp;

impl CorrectedRequest {
    /// Appends the JSON of the reply: every event at its corrected time and with the
    /// fields that the server replaces, the previous event at its corrected time, and
    /// the client's own clock. Optional fields that were not sent are left out.
    pub fn write_reply(&self, by: &Sender, out: &mut Vec<u8>) {
        // What all events have in common is written once.
        let sender = Replaced {
            source: Sent::Value("client".to_owned()),
            user_id: Sent::Value(by.user_id),
            user_name: Sent::Value(by.user_name.clone()),
            user_email: Sent::Value(by.user_email.clone()),
            org_id: by
                .org
                .as_ref()
                .map_or(Sent::Null, |org| Sent::Value(org.id)),
            org_slug: match &by.org {
                Some(org) => Sent::Value(org.slug.clone()),
                None => Sent::Null,
            },
        };
        let mut sender_members = Vec::new();
        push_sender(&mut sender_members, &sender);

        out.reserve(self.events.len() * 400 + 100);
        out.extend_from_slice(b"{\"events\":[");
        for (index, event) in self.events.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_event(out, event, &sender.source, &sender_members);
        }
        out.extend_from_slice(b"],\"previous_event\":");
        match &self.previous_event {
            None => out.extend_from_slice(b"null"),
            Some(event) => {
                let replaced = event.replaced.as_deref().cloned().unwrap_or_default();
                sender_members.clear();
                push_sender(&mut sender_members, &replaced);
                push_event(out, event, &replaced.source, &sender_members);
            }
        }
        out.extend_from_slice(b",\"timestamp\":");
        push_timestamp(out, self.timestamp);
        out.push(b'}');
    }
}

fn push_event(
    out: &mut Vec<u8>,
    event: &ClientEvent,
    source: &Sent<String>,
    sender_members: &[u8],
) {
    out.extend_from_slice(b"{\"scope\":");
    push_string(out, &event.scope);
    push_text(out, Field::ObjName, &event.obj_name);
    push_integer(out, Field::ObjId, &event.obj_id);
    push_text(out, Field::ObjVal, &event.obj_val);
    push_text(out, Field::Source, source);
    out.extend_from_slice(b",\"timestamp\":");
    push_timestamp(out, event.timestamp);
    push_integer(out, Field::Count, &event.count);
    push_integer(
        out,
        Field::Duration,
        &Sent::Value(i64::from(event.duration)),
    );
    push_integer(out, Field::ProjectId, &event.project_id);
    push_integer(out, Field::TaskId, &event.task_id);
    push_integer(out, Field::JobId, &event.job_id);
    out.extend_from_slice(sender_members);
    push_optional(out, Field::Payload, &event.payload, |out, payload| {
        push_string(out, &with_python_numbers(payload));
    });
    out.push(b'}');
}

fn push_sender(out: &mut Vec<u8>, sender: &Replaced) {
    push_integer(out, Field::UserId, &sender.user_id);
    push_text(out, Field::UserName, &sender.user_name);
    push_text(out, Field::UserEmail, &sender.user_email);
    push_integer(out, Field::OrgId, &sender.org_id);
    push_text(out, Field::OrgSlug, &sender.org_slug);
}

fn push_key(out: &mut Vec<u8>, field: Field) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(field.name().as_bytes());
    out.extend_from_slice(b"\":");
}

fn push_text(out: &mut Vec<u8>, field: Field, text: &Sent<String>) {
    push_optional(out, field, text, |out, text| push_string(out, text));
}

fn push_integer(out: &mut Vec<u8>, field: Field, integer: &Sent<i64>) {
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
