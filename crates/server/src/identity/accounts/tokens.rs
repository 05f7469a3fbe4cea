//! API tokens and login keys in SQL. Both are tokens; a login key has an end and belongs
//! to a session.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::AccountsError;
use super::error::RefusedToken;
use super::users::{AccountRow, N_USER_COLUMNS, user_columns, user_of_row};
use crate::identity::TokenScope;
use crate::identity::secret;

/// What is recorded of a token's use is no older than this, ms: a write for each request would
/// cost more than the request.
const USE_RESOLUTION_MS: i64 = 60 * 60 * 1000;

/// Tokens of one user at most.
const MAX_TOKENS: i64 = 100;

/// A token in a list; its text is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// For revoking it.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it is good for.
    pub scope: TokenScope,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970; `None` does not expire.
    pub expires_ms: Option<i64>,
    /// Milliseconds since 1970, up to an hour late; `None` is never.
    pub used_ms: Option<i64>,
}

/// A token to be made.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    /// What it is for: 1 to 150 characters.
    pub name: &'a str,
    /// What it is good for.
    pub scope: TokenScope,
    /// Milliseconds since 1970; `None` does not expire.
    pub expires_ms: Option<i64>,
}

/// What is changed of a token; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct TokenChange {
    /// What it is for: 1 to 150 characters.
    pub name: Option<String>,
    /// What it is good for.
    pub scope: Option<TokenScope>,
    /// Milliseconds since 1970; `Some(None)` does not expire.
    pub expires_ms: Option<Option<i64>>,
}

/// The user of a token, and what the token is good for.
pub(super) struct Holder {
    pub(super) user: AccountRow,
    pub(super) scope: TokenScope,
    pub(super) token_id: i64,
    /// Whether its use should be recorded.
    pub(super) is_use_news: bool,
}

/// Makes an API token. Returns its text and how it is listed.
pub(super) fn insert(
    tx: &Connection,
    user_id: i64,
    new: NewToken<'_>,
    now_ms: i64,
) -> Result<(String, Token), AccountsError> {
    let name = checked_name(new.name)?;
    check_end(new.expires_ms, now_ms)?;
    let count = "SELECT count(*) FROM tokens WHERE user_id = ?1 AND NOT is_login";
    let n_tokens: i64 = tx.query_row(count, [user_id], |row| row.get(0))?;
    if n_tokens >= MAX_TOKENS {
        return Err(RefusedToken::TooMany { max: MAX_TOKENS }.into());
    }
    let text = secret::new_token();
    tx.execute(
        "INSERT INTO tokens (user_id, name, is_login, hash, scope, created_ms, expires_ms)
         VALUES (:user_id, :name, 0, :hash, :scope, :now_ms, :expires_ms)",
        named_params! {
            ":user_id": user_id,
            ":name": name,
            ":hash": secret::hash(&text),
            ":scope": new.scope,
            ":now_ms": now_ms,
            ":expires_ms": new.expires_ms,
        },
    )?;
    let token = Token {
        id: tx.last_insert_rowid(),
        name: name.to_owned(),
        scope: new.scope,
        created_ms: now_ms,
        expires_ms: new.expires_ms,
        used_ms: None,
    };
    Ok((text, token))
}

fn checked_name(name: &str) -> Result<&str, AccountsError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 150 || name.contains(char::is_control) {
        return Err(RefusedToken::BadName.into());
    }
    Ok(name)
}

fn check_end(expires_ms: Option<i64>, now_ms: i64) -> Result<(), AccountsError> {
    if expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
        return Err(RefusedToken::Expired.into());
    }
    Ok(())
}

