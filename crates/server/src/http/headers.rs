//! Headers that every answer has: what a browser may do with it.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::forwarded::Client;

/// How long a browser insists on TLS once it was used, seconds: a year.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// The headers, made once.
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    fixed: [(HeaderName, HeaderValue); 3],
    /// Older browsers know only this; it has no list, so it is left out where there is one.
    frame_options: Option<HeaderValue>,
}

impl SecurityHeaders {
    /// `embedded_by`: origins that may show the page in a frame, separated by spaces; printable
    /// ASCII, as the configuration checks.
    pub fn new(embedded_by: &str) -> SecurityHeaders {
        let ancestors = if embedded_by.is_empty() {
            "'none'".to_owned()
        } else {
            format!("'self' {embedded_by}")
        };
        // Nothing from elsewhere, and no script in a text. Widths and places are style attributes.
        let policy = format!(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
             object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
        );
        let policy = HeaderValue::from_str(&policy).expect("the configuration takes ASCII only");
        SecurityHeaders {
            fixed: [
                (header::CONTENT_SECURITY_POLICY, policy),
                (
                    header::X_CONTENT_TYPE_OPTIONS,
                    HeaderValue::from_static("nosniff"),
                ),
                (
                    header::REFERRER_POLICY,
                    HeaderValue::from_static("same-origin"),
                ),
            ],
            frame_options: embedded_by
                .is_empty()
                .then_some(HeaderValue::from_static("DENY")),
        }
    }
}

/// Middleware around everything.
pub async fn secure(
    State(headers): State<SecurityHeaders>,
    request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<Client>();
    let is_secure = client.is_some_and(|client| client.is_secure);
    let mut response = next.run(request).await;
    let answer = response.headers_mut();
    for (name, value) in &headers.fixed {
        answer.insert(name.clone(), value.clone());
    }
    if let Some(value) = &headers.frame_options {
        answer.insert(header::X_FRAME_OPTIONS, value.clone());
    }
    if is_secure {
        let value = HeaderValue::from_static(STRICT_TRANSPORT);
        answer.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}
