//! Logging in and out, and one's own password.

use axum::Extension;
use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cvat_json;
use crate::http::authenticate;
use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::forwarded::Client;
use crate::http::state::AppState;
use crate::identity::{Account, Actor, LOGIN_LIFETIME_S};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(change_password))
}

/// Who wants to log in: a password with a name or an e-mail address.
#[derive(Deserialize, ToSchema)]
struct Credentials {
    /// The account's name.
    #[serde(default)]
    username: String,
    /// In place of the name.
    #[serde(default)]
    email: String,
    /// The account's password.
    password: String,
}

/// A login.
#[derive(Serialize, ToSchema)]
struct LoginAnswer {
    /// For `Authorization: Token`, as long as the login lasts.
    key: String,
}

/// One sentence.
#[derive(Serialize, ToSchema)]
struct Detail {
    /// The sentence.
    detail: &'static str,
}

/// A new password of one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    old_password: String,
    new_password1: String,
    /// The same again.
    new_password2: String,
}

/// Logs in.
///
/// Answers with a key for `Authorization: Token`, and sets the cookies `sessionid` and
/// `csrftoken`; requests with these that change something repeat the latter as
/// `X-CSRFToken`.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "account",
    request_body = Credentials,
    responses(
        (status = 200, description = "Logged in", content_type = "application/vnd.cvat+json", body = LoginAnswer),
        (status = 400, description = "Wrong or missing credentials", body = serde_json::Value),
        (status = 429, description = "Too many wrong passwords: try again after `Retry-After` seconds"),
        (status = 503, description = "Too many logins at the same time"),
    )
)]
async fn log_in(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    actor: Actor,
    // A form of another site cannot send that type.
    JsonBody(credentials): JsonBody<Credentials>,
) -> Result<impl IntoResponse, ApiError> {
    state.access.require_own_accounts()?;
    let Credentials {
        username,
        email,
        password,
    } = credentials;
    let who = if username.is_empty() { email } else { username };
    let login = state.accounts.log_in(&who, &password, &actor).await?;
    let login = login.ok_or_else(|| ApiError::Invalid {
        body: serde_json::json!({
            "non_field_errors": ["Unable to log in with provided credentials."]
        }),
    })?;
    let cookies = Cookies::of(&client).set(&login.session, &login.csrf_token);
    let key = login.key;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, cookies, cvat_json(LoginAnswer { key })))
}

/// Logs out: ends the session of the cookie and the login key.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "account",
    responses(
        (status = 200, description = "Logged out", content_type = "application/vnd.cvat+json", body = Detail),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "A cookie without its CSRF token"),
    )
)]
async fn log_out(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    state.access.require_own_accounts()?;
    let session = authenticate::cookie(&headers, "sessionid").map(str::to_owned);
    let token = authenticate::token(&headers);
    state.accounts.log_out(session, token).await?;
    let detail = "Successfully logged out.";
    Ok((Cookies::of(&client).clear(), cvat_json(Detail { detail })))
}

/// Changes one's own password.
///
/// All logins end, the one of the request too: log in again. API tokens stay.
#[utoipa::path(
    post,
    path = "/api/auth/password/change",
    tag = "account",
    request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed", content_type = "application/vnd.cvat+json", body = Detail),
        (status = 400, description = "What is wrong, by field", body = serde_json::Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "A cookie without its CSRF token, or a narrow token"),
        (status = 429, description = "Too many wrong passwords"),
    )
)]
async fn change_password(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    actor: Actor,
    account: Account,
    JsonBody(change): JsonBody<PasswordChange>,
) -> Result<impl IntoResponse, ApiError> {
    if change.new_password1 != change.new_password2 {
        let text = "The two password fields didn't match.";
        return Err(ApiError::Invalid {
            body: serde_json::json!({ "new_password2": [text] }),
        });
    }
    let changed =
        state
            .accounts
            .change_password(actor, &account, &change.old_password, change.new_password1);
    changed.await?;
    let detail = "New password has been saved.";
    Ok((Cookies::of(&client).clear(), cvat_json(Detail { detail })))
}

/// Headers that set both cookies.
type CookieHeaders = AppendHeaders<[(HeaderName, String); 2]>;

/// The two cookies of a login. Behind TLS a browser sends them over nothing else.
struct Cookies {
    is_secure: bool,
}

impl Cookies {
    fn of(client: &Client) -> Cookies {
        Cookies {
            is_secure: client.is_secure,
        }
    }

    fn set(&self, session: &str, csrf_token: &str) -> CookieHeaders {
        self.both(session, csrf_token, LOGIN_LIFETIME_S)
    }

    fn clear(&self) -> CookieHeaders {
        self.both("", "", 0)
    }

    fn both(&self, session: &str, csrf_token: &str, max_age_s: i64) -> CookieHeaders {
        let secure = if self.is_secure { "Secure; " } else { "" };
        let cookies = [
            set_cookie(
                "sessionid",
                session,
                max_age_s,
                &format!("{secure}HttpOnly; "),
            ),
            set_cookie("csrftoken", csrf_token, max_age_s, secure),
        ];
        AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)))
    }
}

/// The value of `Set-Cookie`. It must end with `name=value`: cvat-sdk reads two of them
/// joined by a comma, and a flag at the end would swallow the second one.
fn set_cookie(name: &str, value: &str, max_age_s: i64, flags: &str) -> String {
    format!("{name}={value}; {flags}Max-Age={max_age_s}; Path=/; SameSite=Lax")
}

#[cfg(test)]
mod tests;