/// Changes a token; its text stays. Returns how it is listed now.
pub(super) fn change(
    tx: &Connection,
    token: Token,
    change: &TokenChange,
    now_ms: i64,
) -> Result<Token, AccountsError> {
    let name = change.name.as_deref().map(checked_name).transpose()?;
    if let Some(expires_ms) = change.expires_ms {
        check_end(expires_ms, now_ms)?;
    }
    let token = Token {
        name: name.map_or(token.name, str::to_owned),
        scope: change.scope.unwrap_or(token.scope),
        expires_ms: change.expires_ms.unwrap_or(token.expires_ms),
        ..token
    };
    tx.execute(
        "UPDATE tokens SET name = ?2, scope = ?3, expires_ms = ?4 WHERE id = ?1",
        params![token.id, token.name, token.scope, token.expires_ms],
    )?;
    Ok(token)
}

/// The API token of that text, if it is that user's.
pub(super) fn of_text(
    connection: &Connection,
    user_id: i64,
    text: &str,
) -> Result<Option<Token>, AccountsError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, scope, created_ms, expires_ms, used_ms FROM tokens
         WHERE user_id = ?1 AND hash = ?2 AND NOT is_login",
    )?;
    let token = statement.query_row(params![user_id, secret::hash(text)], token_of_row);
    Ok(token.optional()?)
}

/// Makes the key of a login. Returns its text.
pub(super) fn insert_login_key(
    tx: &Connection,
    user_id: i64,
    now_ms: i64,
    expires_ms: i64,
) -> Result<String, AccountsError> {
    let key = secret::new_login_key();
    tx.execute(
        "INSERT INTO tokens (user_id, name, is_login, hash, created_ms, expires_ms)
         VALUES (?1, 'login', 1, ?2, ?3, ?4)",
        params![user_id, secret::hash(&key), now_ms, expires_ms],
    )?;
    Ok(key)
}

/// The holder of a token that has not expired; a user who may log in.
pub(super) fn holder(
    connection: &Connection,
    token: &str,
    now_ms: i64,
) -> Result<Option<Holder>, AccountsError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        user_columns!(),
        ", tokens.scope, tokens.id, tokens.used_ms, tokens.is_login
         FROM tokens JOIN users ON users.id = tokens.user_id
         WHERE tokens.hash = ?1 AND users.is_active
           AND (tokens.expires_ms IS NULL OR tokens.expires_ms > ?2)"
    ))?;
    let holder = statement.query_row(params![secret::hash(token), now_ms], |row| {
        let used_ms: Option<i64> = row.get(N_USER_COLUMNS + 2)?;
        let is_login: bool = row.get(N_USER_COLUMNS + 3)?;
        let is_old = used_ms.is_none_or(|used_ms| now_ms - used_ms >= USE_RESOLUTION_MS);
        Ok(Holder {
            user: user_of_row(row)?,
            scope: row.get(N_USER_COLUMNS)?,
            token_id: row.get(N_USER_COLUMNS + 1)?,
            is_use_news: is_old && !is_login,
        })
    });
    Ok(holder.optional()?)
}

/// Records that a token was used.
pub(super) fn used(tx: &Connection, token_id: i64, now_ms: i64) -> Result<(), AccountsError> {
    let sql = "UPDATE tokens SET used_ms = ?2 WHERE id = ?1";
    tx.execute(sql, [token_id, now_ms])?;
    Ok(())
}

/// The API tokens of a user that have not expired, oldest first.
pub(super) fn list(
    connection: &Connection,
    user_id: i64,
    now_ms: i64,
) -> Result<Vec<Token>, AccountsError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, scope, created_ms, expires_ms, used_ms FROM tokens
         WHERE user_id = ?1 AND NOT is_login AND (expires_ms IS NULL OR expires_ms > ?2) ORDER BY id",
    )?;
    let tokens = statement.query_map([user_id, now_ms], token_of_row)?;
    Ok(tokens.collect::<Result<_, _>>()?)
}

fn token_of_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        scope: row.get(2)?,
        created_ms: row.get(3)?,
        expires_ms: row.get(4)?,
        used_ms: row.get(5)?,
    })
}

/// Revokes an API token; login keys end with their sessions.
pub(super) fn revoke(tx: &Connection, token_id: i64) -> Result<(), AccountsError> {
    tx.execute(
        "DELETE FROM tokens WHERE id = ?1 AND NOT is_login",
        [token_id],
    )?;
    Ok(())
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
