//! `POST /` on the ingest port: what servers send, as Vector's http source takes it.

use annoscope_events::{ClientHours, RejectedEvent, ServerEvent, parse_server_body};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Extension, Router};

use crate::clock;
use crate::http::admission::Source;
use crate::http::error::ApiError;
use crate::http::request_id::RequestId;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::ingest::{self, Arrival};
use crate::metrics::Endpoint;

/// The only route of the ingest port.
pub fn router() -> Router<AppState> {
    Router::new().route("/", post(receive))
}

/// Stores server events: one object, an array of them, or one object a line, of any content type
/// or none, compressed or not.
///
/// 200 after the commit. A broken document is a 400 and stores nothing. An element that can
/// never be stored goes to the dead-letter file, since CVAT's handler would resend it for ever.
async fn receive(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    principal: Option<Extension<Principal>>,
    source: Source,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let received_at = clock::now();
    refuse_web_pages(&headers)?;
    let body = state.admission.read(source, &headers, body).await?;
    state.ingest.check_room(body.bytes.len())?;
    let _room = state.admission.room_for_events(&body).await?;
    let client_hours = if state.config.ingest.legacy_working_time {
        ClientHours::Legacy
    } else {
        ClientHours::Claimed
    };
    let elements = ingest::heavy(body.bytes.len(), || {
        parse_server_body(&body.bytes, received_at, client_hours)
    })?;
    state.metrics.received(Endpoint::Ingest, elements.len());
    let (events, mut rejected) = split(elements);
    let arrival = Arrival {
        received_at,
        request_id: request_id.0,
    };
    // Stored first: should the dead-letter file be full, the sender repeats all of it, and
    // what is stored is recognized.
    let sender = principal.map(|Extension(principal)| principal.user.id);
    let used_twice = state.ingest.server_events(events, sender, arrival).await?;
    rejected.extend(used_twice.iter().map(|id| id.used_twice(&body.bytes)));
    let dead_lettered = state
        .ingest
        .dead_letter(Endpoint::Ingest, rejected, arrival);
    dead_lettered.await?.count(&state.metrics);
    Ok(StatusCode::OK)
}

/// No web page may write here: browsers send `Origin` with every POST that a page makes. Servers
/// send none.
fn refuse_web_pages(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(header::ORIGIN) {
        return Err(ApiError::Forbidden {
            detail: "Requests of web pages are not accepted here.".to_owned(),
        });
    }
    Ok(())
}

/// In the memory that the elements are in.
fn split(
    elements: Vec<Result<ServerEvent, RejectedEvent>>,
) -> (Vec<ServerEvent>, Vec<RejectedEvent>) {
    let mut rejected = Vec::new();
    let stored = elements
        .into_iter()
        .filter_map(|element| element.map_err(|event| rejected.push(event)).ok());
    (stored.collect(), rejected)
}
