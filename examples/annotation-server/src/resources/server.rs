//! What the server says of itself, as cvat-sdk asks at its start.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::answers::ok;
use crate::app::App;

/// The version of CVAT whose API this is a small part of.
const CVAT_VERSION: &str = "2.80.0";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/server/about", get(about))
        .route("/api/server/plugins", get(plugins))
}

async fn about() -> Response {
    ok(&json!({
        "name": "annoscope's example",
        "description": "A small annotation server that records what happens to its resources",
        "version": CVAT_VERSION,
        "logo_url": "",
        "subtitle": "",
    }))
}

async fn plugins() -> Response {
    ok(&json!({ "GIT_INTEGRATION": false, "ANALYTICS": true, "MODELS": true, "PREDICT": false }))
}
