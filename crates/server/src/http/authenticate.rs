//! From a request's credentials to a user. Texts as of Django REST framework, whose
//! clients may know them.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::csrf::{self, CsrfError};
use super::extract::actor_of;
use crate::identity::{Account, Accounts, AccountsError, Cvat, CvatUnavailable, Shown, TokenScope};

/// Why a request has no user.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// None, or a kind that we do not know.
    #[error("Authentication credentials were not provided.")]
    Missing,
    /// Wrong or malformed; the text says which.
    #[error("{0}")]
    Invalid(&'static str),
    /// A session cookie without its protection.
    #[error("CSRF Failed: {0}")]
    Csrf(#[from] CsrfError),
    /// The accounts cannot be read.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// CVAT cannot be asked.
    #[error(transparent)]
    Cvat(#[from] CvatUnavailable),
}

/// Clients leave out the padding now and then.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A name and what was given as its password, which may be a token: how clients of ClickHouse show themselves. An
/// extension of their requests, beside which nothing else counts.
#[derive(Clone)]
pub(super) struct NameAndSecret {
    pub(super) name: String,
    pub(super) secret: String,
}

/// What an `Authorization` header holds.
#[derive(Debug, PartialEq, Eq)]
enum Credentials {
    Token(String),
    Basic { name: String, password: String },
}

/// The account of the credentials, and what these are good for.
pub(super) struct Authenticated {
    pub(super) account: Account,
    pub(super) scope: TokenScope,
}

/// The user of a request: by the `Authorization` header if it is of a kind we know,
/// else by the session cookie.
pub(super) async fn by_accounts(
    accounts: &Accounts,
    parts: &Parts,
) -> Result<Authenticated, AuthError> {
    let all = |account| Authenticated {
        account,
        scope: TokenScope::All,
    };
    if let Some(NameAndSecret { name, secret }) = parts.extensions.get() {
        if let Some((account, scope)) = accounts.by_token(secret).await? {
            return Ok(Authenticated { account, scope });
        }
        let actor = actor_of(&parts.extensions);
        let found = accounts.by_password(name, secret, &actor).await?;
        let invalid = AuthError::Invalid("Invalid username/password.");
        return found.map(all).ok_or(invalid);
    }
    match credentials(&parts.headers)? {
        Some(Credentials::Token(token)) => {
            let found = accounts.by_token(&token).await?;
            let (account, scope) = found.ok_or(AuthError::Invalid("Invalid token."))?;
            Ok(Authenticated { account, scope })
        }
        Some(Credentials::Basic { name, password }) => {
            let actor = actor_of(&parts.extensions);
            let found = accounts.by_password(&name, &password, &actor).await?;
            let invalid = AuthError::Invalid("Invalid username/password.");
            found.map(all).ok_or(invalid)
        }
        None => {
            let session = cookie(&parts.headers, "sessionid").ok_or(AuthError::Missing)?;
            let found = accounts.by_session(session).await?;
            let (account, csrf_hash) = found.ok_or(AuthError::Missing)?;
            let token = cookie(&parts.headers, "csrftoken");
            let repeated = parts.headers.get("x-csrftoken");
            let repeated = repeated.and_then(|value| value.to_str().ok());
            csrf::check(&parts.method, token, repeated, &csrf_hash)?;
            Ok(all(account))
        }
    }
}

/// The user of a request, as CVAT knows it.
pub(super) async fn by_cvat(cvat: &Cvat, parts: &Parts) -> Result<Authenticated, AuthError> {
    let shown = shown(&parts.headers)?;
    if let Shown::Session(_) = shown {
        let token = cookie(&parts.headers, "csrftoken");
        csrf::check_repeated(&parts.method, token, parts.headers.get("x-csrftoken"))?;
    }
    let found = cvat.account(&shown).await?;
    let account = found.ok_or(AuthError::Invalid("CVAT does not know these credentials."))?;
    Ok(Authenticated {
        account,
        scope: TokenScope::All,
    })
}

/// The credentials of a request that CVAT is shown.
pub(super) fn shown(headers: &HeaderMap) -> Result<Shown, AuthError> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return Ok(Shown::Authorization(value.as_bytes().to_owned()));
    }
    let session = cookie(headers, "sessionid").ok_or(AuthError::Missing)?;
    Ok(Shown::Session(session.to_owned()))
}

/// The token of an `Authorization` header, if that is what it holds.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    match credentials(headers) {
        Ok(Some(Credentials::Token(token))) => Some(token),
        _ => None,
    }
}

