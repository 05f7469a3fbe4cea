//! Every route on one screen.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::clock;
use crate::error::ApiError;
use crate::request_id;
use crate::routes::{
    account, dashboards, events, exports, grafana, ingest, page, queries, requests, service,
};
use crate::state::AppState;

/// The API's description; the routes add themselves.
#[derive(OpenApi)]
#[openapi(info(
    title = "annoscope",
    description = "Activity analytics for image-annotation platforms. Speaks CVAT's event API."
))]
struct ApiDescription;

/// The API and the page.
pub fn main(state: AppState) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(ApiDescription::openapi())
        .merge(account::router()) //  /api/auth/…  /api/users/self  /api/server/…
        .merge(events::router()) //   POST /api/events
        .merge(exports::router()) //  GET /api/events  /api/events/export  /api/events/download
        .merge(requests::router()) // /api/requests…
        .merge(queries::router()) //  /api/query…  /api/queries…
        .merge(grafana::router()) //  POST /api/ds/query  /analytics/api/ds/query
        .merge(dashboards::router()) // /api/dashboards…
        .merge(service::router()) //  /healthz  /readyz  /metrics
        .split_for_parts();
    let docs = SwaggerUi::new("/api/docs").url("/api/schema/", description);
    finish(api.merge(page::router()).merge(docs), state)
}

/// The ingest port.
pub fn ingest(state: AppState) -> Router {
    finish(ingest::router(), state)
}

/// What holds for every route of both ports: unknown paths and methods are answered as JSON,
/// answers are counted, and each has a request id.
fn finish(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(state.clone(), count))
        .layer(middleware::from_fn(request_id::assign))
        .with_state(state)
}

/// Counts an answer under its route's pattern, never under the path that was typed.
async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = clock::monotonic();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    state
        .metrics
        .answered(method, route, response.status().as_u16(), started.elapsed());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_api_route() {
        let (_, description) = OpenApiRouter::<AppState>::with_openapi(ApiDescription::openapi())
            .merge(account::router())
            .merge(events::router())
            .merge(exports::router())
            .merge(requests::router())
            .merge(queries::router())
            .merge(grafana::router())
            .merge(dashboards::router())
            .merge(service::router())
            .split_for_parts();
        let paths: Vec<&str> = description.paths.paths.keys().map(String::as_str).collect();
        insta::assert_snapshot!(paths.join("\n"), @"
        /analytics/api/ds/query
        /api/auth/login
        /api/auth/logout
        /api/dashboards
        /api/dashboards/{uid}
        /api/dashboards/{uid}/versions
        /api/dashboards/{uid}/versions/{version}
        /api/ds/query
        /api/events
        /api/events/download
        /api/events/export
        /api/queries
        /api/queries/{id}
        /api/query
        /api/query/explain
        /api/query/functions
        /api/requests
        /api/requests/{id}
        /api/requests/{id}/cancel
        /api/server/about
        /api/server/plugins
        /api/users/self
        /healthz
        /metrics
        /readyz
        ");
    }
}
