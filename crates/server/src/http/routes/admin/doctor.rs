//! What is wrong, for administrators and their monitoring.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::doctor::{self, Level};
use crate::http::state::AppState;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(examine))
}

/// What the doctor found.
#[derive(Serialize, ToSchema)]
struct Diagnosis {
    /// The worst of all: `fine`, `warning` or `failure`.
    #[schema(value_type = String)]
    level: Level,
    /// The worst first.
    findings: Vec<Finding>,
}

/// What was found of one part.
#[derive(Serialize, ToSchema)]
struct Finding {
    /// What was looked at: `disk`, `journal`, `certificate`, …
    part: String,
    /// `fine`, `warning` or `failure`.
    #[schema(value_type = String)]
    level: Level,
    /// What is so.
    text: String,
    /// What to do; empty where all is fine.
    advice: String,
}

/// Looks at store, journal, disk, clock, certificate, dashboards, backups, configuration, CVAT, and holes in the data.
#[utoipa::path(
    get,
    path = "/api/admin/doctor",
    operation_id = "doctor",
    tag = "administration",
    responses(
        (status = 200, description = "What was found; the worst first", body = Diagnosis),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
    )
)]
async fn examine(State(state): State<AppState>) -> Json<Diagnosis> {
    let found = state.doctor.examine().await;
    let level = found.first().map_or(Level::Fine, |worst| worst.level);
    let findings = found.into_iter().map(Finding::from).collect();
    Json(Diagnosis { level, findings })
}

impl From<doctor::Finding> for Finding {
    fn from(found: doctor::Finding) -> Finding {
        Finding {
            part: found.part,
            level: found.level,
            text: found.text,
            advice: found.advice,
        }
    }
}
