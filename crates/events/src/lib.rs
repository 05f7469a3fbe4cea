//! The event model of annoscope: what an event is, which events a client may send,
//! and how long the people behind them worked.
//!
//! The crate does no I/O and has no clock: the time of receipt is a parameter. It
//! knows no HTTP status and no database. Start reading at [`Event`], then
//! [`ClientRequest`] (what a browser sends) and [`working_time()`] (what hours come from).

// The names of databases are no code.
#![allow(clippy::doc_markdown)]

mod claimed_hours;
mod client_request;
mod columns;
mod event;
mod event_id;
mod field;
mod hash;
mod json;
mod mend;
mod payload;
mod promoted;
mod record;
mod retention;
mod scope;
mod search;
mod sender;
mod server_event;
mod time;
mod working_time;

pub use claimed_hours::{CLAIMED_KEY, keep_sent_hours, may_carry_hours, rename_claimed_hours};
pub use client_request::{ClientRequest, CorrectedRequest, InvalidRequest};
pub use columns::{
    COLUMNS, Column, ColumnAccess, ColumnType, EVENT_COLUMNS, EXPORT_COLUMNS, HAS_PAYLOAD,
    PAYLOAD_IS_JSON, Row, Value,
};
pub use event::{Event, EventHash, Interval, MAX_EVENTS, Origin, StoredEvent};
pub use event_id::{EventId, MAX_EVENT_ID_BYTES, NamedHashes};
pub use field::FIELD_NAMES;
pub use hash::{BatchName, batch_hash};
pub use json::InvalidJson;
pub use mend::{Mend, Mends};
pub use payload::Payload;
pub use promoted::{MARK, PROMOTED_PATHS, PromotedKind, PromotedPath, PromotedPayload};
pub use record::{
    AnnotationAction, Annotations, Cascade, Cause, Dataset, FailedJob, FailedRequest, Occasion,
    Place, Resource, ResourceKind,
};
pub use retention::{RetentionClass, is_begin_or_end};
pub use scope::{
    COMPRESSED_SCOPE, SCOPES, Scope, ScopeSender, USER_ACTIVITY_SCOPE, WORKING_TIME_SCOPE,
    is_client_scope,
};
pub use sender::{Organization, Sender, UserRef};
pub use server_event::{
    ClientHours, InvalidDocument, MAX_INTERVALS, RejectedEvent, ServerEvent, ServerRow,
    named_server_event_json, parse_server_body, server_event_json,
};
pub use time::{InvalidTimestamp, Timestamp};
pub use working_time::explanation::{GAP_LIMIT_MS, Gap, Verdict, explain_gaps};
pub use working_time::{Activity, GAP_LIMIT_MICROS, Ids, WorkingTime, working_time};
