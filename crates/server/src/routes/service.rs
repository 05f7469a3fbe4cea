//! What operators' tools ask: health, readiness, metrics.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::state::AppState;

/// What Prometheus expects of its text format.
const METRICS_TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
        (status = 200, description = "Events are stored", body = String),
        (status = 503, description = "Events are refused; the body says why", body = String)
    )
)]
async fn readyz(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.store.stats().free_bytes < state.config.store.min_free_bytes {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the disk is full: events are refused until there is space\n",
        )
    } else {
        (StatusCode::OK, "ready\n")
    }
}

/// Metrics in Prometheus's text format.
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, description = "Metrics", content_type = "application/openmetrics-text", body = String)))]
async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let text = tokio::task::spawn_blocking(move || state.metrics.encode())
        .await
        .map_err(|error| ApiError::Internal(error.into()))?
        .map_err(|error| ApiError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, METRICS_TEXT)], text))
}
