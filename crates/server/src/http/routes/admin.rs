//! `/api/admin`: accounts and organizations, for administrators.

mod organizations;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::http::state::AppState;

/// Routes of this folder.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(users::router())
        .merge(organizations::router())
}
