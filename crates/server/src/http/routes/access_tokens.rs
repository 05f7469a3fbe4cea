//! `/api/auth/access_tokens`: one's own API tokens, as cvat-sdk knows them.
//!
//! The same tokens as those of `/api/tokens`. CVAT's `read_only` is the scope `read`; a token with
//! the scope `send`, which CVAT has none of, is not read-only.

use annoscope_events::Timestamp;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::requests::with_page;
use super::token_actions::{self, Dates, Wanted};
use super::{cvat_json, id_of};
use crate::http::authenticate;
use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::extract::Path;
use crate::http::forwarded::Client;
use crate::http::state::AppState;
use crate::identity::{Account, Actor, Token, TokenChange, TokenScope};

/// Tokens on a page, where the request does not say.
const PAGE_SIZE: usize = 10;

/// Most tokens on a page.
const MAX_PAGE_SIZE: usize = 100;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_access_tokens, create_access_token))
        .routes(routes!(read_own_access_token))
        .routes(routes!(
            read_access_token,
            change_access_token,
            remove_access_token
        ))
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
struct AccessTokenBody {
    /// What it is for.
    name: String,
    /// When it expires, ISO 8601; null does not.
    #[serde(default)]
    expiry_date: Option<String>,
    /// Whether it is good for looking only.
    #[serde(default)]
    read_only: bool,
}

/// What is changed of a token.
#[derive(Deserialize, ToSchema)]
struct AccessTokenChange {
    /// What it is for.
    #[serde(default)]
    name: Option<String>,
    /// When it expires, ISO 8601; null does not.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    expiry_date: Option<Value>,
    /// Whether it is good for looking only.
    #[serde(default)]
    read_only: Option<bool>,
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Which tokens are listed.
#[derive(Deserialize)]
struct Listed {
    page: Option<usize>,
    page_size: Option<usize>,
    name: Option<String>,
    search: Option<String>,
}

/// A token, as CVAT describes it.
#[derive(Serialize, ToSchema)]
struct AccessToken {
    id: i64,
    name: String,
    created_date: String,
    /// That of its making: later changes have no date.
    updated_date: String,
    expiry_date: Option<String>,
    /// Up to an hour late.
    last_used_date: Option<String>,
    read_only: bool,
    owner: Owner,
    /// In the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Whose token it is.
#[derive(Serialize, ToSchema)]
struct Owner {
    url: String,
    id: i64,
    username: String,
    first_name: String,
    last_name: String,
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
struct AccessTokenPage {
    /// Tokens on all pages.
    count: usize,
    /// Address of the next page.
    next: Option<String>,
    /// Address of the page before.
    previous: Option<String>,
    results: Vec<AccessToken>,
}

impl AccessToken {
    fn of(token: Token, account: &Account, base: &str) -> AccessToken {
        let dates = Dates::of(&token);
        AccessToken {
            id: token.id,
            name: token.name,
            updated_date: dates.created.clone(),
            created_date: dates.created,
            expiry_date: dates.expires,
            last_used_date: dates.last_used,
            read_only: token.scope == TokenScope::Read,
            owner: Owner {
                url: format!("{base}/api/users/{}", account.id),
                id: account.id,
                username: account.name.clone(),
                first_name: account.first_name.clone(),
                last_name: account.last_name.clone(),
            },
            value: None,
        }
    }
}

/// Lists one's own API tokens, oldest first.
#[utoipa::path(
    get,
    path = "/api/auth/access_tokens",
    tag = "account",
    params(
        ("page" = Option<usize>, Query, description = "From 1"),
        ("page_size" = Option<usize>, Query, description = "10 by default, 100 at most"),
        ("name" = Option<String>, Query, description = "Those of this name"),
        ("search" = Option<String>, Query, description = "Those with this in their name"),
    ),
    responses(
        (status = 200, description = "A page of tokens", content_type = "application/vnd.cvat+json", body = AccessTokenPage),
        (status = 400, description = "A parameter is wrong", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
        (status = 404, description = "There is no such page"),
    )
)]
async fn list_access_tokens(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    account: Account,
    uri: Uri,
    query: Result<Query<Listed>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(listed) = query.map_err(|error| ApiError::BadRequest {
        message: error.body_text(),
    })?;
    let mut tokens = token_actions::list(&state.accounts, account.id).await?;
    tokens.retain(|token| {
        let is_named = listed.name.as_ref().is_none_or(|name| token.name == *name);
        let text = listed.search.as_deref().unwrap_or_default().to_lowercase();
        is_named && token.name.to_lowercase().contains(&text)
    });
    let count = tokens.len();
    let size = listed
        .page_size
        .unwrap_or(PAGE_SIZE)
        .clamp(1, MAX_PAGE_SIZE);
    let page = listed.page.unwrap_or(1);
    let n_pages = count.div_ceil(size).max(1);
    if !(1..=n_pages).contains(&page) {
        return Err(ApiError::Unknown {
            detail: "Invalid page.".to_owned(),
        });
    }
    let base = client.base_url(state.config.listen);
    let url = |number: usize| format!("{base}{}", with_page(&uri, number));
    let results = tokens.into_iter().skip((page - 1) * size).take(size);
    Ok(cvat_json(AccessTokenPage {
        count,
        next: (page < n_pages).then(|| url(page + 1)),
        previous: (page > 1).then(|| url(page - 1)),
        results: results
            .map(|token| AccessToken::of(token, &account, &base))
            .collect(),
    }))
}

/// Makes an API token of one's own; the answer has its text, once.
#[utoipa::path(
    post,
    path = "/api/auth/access_tokens",
    tag = "account",
    request_body(content = AccessTokenBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The token", content_type = "application/vnd.cvat+json", body = AccessToken),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
    )
)]
async fn create_access_token(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    actor: Actor,
    account: Account,
    JsonBody(body): JsonBody<AccessTokenBody>,
) -> Result<Response, ApiError> {
    let expires_ms = expiry(body.expiry_date.map_or(Value::Null, Value::from))?;
    let wanted = Wanted {
        name: body.name,
        scope: scope(body.read_only),
        expires_ms,
    };
    let (text, token) = token_actions::add(&state.accounts, actor, account.id, wanted).await?;
    let base = client.base_url(state.config.listen);
    let answer = AccessToken {
        value: Some(text),
        ..AccessToken::of(token, &account, &base)
    };
    Ok((StatusCode::CREATED, cvat_json(answer)).into_response())
}

