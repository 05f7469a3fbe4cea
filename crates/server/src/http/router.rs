//! Every route on one screen.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::middleware::{self, Next};
use axum::response::Response;
use tower::Layer;
use tower::util::MapRequestLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::access::Access;
use super::description::ApiDescription;
use super::error::ApiError;
use super::forwarded::Reach;
use super::headers::{self, SecurityHeaders};
use super::routes::{
    about, access_tokens, account, admin, dashboards, events, explain, exports, forecast, grafana,
    health, ingest, login, page, query, requests, running_queries, service, tokens, webhooks,
};
use super::rules::CLICKHOUSE_RULES;
use super::state::AppState;
use super::{access, clickhouse, connections, description, exceptions, forwarded, request_id};
use crate::clock;

/// The routes of the API, and their description.
fn api() -> (Router<AppState>, OpenApi) {
    let (routes, described) = OpenApiRouter::with_openapi(ApiDescription::openapi())
        .merge(login::router()) //    /api/auth/…
        .merge(account::router()) //  /api/users/self
        .merge(about::router()) //    /api/server/…
        .merge(tokens::router()) //   /api/tokens…
        .merge(access_tokens::router()) // /api/auth/access_tokens…
        .merge(admin::router()) //    /api/admin/…
        .merge(events::router()) //   POST /api/events
        .merge(webhooks::router()) // POST /api/webhooks/…
        .merge(exports::router()) //  GET /api/events  /api/events/export  /api/events/download
        .merge(requests::router()) // /api/requests…
        .merge(
            query::router() // /api/query…
                .merge(running_queries::router()) // /api/queries…
                .merge(explain::router()) // GET /api/explain
                .merge(forecast::router()) // GET /api/forecast
                .merge(health::router()) // GET /api/health/data
                .layer(middleware::from_fn(connections::end_with_client)),
        )
        .merge(grafana::router().layer(middleware::from_fn(connections::end_with_client))) //  POST /api/ds/query
        .merge(dashboards::router()) // /api/dashboards…
        .merge(service::router()) //  /healthz  /readyz  /metrics
        .split_for_parts();
    (routes, description::complete(described))
}

/// The API and the page.
pub fn main(state: AppState) -> Router {
    let (api, description) = api();
    let docs = SwaggerUi::new("/api/docs").url("/api/schema/", description);
    let routes = api.merge(page::router()).merge(docs);
    let access = state.access.clone();
    let has_tls = state.config.tls.is_on();
    // Routes are chosen within, by the path that this has changed.
    let routes =
        MapRequestLayer::new(below_the_page).layer(finish(routes, Some(access), has_tls, state));
    Router::new().fallback_service(routes)
}

/// All of the API is below the page, too: behind CVAT's proxy, which hands `/analytics/` to us,
/// `/api/` is CVAT's own.
fn below_the_page(mut request: Request) -> Request {
    let whole = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    if whole.starts_with("/analytics/api/") {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = whole["/analytics".len()..].parse().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The ingest port; with `access`, it asks for credentials.
pub fn ingest(state: AppState, access: Option<Access>) -> Router {
    // It has no TLS, whatever the API has.
    finish(ingest::router(), access, false, state)
}

/// ClickHouse's HTTP interface.
pub fn clickhouse(state: AppState) -> Router {
    let access = state.access.with_rules(CLICKHOUSE_RULES);
    let routes = clickhouse::router()
        .layer(middleware::from_fn(connections::end_with_client))
        .layer(middleware::from_fn_with_state(
            state.accounts.clone(),
            exceptions::record,
        ))
        .layer(middleware::from_fn_with_state(
            (access, state.accounts.clone()),
            clickhouse::check,
        ));
    seen(routes, false, state)
}

/// What holds for every route of both ports. From the outside in: a request has an id and a
/// client, answers have their headers and are counted, nothing is reached but by its rule, and
/// failures are recorded.
fn finish(
    routes: Router<AppState>,
    access: Option<Access>,
    has_tls: bool,
    state: AppState,
) -> Router {
    let routes = routes
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    let routes = routes.layer(middleware::from_fn_with_state(
        state.accounts.clone(),
        exceptions::record,
    ));
    let routes = match access {
        Some(access) => routes.layer(middleware::from_fn_with_state(access, access::check)),
        None => routes,
    };
    seen(routes, has_tls, state)
}

/// What stands outside of rights: ids, clients, headers, counting.
fn seen(routes: Router<AppState>, has_tls: bool, state: AppState) -> Router {
    let reach = Reach {
        unnamed: state.untrusted_proxy.clone(),
        metrics: state.metrics.clone(),
        trusted: state.config.proxy.trusted(),
        has_tls,
    };
    let headers = SecurityHeaders::new(&state.config.page.embedded_by);
    routes
        .layer(middleware::from_fn_with_state(state.clone(), count))
        .layer(middleware::from_fn_with_state(headers, headers::secure))
        .layer(middleware::from_fn_with_state(reach, forwarded::identify))
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
    state.metrics.http_request(
        method,
        route,
        response.status().as_u16(),
        clock::since(started),
    );
    response
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::api;

    /// The page's types are made of that file (`web/src/lib/api/schema.test.ts`).
    #[test]
    fn the_file_of_the_page_is_the_description() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
        let description = api().1.to_pretty_json().unwrap() + "\n";
        if fs::read_to_string(&path).unwrap_or_default() == description {
            return;
        }
        fs::write(&path, description).unwrap();
        panic!(
            "web/openapi.json was out of date and is written anew: commit it with what `npm run schema` in web/ makes of it"
        );
    }
}
