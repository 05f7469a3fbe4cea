//! The audit trail on its way to the store, in SQL.
//!
//! What changes an account, a command line or the server, writes the event of it in the
//! transaction of the change. The server moves events to the store (`audit.rs`) and only then
//! removes them here, so none is lost; one that was moved twice is recognized as a repeat.

use annoscope_events::{Timestamp, UserRef};
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::AccountsError;

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

/// An event of our own, in the form that servers send (contract.md, "Server events").
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditEvent {
    /// `action:resource`.
    pub(crate) scope: &'static str,
    /// The resource, or the property that changed.
    pub(crate) obj_name: Option<String>,
    /// The resource.
    pub(crate) obj_id: Option<i64>,
    /// The new value of the property.
    pub(crate) obj_val: Option<String>,
    /// Id and slug.
    pub(crate) organization: Option<annoscope_events::Organization>,
    /// Members of the payload beside `request`.
    pub(crate) payload: Map<String, Value>,
}

/// Writes an event.
pub(super) fn push(
    tx: &Connection,
    actor: &Actor,
    event: AuditEvent,
    weight: Weight,
    now_ms: i64,
) -> Result<(), AccountsError> {
    if weight == Weight::Light {
        let count = "SELECT count(*) FROM audit_outbox";
        let n_waiting: i64 = tx.query_row(count, [], |row| row.get(0))?;
        if n_waiting >= MAX_WAITING {
            return Ok(());
        }
    }
    let sql = "INSERT INTO audit_outbox (event) VALUES (?1)";
    tx.execute(sql, [to_json(actor, event, now_ms).to_string()])?;
    Ok(())
}

/// The first events that wait: the last one's number, and the events as a JSON array.
pub(super) fn first(
    connection: &Connection,
    limit: u32,
) -> Result<Option<(i64, String)>, AccountsError> {
    let mut statement =
        connection.prepare_cached("SELECT id, event FROM audit_outbox ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    let Some((last, _)) = rows.last() else {
        return Ok(None);
    };
    let last = *last;
    let events: Vec<String> = rows.into_iter().map(|(_, event)| event).collect();
    Ok(Some((last, format!("[{}]", events.join(",")))))
}

/// Removes events up to that number.
pub(super) fn remove(tx: &Connection, last: i64) -> Result<(), AccountsError> {
    tx.execute("DELETE FROM audit_outbox WHERE id <= ?1", params![last])?;
    Ok(())
}

fn to_json(actor: &Actor, event: AuditEvent, now_ms: i64) -> Value {
    let mut payload = event.payload;
    let mut request = Map::new();
    request.insert("id".to_owned(), json!(actor.request_id));
    if let Some(address) = actor.address {
        request.insert("remote_addr".to_owned(), json!(address));
    }
    payload.insert("request".to_owned(), Value::Object(request));
    let user = actor.user.as_ref();
    let email = user
        .map(|user| user.email.as_str())
        .filter(|email| !email.is_empty());
    let organization = event.organization.as_ref();
    json!({
        "scope": event.scope,
        "obj_name": event.obj_name,
        "obj_id": event.obj_id,
        "obj_val": event.obj_val,
        "source": "server",
        "timestamp": Timestamp::from_millis(now_ms).to_string(),
        "count": 1,
        "user_id": user.map(|user| user.id),
        "user_name": user.map(|user| &user.name),
        "user_email": email,
        "org_id": organization.map(|org| org.id),
        "org_slug": organization.map(|org| &org.slug),
        "payload": Value::Object(payload).to_string(),
    })
}
