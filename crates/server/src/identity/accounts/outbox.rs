//! The audit trail on its way to the store, in SQL.
//!
//! What changes an account, a command line or the server, writes the event of it in the
//! transaction of the change. The server moves events to the store (`audit.rs`) and only then
//! removes them here, so none is lost; one that was moved twice is recognized as a repeat.

use annoscope_events::{Cause, StoredEvent, UserRef, server_event_json};
use rusqlite::Connection;
use uuid::Uuid;

use super::AccountsError;
use crate::outbox;

const TABLE: &str = "audit_outbox";

/// Events that wait at most: failures of others must not fill the disk. Past it events of the
/// kind [`Weight::Light`] are not recorded.
const MAX_WAITING: i64 = 10_000;

/// The origin of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The user, or `None`: the command line, or a request without credentials.
    pub user: Option<UserRef>,
    /// The request, if it is one.
    pub request_id: Option<Uuid>,
    /// Address of the client, if it is a request.
    pub address: Option<std::net::IpAddr>,
}

/// Whether an event has to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It belongs to a change.
    Full,
    /// Any client can cause it: it is dropped when too many wait.
    Light,
}

impl Actor {
    /// As events name it.
    pub(crate) fn cause(&self) -> Cause {
        Cause {
            request_id: self.request_id,
            user: self.user.clone(),
            remote_addr: self.address.map(|address| address.to_string()),
            ..Cause::default()
        }
    }
}

/// Writes an event.
pub(super) fn push(
    tx: &Connection,
    event: &StoredEvent,
    weight: Weight,
) -> Result<(), AccountsError> {
    if weight == Weight::Light {
        let count = "SELECT count(*) FROM audit_outbox";
        let n_waiting: i64 = tx.query_row(count, [], |row| row.get(0))?;
        if n_waiting >= MAX_WAITING {
            return Ok(());
        }
    }
    let mut json = Vec::new();
    server_event_json(event, &mut json);
    let json = String::from_utf8(json).expect("events are written as text");
    let sql = "INSERT INTO audit_outbox (event) VALUES (?1)";
    tx.execute(sql, [json])?;
    Ok(())
}

/// As [`outbox::first`].
pub(super) fn first(
    connection: &Connection,
    limit: u32,
) -> Result<Option<(i64, String)>, AccountsError> {
    Ok(outbox::first(connection, TABLE, limit)?)
}

/// As [`outbox::remove`].
pub(super) fn remove(tx: &Connection, last: i64) -> Result<(), AccountsError> {
    Ok(outbox::remove(tx, TABLE, last)?)
}
