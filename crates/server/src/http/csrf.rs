//! Protection of cookie logins against requests that another site makes a browser send.

use axum::http::{HeaderValue, Method};
use subtle::ConstantTimeEq;

use crate::identity::secret::{self, SecretHash};

/// Why a request with a session cookie may not change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrfError {
    /// No `csrftoken` cookie.
    #[error("CSRF cookie not set.")]
    NoCookie,
    /// No `X-CSRFToken` header.
    #[error("CSRF token missing.")]
    NoHeader,
    /// The header is not the cookie, or the cookie is not of this session.
    #[error("CSRF token from the 'X-Csrftoken' HTTP header incorrect.")]
    Mismatch,
}

/// A method that changes something needs a header that repeats the cookie, and a cookie
/// that was made for this very session: one set by a neighboring site does not do.
pub(super) fn check(
    method: &Method,
    cookie: Option<&str>,
    header: Option<&str>,
    session: &SecretHash,
) -> Result<(), CsrfError> {
    if is_safe(method) {
        return Ok(());
    }
    let cookie = cookie.ok_or(CsrfError::NoCookie)?;
    let header = header.ok_or(CsrfError::NoHeader)?;
    let is_repeated = secret::hash(header).ct_eq(&secret::hash(cookie));
    let is_of_session = secret::hash(cookie).ct_eq(session);
    if bool::from(is_repeated & is_of_session) {
        Ok(())
    } else {
        Err(CsrfError::Mismatch)
    }
}

/// The same for a session of CVAT: its `csrftoken` cookie is repeated as a header, which another
/// site cannot do, as it does not know the cookie.
pub(super) fn check_repeated(
    method: &Method,
    cookie: Option<&str>,
    header: Option<&HeaderValue>,
) -> Result<(), CsrfError> {
    if is_safe(method) {
        return Ok(());
    }
    let cookie = cookie.ok_or(CsrfError::NoCookie)?;
    let header = header.ok_or(CsrfError::NoHeader)?;
    let is_repeated = !cookie.is_empty() && bool::from(header.as_bytes().ct_eq(cookie.as_bytes()));
    is_repeated.then_some(()).ok_or(CsrfError::Mismatch)
}

/// Whether a method changes nothing.
fn is_safe(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_methods_need_header_cookie_and_session_to_agree() {
        let session = secret::hash("good");
        let (good, bad) = (Some("good"), Some("bad"));
        let cases = [
            (Method::GET, None, None, Ok(())),
            (Method::HEAD, bad, None, Ok(())),
            (Method::POST, good, good, Ok(())),
            (Method::DELETE, good, good, Ok(())),
            (Method::POST, None, good, Err(CsrfError::NoCookie)),
            (Method::POST, good, None, Err(CsrfError::NoHeader)),
            (Method::POST, good, bad, Err(CsrfError::Mismatch)),
            (Method::POST, bad, good, Err(CsrfError::Mismatch)),
            // Both agree, but they belong to another session.
            (Method::POST, bad, bad, Err(CsrfError::Mismatch)),
            (Method::POST, Some(""), Some(""), Err(CsrfError::Mismatch)),
        ];
        for (method, cookie, header, expected) in cases {
            let found = check(&method, cookie, header, &session);
            assert_eq!(found, expected, "{method} {cookie:?} {header:?}");
        }
    }
}
