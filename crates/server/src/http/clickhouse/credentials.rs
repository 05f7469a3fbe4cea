//! Who asks, as clients of ClickHouse tell it: Basic, `X-ClickHouse-User` and `-Key`, or `user` and `password` in the
//! address. The password may be a token. Cookies are none of theirs, and web pages are refused: a browser would send
//! along what it has for this host.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::parameters::all;
use crate::http::authenticate::{AuthError, NameAndSecret, basic};
use crate::http::error::ApiError;

/// Takes name and secret out of a request, where it has them.
pub fn take(parts: &mut Parts) -> Result<Option<NameAndSecret>, ApiError> {
    refuse_web_pages(&parts.headers)?;
    parts.headers.remove(header::COOKIE);
    Ok(named(parts)?)
}

/// Puts them where the check of own accounts looks for them.
pub fn put_for_accounts(parts: &mut Parts, found: NameAndSecret) {
    parts.headers.remove(header::AUTHORIZATION);
    parts.extensions.insert(found);
}

/// Puts them where CVAT's check looks for them.
pub fn put_for_cvat(parts: &mut Parts, found: &NameAndSecret) {
    let text = STANDARD.encode(format!("{}:{}", found.name, found.secret));
    let value = HeaderValue::from_str(&format!("Basic {text}")).expect("base64 is ASCII");
    parts.headers.insert(header::AUTHORIZATION, value);
}

/// Name and secret, where the request has them in one of the three ways.
fn named(parts: &Parts) -> Result<Option<NameAndSecret>, AuthError> {
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let parameters = all(&parts.uri);
    let parameter = |name: &str| {
        let found = parameters.iter().rfind(|(n, _)| n == name);
        found.map(|(_, value)| value.clone())
    };
    let of_headers = pair(header("x-clickhouse-user"), header("x-clickhouse-key"));
    let of_address = pair(parameter("user"), parameter("password"));
    let of_authorization = parts.headers.contains_key(header::AUTHORIZATION);
    let n_ways = usize::from(of_headers.is_some())
        + usize::from(of_address.is_some())
        + usize::from(of_authorization);
    if n_ways > 1 {
        return Err(AuthError::Invalid(
            "Give the credentials in one way: as Authorization, as X-ClickHouse-User and X-ClickHouse-Key, or as the parameters user and password.",
        ));
    }
    if of_authorization {
        return basic(&parts.headers);
    }
    Ok(of_headers.or(of_address))
}

/// ClickHouse's user is `default` where there is only a password.
fn pair(name: Option<String>, secret: Option<String>) -> Option<NameAndSecret> {
    if name.is_none() && secret.is_none() {
        return None;
    }
    Some(NameAndSecret {
        name: name.unwrap_or_else(|| "default".to_owned()),
        secret: secret.unwrap_or_default(),
    })
}

/// Browsers say where a request comes from; other clients do not.
fn refuse_web_pages(headers: &HeaderMap) -> Result<(), ApiError> {
    let site = headers.get("sec-fetch-site");
    let is_of_page =
        site.is_some_and(|site| site != "none") || headers.contains_key(header::ORIGIN);
    if is_of_page {
        return Err(ApiError::Forbidden {
            detail: "Requests of web pages are not accepted here.".to_owned(),
        });
    }
    Ok(())
}
