//! `/api/dashboards`: what the page shows, and where changes are saved.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::read_body;
use crate::clock;
use crate::dashboards::{self, Change, DashboardError, Dashboards, Model};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::identity::rights::{self, Action};

/// Longest note of a version.
const MAX_NOTE_CHARS: usize = 1_000;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, save, remove))
        .routes(routes!(versions))
        .routes(routes!(version))
}

/// A dashboard to save.
#[derive(Deserialize, ToSchema)]
struct DashboardBody {
    /// Grafana's JSON model.
    dashboard: Value,
    /// The version that the change began with; required when one is saved again.
    version: Option<u64>,
    /// What changed, for the history.
    #[serde(default)]
    note: String,
    /// The folder; where it is by default, and none for a new one.
    folder: Option<String>,
}

/// Lists the dashboards.
#[utoipa::path(
    get,
    path = "/api/dashboards",
    operation_id = "list_dashboards",
    tag = "dashboards",
    responses(
        (status = 200, description = "`{\"dashboards\": [{\"uid\", \"title\", \"description\", \"tags\", \"folder\", \"builtin\", \"modified\", \"version\"}], \"problems\": [{\"file\", \"message\"}], \"may_save\"}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not see dashboards"),
    )
)]
async fn list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<Value>, ApiError> {
    let (dashboards, problems) = on_files(&state, Dashboards::list).await?;
    Ok(Json(json!({
        "dashboards": dashboards,
        "problems": problems,
        "may_save": rights::decide(Action::EditDashboards, &principal, state.config.policy()).is_ok(),
    })))
}

/// A dashboard's model.
#[utoipa::path(
    get,
    path = "/api/dashboards/{uid}",
    operation_id = "read_dashboard",
    tag = "dashboards",
    params(("uid" = String, Path, description = "As the list has it")),
    responses(
        (status = 200, description = "`{\"dashboard\": {…}, \"meta\": {\"version\", \"builtin\", \"modified\", \"folder\", \"file\", \"author\", \"updated\"}}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not see dashboards"),
        (status = 404, description = "There is no such dashboard"),
    )
)]
async fn read(
    State(state): State<AppState>,
    principal: Principal,
    Path(uid): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (model, mut meta) = on_files(&state, move |dashboards| dashboards.get(&uid)).await?;
    // Where the server keeps its files is for administrators alone.
    if rights::decide(Action::EditDashboards, &principal, state.config.policy()).is_err() {
        meta.file = None;
    }
    Ok(Json(json!({ "dashboard": model, "meta": meta })))
}

/// Adds a dashboard.
///
/// Under the uid in its model, or under one made of its title. The file itself is taken as well as
/// `{"dashboard": …}`; `notices` say what of it the page does not show.
#[utoipa::path(
    post,
    path = "/api/dashboards",
    operation_id = "create_dashboard",
    tag = "dashboards",
    request_body(content = DashboardBody, content_type = "application/json"),
    responses(
        (status = 201, description = "`{\"uid\", \"meta\", \"notices\": [text]}`", body = Value),
        (status = 400, description = "It is no dashboard"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not save dashboards"),
        (status = 409, description = "The uid is taken, or there are too many"),
    )
)]
async fn create(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body = read_body(&state, &principal, &headers, body).await?;
    let (change, _) = change(&principal, new_dashboard(&body.bytes)?)?;
    let notices = dashboards::notices(&change.model);
    let (uid, meta) = on_files(&state, move |dashboards| dashboards.create(change)).await?;
    tracing::info!(uid, user = principal.user.name, "a dashboard was added");
    let answer = json!({ "uid": uid, "meta": meta, "notices": notices });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Saves a new version of a dashboard.
///
/// A save that does not begin with the version in force gets 409 and changes nothing.
#[utoipa::path(
    put,
    path = "/api/dashboards/{uid}",
    operation_id = "save_dashboard",
    tag = "dashboards",
    params(("uid" = String, Path, description = "As the list has it")),
    request_body(content = DashboardBody, content_type = "application/json"),
    responses(
        (status = 200, description = "`{\"meta\"}`", body = Value),
        (status = 400, description = "It is no dashboard, or `version` is missing"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not save dashboards"),
        (status = 404, description = "There is no such dashboard"),
        (status = 409, description = "Somebody saved meanwhile: `{\"detail\", \"meta\"}` of what is in force", body = Value),
    )
)]
async fn save(
    State(state): State<AppState>,
    principal: Principal,
    Path(uid): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let body = read_body(&state, &principal, &headers, body).await?;
    let (change, base) = change(&principal, document(&body.bytes)?)?;
    let base = base.ok_or_else(|| ApiError::BadDocument {
        detail: "version: the version that the change began with is expected".to_owned(),
    })?;
    let saved = uid.clone();
    let meta = on_files(&state, move |dashboards| {
        dashboards.save(&uid, base, change)
    })
    .await?;
    tracing::info!(
        uid = saved,
        version = meta.version,
        user = principal.user.name,
        "a dashboard was saved"
    );
    Ok(Json(json!({ "meta": meta })))
}

