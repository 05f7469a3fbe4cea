//! Sessions of browsers and of cvat-sdk in SQL.

use rusqlite::{Connection, OptionalExtension, params};

use super::users::{AccountRow, N_USER_COLUMNS, user_columns, user_of_row};
use super::{AccountsError, tokens};
use crate::identity::LOGIN_LIFETIME_S;
use crate::identity::secret::{self, SecretHash};

/// The secrets of a new login: this is the only time that they can be read. Has no
/// `Debug`, so that they do not get into a log.
pub struct Login {
    /// A token for `Authorization: Token`.
    pub key: String,
    /// The cookie `sessionid`.
    pub session: String,
    /// The cookie `csrftoken`.
    pub csrf_token: String,
}

/// Begins a session. Ids are always ours and new, so none can be planted.
pub(super) fn begin(tx: &Connection, user_id: i64, now_ms: i64) -> Result<Login, AccountsError> {
    let expires_ms = now_ms.saturating_add(LOGIN_LIFETIME_S * 1000);
    let key = tokens::insert_login_key(tx, user_id, now_ms, expires_ms)?;
    let token_id = tx.last_insert_rowid();
    let (session, csrf_token) = (secret::random(), secret::random());
    tx.execute(
        "INSERT INTO sessions (hash, csrf_hash, user_id, token_id, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            secret::hash(&session),
            secret::hash(&csrf_token),
            user_id,
            token_id,
            now_ms,
            expires_ms
        ],
    )?;
    Ok(Login {
        key,
        session,
        csrf_token,
    })
}

/// The user of a session that has not expired, and the hash of its CSRF token.
pub(super) fn user(
    connection: &Connection,
    session: &str,
    now_ms: i64,
) -> Result<Option<(AccountRow, SecretHash)>, AccountsError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        user_columns!(),
        ", sessions.csrf_hash FROM sessions JOIN users ON users.id = sessions.user_id
         WHERE sessions.hash = ?1 AND sessions.expires_ms > ?2 AND users.is_active"
    ))?;
    let found = statement.query_row(params![secret::hash(session), now_ms], |row| {
        Ok((user_of_row(row)?, row.get(N_USER_COLUMNS)?))
    });
    Ok(found.optional()?)
}

/// Ends a session and its login key.
pub(super) fn end(tx: &Connection, session: &str) -> Result<(), AccountsError> {
    let hash = secret::hash(session);
    let key = "DELETE FROM tokens WHERE id = (SELECT token_id FROM sessions WHERE hash = ?1)";
    tx.execute(key, [hash])?;
    tx.execute("DELETE FROM sessions WHERE hash = ?1", [hash])?;
    Ok(())
}

/// Ends all sessions of a user, and their login keys.
pub(super) fn end_all(tx: &Connection, user_id: i64) -> Result<(), AccountsError> {
    tokens::end_logins(tx, user_id)?;
    tx.execute("DELETE FROM sessions WHERE user_id = ?1", [user_id])?;
    Ok(())
}

/// Removes what has expired.
pub(super) fn purge(tx: &Connection, now_ms: i64) -> Result<(), AccountsError> {
    tx.execute("DELETE FROM sessions WHERE expires_ms <= ?1", [now_ms])?;
    Ok(())
}
