//! The page's files, and all routes of the server.

use annoscope_recorder::RequestLayer;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::header;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::app::App;
use crate::error::ApiError;
use crate::{annoscope, frames, logins, request, resources, uploads};

/// Read from the disk in debug builds.
#[derive(RustEmbed)]
#[folder = "page/"]
struct Files;

/// The browser's logger, where it was built.
#[derive(RustEmbed)]
#[folder = "../../clients/browser/dist/"]
struct Logger;

/// Largest body, bytes: what cvat-sdk sends at once, and room for its form.
const MAX_BODY_BYTES: usize = 128 << 20;

pub fn router(app: App) -> Router {
    let api = Router::new()
        .merge(logins::routes())
        .merge(resources::routes())
        .merge(frames::routes())
        .merge(uploads::routes())
        .fallback(|| async { ApiError::NotFound })
        .layer(middleware::from_fn_with_state(
            app.clone(),
            request::identify,
        ))
        .layer(RequestLayer::with_exceptions(app.outbox()))
        .merge(annoscope::routes());
    api.route("/", get(|| async { file("index.html") }))
        .route(
            "/page/{*path}",
            get(|Path(path): Path<String>| async move { file(&path) }),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(app)
}

fn file(path: &str) -> Response {
    let file = match path {
        "logger.js" => Logger::get("index.js"),
        path => Files::get(path),
    };
    let Some(file) = file else {
        return ApiError::NotFound.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, file.metadata.mimetype().to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, file.data).into_response()
}