/// Removes a dashboard, or resets it to the built-in one.
///
/// Its versions are kept; one of them can be added again.
#[utoipa::path(
    delete,
    path = "/api/dashboards/{uid}",
    operation_id = "remove_dashboard",
    tag = "dashboards",
    params(("uid" = String, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not save dashboards"),
        (status = 404, description = "There is no such dashboard"),
        (status = 409, description = "It is the built-in one"),
    )
)]
async fn remove(
    State(state): State<AppState>,
    principal: Principal,
    Path(uid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let (author, time) = (principal.user.name.clone(), clock::now());
    let removed = uid.clone();
    on_files(&state, move |dashboards| {
        dashboards.remove(&uid, &author, time)
    })
    .await?;
    tracing::info!(
        uid = removed,
        user = principal.user.name,
        "a dashboard was removed or reset"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the versions of a dashboard, newest first.
#[utoipa::path(
    get,
    path = "/api/dashboards/{uid}/versions",
    operation_id = "list_dashboard_versions",
    tag = "dashboards",
    params(("uid" = String, Path, description = "As the list has it")),
    responses(
        (status = 200, description = "`{\"versions\": [{\"version\", \"author\", \"time\", \"note\"}]}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not see dashboards"),
        (status = 404, description = "There is no such dashboard"),
    )
)]
async fn versions(
    State(state): State<AppState>,
    Path(uid): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let versions = on_files(&state, move |dashboards| dashboards.versions(&uid)).await?;
    Ok(Json(json!({ "versions": versions })))
}

/// A version of a dashboard.
#[utoipa::path(
    get,
    path = "/api/dashboards/{uid}/versions/{version}",
    operation_id = "read_dashboard_version",
    tag = "dashboards",
    params(
        ("uid" = String, Path, description = "As the list has it"),
        ("version" = u64, Path, description = "Its number"),
    ),
    responses(
        (status = 200, description = "`{\"dashboard\": {…}, \"meta\": {\"version\", \"author\", \"time\", \"note\"}}`", body = Value),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not see dashboards"),
        (status = 404, description = "There is no such version"),
    )
)]
async fn version(
    State(state): State<AppState>,
    Path((uid, version)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let version = version.parse().map_err(|_| ApiError::Unknown {
        detail: format!("There is no version {version:?} of the dashboard {uid:?}."),
    })?;
    let (model, meta) =
        on_files(&state, move |dashboards| dashboards.version(&uid, version)).await?;
    Ok(Json(json!({ "dashboard": model, "meta": meta })))
}

/// A new dashboard: as `{"dashboard": …}`, or its file alone, in which nothing has that name.
fn new_dashboard(bytes: &[u8]) -> Result<DashboardBody, ApiError> {
    match document(bytes)? {
        Value::Object(members) if !members.contains_key("dashboard") => Ok(DashboardBody {
            dashboard: Value::Object(members),
            version: None,
            note: String::new(),
            folder: None,
        }),
        wrapped => serde_json::from_value(wrapped).map_err(|error| not_read(&error)),
    }
}

fn document<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| not_read(&error))
}

fn not_read(error: &serde_json::Error) -> ApiError {
    ApiError::BadDocument {
        detail: format!("JSON parse error - {error}"),
    }
}

/// What a body asks for, in the caller's name, and the version it began with.
fn change(principal: &Principal, body: DashboardBody) -> Result<(Change, Option<u64>), ApiError> {
    if body.note.chars().count() > MAX_NOTE_CHARS {
        return Err(ApiError::BadDocument {
            detail: format!("note: at most {MAX_NOTE_CHARS} characters are expected"),
        });
    }
    let change = Change {
        model: Model::new(body.dashboard)?,
        note: body.note,
        folder: body.folder,
        author: principal.user.name.clone(),
        time: clock::now(),
    };
    Ok((change, body.version))
}

/// Files are read and written beside the threads that answer.
async fn on_files<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Dashboards) -> Result<T, DashboardError> + Send + 'static,
) -> Result<T, ApiError> {
    let dashboards = state.dashboards.clone();
    let done = tokio::task::spawn_blocking(move || work(&dashboards)).await;
    Ok(done.map_err(|panic| ApiError::Internal(panic.into()))??)
}
