//! Exports: `GET /api/events`, `POST /api/events/export` and the file that comes out.

mod parameters;

use annoscope_events::Timestamp;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use serde_json::json;
use tokio_util::io::ReaderStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::audit;
use crate::clock;
use crate::exports::{Answer, Ask, Download, ExportError, ExportRequest, JobKey, Owner, Wanted};
use crate::http::error::ApiError;
use crate::http::media_type::CVAT_JSON;
use crate::http::state::AppState;
use crate::identity::{Actor, Principal};
use crate::identity::{Weight, rights};

use parameters::ExportQuery;

/// What is read from the disk at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// The parameters of a query, in the order in which they were sent.
pub(super) type Pairs = Vec<(String, String)>;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(query_events))
        .routes(routes!(create_export))
        .routes(routes!(download_export))
}

/// Exports events, step by step at one address.
///
/// The first request starts an export and gives its `query_id`. Ask again with it until the
/// answer is 201, then with `action=download`. When the file was sent whole the export is
/// deleted; after a broken download ask again. HEAD answers as GET and deletes nothing;
/// without `query_id` it starts nothing either.
///
/// Cells are written as recorded: a spreadsheet may take one that begins with `=` for a
/// formula.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "events",
    params(ExportQuery),
    responses(
        (status = 200, description = "The file, as `filename`", content_type = "text/csv", body = String),
        (status = 201, description = "The file is ready"),
        (status = 202, description = "`{\"query_id\": UUID}`: the export is under way", content_type = "application/vnd.cvat+json", body = serde_json::Value),
        (status = 400, description = "A parameter is wrong: an array of one text", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "These events are not yours to see"),
        (status = 500, description = "The export failed: a text. The next request starts a new one", body = String),
        (status = 503, description = "Too many exports or too little disk: try again after `Retry-After` seconds"),
    )
)]
async fn query_events(
    State(state): State<AppState>,
    method: Method,
    principal: Principal,
    actor: Actor,
    Query(pairs): Query<Pairs>,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let ask = match method {
        Method::HEAD => Ask::WithoutConsuming,
        _ => Ask::AndConsume,
    };
    let request = understand(pairs, &principal, now)?;
    let event = audit::export(&request, &principal, &actor);
    let wanted = Wanted {
        owner: Owner::of(&principal),
        request,
        ask,
    };
    match state.exports.answer(wanted, now).await? {
        Answer::Started { query_id } => {
            state.accounts.record(event, Weight::Full).await?;
            Ok(accepted(&json!({ "query_id": query_id })))
        }
        Answer::Pending { query_id } => Ok(accepted(&json!({ "query_id": query_id }))),
        Answer::Finished => Ok(StatusCode::CREATED.into_response()),
        Answer::Download(download) => {
            rights::may_read_export(&principal, download.rows)?;
            Ok(send(*download, ask))
        }
        Answer::Failed { message } => Err(ApiError::ExportFailed { message }),
    }
}

/// Starts an export; `GET /api/requests/{id}` tells how far it is.
///
/// A `query_id` may name it; by default it gets a new one.
#[utoipa::path(
    post,
    path = "/api/events/export",
    tag = "events",
    params(ExportQuery),
    responses(
        (status = 202, description = "`{\"rq_id\": text}`", content_type = "application/vnd.cvat+json", body = serde_json::Value),
        (status = 400, description = "A parameter is wrong: an array of one text", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "These events are not yours to see"),
        (status = 409, description = "An export with this `query_id` is still running"),
        (status = 503, description = "Too many exports or too little disk: try again after `Retry-After` seconds"),
    )
)]
async fn create_export(
    State(state): State<AppState>,
    principal: Principal,
    actor: Actor,
    Query(pairs): Query<Pairs>,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let request = understand(pairs, &principal, now)?;
    let id = request.query_id.unwrap_or_else(Uuid::new_v4);
    let owner = Owner::of(&principal);
    let event = audit::export(&request, &principal, &actor);
    let key = state.exports.start(owner, id, request, now).await?;
    state.accounts.record(event, Weight::Full).await?;
    Ok(accepted(&json!({ "rq_id": key.to_string() })))
}

/// The file of a finished request, for an hour after it finished.
#[utoipa::path(
    get,
    path = "/api/events/download",
    tag = "events",
    params(("rq_id" = String, Query, description = "As `POST /api/events/export` gave it")),
    responses(
        (status = 200, description = "The file", content_type = "text/csv", body = String),
        (status = 400, description = "There is no such request, or it is not finished", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "Another user's request, or events that are no longer yours to see"),
        (status = 404, description = "The file is gone"),
    )
)]
async fn download_export(
    State(state): State<AppState>,
    principal: Principal,
    Query(pairs): Query<Pairs>,
) -> Result<Response, ApiError> {
    let rq_id = pairs.iter().rfind(|(name, _)| name == "rq_id");
    let key = rq_id.and_then(|(_, text)| text.parse::<JobKey>().ok());
    let key = key.ok_or_else(|| bad_request("rq_id: missing or not valid"))?;
    rights::may_see_request(&principal, key.owner_id)?;
    match state.exports.download(key, clock::now()).await {
        // Read by every holder of the link, as often as it is asked for.
        Ok(download) => {
            rights::may_read_export(&principal, download.rows)?;
            Ok(send(download, Ask::WithoutConsuming))
        }
        Err(error @ ExportError::Unknown) => Err(bad_request(&format!("rq_id: {error}"))),
        Err(error) => Err(error.into()),
    }
}

fn understand(
    pairs: Pairs,
    principal: &Principal,
    now: Timestamp,
) -> Result<ExportRequest, ApiError> {
    let request = ExportQuery::from_pairs(pairs).check(now)?;
    Ok(request.narrow(principal)?)
}

fn bad_request(message: &str) -> ApiError {
    let message = message.to_owned();
    ApiError::BadRequest { message }
}

fn accepted(body: &serde_json::Value) -> Response {
    let content_type = [(header::CONTENT_TYPE, CVAT_JSON)];
    (StatusCode::ACCEPTED, content_type, body.to_string()).into_response()
}

/// Streams a file. The job is deleted just before the last piece goes out, so that a client that
/// has the file also sees the job gone.
fn send(download: Download, ask: Ask) -> Response {
    let mut consume = (ask == Ask::AndConsume).then(|| download.consume());
    let mut n_left = download.n_bytes;
    let headers = [
        (
            header::CONTENT_TYPE,
            download.format.media_type().to_owned(),
        ),
        (header::CONTENT_LENGTH, n_left.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", download.file_name),
        ),
    ];
    let file = tokio::fs::File::from_std(download.file);
    let chunks = ReaderStream::with_capacity(file, CHUNK_BYTES).inspect_ok(move |chunk| {
        n_left = n_left.saturating_sub(chunk.len() as u64);
        if n_left == 0
            && let Some(consume) = consume.take()
        {
            consume.now();
        }
    });
    (headers, Body::from_stream(chunks)).into_response()
}
