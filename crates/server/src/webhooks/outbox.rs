//! Events on their way to the store, in SQL.

use annoscope_events::{StoredEvent, server_event_json};
use rusqlite::Connection;

use super::WebhookError;
use crate::outbox;

const TABLE: &str = "outbox";

/// Events that wait at most: some 400 MB. Past it senders keep theirs.
const MAX_WAITING: i64 = 1_000_000;

/// An error when as many wait as may.
pub(super) fn check_room(tx: &Connection) -> Result<(), WebhookError> {
    // Ids have no gaps: they leave in their order.
    let sql = "SELECT ifnull(max(id) - min(id) + 1, 0) FROM outbox";
    let waiting: i64 = tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    if waiting >= MAX_WAITING {
        return Err(WebhookError::Full { waiting });
    }
    Ok(())
}

pub(super) fn push(tx: &Connection, events: &[StoredEvent]) -> Result<(), WebhookError> {
    let mut insert = tx.prepare_cached("INSERT INTO outbox (event) VALUES (?1)")?;
    for event in events {
        let mut text = Vec::new();
        server_event_json(event, &mut text);
        // It is ASCII.
        insert.execute([String::from_utf8_lossy(&text)])?;
    }
    Ok(())
}

/// As [`outbox::first`].
pub(super) fn first(
    connection: &Connection,
    limit: u32,
) -> Result<Option<(i64, String)>, WebhookError> {
    Ok(outbox::first(connection, TABLE, limit)?)
}

/// As [`outbox::remove`].
pub(super) fn remove(tx: &Connection, last: i64) -> Result<(), WebhookError> {
    Ok(outbox::remove(tx, TABLE, last)?)
}
