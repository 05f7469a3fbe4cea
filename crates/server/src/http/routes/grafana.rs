//! `POST /api/ds/query`: how Grafana's panels ask their data sources.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::queries::read_body;
use crate::clock;
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::identity::Viewer;
use crate::ingest::heavy;
use crate::queries::{FrameRequest, Frames};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ds_query))
}

/// Answers queries with data frames, as Grafana does.
///
/// The queries of a request run one after another. One that fails says so in its own result,
/// and the answer is 400 with the results of the others, as Grafana's is. A result that was cut has a notice in its frame's `meta`.
#[utoipa::path(
    post,
    path = "/api/ds/query",
    tag = "queries",
    request_body(
        content = serde_json::Value,
        description = "`{\"queries\": [{\"refId\", \"rawSql\", \"intervalMs\", …}], \"from\": ms or \"now-1h\", \"to\": …}`"
    ),
    responses(
        (status = 200, description = "`{\"results\": {refId: {\"status\", \"frames\": […]}}}`", body = serde_json::Value),
        (status = 400, description = "The request is wrong; or one of its queries failed, in the form of 200", body = serde_json::Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
    )
)]
async fn ds_query(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let body = read_body(&state, &viewer.principal, &headers, body).await?;
    let request = heavy(body.bytes.len(), || FrameRequest::parse(&body.bytes, now))?;
    let frames = Frames {
        queries: &state.queries,
        viewer: &viewer,
        now,
    };
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    let (body, has_failed) = frames.answer(request).await;
    let status = if has_failed {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok((status, content_type, body).into_response())
}
