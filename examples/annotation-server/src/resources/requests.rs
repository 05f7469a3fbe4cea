//! Background requests. Here all is done at once, so that each is finished when it is first asked for.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::{base, owner};
use crate::answers::{Parameters, json_answer, ok, parameter};
use crate::app::App;
use crate::change::Change;
use crate::error::{ApiError, Result};
use crate::logins;
use crate::request::Caller;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/requests/{id}", get(one))
        .route("/api/files", get(file))
}

/// What was done, and the file that it made.
pub struct Done {
    pub operation: Value,
    pub file: Option<Value>,
}

/// Keeps what was done; the answer has its id.
pub fn finish(change: &Change<'_>, done: Done) -> Result<Response> {
    let id = logins::secret();
    let document = json!({
        "id": id,
        "status": "finished",
        "message": "",
        "operation": done.operation,
        "progress": 1.0,
        "created_date": change.now(),
        "started_date": change.now(),
        "finished_date": change.now(),
        "owner": owner(change)?,
        "has_file": done.file.is_some(),
    });
    change.set_document("request", &id, &document)?;
    if let Some(file) = done.file {
        change.set_document("file", &id, &file)?;
    }
    Ok(json_answer(StatusCode::ACCEPTED, &json!({ "rq_id": id })))
}

async fn one(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response> {
    let document = app.read(|records| records.document("request", &id))?;
    let mut document = document.ok_or(ApiError::NotFound)?;
    if document["has_file"] == json!(true) {
        document["result_url"] = json!(format!("{}/api/files?rq_id={id}", base(&headers)));
    }
    Ok(ok(&document))
}

async fn file(
    State(app): State<App>,
    _: Caller,
    Query(parameters): Query<Parameters>,
) -> Result<Response> {
    let id = parameter(&parameters, "rq_id").ok_or(ApiError::NotFound)?;
    let file = app
        .read(|records| records.document("file", id))?
        .ok_or(ApiError::NotFound)?;
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"dataset.json\"",
        )
        .body(Body::from(file.to_string()));
    Ok(answer.expect("the headers are valid"))
}
