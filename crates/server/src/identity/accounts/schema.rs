//! The schema and its migrations.

use rusqlite::{Connection, TransactionBehavior};

use super::AccountsError;

/// Each step brings a file from the version of its index to the next one; the version
/// is the file's `user_version`. Stored files depend on them: append, never change.
const STEPS: &[&str] = &[
    // 0 -> 1: AUTOINCREMENT, so that the id of a removed user, which events bear, is
    // never given to another one. Times are in ms since 1970, UTC.
    "CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
        name TEXT NOT NULL UNIQUE,
        email TEXT NOT NULL,
        first_name TEXT NOT NULL DEFAULT '',
        last_name TEXT NOT NULL DEFAULT '',
        privilege TEXT NOT NULL CHECK (privilege IN ('admin', 'business', 'user', 'worker')),
        password_hash TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        is_login INTEGER NOT NULL CHECK (is_login IN (0, 1)),
        hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER
    ) STRICT;
    CREATE INDEX tokens_of_user ON tokens (user_id);
    CREATE TABLE sessions (
        hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
        csrf_hash BLOB NOT NULL CHECK (length(csrf_hash) = 32),
        user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        token_id INTEGER REFERENCES tokens (id) ON DELETE SET NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_user ON sessions (user_id);
    CREATE INDEX sessions_of_token ON sessions (token_id);",
    // 1 -> 2: organizations, marks and scopes, and the audit trail on its way to the store.
    // AUTOINCREMENT for organizations as for users: events bear their ids.
    "ALTER TABLE users ADD COLUMN has_analytics_access INTEGER NOT NULL DEFAULT 0
        CHECK (has_analytics_access IN (0, 1));
    ALTER TABLE users ADD COLUMN is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1));
    ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'all'
        CHECK (scope IN ('all', 'read', 'send'));
    ALTER TABLE tokens ADD COLUMN used_ms INTEGER;
    CREATE TABLE organizations (
        id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
        slug TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE memberships (
        organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
        user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('owner', 'maintainer', 'supervisor', 'worker')),
        created_ms INTEGER NOT NULL,
        PRIMARY KEY (organization_id, user_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX memberships_of_user ON memberships (user_id);
    CREATE TABLE audit_outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL
    ) STRICT;",
    // 2 -> 3: where accounts have logged in from.
    "CREATE TABLE known_places (
        user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        seen_ms INTEGER NOT NULL,
        PRIMARY KEY (user_id, address)
    ) STRICT, WITHOUT ROWID;",
];

/// Brings the file to the latest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), AccountsError> {
    if version(connection)? == STEPS.len() {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again: another process may have migrated while this one waited.
    let found = version(&tx)?;
    let steps = STEPS.get(found..).ok_or(AccountsError::NewerSchema {
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

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
