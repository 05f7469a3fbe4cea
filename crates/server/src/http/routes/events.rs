//! `POST /api/events`: what browsers send.

use annoscope_events::ClientRequest;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock;
use crate::http::admission::Source;
use crate::http::error::ApiError;
use crate::http::media_type::{self, CVAT_JSON};
use crate::http::request_id::RequestId;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::identity::rights;
use crate::ingest::{self, Arrival};
use crate::metrics::Endpoint;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create_events))
}

/// Records client events.
///
/// The server corrects the clock of the sender, sets user, organization and source, adds
/// the working time that the events show, and answers when everything is on the disk. An
/// event that was recorded before is not recorded again. One that cannot be stored is set aside,
/// and the others are recorded.
#[utoipa::path(
    post,
    path = "/api/events",
    tag = "events",
    request_body(
        content = serde_json::Value,
        description = "`{\"events\": [Event…], \"previous_event\": Event|null, \"timestamp\": client clock at send}`"
    ),
    responses(
        (status = 201, description = "The processed events", content_type = "application/vnd.cvat+json", body = serde_json::Value),
        (status = 400, description = "What is wrong, by field and event", body = serde_json::Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are not a member of the organization, or the token is not for sending"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "Try again after `Retry-After` seconds"),
    )
)]
async fn create_events(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let received_at = clock::now();
    media_type::require(&headers, &["application/json"])?;
    let sender = rights::sender(&principal);
    let source = Source::Account(principal.user.id);
    let body = state.admission.read(source, &headers, body).await?;
    state.ingest.check_room(body.bytes.len())?;
    let _room = state.admission.room_for_events(&body).await?;
    let request = ingest::heavy(body.bytes.len(), || ClientRequest::parse(&body.bytes))?;
    state.metrics.received(Endpoint::Client, request.len());
    let arrival = Arrival {
        received_at,
        request_id: request_id.0,
    };
    let reply = state
        .ingest
        .client_events(request, &sender, arrival)
        .await?;
    Ok((
        StatusCode::CREATED,
        [(header::CONTENT_TYPE, CVAT_JSON)],
        reply,
    )
        .into_response())
}
