//! `POST /api/ds/query`: how Grafana's panels ask their data sources.

mod request;

use annoscope_events::Timestamp;
use annoscope_formats::TimeFormat;
use annoscope_query::{Access, QueryRequest};
use annoscope_sql::Context;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::read_body;
use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::VisibleRows;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::ingest::heavy;

use request::FrameRequest;

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
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let body = read_body(&state, &principal, &headers, body).await?;
    let request = heavy(body.bytes.len(), || FrameRequest::parse(&body.bytes, now))?;
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    let (body, has_failed) = answer(&state, request, &principal.access(rows), now).await;
    let status = if has_failed {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok((status, content_type, body).into_response())
}

/// Runs the queries; the body of the answer, and whether one of them failed, which says so in its own result.
async fn answer(
    state: &AppState,
    request: FrameRequest,
    access: &Access,
    now: Timestamp,
) -> (Vec<u8>, bool) {
    let config = &state.config.query;
    let mut has_failed = false;
    let mut out = b"{\"results\":{".to_vec();
    for (i, query) in request.queries.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(json!(query.ref_id).to_string().as_bytes());
        out.push(b':');
        let asked = QueryRequest {
            sql: query.sql,
            context: Context {
                now_ms: now.millis(),
                range: request.range,
                interval_ms: query.interval_ms,
                ..Context::default()
            },
            limit: config.max_rows,
            time_format: TimeFormat::UnixMs,
            ignores_format: true,
            may_use_cache: true,
            query_id: None,
            time_limit: None,
            has_byte_order_mark: false,
        };
        let frame = state
            .engine
            .frame(&query.ref_id, asked, config.max_result_bytes, access, now);
        match frame.await {
            Ok(frame) => {
                out.extend_from_slice(b"{\"status\":200,\"frames\":[");
                out.extend_from_slice(&frame);
                out.extend_from_slice(b"]}");
            }
            Err(error) => {
                has_failed = true;
                let error = ApiError::from(error).to_error_body();
                let result = json!({
                    "error": error.detail,
                    "status": error.status,
                    "frames": [],
                });
                out.extend_from_slice(result.to_string().as_bytes());
            }
        }
    }
    out.extend_from_slice(b"}}\n");
    (out, has_failed)
}
