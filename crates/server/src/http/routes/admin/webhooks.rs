//! Webhooks of other tools.

use annoscope_webhooks::{Tool, UnknownTool};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::extract::Path;
use crate::http::state::AppState;
use crate::webhooks::{SourceSummary, Webhooks};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(remove))
}

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhookBody {
    /// Unique, as it is in the address: 1 to 32 letters, digits, `-` and `_`.
    name: String,
    /// `cvat` or `label-studio`.
    kind: String,
}

/// A webhook; its secret is told once, when it is made.
#[derive(Serialize, ToSchema)]
struct WebhookAnswer {
    name: String,
    /// `cvat` or `label-studio`.
    kind: &'static str,
    /// Where the tool has to deliver, on this server.
    path: String,
    created_date: String,
    last_delivery_date: Option<String>,
    /// In the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookAnswer {
    fn of(source: SourceSummary) -> WebhookAnswer {
        WebhookAnswer {
            path: format!("/api/webhooks/{}", source.name),
            name: source.name,
            kind: source.tool.name(),
            created_date: source.created.to_string(),
            last_delivery_date: source.delivered.map(|time| time.to_string()),
            secret: None,
        }
    }
}

/// Lists the webhooks by name.
#[utoipa::path(
    get,
    path = "/api/admin/webhooks",
    operation_id = "list_webhooks",
    tag = "administration",
    responses(
        (status = 200, description = "`{\"results\": [webhook]}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
    )
)]
async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let sources = state.webhooks.blocking(Webhooks::sources).await?;
    let sources: Vec<WebhookAnswer> = sources.into_iter().map(WebhookAnswer::of).collect();
    Ok(Json(json!({ "results": sources })))
}

/// Adds a webhook; the answer has its secret, once.
#[utoipa::path(
    post,
    path = "/api/admin/webhooks",
    operation_id = "create_webhook",
    tag = "administration",
    request_body(content = NewWebhookBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The webhook", body = WebhookAnswer),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
    )
)]
async fn create(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<NewWebhookBody>,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let tool: Tool = body
        .kind
        .parse()
        .map_err(|error: UnknownTool| ApiError::Invalid {
            body: json!({ "kind": [error.to_string()] }),
        })?;
    let created = clock::now();
    let name = body.name.clone();
    let add = move |webhooks: &Webhooks| webhooks.add(&name, tool, created);
    let secret = state.webhooks.blocking(add).await?;
    let answer = WebhookAnswer::of(SourceSummary {
        name: body.name,
        tool,
        created,
        delivered: None,
    });
    let answer = WebhookAnswer {
        secret: Some(secret),
        ..answer
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Removes a webhook; its events stay.
#[utoipa::path(
    delete,
    path = "/api/admin/webhooks/{name}",
    operation_id = "remove_webhook",
    tag = "administration",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such webhook"),
    )
)]
async fn remove(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let remove = move |webhooks: &Webhooks| webhooks.remove(&name);
    state.webhooks.blocking(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
