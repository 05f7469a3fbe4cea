//! The page at `/analytics/`: built by Vite into `web/dist`, and part of the program.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use tower_http::compression::CompressionLayer;

use crate::http::error::ApiError;
use crate::http::state::AppState;

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
        .route(HOME, get(home))
        .route("/analytics/auth", get(allowed))
        .route("/analytics/{*path}", get(path))
        .layer(CompressionLayer::new())
}

/// What Traefik's forward-auth and nginx's `auth_request` ask before they let somebody to another
/// analytics page, as they ask CVAT (contract.md, "The analytics page"): 200 for those who may see analytics;
/// the others never get here.
async fn allowed() -> StatusCode {
    StatusCode::OK
}

async fn home(query: RawQuery, headers: HeaderMap) -> Result<Response, ApiError> {
    view("", query.0.as_deref(), &headers)
}

async fn path(
    Path(path): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // A file that is gone is one that a page from before an update asks for.
    if Files::get(&path).is_some() || path.starts_with("assets/") {
        return file(&path, &headers);
    }
    view(&path, query.0.as_deref(), &headers)
}

/// The document for a view, which says what the page will ask for first.
fn view(path: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut response = file(INDEX, headers)?;
    for ahead in ahead(path, query) {
        response.headers_mut().append(header::LINK, ahead);
    }
    Ok(response)
}

/// What the page asks for before it can draw anything: who looks, and the dashboard. The browser
/// asks for it while it still reads the page's program, which takes 50 ms of Chromium's time.
fn ahead(path: &str, query: Option<&str>) -> Vec<HeaderValue> {
    // With an organization the requests have a header, which cannot be told ahead.
    let has_organization =
        query.is_some_and(|query| query.split('&').any(|p| p.starts_with("org=")));
    if has_organization {
        return Vec::new();
    }
    let link = |path: &str| {
        let link = format!("</analytics/api/{path}>; rel=preload; as=fetch; crossorigin");
        HeaderValue::from_str(&link).ok()
    };
    let uid = path.strip_prefix("d/").filter(|uid| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !uid.is_empty() && uid.bytes().all(is_plain)
    });
    let dashboard = uid.and_then(|uid| link(&format!("dashboards/{uid}")));
    link("users/self").into_iter().chain(dashboard).collect()
}

fn file(path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let missing = || match path {
        INDEX => ApiError::NoPage,
        _ => ApiError::NoFile,
    };
    let file = Files::get(path).ok_or_else(missing)?;
    let tag = tag(&file);
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == tag)
    {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
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
    Ok((headers, file.data).into_response())
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
