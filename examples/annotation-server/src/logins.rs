//! Who somebody is: sessions and tokens, and the requests that begin and end them.

use annoscope_events::{Resource, ResourceKind};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use axum::Router;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::ok;
use crate::app::App;
use crate::body::JsonBody;
use crate::database::Records;
use crate::error::{ApiError, Result};
use crate::request::{Anyone, Caller};
use crate::resources::users;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/auth/login", post(login))
        .route("/api/auth/logout", post(logout))
        .route("/api/auth/register", post(register))
}

/// What a request shows of its user.
pub struct Shown {
    pub user: Resource,
    pub access_token_id: Option<i64>,
}

/// `Authorization` of the three kinds, or the session's cookie; changes need the session's CSRF token, too.
pub fn shown(records: Records<'_>, parts: &Parts) -> Result<Option<Shown>> {
    let authorization = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some((kind, value)) = authorization.and_then(|text| text.split_once(' ')) {
        return match kind {
            "Bearer" => by_access_token(records, value).map(Some),
            _ => by_session(records, value, None).map(Some),
        };
    }
    let Some(key) = cookie(&parts.headers, "sessionid") else {
        return Ok(None);
    };
    let is_safe = [Method::GET, Method::HEAD].contains(&parts.method);
    let csrf = parts
        .headers
        .get("x-csrftoken")
        .and_then(|value| value.to_str().ok());
    by_session(
        records,
        key,
        Some(csrf.unwrap_or_default()).filter(|_| !is_safe),
    )
    .map(Some)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut pairs = all
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

fn by_session(records: Records<'_>, key: &str, csrf: Option<&str>) -> Result<Shown> {
    let sql = "SELECT user_id, csrf FROM sessions WHERE key = ?1";
    let found: Option<(i64, String)> = records
        .0
        .query_row(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (user_id, expected) = found.ok_or(ApiError::WrongCredentials("Invalid token."))?;
    if csrf.is_some_and(|csrf| csrf != expected) {
        return Err(ApiError::Forbidden(
            "CSRF Failed: CSRF token missing or incorrect.",
        ));
    }
    let user = records.get(ResourceKind::User, user_id);
    Ok(Shown {
        user: user.map_err(|_| ApiError::WrongCredentials("Invalid token."))?,
        access_token_id: None,
    })
}

fn by_access_token(records: Records<'_>, value: &str) -> Result<Shown> {
    let sql = "SELECT CAST(key AS INTEGER) FROM documents WHERE of = 'accesstoken' AND document ->> 'value' = ?1";
    let id: Option<i64> = records
        .0
        .query_row(sql, [value], |row| row.get(0))
        .optional()?;
    let token = id
        .map(|id| records.get(ResourceKind::AccessToken, id))
        .transpose()?;
    let token = token.ok_or(ApiError::WrongCredentials("Invalid token."))?;
    let user_id = token.state["owner"]["id"].as_i64().unwrap_or_default();
    Ok(Shown {
        user: records.get(ResourceKind::User, user_id)?,
        access_token_id: token.id,
    })
}

async fn login(State(app): State<App>, Anyone(caller): Anyone, body: JsonBody) -> Result<Response> {
    let name = body
        .text("username")
        .or_else(|_| body.text("email"))?
        .to_owned();
    let password = body.text("password")?.to_owned();
    let session = app.change(&caller, |change| {
        let user = change.find(ResourceKind::User, "username", &json!(name))?;
        let user = match user {
            None => change.find(ResourceKind::User, "email", &json!(name))?,
            found => found,
        };
        let user_id = user.and_then(|user| user.id);
        let sql = "SELECT hash FROM passwords WHERE user_id = ?1";
        let hash: Option<String> = change
            .0
            .query_row(sql, [user_id], |row| row.get(0))
            .optional()?;
        match (user_id, hash) {
            (Some(id), Some(hash)) if is_right(&password, &hash) => begin(**change, id),
            _ => Err(ApiError::invalid(
                "non_field_errors",
                "Unable to log in with provided credentials.",
            )),
        }
    })?;
    Ok(session.into_response())
}

struct Session {
    key: String,
    csrf: String,
}

fn begin(records: Records<'_>, user_id: i64) -> Result<Session> {
    let session = Session {
        key: secret(),
        csrf: secret(),
    };
    let sql = "INSERT INTO sessions (key, csrf, user_id) VALUES (?1, ?2, ?3)";
    records
        .0
        .execute(sql, params![session.key, session.csrf, user_id])?;
    Ok(session)
}

impl IntoResponse for Session {
    fn into_response(self) -> Response {
        let mut answer = ok(&json!({ "key": self.key }));
        let cookies = [
            format!("sessionid={}; Path=/; HttpOnly; SameSite=Lax", self.key),
            format!("csrftoken={}; Path=/; SameSite=Lax", self.csrf),
        ];
        for cookie in cookies {
            let value = HeaderValue::from_str(&cookie).expect("keys are letters and digits");
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
        answer
    }
}

async fn logout(State(app): State<App>, _: Caller, headers: HeaderMap) -> Result<Response> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '));
    if let Some(key) = token
        .map(|(_, key)| key)
        .or_else(|| cookie(&headers, "sessionid"))
    {
        app.connection()
            .execute("DELETE FROM sessions WHERE key = ?1", [key])
            .map_err(ApiError::from)?;
    }
    Ok(ok(&json!({ "detail": "Successfully logged out." })))
}

async fn register(
    State(app): State<App>,
    Anyone(caller): Anyone,
    body: JsonBody,
) -> Result<Response> {
    let password = body.text("password1")?;
    let user = app.change(&caller, |change| {
        users::add(change, users::registered(change, &body)?, password)
    })?;
    let fields = ["username", "email", "first_name", "last_name"]
        .map(|name| (name.to_owned(), user.state[name].clone()));
    let body = Value::Object(fields.into_iter().collect());
    Ok(crate::answers::json_answer(
        axum::http::StatusCode::CREATED,
        &body,
    ))
}

/// 122 random bits.
pub fn secret() -> String {
    Uuid::new_v4().simple().to_string()
}

pub fn set_password(records: Records<'_>, user_id: i64, password: &str) -> Result<()> {
    let salt =
        SaltString::encode_b64(Uuid::new_v4().as_bytes()).expect("16 bytes are a valid salt");
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    let hash = hash.map_err(|error| ApiError::invalid("password1", error.to_string()))?;
    let sql = "INSERT OR REPLACE INTO passwords (user_id, hash) VALUES (?1, ?2)";
    records.0.execute(sql, params![user_id, hash.to_string()])?;
    Ok(())
}

fn is_right(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}
