//! Ids that senders give to their events: what tells a repeat from another event with the same content.

use std::ops::Range;

use crate::event::EventHash;
use crate::field::{Field, RawFields};
use crate::hash::named_hashes;
use crate::json::{Kind, kind, unquote};
use crate::server_event::RejectedEvent;

/// Longest id of an event, bytes: a UUID has 36, the longest ids in use (of W3C's traces) 55.
pub const MAX_EVENT_ID_BYTES: usize = 128;

/// The id that a sender gave to an event, and what is needed to know a repeat of it.
///
/// Two events with one id of one sender are one event if their contents are the same too. If not, the sender
/// has used the id twice, and the later event is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId {
    /// As it was sent.
    text: String,
    /// Hash of all that the event says.
    content: EventHash,
    /// Place of the element in the body, from 0.
    index: usize,
    /// Where its object is in the body.
    object: Range<usize>,
}

/// The two hashes of an event that has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedHashes {
    /// Of the sender and the id.
    pub id: EventHash,
    /// Of the sender, the id and the content.
    pub content: EventHash,
}

impl EventId {
    /// What a repeat is known by. `sender` is the account that sent it, where the port asks for one: what others send
    /// under the same id is another event.
    pub fn hashes(&self, sender: Option<i64>) -> NamedHashes {
        let [id, content] = named_hashes(sender, &self.text, self.content);
        NamedHashes { id, content }
    }

    /// The event as one that cannot be stored, since its id is another event's. `body` is what it was read from.
    pub fn used_twice(&self, body: &[u8]) -> RejectedEvent {
        let object = &body[self.object.clone()];
        RejectedEvent {
            index: self.index,
            raw: String::from_utf8_lossy(object).into_owned(),
            reason: "event_id: another event has it".to_owned(),
        }
    }

    pub(crate) fn new(
        text: String,
        content: EventHash,
        index: usize,
        object: Range<usize>,
    ) -> EventId {
        EventId {
            text,
            content,
            index,
            object,
        }
    }
}

/// The id that an element names. `Err` says what is wrong.
pub(crate) fn sent_id(fields: &RawFields<'_>) -> Result<Option<String>, String> {
    let Some(raw) = fields.get(Field::EventId) else {
        return Ok(None);
    };
    let text = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::String => unquote(raw).ok(),
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => None,
    };
    let text = text.filter(|text| (1..=MAX_EVENT_ID_BYTES).contains(&text.len()));
    let text =
        text.ok_or_else(|| format!("event_id: not a text of 1 to {MAX_EVENT_ID_BYTES} bytes"))?;
    Ok(Some(text.into_owned()))
}
