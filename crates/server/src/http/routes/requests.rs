//! Background requests, which here are all exports: how far they are, as cvat-sdk asks.

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cvat_json;
use super::exports::Pairs;
use crate::clock;
use crate::exports::{
    ACTION, ExportError, Format, Job, JobKey, Listing, State as JobState, TARGET,
};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::forwarded::Client;
use crate::http::state::AppState;
use crate::identity::{Principal, rights};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_requests))
        .routes(routes!(read_request))
        .routes(routes!(cancel_request))
}

/// A background request (contract.md, "Background requests").
#[derive(Debug, Serialize, ToSchema)]
struct Request {
    /// `queued`, `started`, `failed` or `finished`.
    status: &'static str,
    /// Why it failed, or what it is doing; else empty.
    message: String,
    /// Opaque; the same as `rq_id`.
    id: String,
    operation: Operation,
    /// 0 to 1: how much of the time range is written.
    progress: f32,
    created_date: String,
    started_date: Option<String>,
    finished_date: Option<String>,
    /// When the result is removed.
    expiry_date: Option<String>,
    owner: RequestOwner,
    /// Where the file is, once the request is finished.
    result_url: Option<String>,
    result_id: Option<i64>,
}

/// What a request does.
#[derive(Debug, Serialize, ToSchema)]
struct Operation {
    /// `export:events`
    #[serde(rename = "type")]
    kind: String,
    /// `events`; `project` for clients that know no events here.
    target: &'static str,
    project_id: Option<i64>,
    task_id: Option<i64>,
    job_id: Option<i64>,
    org_id: Option<i64>,
    /// `parquet`, or null for CSV, which has no name in CVAT.
    format: Option<&'static str>,
    lightweight: Option<bool>,
}

/// Whose request it is.
#[derive(Debug, Serialize, ToSchema)]
struct RequestOwner {
    id: i64,
    username: String,
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
struct RequestPage {
    /// Requests on all pages.
    count: usize,
    /// Address of the next page.
    next: Option<String>,
    /// Address of the page before.
    previous: Option<String>,
    results: Vec<Request>,
}

/// Lists the caller's own requests.
#[utoipa::path(
    get,
    path = "/api/requests",
    tag = "requests",
    params(
        ("status" = Option<String>, Query, description = "`queued`, `started`, `failed` or `finished`"),
        ("action" = Option<String>, Query, description = "`export`"),
        ("target" = Option<String>, Query, description = "`events`"),
        ("sort" = Option<String>, Query, description = "`created_date` or `status`, with `-` for descending; `-created_date` by default"),
        ("page" = Option<usize>, Query, description = "From 1"),
        ("page_size" = Option<usize>, Query, description = "10 by default, 100 at most"),
    ),
    responses(
        (status = 200, description = "A page of requests", content_type = "application/vnd.cvat+json", body = RequestPage),
        (status = 400, description = "A parameter is wrong", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 404, description = "There is no such page"),
    )
)]
async fn list_requests(
    State(state): State<AppState>,
    principal: Principal,
    Extension(client): Extension<Client>,
    uri: Uri,
    headers: HeaderMap,
    Query(pairs): Query<Pairs>,
) -> Result<Response, ApiError> {
    let listing = Listing::parse(&pairs)?;
    let jobs = state
        .exports
        .of_owner(principal.user.id, clock::now())
        .await;
    let org_id = principal.organization.map(|org| org.id);
    let page = listing
        .page(jobs, org_id)
        .map_err(|error| ApiError::Unknown {
            detail: error.to_string(),
        })?;
    let base = client.base_url(state.config.listen);
    let url = |number: usize| format!("{base}{}", with_page(&uri, number));
    Ok(cvat_json(RequestPage {
        count: page.count,
        next: page.next.map(url),
        previous: page.previous.map(url),
        results: page
            .jobs
            .into_iter()
            .map(|job| Request::of(job, target(&headers), &base))
            .collect(),
    }))
}

/// One request: the caller's own, or any for an admin.
#[utoipa::path(
    get,
    path = "/api/requests/{id}",
    tag = "requests",
    params(("id" = String, Path, description = "As `rq_id`")),
    responses(
        (status = 200, description = "The request", content_type = "application/vnd.cvat+json", body = Request),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "Another user's request"),
        (status = 404, description = "There is no such request, or it has expired", content_type = "text/plain", body = String),
    )
)]
async fn read_request(
    State(state): State<AppState>,
    principal: Principal,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let key = visible_key(&id, &principal)?;
    let job = state.exports.get(key, clock::now()).await;
    let job = job.ok_or(ExportError::Unknown)?;
    Ok(cvat_json(Request::of(
        job,
        target(&headers),
        &client.base_url(state.config.listen),
    )))
}

