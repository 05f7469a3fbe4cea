//! What both APIs of tokens do, `/api/tokens` and CVAT's `/api/auth/access_tokens`.

use annoscope_events::Timestamp;
use axum::http::StatusCode;

use super::id_of;
use crate::http::error::ApiError;
use crate::identity::{Accounts, Actor, NewToken, Token, TokenScope};

/// A token to be made.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) scope: TokenScope,
    /// Milliseconds since 1970; `None` does not expire.
    pub(super) expires_ms: Option<i64>,
}

/// Lists a user's API tokens, oldest first.
pub(super) async fn list(accounts: &Accounts, user_id: i64) -> Result<Vec<Token>, ApiError> {
    let tokens = accounts.blocking(move |accounts| accounts.tokens(user_id));
    Ok(tokens.await?)
}

/// Makes one. Returns its text, which is told once.
pub(super) async fn add(
    accounts: &Accounts,
    actor: Actor,
    user_id: i64,
    wanted: Wanted,
) -> Result<(String, Token), ApiError> {
    let added = accounts.blocking(move |accounts| {
        let new = NewToken {
            name: &wanted.name,
            scope: wanted.scope,
            expires_ms: wanted.expires_ms,
        };
        accounts.add_token(&actor, user_id, new)
    });
    Ok(added.await?)
}

/// Revokes one; it stops at once.
pub(super) async fn revoke(
    accounts: &Accounts,
    actor: Actor,
    user_id: i64,
    id: &str,
) -> Result<StatusCode, ApiError> {
    let token_id = id_of(id, "token")?;
    let revoked =
        accounts.blocking(move |accounts| accounts.revoke_token(&actor, user_id, token_id));
    revoked.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The dates of a token, as answers have them.
pub(super) struct Dates {
    pub(super) created: String,
    pub(super) expires: Option<String>,
    /// Up to an hour late.
    pub(super) last_used: Option<String>,
}

impl Dates {
    pub(super) fn of(token: &Token) -> Dates {
        let date = |ms: i64| Timestamp::from_millis(ms).to_string();
        Dates {
            created: date(token.created_ms),
            expires: token.expires_ms.map(date),
            last_used: token.used_ms.map(date),
        }
    }
}
