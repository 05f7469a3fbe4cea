//! What this server is, which cvat-sdk asks before anything else.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cvat_json;
use crate::config::AuthKind;
use crate::http::state::AppState;

/// What cvat-sdk 2.80 takes for a server of its own version; the rest is a local version
/// label (PEP 440) and says who we are.
const VERSION: &str = concat!("2.80.0+annoscope.", env!("CARGO_PKG_VERSION"));

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(about))
        .routes(routes!(plugins))
}

/// This server.
#[derive(Serialize, ToSchema)]
struct About {
    /// Its name.
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// The CVAT version whose API it speaks, and its own.
    version: &'static str,
    /// Empty.
    logo_url: &'static str,
    /// Empty.
    subtitle: &'static str,
    /// Whose accounts count, so where one logs in: `annoscope` or `cvat`. CVAT has no such field.
    accounts: &'static str,
}

/// Which of CVAT's optional parts are there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is CVAT's")]
struct Plugins {
    analytics: bool,
    git_integration: bool,
    models: bool,
    predict: bool,
}

/// Says what this server is.
#[utoipa::path(get, path = "/api/server/about", tag = "account", responses((status = 200, description = "This server", content_type = "application/vnd.cvat+json", body = About)))]
async fn about(State(state): State<AppState>) -> impl IntoResponse {
    cvat_json(About {
        accounts: match state.config.auth {
            AuthKind::Accounts => "annoscope",
            AuthKind::Cvat => "cvat",
        },
        name: "annoscope",
        description: "Activity analytics for image-annotation platforms.",
        version: VERSION,
        logo_url: "",
        subtitle: "",
    })
}

/// Says which of CVAT's optional parts are there.
#[utoipa::path(
    get,
    path = "/api/server/plugins",
    tag = "account",
    responses(
        (status = 200, description = "The parts", content_type = "application/vnd.cvat+json", body = Plugins),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn plugins() -> impl IntoResponse {
    cvat_json(Plugins {
        analytics: true,
        git_integration: false,
        models: false,
        predict: false,
    })
}
