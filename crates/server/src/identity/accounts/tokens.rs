//! API tokens and login keys in SQL. Both are tokens; a login key has an end and belongs
//! to a session.

use rusqlite::{Connection, OptionalExtension, params};

use super::AccountsError;
use super::users::{User, user_columns, user_of_row};
use crate::identity::secret;

/// Makes an API token, or with `expires_ms` a login key. Returns its text.
pub(super) fn insert(
    tx: &Connection,
    user_id: i64,
    label: &str,
    now_ms: i64,
    expires_ms: Option<i64>,
) -> Result<String, AccountsError> {
    let token = match expires_ms {
        Some(_) => secret::new_login_key(),
        None => secret::new_token(),
    };
    tx.execute(
        "INSERT INTO tokens (user_id, name, is_login, hash, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            user_id,
            label,
            expires_ms.is_some(),
            secret::hash(&token),
            now_ms,
            expires_ms
        ],
    )?;
    Ok(token)
}

/// The user of a token that has not expired.
pub(super) fn user(
    connection: &Connection,
    token: &str,
    now_ms: i64,
) -> Result<Option<User>, AccountsError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        user_columns!(),
        " FROM tokens JOIN users ON users.id = tokens.user_id
         WHERE tokens.hash = ?1 AND (tokens.expires_ms IS NULL OR tokens.expires_ms > ?2)"
    ))?;
    let user = statement.query_row(params![secret::hash(token), now_ms], user_of_row);
    Ok(user.optional()?)
}

/// Revokes API tokens by label; login keys end with their sessions.
pub(super) fn revoke(tx: &Connection, user_id: i64, label: &str) -> Result<usize, AccountsError> {
    let sql = "DELETE FROM tokens WHERE user_id = ?1 AND name = ?2 AND NOT is_login";
    Ok(tx.execute(sql, params![user_id, label])?)
}

/// Ends a login key; an API token stays.
pub(super) fn end_login(tx: &Connection, token: &str) -> Result<(), AccountsError> {
    let hash = secret::hash(token);
    let sessions = "DELETE FROM sessions WHERE token_id =
        (SELECT id FROM tokens WHERE hash = ?1 AND is_login)";
    tx.execute(sessions, [hash])?;
    tx.execute("DELETE FROM tokens WHERE hash = ?1 AND is_login", [hash])?;
    Ok(())
}

/// Ends all login keys of a user.
pub(super) fn end_logins(tx: &Connection, user_id: i64) -> Result<(), AccountsError> {
    tx.execute(
        "DELETE FROM tokens WHERE user_id = ?1 AND is_login",
        [user_id],
    )?;
    Ok(())
}

/// Removes what has expired.
pub(super) fn purge(tx: &Connection, now_ms: i64) -> Result<(), AccountsError> {
    tx.execute("DELETE FROM tokens WHERE expires_ms <= ?1", [now_ms])?;
    Ok(())
}
