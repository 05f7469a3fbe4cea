//! `/api/tokens`: one's own API tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::token_actions::{self, Dates, Wanted};
use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::extract::Path;
use crate::http::state::AppState;
use crate::identity::{Account, Actor, Token, TokenScope, UnknownWord};

/// Longest life of a token that has an end, days.
const MAX_DAYS: u32 = 3650;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenBody {
    /// What it is for.
    name: String,
    /// `all`, `read` (queries, dashboards, exports) or `send` (events); `all` by default.
    #[serde(default = "all")]
    scope: String,
    /// Days until it expires; it does not by default.
    #[serde(default)]
    expires_in_days: Option<u32>,
}

fn all() -> String {
    TokenScope::All.as_str().to_owned()
}

/// A token; its text is told once, when it is made.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    id: i64,
    name: String,
    /// `all`, `read` or `send`.
    scope: &'static str,
    created_date: String,
    expires_date: Option<String>,
    /// Up to an hour late.
    last_used_date: Option<String>,
    /// In the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenAnswer {
    pub(super) fn of(token: Token) -> TokenAnswer {
        let dates = Dates::of(&token);
        TokenAnswer {
            id: token.id,
            name: token.name,
            scope: token.scope.as_str(),
            created_date: dates.created,
            expires_date: dates.expires,
            last_used_date: dates.last_used,
            token: None,
        }
    }
}

/// Lists one's own API tokens.
#[utoipa::path(
    get,
    path = "/api/tokens",
    operation_id = "list_tokens",
    tag = "account",
    responses(
        (status = 200, description = "`{\"results\": [token]}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
    )
)]
async fn list(State(state): State<AppState>, account: Account) -> Result<Json<Value>, ApiError> {
    let tokens = token_actions::list(&state.accounts, account.id).await?;
    let tokens: Vec<TokenAnswer> = tokens.into_iter().map(TokenAnswer::of).collect();
    Ok(Json(json!({ "results": tokens })))
}

/// Makes an API token of one's own; the answer has its text, once.
#[utoipa::path(
    post,
    path = "/api/tokens",
    operation_id = "create_token",
    tag = "account",
    request_body(content = TokenBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The token", body = TokenAnswer),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
    )
)]
async fn create(
    State(state): State<AppState>,
    actor: Actor,
    account: Account,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<(StatusCode, Json<TokenAnswer>), ApiError> {
    make(&state, actor, account.id, body).await
}

/// Revokes a token of one's own; it stops at once.
#[utoipa::path(
    delete,
    path = "/api/tokens/{id}",
    operation_id = "revoke_token",
    tag = "account",
    params(("id" = i64, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
        (status = 404, description = "There is no such token of yours"),
    )
)]
async fn revoke(
    State(state): State<AppState>,
    actor: Actor,
    account: Account,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    token_actions::revoke(&state.accounts, actor, account.id, &id).await
}

/// Makes a token for that user.
pub(super) async fn make(
    state: &AppState,
    actor: Actor,
    user_id: i64,
    body: TokenBody,
) -> Result<(StatusCode, Json<TokenAnswer>), ApiError> {
    let field = |name: &str, text: String| ApiError::Invalid {
        body: json!({ name: [text] }),
    };
    let scope: TokenScope = body
        .scope
        .parse()
        .map_err(|error: UnknownWord| field("scope", error.to_string()))?;
    let expires_ms = match body.expires_in_days {
        None => None,
        Some(days @ 1..=MAX_DAYS) => {
            Some(clock::now().millis() + i64::from(days) * 24 * 60 * 60 * 1000)
        }
        Some(_) => {
            let text = format!("1 to {MAX_DAYS} days are expected, or null");
            return Err(field("expires_in_days", text));
        }
    };
    let wanted = Wanted {
        name: body.name,
        scope,
        expires_ms,
    };
    let (text, token) = token_actions::add(&state.accounts, actor, user_id, wanted).await?;
    let answer = TokenAnswer {
        token: Some(text),
        ..TokenAnswer::of(token)
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
