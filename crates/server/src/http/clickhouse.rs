//! ClickHouse's HTTP interface: what its clients ask is answered by the engine of `POST /api/query`, and INSERT goes
//! the way of the ingest port.
//!
//! Rights, slots, limits and rates are those of the API: `access.rs` admits the request, and what its statement does
//! is decided in `routes/clickhouse.rs`, by `identity/rights.rs`. Errors have ClickHouse's words ([`exception`]).

mod blocks;
mod body;
mod credentials;
mod encoding;
mod exception;
mod insert;
mod parameters;
mod select;
mod spool;

use annoscope_sql::Statement;
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::access::{Access, keep_private};
use super::error::ApiError;
use super::request_id::RequestId;
use super::state::AppState;
use crate::identity::rights::{self, Action};
use crate::identity::{Accounts, Principal};
use exception::Exception;
use insert::Insertion;
use parameters::Parameters;
use select::Figures;

/// What ClickHouse says when it is there.
const OK: &str = "Ok.\n";

/// Routes of the interface.
pub fn router() -> Router<AppState> {
    let nowhere = async |uri: Uri| {
        let message = format!(
            "There is no handle {}: statements are asked of /",
            uri.path()
        );
        let mut response = Exception::new("BAD_ARGUMENTS", message).into_response();
        *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
        response
    };
    Router::new()
        .route("/", get(answer).post(answer))
        .route("/ping", get(async || OK))
        .route("/replicas_status", get(async || OK))
        .fallback(nowhere)
}

/// Middleware around every route: the check of access, with what ClickHouse's clients expect around it.
pub async fn check(
    State((access, accounts)): State<(Access, Accounts)>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match checked(&access, &accounts, request, next).await {
        Ok(response) => response,
        Err(error) => Exception::from(error).into_response(),
    };
    let headers = response.headers_mut();
    let fixed = [
        ("x-clickhouse-server-display-name", "annoscope"),
        ("x-clickhouse-timezone", "UTC"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn checked(
    access: &Access,
    accounts: &Accounts,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(route) = request.extensions().get::<MatchedPath>() else {
        return Ok(next.run(request).await);
    };
    let is_question = parameters::all(request.uri())
        .iter()
        .any(|(name, _)| name == "query");
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if route.as_str() == "/" && is_safe && !is_question {
        return Ok(OK.into_response());
    }
    let action = match access.action(request.method().as_str(), route.as_str())? {
        Ok(Action::Open) => return Ok(next.run(request).await),
        Ok(action) => action,
        Err(_) => return Err(ApiError::MethodNotAllowed),
    };
    let (mut parts, body) = request.into_parts();
    let found = credentials::take(&mut parts)?;
    // Programs may have accounts of annoscope's own where people are CVAT's: CVAT's server asks while it starts, when it
    // cannot say yet who anybody is.
    let is_own = match &found {
        Some(_) if access.has_own_accounts() => true,
        Some(found) => accounts.has_user(&found.name).await?,
        None => false,
    };
    let own = is_own.then(|| access.of_accounts(accounts));
    match found {
        Some(found) if is_own => credentials::put_for_accounts(&mut parts, found),
        Some(found) => credentials::put_for_cvat(&mut parts, &found),
        None => {}
    }
    let request = own
        .as_ref()
        .unwrap_or(access)
        .admit(action, Request::from_parts(parts, body))
        .await?;
    let mut response = next.run(request).await;
    keep_private(&mut response);
    Ok(response)
}

/// Answers a statement: in the address, in the body, or begun in the one and ended in the other.
async fn answer(
    State(state): State<AppState>,
    axum::Extension(request_id): axum::Extension<RequestId>,
    principal: Principal,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query_id = |parameters: &Parameters| parameters.query_id.clone();
    let read = Parameters::read(&uri, &headers);
    let id = read.as_ref().ok().and_then(query_id);
    let answered = async {
        let asked = Asked {
            state: &state,
            principal: &principal,
            request_id,
            may_write: method == Method::POST,
            headers: &headers,
            parameters: read?,
        };
        asked.answer(body).await
    };
    answered.await.unwrap_or_else(|exception: Exception| {
        let mut response = exception.into_response();
        let own = || uuid::Uuid::new_v4().to_string();
        if let Ok(id) = HeaderValue::from_str(&id.unwrap_or_else(own)) {
            response.headers_mut().insert("x-clickhouse-query-id", id);
        }
        let text = HeaderValue::from_static("text/plain; charset=UTF-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        response
    })
}

/// A request whose statement is to be answered.
struct Asked<'a> {
    state: &'a AppState,
    principal: &'a Principal,
    request_id: RequestId,
    /// GET changes nothing.
    may_write: bool,
    headers: &'a HeaderMap,
    parameters: Parameters,
}

impl Asked<'_> {
    async fn answer(self, body: Body) -> Result<Response, Exception> {
        let decoding = body::Decoding::of(self.headers, self.parameters.decompress)?;
        let query = self.parameters.query.clone().unwrap_or_default();
        let mut incoming = body::Incoming::new(self.state, self.principal, body, decoding);
        let head = incoming.head(&query).await?;
        match head.statement {
            Statement::Query => {
                let sql = incoming.text(&query).await?;
                let Asked {
                    state,
                    principal,
                    parameters,
                    headers,
                    ..
                } = self;
                select::answer(state, principal, parameters, headers, sql).await
            }
            Statement::Insert(insert) => {
                self.permit(Action::SendForOthers)?;
                let insertion = Insertion {
                    state: self.state,
                    principal: self.principal,
                    request_id: self.request_id,
                    parameters: self.parameters,
                    insert,
                    query,
                    is_in_body: head.is_in_body,
                };
                insertion.answer(incoming).await
            }
            Statement::Declaration => {
                self.permit(Action::Administer)?;
                Ok(self.done())
            }
            Statement::Nothing => Ok(self.done()),
            Statement::Kill { query_id } => {
                self.require_post()?;
                let account_id = self.principal.user.id;
                self.state.engine.end_named(account_id, &query_id);
                Ok(self.done())
            }
        }
    }

    /// The answer of a statement that had nothing to do.
    fn done(&self) -> Response {
        select::done(self.parameters.query_id.as_deref(), Figures::default())
    }

    /// Refuses who may not do what the statement does.
    fn permit(&self, action: Action) -> Result<(), Exception> {
        let decided = rights::decide(action, self.principal, self.state.access.policy());
        decided.map_err(ApiError::from)?;
        self.require_post()
    }

    fn require_post(&self) -> Result<(), Exception> {
        if self.may_write {
            return Ok(());
        }
        let message = "A GET request is readonly: send statements that write by POST";
        Err(Exception::new("READONLY", message))
    }
}
