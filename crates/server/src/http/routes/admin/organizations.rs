//! Organizations and their members.

use annoscope_events::Timestamp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::error::ApiError;
use crate::http::extract::JsonBody;
use crate::http::extract::Path;
use crate::http::routes::id_of;
use crate::http::state::AppState;
use crate::identity::{Accounts, Actor, NewOrganization, OrganizationSummary, Role, UnknownWord};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(change, remove))
        .routes(routes!(set_role, remove_member))
}

/// An organization to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrganizationBody {
    /// Unique; 1 to 16 letters, digits, `-` and `_`.
    slug: String,
    /// For people.
    #[serde(default)]
    name: String,
    /// The name of the user who owns it.
    owner: String,
    /// The id in an existing CVAT, so that old events belong to it; the next one by default.
    #[serde(default)]
    id: Option<i64>,
}

/// What is changed of an organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganizationChangeBody {
    slug: Option<String>,
    name: Option<String>,
}

/// What a member may do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// `owner`, `maintainer`, `supervisor` or `worker`.
    role: String,
}

/// An organization.
#[derive(Serialize, ToSchema)]
struct OrganizationAnswer {
    id: i64,
    slug: String,
    name: String,
    created_date: String,
    /// By the users' ids.
    members: Vec<MemberAnswer>,
}

/// Somebody in an organization.
#[derive(Serialize, ToSchema)]
struct MemberAnswer {
    user_id: i64,
    username: String,
    /// `owner`, `maintainer`, `supervisor` or `worker`.
    role: &'static str,
}

impl OrganizationAnswer {
    fn of(summary: OrganizationSummary) -> OrganizationAnswer {
        let members = summary.members.into_iter().map(|member| MemberAnswer {
            user_id: member.user_id,
            username: member.user_name,
            role: member.role.as_str(),
        });
        OrganizationAnswer {
            id: summary.organization.id,
            slug: summary.organization.slug,
            name: summary.name,
            created_date: Timestamp::from_millis(summary.created_ms).to_string(),
            members: members.collect(),
        }
    }
}

/// Lists the organizations by slug.
#[utoipa::path(
    get,
    path = "/api/admin/organizations",
    operation_id = "list_organizations",
    tag = "administration",
    responses(
        (status = 200, description = "`{\"results\": [organization]}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
    )
)]
async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let organizations = state.accounts.blocking(Accounts::organizations).await?;
    let organizations = organizations.into_iter().map(OrganizationAnswer::of);
    let organizations: Vec<OrganizationAnswer> = organizations.collect();
    Ok(Json(json!({ "results": organizations })))
}

/// Adds an organization with its owner.
#[utoipa::path(
    post,
    path = "/api/admin/organizations",
    operation_id = "create_organization",
    tag = "administration",
    request_body(content = NewOrganizationBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The organization", body = OrganizationAnswer),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such user"),
    )
)]
async fn create(
    State(state): State<AppState>,
    actor: Actor,
    JsonBody(body): JsonBody<NewOrganizationBody>,
) -> Result<(StatusCode, Json<OrganizationAnswer>), ApiError> {
    let added = state.accounts.blocking(move |accounts| {
        let owner_id = accounts.user_id(&body.owner)?;
        let new = NewOrganization {
            id: body.id,
            slug: &body.slug,
            name: &body.name,
        };
        accounts.add_organization(&actor, new, owner_id)
    });
    let answer = OrganizationAnswer::of(added.await?);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Changes an organization; what is not named stays. Events keep the slug they were sent with.
#[utoipa::path(
    patch,
    path = "/api/admin/organizations/{id}",
    operation_id = "change_organization",
    tag = "administration",
    params(("id" = i64, Path, description = "As the list has it")),
    request_body(content = OrganizationChangeBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The organization", body = OrganizationAnswer),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such organization"),
    )
)]
async fn change(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<OrganizationChangeBody>,
) -> Result<Json<OrganizationAnswer>, ApiError> {
    let id = id_of(&id, "organization")?;
    let changed = state.accounts.blocking(move |accounts| {
        accounts.change_organization(&actor, id, body.slug.as_deref(), body.name.as_deref())
    });
    Ok(Json(OrganizationAnswer::of(changed.await?)))
}

/// Removes an organization with its memberships; the events stay.
#[utoipa::path(
    delete,
    path = "/api/admin/organizations/{id}",
    operation_id = "remove_organization",
    tag = "administration",
    params(("id" = i64, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such organization"),
    )
)]
async fn remove(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id_of(&id, "organization")?;
    let removed = state
        .accounts
        .blocking(move |accounts| accounts.remove_organization(&actor, id));
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a user a member with a role, or gives a member another one.
#[utoipa::path(
    put,
    path = "/api/admin/organizations/{id}/members/{user_id}",
    operation_id = "set_member_role",
    tag = "administration",
    params(
        ("id" = i64, Path, description = "The organization's id"),
        ("user_id" = i64, Path, description = "The user's id"),
    ),
    request_body(content = RoleBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The organization", body = OrganizationAnswer),
        (status = 400, description = "What is wrong, by field", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such organization or user"),
    )
)]
async fn set_role(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, user_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Json<OrganizationAnswer>, ApiError> {
    let (id, user_id) = (id_of(&id, "organization")?, id_of(&user_id, "user")?);
    let role: Role = body
        .role
        .parse()
        .map_err(|error: UnknownWord| ApiError::Invalid {
            body: json!({ "role": [error.to_string()] }),
        })?;
    let changed = state
        .accounts
        .blocking(move |accounts| accounts.set_role(&actor, id, user_id, role));
    Ok(Json(OrganizationAnswer::of(changed.await?)))
}

/// Ends a membership.
#[utoipa::path(
    delete,
    path = "/api/admin/organizations/{id}/members/{user_id}",
    operation_id = "remove_member",
    tag = "administration",
    params(
        ("id" = i64, Path, description = "The organization's id"),
        ("user_id" = i64, Path, description = "The user's id"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
        (status = 404, description = "There is no such member"),
    )
)]
async fn remove_member(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, user_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (id, user_id) = (id_of(&id, "organization")?, id_of(&user_id, "user")?);
    let removed = state
        .accounts
        .blocking(move |accounts| accounts.remove_member(&actor, id, user_id));
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}
