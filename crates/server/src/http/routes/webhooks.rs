//! `POST /api/webhooks/{source}`: what other tools tell of their resources.

use annoscope_events::{Occasion, Place};
use annoscope_webhooks::{Credentials, Delivery, InvalidDelivery, Receipt, is_authentic};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::Serialize;
use serde_json::{Map, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock;
use crate::http::admission::Source as BodySource;
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::state::AppState;
use crate::identity::{Actor, Weight};
use crate::metrics::DeliveryOutcome;
use crate::webhooks::{Source, WebhookError};

/// CVAT's header: HMAC-SHA256 of the body.
const SIGNATURE: &str = "x-signature-256";

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(receive))
}

/// What became of a delivery's resources.
#[derive(Serialize, ToSchema)]
struct ReceiptAnswer {
    /// Something was new.
    changed: u64,
    /// All was known: a repeat.
    repeated: u64,
    /// Something newer was known.
    late: u64,
}

/// Takes a delivery of a tool that was added by `annoscope webhook add`.
///
/// The answer comes once its events are on the disk, whatever the store does.
#[utoipa::path(
    post,
    path = "/api/webhooks/{source}",
    operation_id = "receive_webhook",
    tag = "ingest",
    params(("source" = String, Path, description = "Name of the webhook")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "It is kept, or was known", body = ReceiptAnswer),
        (status = 400, description = "It is no delivery of this tool, and will not be one", body = serde_json::Value),
        (status = 401, description = "The signature or the secret is wrong"),
        (status = 404, description = "There is no such webhook"),
        (status = 503, description = "Too much waits: send it again"),
    )
)]
async fn receive(
    State(state): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    source: BodySource,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReceiptAnswer>, ApiError> {
    let received_at = clock::now();
    let found = state
        .webhooks
        .blocking(move |webhooks| webhooks.source(&name));
    let webhook = found.await?;
    let body = state.admission.read(source, &headers, body).await?;
    if !is_authentic(
        webhook.tool,
        &webhook.secret,
        credentials(&headers),
        &body.bytes,
    ) {
        return Err(refuse(&state, &webhook, actor).await);
    }
    let (tool, metrics) = (webhook.tool, state.metrics.clone());
    let taken = state.webhooks.blocking(move |webhooks| {
        let delivery = match Delivery::read(webhook.tool, &body.bytes) {
            Ok(delivery) => delivery,
            Err(invalid) => return Ok(Err(invalid)),
        };
        webhooks.receive(&webhook, &delivery, received_at).map(Ok)
    });
    let outcome = taken.await;
    metrics.webhook_delivery(tool, delivery_outcome(&outcome));
    let receipt = outcome??;
    Ok(Json(ReceiptAnswer {
        changed: receipt.changed,
        repeated: receipt.repeated,
        late: receipt.late,
    }))
}

fn credentials(headers: &HeaderMap) -> Credentials<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Credentials {
        signature: text(SIGNATURE),
        authorization: text(AUTHORIZATION.as_str()),
    }
}

/// A wrong signature leaves a trace: either the secret is another, or somebody tries.
async fn refuse(state: &AppState, webhook: &Source, actor: Actor) -> ApiError {
    state
        .metrics
        .webhook_delivery(webhook.tool, DeliveryOutcome::Unauthenticated);
    let occasion = Occasion {
        cause: &actor.cause(),
        at: clock::now(),
    };
    let payload = Map::from_iter([("webhook".to_owned(), json!(webhook.name))]);
    let event = occasion.event("fail:webhook", &Place::default(), payload);
    if let Err(error) = state.accounts.record(event, Weight::Light).await {
        tracing::warn!(%error, "a refused webhook could not be recorded");
    }
    ApiError::Unauthenticated {
        detail: "The signature is not made with this webhook's secret.".to_owned(),
    }
}

fn delivery_outcome(
    outcome: &Result<Result<Receipt, InvalidDelivery>, WebhookError>,
) -> DeliveryOutcome {
    match outcome {
        Err(_) => DeliveryOutcome::Unavailable,
        Ok(Err(_)) => DeliveryOutcome::Invalid,
        Ok(Ok(receipt)) if receipt.changed > 0 => DeliveryOutcome::Changed,
        Ok(Ok(receipt)) if receipt.late > 0 => DeliveryOutcome::Late,
        Ok(Ok(_)) => DeliveryOutcome::Repeated,
    }
}
