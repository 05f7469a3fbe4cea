//! The page at `/analytics/`: built by Vite into `web/dist`, and part of the program.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use tower_http::compression::CompressionLayer;

use crate::state::AppState;

/// Where the page is.
const HOME: &str = "/analytics/";

/// What every address of the page is answered with: it draws the view that the address says.
const INDEX: &str = "index.html";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Files;

/// Routes of this file.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(async || Redirect::temporary(HOME)))
        .route("/analytics", get(async || Redirect::temporary(HOME)))
        .route(HOME, get(async |headers: HeaderMap| file(INDEX, &headers)))
        .route("/analytics/auth", get(allowed))
        .route("/analytics/{*path}", get(path))
        .layer(CompressionLayer::new())
}

/// What Traefik's forward-auth and nginx's `auth_request` ask before they let somebody to another
/// analytics page, as they ask CVAT (contract, section 9): 200 for those who may see analytics;
/// the others never get here.
async fn allowed() -> StatusCode {
    StatusCode::OK
}

async fn path(Path(path): Path<String>, headers: HeaderMap) -> Response {
    // A file that is gone is one that a page from before an update asks for.
    let is_file = Files::get(&path).is_some() || path.starts_with("assets/");
    file(if is_file { &path } else { INDEX }, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Files::get(path) else {
        return missing(path);
    };
    let tag = tag(&file);
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == tag)
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    // Names in there have a hash of the content.
    let lifetime = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let media_type = HeaderValue::from_str(file.metadata.mimetype());
    let media_type = media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, HeaderValue::from_static(lifetime)),
        (header::ETAG, tag),
    ];
    (headers, file.data).into_response()
}

fn tag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let hash = file.metadata.sha256_hash();
    let digits = hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    // Weak: the compressed answer has other bytes.
    HeaderValue::from_str(&format!("W/\"{digits}\"")).expect("it is ASCII")
}

fn missing(path: &str) -> Response {
    if path == INDEX {
        let text = "<!doctype html><title>annoscope</title><p>This build is without the page: \
             <code>make build</code> makes it. The API is there: <a href=\"/api/docs/\">/api/docs/</a>.";
        return (StatusCode::NOT_FOUND, Html(text)).into_response();
    }
    (
        StatusCode::NOT_FOUND,
        "There is no such file: load the page again.",
    )
        .into_response()
}
