//! The queries under way: a list, and how to end one.

use annoscope_query::RunningQuery;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::state::AppState;
use crate::identity::{Principal, rights};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(end))
}

/// A query under way.
#[derive(Debug, Serialize, ToSchema)]
struct Query {
    /// For `DELETE /api/queries/{id}`.
    id: Uuid,
    /// Whose it is.
    user: String,
    /// As it was sent, cut at 10,000 characters.
    sql: String,
    /// When it came, RFC 3339.
    started: String,
    /// Since then.
    elapsed_ms: u64,
    /// Sent so far.
    rows: u64,
}

/// Lists the queries under way: all for an administrator, else the caller's own.
#[utoipa::path(
    get,
    path = "/api/queries",
    operation_id = "list_queries",
    tag = "queries",
    responses(
        (status = 200, description = "Oldest first", body = Vec<Query>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
    )
)]
async fn list(State(state): State<AppState>, principal: Principal) -> Json<Vec<Query>> {
    let visible = state.engine.list().into_iter();
    let visible = visible.filter(|query| rights::sees_query(&principal, query.user_id));
    Json(visible.map(Query::of).collect())
}

/// Ends a query under way; its answer says so.
#[utoipa::path(
    delete,
    path = "/api/queries/{id}",
    operation_id = "end_query",
    tag = "queries",
    params(("id" = String, Path, description = "As `GET /api/queries` gave it")),
    responses(
        (status = 204, description = "It is ended"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "Another user's query"),
        (status = 404, description = "There is no such query under way"),
    )
)]
async fn end(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::Unknown {
        detail: "There is no such query under way.".to_owned(),
    };
    let id = id.parse::<Uuid>().map_err(|_| unknown())?;
    let owner_id = state.engine.owner_id(id).ok_or_else(unknown)?;
    rights::may_end_query(&principal, owner_id)?;
    if state.engine.end(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown())
    }
}

impl Query {
    fn of(query: RunningQuery) -> Query {
        Query {
            id: query.id,
            user: query.user,
            sql: query.sql,
            started: query.started_at.to_string(),
            elapsed_ms: query.elapsed.as_millis() as u64,
            rows: query.n_rows,
        }
    }
}
