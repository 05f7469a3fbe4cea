//! The id of a request: in every answer, in every log line, in stored events.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::error::ApiError;

/// The header that carries the id back.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A fresh UUID v4 for each request (contract.md, "Request ids"); an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// Middleware around everything: gives the request its id, logs within its span, turns a
/// panic into a 500, and puts the id on the answer. What the client sends as
/// `X-Request-Id` counts for nothing.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    request.extensions_mut().insert(RequestId(id));
    // Of level error, so that no configured level cuts the id off a line.
    let span = tracing::error_span!(
        "request",
        request.id = %id,
        http.method = %request.method(),
        http.path = request.uri().path(),
    );
    let mut response = answer(request, next).instrument(span).await;
    let value = HeaderValue::from_str(&id.to_string()).expect("a UUID is ASCII");
    response.headers_mut().insert(HEADER, value);
    response
}

/// The answer; a panic becomes a 500.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    // Safe to go on: the request is gone, and shared state is locked by no more than
    // statements that leave it whole.
    answer.unwrap_or_else(|panic| ApiError::Internal(text_of(&*panic).into()).into_response())
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::routing::get;
    use axum::{Extension, Router, middleware};
    use tower::ServiceExt;

    use super::*;

    fn app() -> Router {
        let panics = |request: Request| async move {
            assert_ne!(request.uri().path(), "/panic", "a bug");
        };
        let id = |Extension(RequestId(id)): Extension<RequestId>| async move { id.to_string() };
        Router::new()
            .route("/id", get(id))
            .route("/panic", get(panics))
            .fallback(|| async { ApiError::NotFound })
            .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
            .layer(middleware::from_fn(assign))
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, Option<Uuid>, String) {
        let sent = "c56a4180-65aa-42ec-a945-5fd21dec0538";
        let request = Request::builder().method(method).uri(path);
        let request = request.header("x-request-id", sent).body(Body::empty());
        let response = app().oneshot(request.unwrap()).await.unwrap();
        let status = response.status();
        let id = response.headers().get(HEADER);
        let id = id.and_then(|id| id.to_str().unwrap().parse().ok());
        assert_ne!(id, sent.parse().ok(), "the client's id is never used");
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        (status, id, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_answer_has_an_id() {
        let cases = [
            ("GET", "/id", 200),
            ("GET", "/nowhere", 404),
            ("DELETE", "/id", 405),
            ("GET", "/panic", 500),
        ];
        for (method, path, status) in cases {
            let (found, id, body) = ask(method, path).await;
            assert_eq!(found, status, "{method} {path}");
            assert_eq!(
                id.map(|id| id.get_version_num()),
                Some(4),
                "{method} {path}"
            );
            assert!(!body.contains("a bug"), "{body}");
        }
    }

    #[tokio::test]
    async fn the_handler_sees_the_id_that_the_client_gets() {
        let (_, first, body) = ask("GET", "/id").await;
        assert_eq!(Some(body), first.map(|id| id.to_string()));
        assert_ne!(ask("GET", "/id").await.1, first, "fresh for each request");
    }
}
