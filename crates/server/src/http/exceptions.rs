//! Answers of 500 for the audit trail.

use annoscope_events::FailedRequest;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::error::Failure;
use super::extract::actor_of;
use super::request_id;
use crate::audit;
use crate::identity::{Accounts, Weight};

/// Middleware: an answer of 500 becomes an event, as exceptions of CVAT's server do. It stands
/// around the handlers and within the check of access, so that it knows the account.
pub async fn record(State(accounts): State<Accounts>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(|route| route.as_str().to_owned());
    let actor = actor_of(request.extensions());
    let response = request_id::answer(request, next).await;
    if let Some(Failure(message)) = response.extensions().get::<Failure>() {
        let failed = FailedRequest {
            message,
            method: &method,
            url: &path,
            basename: route.as_deref(),
            status_code: response.status().as_u16(),
            ..FailedRequest::default()
        };
        if let Some(event) = audit::exception(&failed, &actor)
            && let Err(error) = accounts.record(event, Weight::Light).await
        {
            tracing::warn!(%error, "an exception could not be recorded");
        }
    }
    response
}

#[cfg(test)]
mod tests;
