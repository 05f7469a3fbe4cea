//! `/api/admin`: accounts, organizations and how the server is, for administrators.

mod doctor;
mod organizations;
mod status;
mod users;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;

use crate::http::state::AppState;

/// Routes of this folder.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(users::router())
        .merge(organizations::router())
        .merge(status::router())
        .merge(doctor::router())
        .merge(webhooks::router())
}