/// The API token that the request is made with.
#[utoipa::path(
    get,
    path = "/api/auth/access_tokens/self",
    tag = "account",
    responses(
        (status = 200, description = "The token", content_type = "application/vnd.cvat+json", body = AccessToken),
        (status = 401, description = "No or wrong credentials"),
        (status = 404, description = "The credentials are no API token"),
    )
)]
async fn read_own_access_token(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    account: Account,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.access.require_own_accounts()?;
    let text = authenticate::token(&headers).ok_or_else(unknown)?;
    let user_id = account.id;
    let found = state
        .accounts
        .blocking(move |accounts| accounts.token_of_text(user_id, &text));
    let token = found.await?.ok_or_else(unknown)?;
    let base = client.base_url(state.config.listen);
    Ok(cvat_json(AccessToken::of(token, &account, &base)))
}

/// One of one's own API tokens.
#[utoipa::path(
    get,
    path = "/api/auth/access_tokens/{id}",
    tag = "account",
    params(("id" = i64, Path, description = "As the list has it")),
    responses(
        (status = 200, description = "The token", content_type = "application/vnd.cvat+json", body = AccessToken),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
        (status = 404, description = "There is no such token of yours"),
    )
)]
async fn read_access_token(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    account: Account,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let token_id = id_of(&id, "token")?;
    let mut tokens = token_actions::list(&state.accounts, account.id)
        .await?
        .into_iter();
    let token = tokens
        .find(|token| token.id == token_id)
        .ok_or_else(unknown)?;
    let base = client.base_url(state.config.listen);
    Ok(cvat_json(AccessToken::of(token, &account, &base)))
}

/// Changes an API token of one's own; its text stays.
#[utoipa::path(
    patch,
    path = "/api/auth/access_tokens/{id}",
    tag = "account",
    params(("id" = i64, Path, description = "As the list has it")),
    request_body(content = AccessTokenChange, content_type = "application/json"),
    responses(
        (status = 200, description = "The token", content_type = "application/vnd.cvat+json", body = AccessToken),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
        (status = 404, description = "There is no such token of yours"),
    )
)]
async fn change_access_token(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    actor: Actor,
    account: Account,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<AccessTokenChange>,
) -> Result<Response, ApiError> {
    let token_id = id_of(&id, "token")?;
    let change = TokenChange {
        name: body.name,
        scope: body.read_only.map(scope),
        expires_ms: body.expiry_date.map(expiry).transpose()?,
    };
    let user_id = account.id;
    let changed = state
        .accounts
        .blocking(move |accounts| accounts.change_token(&actor, user_id, token_id, &change));
    let token = changed.await?;
    let base = client.base_url(state.config.listen);
    Ok(cvat_json(AccessToken::of(token, &account, &base)))
}

/// Revokes an API token of one's own; it stops at once.
#[utoipa::path(
    delete,
    path = "/api/auth/access_tokens/{id}",
    tag = "account",
    params(("id" = i64, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "The credentials are a narrow token"),
        (status = 404, description = "There is no such token of yours"),
    )
)]
async fn remove_access_token(
    State(state): State<AppState>,
    actor: Actor,
    account: Account,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    token_actions::revoke(&state.accounts, actor, account.id, &id).await
}

fn scope(is_read_only: bool) -> TokenScope {
    if is_read_only {
        TokenScope::Read
    } else {
        TokenScope::All
    }
}

/// Milliseconds since 1970; `None` does not expire.
fn expiry(date: Value) -> Result<Option<i64>, ApiError> {
    let wrong = |text: String| ApiError::Invalid {
        body: json!({ "expiry_date": [text] }),
    };
    match date {
        Value::Null => Ok(None),
        Value::String(text) => match Timestamp::parse_iso8601(&text) {
            Ok(date) => Ok(Some(date.millis())),
            Err(error) => Err(wrong(error.to_string())),
        },
        _ => Err(wrong("Not a valid string.".to_owned())),
    }
}

fn unknown() -> ApiError {
    ApiError::Unknown {
        detail: "there is no such token".to_owned(),
    }
}
