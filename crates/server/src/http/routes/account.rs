//! Logging in and out, and what cvat-sdk asks before anything else.

use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::AuthKind;
use crate::http::authenticate;
use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::forwarded::Client;
use crate::http::media_type::CVAT_JSON;
use crate::http::state::AppState;
use crate::identity::rights::{self, Action};
use crate::identity::{Actor, Caller, LOGIN_LIFETIME_S, Membership, Person, Privilege};

/// What cvat-sdk 2.80 takes for a server of its own version; the rest is a local version
/// label (PEP 440) and says who we are.
const VERSION: &str = concat!("2.80.0+annoscope.", env!("CARGO_PKG_VERSION"));

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(change_password))
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
    /// Whose accounts count, so where one logs in: `annoscope` or `cvat`. CVAT has no such field.
    accounts: &'static str,
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
    /// Whether the account sees all events (CVAT's name for it).
    has_analytics_access: bool,
    /// `admin`, `business`, `user` or `worker`.
    privilege: &'static str,
    /// By slug.
    organizations: Vec<MembershipAnswer>,
    /// Within the organization that the request names.
    may: May,
}

/// What the caller may do, so that a page shows no button that is refused.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "a list of answers")]
struct May {
    query: bool,
    see_dashboards: bool,
    save_dashboards: bool,
    administer: bool,
}

/// An organization that somebody belongs to.
#[derive(Serialize, ToSchema)]
pub(super) struct MembershipAnswer {
    id: i64,
    slug: String,
    name: String,
    /// `owner`, `maintainer`, `supervisor` or `worker`.
    role: &'static str,
}

impl MembershipAnswer {
    pub(super) fn of(membership: Membership) -> MembershipAnswer {
        MembershipAnswer {
            id: membership.organization.id,
            slug: membership.organization.slug,
            name: membership.name,
            role: membership.role.as_str(),
        }
    }
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
    person: Person,
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
            .change_password(actor, &person, &change.old_password, change.new_password1);
    changed.await?;
    let detail = "New password has been saved.";
    Ok((Cookies::of(&client).clear(), cvat_json(Detail { detail })))
}

/// Says what this server is.
#[utoipa::path(get, path = "/api/server/about", tag = "account", responses((status = 200, description = "This server", content_type = "application/vnd.cvat+json", body = About)))]
async fn about(State(state): State<AppState>) -> impl IntoResponse {
    cvat_json(About {
        accounts: match state.config.auth {
            AuthKind::Accounts => "annoscope",
            AuthKind::Cvat => "cvat",
        },
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
        (status = 200, description = "The parts", content_type = "application/vnd.cvat+json", body = Plugins),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn plugins() -> impl IntoResponse {
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
        (status = 200, description = "The caller's account", content_type = "application/vnd.cvat+json", body = Me),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn me(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    person: Person,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let memberships = state.access.memberships(&caller, &headers).await?;
    let policy = state.access.policy();
    let may = |action| rights::decide(action, &caller, policy).is_ok();
    let is_admin = person.privilege == Privilege::Admin;
    let base = client.base_url(state.config.listen);
    Ok(cvat_json(Me {
        url: format!("{base}/api/users/{}", person.id),
        id: person.id,
        groups: [person.privilege.as_str()],
        is_staff: is_admin,
        is_superuser: is_admin,
        is_active: true,
        last_login: None,
        date_joined: annoscope_events::Timestamp::from_millis(person.created_ms).to_string(),
        has_analytics_access: rights::has_analytics_access(&caller),
        privilege: person.privilege.as_str(),
        may: May {
            query: may(Action::Look),
            see_dashboards: may(Action::Look),
            save_dashboards: may(Action::EditDashboards),
            administer: may(Action::Administer),
        },
        organizations: memberships.into_iter().map(MembershipAnswer::of).collect(),
        username: person.name,
        first_name: person.first_name,
        last_name: person.last_name,
        email: person.email,
    }))
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

fn cvat_json<T: Serialize>(value: T) -> ([(HeaderName, &'static str); 1], Json<T>) {
    // The header of the array comes later and replaces that of `Json`.
    ([(header::CONTENT_TYPE, CVAT_JSON)], Json(value))
}

#[cfg(test)]
mod tests;
