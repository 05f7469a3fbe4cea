//! The routes, one file a subject. Each handler extracts, calls one function and converts.

pub mod about;
pub mod access_tokens;
pub mod account;
pub mod admin;
pub mod dashboards;
pub mod events;
pub mod explain;
pub mod exports;
pub mod forecast;
pub mod grafana;
pub mod health;
pub mod ingest;
pub mod login;
pub mod page;
pub mod query;
pub mod requests;
pub mod running_queries;
pub mod service;
mod token_actions;
pub mod tokens;
pub mod webhooks;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::admission::{AdmittedBody, Source};
use super::error::ApiError;
use super::media_type::{self, CVAT_JSON};
use super::state::AppState;
use crate::identity::Principal;

/// An answer with the content type of CVAT's.
fn cvat_json(body: impl Serialize) -> Response {
    ([(header::CONTENT_TYPE, CVAT_JSON)], Json(body)).into_response()
}

/// An id from a path; 404 for what is none, as there is nothing by that id.
fn id_of(text: &str, what: &'static str) -> Result<i64, ApiError> {
    let unknown = |_| ApiError::Unknown {
        detail: format!("there is no such {what}"),
    };
    text.parse().map_err(unknown)
}

/// The body of a request that has to be JSON.
async fn read_body(
    state: &AppState,
    principal: &Principal,
    headers: &HeaderMap,
    body: Body,
) -> Result<AdmittedBody, ApiError> {
    media_type::require(headers, &["application/json"])?;
    let source = Source::Account(principal.user.id);
    state.admission.read(source, headers, body).await
}
