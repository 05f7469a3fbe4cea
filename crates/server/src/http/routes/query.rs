//! `POST /api/query`: SQL over the events; what becomes of a query, and which functions there are.

mod accept;
pub mod body;
pub mod instant;

use annoscope_formats::described;
use annoscope_query::{Answer, QueryRequest};
use annoscope_sql::Dialect;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::read_body;
use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::VisibleRows;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::ingest::heavy;

use accept::accepted;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(explain))
        .routes(routes!(functions))
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
    /// Whether rows of the result cache may be part of the answer; `true` by default. They are
    /// the same rows: it is for measuring.
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
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let request = read(&state, &principal, &headers, body).await?;
    let run = state
        .engine
        .start(request, &principal.access(rows), now)
        .await?;
    let format = run.format.unwrap_or_else(|| accepted(&headers));
    let max_bytes = state.config.query.max_result_bytes;
    let answer = Answer::new(run, format, max_bytes);
    let headers = [(header::CONTENT_TYPE, format.media_type())];
    let body = answer.into_stream(|error| ApiError::from(error).to_error_body().error);
    Ok((headers, Body::from_stream(body)).into_response())
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
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let request = read(&state, &principal, &headers, body).await?;
    let prepared = state
        .engine
        .prepare(request, &principal.access(rows))
        .await?;
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

async fn read(
    state: &AppState,
    principal: &Principal,
    headers: &HeaderMap,
    body: Body,
) -> Result<QueryRequest, ApiError> {
    let text = read_body(state, principal, headers, body).await?;
    let max_rows = state.config.query.max_rows;
    let parse = || body::parse(&text.bytes, max_rows, clock::now());
    Ok(heavy(text.bytes.len(), parse)?)
}
