//! The identity of an event: what a store compares to know a repeat.
//!
//! The hash is the first 128 bits of BLAKE3 over: a version byte, a byte for the endpoint,
//! then each value that is present as its tag (a byte), its length (four bytes, little
//! endian) and its bytes; integers are eight bytes, little endian. A missing and a null
//! field are the same. **The layout must not change between releases**: hashes are
//! stored, and a sender may repeat after an upgrade what it sent before it. A test holds
//! it fixed. A new layout would need a new version byte and both hashes for a window.
//!
//! An event whose sender gave it an id ([`crate::EventId`]) has two hashes of version 2 instead: of the sender and the id, and
//! of both with the hash of the content. So one may come again for a week, and two events that say the same are two.
//!
//! An event that its client has changed since it was sent is another event: CVAT's page
//! merges frame changes, zooms and equal errors into the newest one still queued, and a
//! batch whose answer was lost is queued again. Such an event is stored twice, and its
//! time from the event before it is counted twice; nothing in it tells the two apart from
//! two events.

use crate::event::EventHash;
use crate::field::Field;

/// Version of the layout that is hashed.
const VERSION: u8 = 1;

/// Version of what is hashed of events with ids.
const NAMED_VERSION: u8 = 2;

/// Version of what is hashed of batches whose rows are not known each by itself.
const BATCH_VERSION: u8 = 3;

/// Tags after those of the fields, which are their places in the record: never reorder.
const TAG_SENDER: u8 = 0x40;
const TAG_SENDER_ORG: u8 = 0x41;
const TAG_CONTENT: u8 = 0x42;
const TAG_INTERVALS: u8 = 0x43;
const TAG_TOKEN: u8 = 0x44;
const TAG_QUERY: u8 = 0x45;
const TAG_INDEX: u8 = 0x46;

/// What is hashed of one event. The buffer is used again for the next event.
pub(crate) struct HashInput {
    bytes: Vec<u8>,
    /// Length of what all events of a request have in common.
    n_common: usize,
}

impl HashInput {
    /// For events of the client endpoint: with the user and the organization.
    pub fn client(user_id: i64, org_id: Option<i64>) -> HashInput {
        let mut input = HashInput {
            bytes: vec![VERSION, b'c'],
            n_common: 0,
        };
        input.push(TAG_SENDER, &user_id.to_le_bytes());
        if let Some(org_id) = org_id {
            input.push(TAG_SENDER_ORG, &org_id.to_le_bytes());
        }
        input.n_common = input.bytes.len();
        input
    }

    /// For events of the ingest endpoint: user and organization are fields of the event.
    pub fn ingest() -> HashInput {
        HashInput {
            bytes: vec![VERSION, b'i'],
            n_common: 2,
        }
    }

    /// For the contents of events with ids.
    pub fn content() -> HashInput {
        HashInput {
            bytes: vec![NAMED_VERSION, b'i'],
            n_common: 2,
        }
    }

    /// The counted intervals as they were sent; only [`HashInput::content`] has them.
    pub fn intervals(&mut self, raw: Option<&str>) {
        if let Some(raw) = raw {
            self.push(TAG_INTERVALS, raw.as_bytes());
        }
    }

    pub fn text(&mut self, field: Field, text: Option<&str>) {
        if let Some(text) = text {
            self.push(field as u8, text.as_bytes());
        }
    }

    /// What is no text and no 64-bit integer.
    pub fn bytes(&mut self, field: Field, bytes: &[u8]) {
        self.push(field as u8, bytes);
    }

    pub fn integer(&mut self, field: Field, integer: Option<i64>) {
        if let Some(integer) = integer {
            self.push(field as u8, &integer.to_le_bytes());
        }
    }

    /// The hash of what was pushed; ready for the next event.
    pub fn finish(&mut self) -> EventHash {
        let hash = blake3::hash(&self.bytes);
        self.bytes.truncate(self.n_common);
        let first_half = hash.as_bytes().first_chunk::<16>();
        EventHash(u128::from_le_bytes(
            *first_half.expect("BLAKE3 has 32 bytes"),
        ))
    }

    fn push(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        // Texts are parts of a request body, far below 4 GiB.
        self.bytes
            .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}

/// What tells a batch of rows from others of its sender.
#[derive(Clone, Copy, Debug)]
pub enum BatchName<'a> {
    /// What the sender calls it for this purpose.
    Token(&'a str),
    /// What the sender calls the request.
    Query(&'a str),
    /// The same with what the request brought.
    QueryWithContent(&'a str, &'a [u8; 32]),
    /// What the request brought.
    Content(&'a [u8; 32]),
}

/// The hash of a batch of rows that are not known each by itself: of its sender's account, its name, and its place
/// among the batches of its request, from 0.
pub fn batch_hash(account_id: i64, name: BatchName<'_>, index: u64) -> EventHash {
    let mut input = HashInput {
        bytes: vec![BATCH_VERSION, b'b'],
        n_common: 2,
    };
    input.push(TAG_SENDER, &account_id.to_le_bytes());
    match name {
        BatchName::Token(token) => input.push(TAG_TOKEN, token.as_bytes()),
        BatchName::Query(query) => input.push(TAG_QUERY, query.as_bytes()),
        BatchName::QueryWithContent(query, content) => {
            input.push(TAG_QUERY, query.as_bytes());
            input.push(TAG_CONTENT, content);
        }
        BatchName::Content(content) => input.push(TAG_CONTENT, content),
    }
    input.push(TAG_INDEX, &index.to_le_bytes());
    input.finish()
}

/// The hashes of an event with an id: of the sender and the id, and of both with the content.
pub(crate) fn named_hashes(sender: Option<i64>, id: &str, content: EventHash) -> [EventHash; 2] {
    let mut input = HashInput {
        bytes: vec![NAMED_VERSION, b'n'],
        n_common: 0,
    };
    if let Some(sender) = sender {
        input.push(TAG_SENDER, &sender.to_le_bytes());
    }
    input.text(Field::EventId, Some(id));
    input.n_common = input.bytes.len();
    let of_id = input.finish();
    input.push(TAG_CONTENT, &content.0.to_le_bytes());
    [of_id, input.finish()]
}
