//! `GET /api/health/data`: what of the recorded data is missing or doubtful.

use annoscope_sql::{Context, TimeRange};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::query::instant::{self, End};
use crate::clock;
use crate::data_quality;
use crate::http::error::ApiError;
use crate::http::extract::VisibleRows;
use crate::http::state::AppState;
use crate::identity::Principal;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(data))
}

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HealthQuery {
    /// First instant: ms since the epoch, RFC 3339, or as `now-6h`; thirty days ago by default.
    from: Option<String>,
    /// Last instant; now by default.
    to: Option<String>,
}

/// What was asked, and what was found.
#[derive(Serialize, ToSchema)]
struct HealthAnswer {
    from_ms: i64,
    to_ms: i64,
    checks: Vec<CheckAnswer>,
}

#[derive(Serialize, ToSchema)]
struct CheckAnswer {
    name: &'static str,
    /// What a finding means.
    description: &'static str,
    /// How many there are, at most 100.
    findings: usize,
    /// `[{"name", "type"}]`.
    columns: Value,
    /// A row a finding.
    rows: Value,
    /// Whether there are more.
    is_truncated: bool,
}

/// Lists what of the recorded data is missing or doubtful: sources that fell silent, hours without events, jobs of which
/// no server told, and others.
///
/// They are the panels of the dashboard "Data quality".
#[utoipa::path(
    get,
    path = "/api/health/data",
    operation_id = "check_data",
    tag = "queries",
    params(HealthQuery),
    responses(
        (status = 200, description = "A list of checks; one without findings found nothing", body = HealthAnswer),
        (status = 400, description = "Which parameter is wrong, and how"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
        (status = 503, description = "Other queries occupy the server: try again after `Retry-After` seconds"),
    )
)]
async fn data(
    State(state): State<AppState>,
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    query: Result<Query<HealthQuery>, QueryRejection>,
) -> Result<Json<HealthAnswer>, ApiError> {
    let bad = |message: String| ApiError::BadDocument { detail: message };
    let Query(query) = query.map_err(|error| bad(error.body_text()))?;
    let now = clock::now();
    let instant = |field: &str, text: Option<&str>, otherwise: &str, end| {
        let found = instant::parse(text.unwrap_or(otherwise), end, now);
        found.ok_or_else(|| bad(format!("{field}: must be {}", instant::FORMS)))
    };
    let range = TimeRange {
        from_ms: instant("from", query.from.as_deref(), "now-30d", End::First)?,
        to_ms: instant("to", query.to.as_deref(), "now", End::Last)?,
    };
    if range.to_ms < range.from_ms {
        return Err(bad("to: is before from".to_owned()));
    }
    let context = Context {
        now_ms: now.millis(),
        range: Some(range),
        ..Context::default()
    };
    let access = principal.access(rows);
    let mut checks = Vec::new();
    for check in data_quality::checks() {
        let found = data_quality::find(check, &state.engine, context.clone(), &access).await?;
        checks.push(CheckAnswer {
            name: &check.title,
            description: &check.description,
            findings: found["rows"].as_array().map_or(0, Vec::len),
            columns: found["columns"].clone(),
            rows: found["rows"].clone(),
            is_truncated: found["stats"]["truncated"].as_bool().unwrap_or_default(),
        });
    }
    Ok(Json(HealthAnswer {
        from_ms: range.from_ms,
        to_ms: range.to_ms,
        checks,
    }))
}
