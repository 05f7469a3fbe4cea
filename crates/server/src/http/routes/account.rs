//! `/api/users/self`: the caller's own account.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cvat_json;
use crate::http::error::ApiError;
use crate::http::forwarded::Client;
use crate::http::state::AppState;
use crate::identity::rights::{self, Action};
use crate::identity::{Account, Membership, Principal, Privilege};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(me))
}

/// The caller's own account.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is CVAT's")]
struct Me {
    url: String,
    id: i64,
    username: String,
    first_name: String,
    last_name: String,
    email: String,
    /// The privilege.
    groups: [&'static str; 1],
    is_staff: bool,
    is_superuser: bool,
    is_active: bool,
    /// Always null: it is not recorded.
    last_login: Option<String>,
    date_joined: String,
    /// Whether the account sees all events (CVAT's name for it).
    has_analytics_access: bool,
    /// `admin`, `business`, `user` or `worker`.
    privilege: &'static str,
    /// By slug.
    organizations: Vec<MembershipAnswer>,
    /// Within the organization that the request names.
    may: May,
}

/// What the caller may do, so that a page shows no button that is refused.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "a list of answers")]
struct May {
    query: bool,
    see_dashboards: bool,
    /// More than one's own events.
    see_analytics: bool,
    save_dashboards: bool,
    administer: bool,
}

/// An organization that somebody belongs to.
#[derive(Serialize, ToSchema)]
pub(super) struct MembershipAnswer {
    id: i64,
    slug: String,
    name: String,
    /// `owner`, `maintainer`, `supervisor` or `worker`.
    role: &'static str,
}

impl MembershipAnswer {
    pub(super) fn of(membership: Membership) -> MembershipAnswer {
        MembershipAnswer {
            id: membership.organization.id,
            slug: membership.organization.slug,
            name: membership.name,
            role: membership.role.as_str(),
        }
    }
}

/// Says who the caller is.
#[utoipa::path(
    get,
    path = "/api/users/self",
    tag = "account",
    responses(
        (status = 200, description = "The principal's account", content_type = "application/vnd.cvat+json", body = Me),
        (status = 401, description = "No or wrong credentials"),
    )
)]
async fn me(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    account: Account,
    principal: Principal,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let memberships = state.access.memberships(&principal, &headers).await?;
    let policy = state.access.policy();
    let may = |action| rights::decide(action, &principal, policy).is_ok();
    let is_admin = account.privilege == Privilege::Admin;
    let base = client.base_url(state.config.listen);
    Ok(cvat_json(Me {
        url: format!("{base}/api/users/{}", account.id),
        id: account.id,
        groups: [account.privilege.as_str()],
        is_staff: is_admin,
        is_superuser: is_admin,
        is_active: true,
        last_login: None,
        date_joined: annoscope_events::Timestamp::from_millis(account.created_ms).to_string(),
        has_analytics_access: rights::has_analytics_access(&principal),
        privilege: account.privilege.as_str(),
        may: May {
            query: may(Action::Look),
            see_dashboards: may(Action::Look),
            see_analytics: may(Action::SeeAnalytics),
            save_dashboards: may(Action::EditDashboards),
            administer: may(Action::Administer),
        },
        organizations: memberships.into_iter().map(MembershipAnswer::of).collect(),
        username: account.name,
        first_name: account.first_name,
        last_name: account.last_name,
        email: account.email,
    }))
}
