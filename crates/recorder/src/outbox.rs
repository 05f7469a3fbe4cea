//! Where events wait until annoscope has acknowledged them.

#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "rusqlite")]
pub mod rusqlite;
#[cfg(feature = "sqlx-postgres")]
pub mod sqlx_postgres;
#[cfg(feature = "sqlx-sqlite")]
pub mod sqlx_sqlite;

use annoscope_events::{StoredEvent, named_server_event_json};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::Counters;

/// Events that wait at most, whatever keeps annoscope away: a kilobyte each, so some 1 GB. Beyond it events are
/// dropped and counted, since a record of what a host does must not fill the host's disk.
pub const MAX_WAITING: u64 = 1_000_000;

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number in the outbox.
    pub id: i64,
    /// The element of a request to the ingest port, with an `event_id`.
    pub json: String,
}

/// An outbox cannot be read or written now.
#[derive(Debug, thiserror::Error)]
#[error("the outbox: {0}")]
pub struct OutboxError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// What keeps events until they are sent: the side of it that the [`Relay`](crate::Relay) uses. How events get in is each
/// one's own method `record`.
pub trait Outbox: Send + Sync + 'static {
    /// The first `n_events` that wait, or as many as there are; an outbox that keeps some together may give more.
    fn first(&self, n_events: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>>;

    /// Forgets events that [`Outbox::first`] gave and annoscope has.
    fn forget<'a>(&'a self, sent: &'a [Waiting]) -> BoxFuture<'a, Result<(), OutboxError>>;

    /// Sets an event aside that annoscope will never take.
    fn set_aside<'a>(
        &'a self,
        waiting: &'a Waiting,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OutboxError>>;

    /// How many wait.
    fn count(&self) -> BoxFuture<'_, Result<u64, OutboxError>>;

    /// Writes events that belong to no transaction of the host, such as a failed request's.
    fn write(&self, events: Vec<StoredEvent>) -> BoxFuture<'_, Result<(), OutboxError>>;

    /// What it counts, together with its relay.
    fn counters(&self) -> &Counters;
}

/// The event as it is sent, with an `event_id` of its own: what an outbox keeps, also one of the host's own making.
pub fn json_of(event: &StoredEvent) -> String {
    let mut json = Vec::new();
    let id = Uuid::new_v4().hyphenated().to_string();
    named_server_event_json(&id, event, &mut json);
    String::from_utf8(json).expect("events are written as ASCII")
}

#[cfg(any(feature = "rusqlite", feature = "sqlx-sqlite"))]
const SQLITE_TABLE: &str = "CREATE TABLE IF NOT EXISTS annoscope_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    refused TEXT
)";

#[cfg(any(feature = "rusqlite", feature = "sqlx-sqlite"))]
const SQLITE_FIRST: &str =
    "SELECT id, event FROM annoscope_outbox WHERE refused IS NULL ORDER BY id LIMIT ?1";

/// `?1` is a JSON list of ids.
#[cfg(any(feature = "rusqlite", feature = "sqlx-sqlite"))]
const SQLITE_FORGET: &str = "DELETE FROM annoscope_outbox WHERE refused IS NULL AND id IN (SELECT value FROM json_each(?1))";

#[cfg(any(
    feature = "rusqlite",
    feature = "sqlx-sqlite",
    feature = "sqlx-postgres"
))]
const COUNT: &str = "SELECT count(*) FROM annoscope_outbox WHERE refused IS NULL";

#[cfg(any(feature = "rusqlite", feature = "sqlx-sqlite"))]
fn list_of_ids(sent: &[Waiting]) -> String {
    let ids: Vec<i64> = sent.iter().map(|waiting| waiting.id).collect();
    serde_json::json!(ids).to_string()
}
