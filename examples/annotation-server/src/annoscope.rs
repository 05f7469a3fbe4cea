//! What goes on to annoscope: the browser's events and the page's questions, as a proxy before both would do it.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::json;

use crate::answers::ok;
use crate::app::App;
use crate::body;
use crate::error::{ApiError, Result};

/// Headers that annoscope needs to know who asks for what.
const PASSED_ON: &[&str] = &[
    "authorization",
    "cookie",
    "content-type",
    "accept",
    "user-agent",
    "x-csrftoken",
    "x-organization",
];

/// Headers of the answer that the page and cvat-sdk read.
const PASSED_BACK: &[&str] = &[
    "content-type",
    "content-disposition",
    "date",
    "x-request-id",
];

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/events", any(pass_on))
        .route("/api/query", any(pass_on))
        .route("/annoscope.json", get(address))
}

/// Where the page's links to annoscope lead.
async fn address(State(app): State<App>) -> Response {
    ok(&json!({ "url": app.annoscope() }))
}

async fn pass_on(State(app): State<App>, request: Request) -> Result<Response> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let url = format!("{}{path}", app.annoscope());
    let mut sent = app.http().request(request.method().clone(), url);
    for &name in PASSED_ON {
        if let Some(value) = request.headers().get(name) {
            sent = sent.header(name, value);
        }
    }
    let sent = sent.body(body::read(request, &app).await?);
    let failed = |error: reqwest::Error| ApiError::NoAnnoscope(error.to_string());
    let received = sent.send().await.map_err(failed)?;
    let mut answer = Response::builder().status(received.status());
    for &name in PASSED_BACK {
        if let Some(value) = received.headers().get(name) {
            answer = answer.header(name, value);
        }
    }
    let bytes = received.bytes().await.map_err(failed)?;
    Ok(answer
        .body(Body::from(bytes))
        .expect("status and headers come from an answer"))
}
