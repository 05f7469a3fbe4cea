//! What operators' tools ask: health, readiness, metrics.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::metrics::TextFormat;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
}

/// Does the process answer?
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It answers", body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Would an event be stored?
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    responses(
        (status = 200, description = "Events are stored; the body says how far behind the database is", body = String),
        (status = 503, description = "Events are refused; the body says why", body = String)
    )
)]
async fn readyz(State(state): State<AppState>) -> Result<String, ApiError> {
    Ok(state.readiness.ask().await?.to_string())
}

/// Metrics in Prometheus's text format, or as `OpenMetrics` where `Accept` asks for it.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses(
        (status = 200, description = "Metrics", content((String = "text/plain"), (String = "application/openmetrics-text")))
    )
)]
async fn metrics(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let format = TextFormat::accepted(accepted);
    let text = tokio::task::spawn_blocking(move || state.metrics.encode(format))
        .await
        .map_err(|error| ApiError::Internal(error.into()))?
        .map_err(|error| ApiError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], text))
}