/// Name and secret of a Basic `Authorization` header; `None` where it holds a token.
pub(super) fn basic(headers: &HeaderMap) -> Result<Option<NameAndSecret>, AuthError> {
    Ok(match credentials(headers)? {
        Some(Credentials::Basic { name, password }) => Some(NameAndSecret {
            name,
            secret: password,
        }),
        Some(Credentials::Token(_)) | None => None,
    })
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

fn credentials(headers: &HeaderMap) -> Result<Option<Credentials>, AuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let Ok(value) = value.to_str() else {
        return Err(AuthError::Invalid("Invalid Authorization header."));
    };
    let mut words = value.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default().to_ascii_lowercase();
    let is_basic = match kind.as_str() {
        "token" | "bearer" => false,
        "basic" => true,
        _ => return Ok(None),
    };
    let text = match (words.next(), words.next(), is_basic) {
        (Some(text), None, _) => text,
        (None, _, true) => {
            let message = "Invalid basic header. No credentials provided.";
            return Err(AuthError::Invalid(message));
        }
        (None, _, false) => {
            let message = "Invalid token header. No credentials provided.";
            return Err(AuthError::Invalid(message));
        }
        (Some(_), Some(_), true) => {
            let message = "Invalid basic header. Credentials string should not contain spaces.";
            return Err(AuthError::Invalid(message));
        }
        (Some(_), Some(_), false) => {
            let message = "Invalid token header. Token string should not contain spaces.";
            return Err(AuthError::Invalid(message));
        }
    };
    if is_basic {
        decoded_basic(text).map(Some)
    } else {
        Ok(Some(Credentials::Token(text.to_owned())))
    }
}

fn decoded_basic(text: &str) -> Result<Credentials, AuthError> {
    let invalid = "Invalid basic header. Credentials not correctly base64 encoded.";
    let bytes = BASE64
        .decode(text)
        .map_err(|_| AuthError::Invalid(invalid))?;
    // Old clients send Latin-1, whose bytes are the first 256 characters.
    let decoded = String::from_utf8(bytes)
        .unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
    let (name, password) = decoded.split_once(':').ok_or(AuthError::Invalid(invalid))?;
    Ok(Credentials::Basic {
        name: name.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod cvat_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &[u8]) -> HeaderMap {
        let value = header::HeaderValue::from_bytes(value).unwrap();
        HeaderMap::from_iter([(name, value)])
    }

    /// The value of the header, and what is read from it.
    type HeaderCase = (&'static [u8], Result<Option<Credentials>, &'static str>);

    #[test]
    fn authorization_headers() {
        let token = |text: &str| Ok(Some(Credentials::Token(text.to_owned())));
        let basic = |name: &str, password: &str| {
            Ok(Some(Credentials::Basic {
                name: name.to_owned(),
                password: password.to_owned(),
            }))
        };
        let cases: [HeaderCase; 14] = [
            (b"Token abc", token("abc")),
            (b"token  abc", token("abc")),
            (b"Bearer abc", token("abc")),
            (b"Basic YW5uYTpw", basic("anna", "p")),
            (b"Basic YW5uYTpwOnE=", basic("anna", "p:q")),
            (b"basic YW5uYTpwOnE", basic("anna", "p:q")),
            (b"Basic YTr8", basic("a", "\u{fc}")), // Latin-1
            (b"Digest abc", Ok(None)),
            (b"", Ok(None)),
            (
                b"Token",
                Err("Invalid token header. No credentials provided."),
            ),
            (
                b"Token a b",
                Err("Invalid token header. Token string should not contain spaces."),
            ),
            (
                b"Basic",
                Err("Invalid basic header. No credentials provided."),
            ),
            (
                b"Basic YW5uYQ==",
                Err("Invalid basic header. Credentials not correctly base64 encoded."),
            ),
            (b"Basic \xff", Err("Invalid Authorization header.")),
        ];
        for (value, expected) in cases {
            let found = credentials(&headers(header::AUTHORIZATION, value));
            let found = found.map_err(|e| e.to_string());
            let shown = String::from_utf8_lossy(value);
            assert_eq!(found, expected.map_err(str::to_owned), "{shown}");
        }
        assert!(matches!(credentials(&HeaderMap::new()), Ok(None)));
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let cases = [
            ("sessionid=a", Some("a")),
            ("x=1; sessionid=a; csrftoken=b", Some("a")),
            ("xsessionid=1;sessionid=\"a\"", Some("a")),
            ("sessionid", None),
            ("", None),
        ];
        for (value, expected) in cases {
            let headers = headers(header::COOKIE, value.as_bytes());
            assert_eq!(cookie(&headers, "sessionid"), expected, "{value}");
        }
    }
}
