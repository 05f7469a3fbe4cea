//! The schema and its migrations.

use rusqlite::{Connection, TransactionBehavior};

use super::WebhookError;

/// Each step brings a file from the version of its index to the next one; the version is the file's `user_version`.
/// Stored files depend on them: append, never change. Times are in ms since 1970, UTC.
const STEPS: &[&str] = &[
    // Secrets are as they are: signatures are made with them. `heard` grows with each state that is put, so that the
    // least is what was heard of longest ago.
    "CREATE TABLE sources (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        tool TEXT NOT NULL,
        secret TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        delivered_ms INTEGER,
        n_states INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE states (
        heard INTEGER PRIMARY KEY AUTOINCREMENT,
        source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        state TEXT NOT NULL,
        is_deleted INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
        updated_us INTEGER,
        is_created INTEGER NOT NULL CHECK (is_created IN (0, 1)),
        UNIQUE (source_id, kind, id)
    ) STRICT;
    CREATE INDEX states_by_age ON states (source_id, heard);
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL
    ) STRICT;",
];

/// Brings the file to the latest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), WebhookError> {
    // Nothing is written to a file that needs nothing: the disk may be full.
    if version(connection)? == STEPS.len() {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&tx)?;
    let steps = STEPS.get(found..).ok_or(WebhookError::NewerSchema {
        found,
        known: STEPS.len(),
    })?;
    for step in steps {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", STEPS.len())?;
    tx.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, WebhookError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
