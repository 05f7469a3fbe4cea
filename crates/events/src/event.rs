//! The event record: CVAT's 17 fields, in the order of its table and its CSV.

use std::borrow::Cow;

use crate::payload::Payload;
use crate::time::Timestamp;

/// One recorded activity. The fields are CVAT's, in the order of its `events` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened: `action:resource`. Never empty.
    pub scope: String,
    /// Name of the object: a shape type, a property, a CSS class.
    pub obj_name: Option<String>,
    /// Id of the object, 0 to 2^63 - 1.
    pub obj_id: Option<i64>,
    /// Value of the object, for example the new value of a property.
    pub obj_val: Option<String>,
    /// `client` or `server`.
    pub source: Cow<'static, str>,
    /// When it happened, by the server's clock.
    pub timestamp: Timestamp,
    /// How many times, or how many objects.
    pub count: Option<u16>,
    /// How long it took, in ms.
    pub duration: u32,
    /// Project it belongs to.
    pub project_id: Option<i64>,
    /// Task it belongs to.
    pub task_id: Option<i64>,
    /// Job it belongs to.
    pub job_id: Option<i64>,
    /// Id of the acting user.
    pub user_id: Option<i64>,
    /// Login name of the user.
    pub user_name: Option<String>,
    /// E-mail address of the user; may be empty for client events.
    pub user_email: Option<String>,
    /// Organization in whose context it happened.
    pub org_id: Option<i64>,
    /// Slug of that organization.
    pub org_slug: Option<String>,
    /// Everything else: JSON text.
    pub payload: Option<Payload>,
}

/// An event as it goes to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The record.
    pub event: Event,
    /// What a `send:working_time` row counted, in time order; empty for every other
    /// row and for working-time rows that another system computed.
    pub intervals: Vec<Interval>,
    /// Where it came from.
    pub origin: Origin,
}

/// An event that counted nothing and names no request of a user.
impl From<Event> for StoredEvent {
    fn from(event: Event) -> StoredEvent {
        StoredEvent {
            event,
            intervals: Vec::new(),
            origin: Origin::default(),
        }
    }
}

/// What a server's event says, beside the record, of the user's request that caused it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The access token that the request came with.
    pub access_token_id: Option<i64>,
    /// The address that it came from.
    pub remote_addr: Option<String>,
}

/// A piece of time that was counted as work: from `start_ms` up to, not including, `end_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Start, in ms since the epoch, UTC.
    pub start_ms: i64,
    /// End, in ms since the epoch, UTC; at least `start_ms`.
    pub end_ms: i64,
}

/// Identity of an event as its sender made it, with the endpoint it came through, the
/// user and the organization: two events with one hash are one event sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventHash(pub u128);

/// Most events of one request. A tiny event takes ten times the memory of its text once it is
/// parsed, so a limit in bytes alone would not bound it; 200,000 take some 100 MB. CVAT's
/// senders stay below 1,000.
pub const MAX_EVENTS: usize = 200_000;
