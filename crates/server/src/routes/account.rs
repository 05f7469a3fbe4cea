//! Logging in and out, and what cvat-sdk asks before anything else.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::identity::{self, Account, Accounts, LOGIN_LIFETIME_S, Privilege};
use crate::media_type::{self, CVAT_JSON};
use crate::state::AppState;

/// Credentials are short; whoever sends more is not logging in.
const MAX_LOGIN_BYTES: usize = 16 * 1024;

/// What cvat-sdk 2.80 takes for a server of its own version; the rest is a local version
/// label (PEP 440) and says who we are.
const VERSION: &str = concat!("2.80.0+annoscope.", env!("CARGO_PKG_VERSION"));

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    routes_of()
}

/// Over any state that has the accounts: a test needs no more.
fn routes_of<S>() -> OpenApiRouter<S>
where
    Accounts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .layer(DefaultBodyLimit::max(MAX_LOGIN_BYTES))
        .routes(routes!(about))
        .routes(routes!(plugins))
        .routes(routes!(me))
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

/// This server.
#[derive(Serialize, ToSchema)]
struct About {
    /// Its name.
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// The CVAT version whose API it speaks, and its own.
    version: &'static str,
    /// Empty.
    logo_url: &'static str,
    /// Empty.
    subtitle: &'static str,
}

/// Which of CVAT's optional parts are there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is CVAT's")]
struct Plugins {
    analytics: bool,
    git_integration: bool,
    models: bool,
    predict: bool,
}

/// The caller's own account.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is CVAT's")]
struct Me {
    url: String,
    id: i64,
    username: String,
    first_name: String,
    last_name: String,
    email: String,
    /// The privilege.
    groups: [&'static str; 1],
    is_staff: bool,
    is_superuser: bool,
    is_active: bool,
    /// Always null: it is not recorded.
    last_login: Option<String>,
    date_joined: String,
    has_analytics_access: bool,
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
        (status = 200, description = "Logged in", body = LoginAnswer),
        (status = 400, description = "Wrong or missing credentials", body = serde_json::Value),
        (status = 503, description = "Too many logins at the same time"),
    )
)]
async fn log_in(
    State(accounts): State<Accounts>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    // A form of another site cannot send these types.
    media_type::require(&headers, &["application/json", CVAT_JSON])?;
    let Credentials {
        username,
        email,
        password,
    } = serde_json::from_slice(&body).map_err(|e| ApiError::BadDocument {
        detail: format!("JSON parse error - {e}"),
    })?;
    let who = if username.is_empty() { email } else { username };
    let login = accounts.log_in(&who, &password).await?;
    let login = login.ok_or_else(|| ApiError::Invalid {
        body: serde_json::json!({
            "non_field_errors": ["Unable to log in with provided credentials."]
        }),
    })?;
    let cookies = [
        set_cookie("sessionid", &login.session, LOGIN_LIFETIME_S, "HttpOnly; "),
        set_cookie("csrftoken", &login.csrf_token, LOGIN_LIFETIME_S, ""),
    ];
    let headers = cookies.map(|cookie| (header::SET_COOKIE, cookie));
    let key = login.key;
    Ok((
        axum::response::AppendHeaders(headers),
        cvat_json(LoginAnswer { key }),
    ))
}

/// Logs out: ends the session of the cookie and the login key.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "account",
    responses(
        (status = 200, description = "Logged out", body = Detail),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "A cookie without its CSRF token"),
    )
)]
async fn log_out(
    State(accounts): State<Accounts>,
    _: Account,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let session = identity::cookie(&headers, "sessionid").map(str::to_owned);
    accounts.log_out(session, identity::token(&headers)).await?;
    let cookies = [
        set_cookie("sessionid", "", 0, "HttpOnly; "),
        set_cookie("csrftoken", "", 0, ""),
    ];
    let headers = cookies.map(|cookie| (header::SET_COOKIE, cookie));
    let detail = "Successfully logged out.";
    Ok((
        axum::response::AppendHeaders(headers),
        cvat_json(Detail { detail }),
    ))
}

/// Says what this server is.
#[utoipa::path(get, path = "/api/server/about", tag = "account", responses((status = 200, description = "This server", body = About)))]
async fn about() -> impl IntoResponse {
    cvat_json(About {
        name: "annoscope",
        description: "Activity analytics for image-annotation platforms.",
        version: VERSION,
        logo_url: "",
        subtitle: "",
    })
}

/// Says which of CVAT's optional parts are there.
#[utoipa::path(
    get,
    path = "/api/server/plugins",
    tag = "account",
    responses(
        (status = 200, description = "The parts", body = Plugins),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn plugins(_: Account) -> impl IntoResponse {
    cvat_json(Plugins {
        analytics: true,
        git_integration: false,
        models: false,
        predict: false,
    })
}

/// Says who the caller is.
#[utoipa::path(
    get,
    path = "/api/users/self",
    tag = "account",
    responses(
        (status = 200, description = "The caller's account", body = Me),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn me(Account(user): Account, headers: HeaderMap) -> impl IntoResponse {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let is_admin = user.privilege == Privilege::Admin;
    cvat_json(Me {
        url: format!("http://{}/api/users/{}", host.unwrap_or_default(), user.id),
        id: user.id,
        groups: [user.privilege.as_str()],
        is_staff: is_admin,
        is_superuser: is_admin,
        is_active: true,
        last_login: None,
        date_joined: annoscope_events::Timestamp::from_millis(user.created_ms).to_string(),
        has_analytics_access: user.privilege >= Privilege::Business,
        username: user.name,
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
    })
}

/// The value of `Set-Cookie`. It must end with `name=value`: cvat-sdk reads two of them
/// joined by a comma, and a flag at the end would swallow the second one.
fn set_cookie(name: &str, value: &str, max_age_s: i64, flags: &str) -> String {
    format!("{name}={value}; {flags}Max-Age={max_age_s}; Path=/; SameSite=Lax")
}

fn cvat_json<T: Serialize>(value: T) -> ([(HeaderName, &'static str); 1], Json<T>) {
    // The header of the array comes later and replaces that of `Json`.
    ([(header::CONTENT_TYPE, CVAT_JSON)], Json(value))
}

#[cfg(test)]
mod tests;
