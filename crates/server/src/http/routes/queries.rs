//! `POST /api/query`: SQL over the events; and the queries that run.

use annoscope_formats::{Format, described};
use annoscope_sql::Dialect;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::clock;
use crate::http::admission::{AdmittedBody, Source};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::media_type;
use crate::http::state::AppState;
use crate::identity::{Principal, Viewer, rights};
use crate::ingest::heavy;
use crate::queries::{Answer, QueryRequest, RunningQuery};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(explain))
        .routes(routes!(functions))
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

/// What a query is asked with; only `sql` has to be there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
struct QueryBody {
    /// A SELECT in ClickHouse's dialect over the relation `events`, or EXPLAIN of one.
    sql: String,
    /// First instant of the time range: ms since the epoch, RFC 3339, or as `now-6h`.
    from: Option<String>,
    /// Last instant of the time range; now by default.
    to: Option<String>,
    /// Width of a bucket of time, ms.
    interval_ms: Option<u64>,
    /// Template variables by name: a value, a list of values, or `{"all": "text"}`.
    variables: Option<Value>,
    /// Values of `{name:Type}` by name.
    params: Option<Value>,
    /// Most rows; at most, and by default, the setting `query.max_rows`.
    limit: Option<u64>,
    /// `text` (ClickHouse's, the default) or `unix_ms`.
    time_format: Option<String>,
    /// Whether `FORMAT` in the text is checked, but not followed; `false` by default.
    ignore_format: Option<bool>,
    /// Whether CSV begins with a byte order mark, for spreadsheets that take it for another encoding
    /// without one; `false` by default.
    bom: Option<bool>,
    /// Whether rows kept from an earlier answer may be part of this one; `true` by default. They
    /// are the same rows: it is for measuring.
    cache: Option<bool>,
}

/// Answers a query.
///
/// Rows are sent while they are found: columns first, `stats` last. A query that fails after
/// rows were sent ends with a member `error` in place of `stats`. `FORMAT` in the text gives that
/// format of ClickHouse, else `Accept: text/csv` gives CSV
/// and `Accept: application/vnd.apache.arrow.stream` an Arrow stream; both have no place for
/// errors, so a failure breaks the connection off, and none for `truncated`: ask for one row more
/// than you need.
#[utoipa::path(
    post,
    path = "/api/query",
    tag = "queries",
    request_body(content = QueryBody, content_type = "application/json"),
    responses(
        (status = 200, description = "`{\"columns\": [{\"name\", \"type\"}], \"rows\": [[…]], \"stats\": {\"rows\", \"rows_read\", \"cached_rows\", \"elapsed_ms\", \"truncated\"}}`", content((Value = "application/json"), (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"))),
        (status = 400, description = "`{\"detail\": text, \"error\": {\"kind\", \"message\", \"hint\", \"line\", \"column\"}}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "Other queries occupy the server: try again after `Retry-After` seconds"),
    )
)]
async fn query(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let request = read(&state, &viewer, &headers, body).await?;
    let run = state.queries.start(request, &viewer, now).await?;
    let format = run.format.unwrap_or_else(|| accepted(&headers));
    let max_bytes = state.config.query.max_result_bytes;
    let answer = Answer::new(run, format, max_bytes);
    let headers = [(header::CONTENT_TYPE, format.media_type())];
    Ok((headers, Body::from_stream(answer.into_stream())).into_response())
}

/// What becomes of a query, without running it.
#[utoipa::path(
    post,
    path = "/api/query/explain",
    operation_id = "explain_query",
    tag = "queries",
    request_body(content = QueryBody, content_type = "application/json"),
    responses(
        (status = 200, description = "`{\"clickhouse\": text, \"duckdb\": text, \"columns\": [{\"name\", \"type\"}], \"functions\": […], \"passes\": […]}`", body = Value),
        (status = 400, description = "As of `POST /api/query`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
    )
)]
async fn explain(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let request = read(&state, &viewer, &headers, body).await?;
    let prepared = state.queries.explain(request, &viewer).await?;
    Ok(Json(json!({
        "clickhouse": prepared.text(Dialect::ClickHouse),
        "duckdb": prepared.text(Dialect::DuckDb),
        "columns": described(&prepared.columns),
        "functions": prepared.functions,
        "passes": prepared.passes,
    })))
}

/// Lists the functions that queries may use, a row for each signature: what an editor offers.
///
/// `arguments` and `result` are in the words of the function table
/// (`crates/sql/src/functions.txt` explains them).
#[utoipa::path(
    get,
    path = "/api/query/functions",
    operation_id = "list_query_functions",
    tag = "queries",
    responses(
        (status = 200, description = "`[{\"name\", \"arguments\", \"result\", \"aggregate\", \"window\"}]`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
    )
)]
async fn functions() -> Json<Value> {
    let rows = annoscope_sql::functions().map(|function| {
        json!({
            "name": function.name,
            "arguments": function.arguments,
            "result": function.result,
            "aggregate": function.is_aggregate,
            "window": function.is_window,
        })
    });
    Json(rows.collect())
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
    let visible = state.queries.list().into_iter();
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
    let owner_id = state.queries.owner_id(id).ok_or_else(unknown)?;
    rights::may_end_query(&principal, owner_id)?;
    if state.queries.end(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown())
    }
}

/// The first of the formats that the client accepts, by its own order; JSON where it accepts none of them,
/// since most clients say nothing of use.
fn accepted(headers: &HeaderMap) -> Format {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let format_of = |range: &str| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        [
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            (Format::Arrow.media_type(), Format::Arrow),
        ]
        .into_iter()
        .find(|(name, _)| essence.eq_ignore_ascii_case(name))
        .map(|(_, format)| format)
    };
    ranges
        .map(str::trim)
        .find_map(format_of)
        .unwrap_or(Format::Json)
}

async fn read(
    state: &AppState,
    viewer: &Viewer,
    headers: &HeaderMap,
    body: Body,
) -> Result<QueryRequest, ApiError> {
    let body = read_body(state, &viewer.principal, headers, body).await?;
    let max_rows = state.config.query.max_rows;
    let parse = || QueryRequest::parse(&body.bytes, max_rows, clock::now());
    Ok(heavy(body.bytes.len(), parse)?)
}

/// The body of a request that has to be JSON.
pub(super) async fn read_body(
    state: &AppState,
    principal: &Principal,
    headers: &HeaderMap,
    body: Body,
) -> Result<AdmittedBody, ApiError> {
    media_type::require(headers, &["application/json"])?;
    let source = Source::Account(principal.user.id);
    state.admission.read(source, headers, body).await
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_chooses_the_format() {
        let cases = [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            ("Text/CSV; header=present", Format::Csv),
            ("text/html, text/csv;q=0.9, */*", Format::Csv),
            ("application/vnd.apache.arrow.stream", Format::Arrow),
            ("application/json, text/csv", Format::Json),
            ("image/png", Format::Json),
        ];
        for (accept, expected) in cases {
            let value = HeaderValue::from_static(accept);
            let headers = HeaderMap::from_iter([(header::ACCEPT, value)]);
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Format::Json);
    }
}