/// Takes a request back that has not started.
#[utoipa::path(
    post,
    path = "/api/requests/{id}/cancel",
    tag = "requests",
    params(("id" = String, Path, description = "As `rq_id`")),
    responses(
        (status = 200, description = "It will not be done, and is forgotten"),
        (status = 400, description = "It has started, or even ended", body = Vec<String>),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "Another user's request"),
        (status = 404, description = "There is no such request", content_type = "text/plain", body = String),
    )
)]
async fn cancel_request(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = visible_key(&id, &principal)?;
    state.exports.cancel(key, clock::now()).await?;
    Ok(StatusCode::OK)
}

/// The job that an id names, if the caller may know of it.
fn visible_key(id: &str, principal: &Principal) -> Result<JobKey, ApiError> {
    let key: JobKey = id.parse().map_err(|_| ExportError::Unknown)?;
    rights::may_see_request(principal, key.owner_id)?;
    Ok(key)
}

impl Request {
    fn of(job: Job, target: &'static str, base: &str) -> Request {
        let id = job.key.to_string();
        let is_finished = matches!(job.state, JobState::Finished { .. });
        let text = |at: annoscope_events::Timestamp| at.to_string();
        let (started_at, message) = match job.state {
            JobState::Queued => (None, String::new()),
            JobState::Started { started_at } => (Some(started_at), "Writing the file".to_owned()),
            JobState::Finished { started_at, .. } => (Some(started_at), String::new()),
            JobState::Failed { ref message, .. } => (None, message.clone()),
        };
        Request {
            status: job.state.name(),
            message,
            operation: Operation::of(&job, target),
            progress: job.progress,
            created_date: text(job.created_at),
            started_date: started_at.map(text),
            finished_date: job.state.finished_at().map(text),
            expiry_date: job.expires_at.map(text),
            owner: RequestOwner {
                id: job.owner.id,
                username: job.owner.name,
            },
            result_url: is_finished.then(|| {
                // The rights to the file are those within its organization.
                let org = job.owner.org_id.map(|id| format!("&org_id={id}"));
                format!(
                    "{base}/api/events/download?rq_id={id}{}",
                    org.unwrap_or_default()
                )
            }),
            result_id: None,
            id,
        }
    }
}

impl Operation {
    fn of(job: &Job, target: &'static str) -> Operation {
        Operation {
            kind: format!("{ACTION}:{TARGET}"),
            target,
            project_id: None,
            task_id: None,
            job_id: None,
            org_id: job.owner.org_id,
            format: match job.format {
                Format::Csv => None,
                Format::Parquet => Some(Format::Parquet.name()),
            },
            lightweight: None,
        }
    }
}

/// First version of cvat-sdk (2.x) that takes any target of a request. Those before know projects,
/// tasks and jobs only, and fail on a list with any other (seen with 2.20, 2.25 and 2.31).
const FIRST_SDK_WITH_ANY_TARGET: u32 = 40;

/// What an export is of, in a word that the client knows.
fn target(headers: &HeaderMap) -> &'static str {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let version = agent.strip_prefix("cvat_sdk/2.");
    let minor = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor < FIRST_SDK_WITH_ANY_TARGET) {
        "project"
    } else {
        TARGET
    }
}

/// Path and query of the request, for another page.
pub(super) fn with_page(uri: &Uri, number: usize) -> String {
    let query = uri.query().unwrap_or_default();
    let others = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && name != "page"
    });
    let page = format!("page={number}");
    let pairs: Vec<&str> = others.chain([page.as_str()]).collect();
    format!("{}?{}", uri.path(), pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_clients_get_a_target_that_they_know() {
        let cases = [
            ("cvat_sdk/2.20.0", "project"),
            ("cvat_sdk/2.31.1", "project"),
            ("cvat_sdk/2.80.0", "events"),
            ("cvat_sdk/3.0.0", "events"),
            ("python-requests/2.34.2", "events"),
            ("", "events"),
        ];
        for (agent, expected) in cases {
            let agent = header::HeaderValue::from_static(agent);
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent)]);
            assert_eq!(target(&headers), expected);
        }
        assert_eq!(target(&HeaderMap::new()), "events");
    }

    #[test]
    fn another_page_keeps_the_other_parameters() {
        let cases = [
            ("/api/requests", "/api/requests?page=2"),
            ("/api/requests?page=1", "/api/requests?page=2"),
            (
                "/api/requests?status=finished&page=1&page_size=5&sort=-status%2Caction",
                "/api/requests?status=finished&page_size=5&sort=-status%2Caction&page=2",
            ),
            ("/api/requests?&&page", "/api/requests?page=2"),
        ];
        for (uri, expected) in cases {
            assert_eq!(with_page(&uri.parse().unwrap(), 2), expected);
        }
    }
}
