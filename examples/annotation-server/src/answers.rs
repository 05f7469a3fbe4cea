//! Answers in CVAT's form: its media type, and lists in pages.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

/// What CVAT calls its JSON.
const MEDIA_TYPE: &str = "application/vnd.cvat+json";

/// Entries of a page where the request does not say.
const PAGE_SIZE: usize = 100;

pub fn json_answer(status: StatusCode, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, MEDIA_TYPE)
        .body(Body::from(body.to_string()))
        .expect("status and header are valid")
}

pub fn ok(body: &Value) -> Response {
    json_answer(StatusCode::OK, body)
}

pub fn no_content() -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// The parameters of a request's address, in order.
pub type Parameters = Vec<(String, String)>;

pub fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    let found = parameters.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// A page of `results`: what `page` and `page_size` ask for.
pub fn paginated(url: &str, parameters: &Parameters, results: &[Value]) -> Value {
    let number = |name| parameter(parameters, name).and_then(|text| text.parse().ok());
    let size = number("page_size").unwrap_or(PAGE_SIZE).max(1);
    let page = number("page").unwrap_or(1).max(1);
    let link = |page: usize| format!("{url}?page={page}&page_size={size}");
    let begin = (page - 1).saturating_mul(size).min(results.len());
    let end = begin.saturating_add(size).min(results.len());
    json!({
        "count": results.len(),
        "next": (end < results.len()).then(|| link(page + 1)),
        "previous": (page > 1).then(|| link(page - 1)),
        "results": results[begin..end],
    })
}
