//! Small JSON bodies: forms, not events.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::http::admission::Source;
use crate::http::error::ApiError;
use crate::http::media_type::{self, CVAT_JSON};
use crate::http::state::AppState;

/// A body of at most 16 KiB that is JSON: 415 for another type, which a form of another site
/// could have sent; 400 for what is missing, unknown or of the wrong type.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<JsonBody<T>, ApiError> {
        media_type::require(request.headers(), &["application/json", CVAT_JSON])?;
        let source = Source::of(request.extensions());
        let body = state
            .admission
            .read_form(source, request.into_body())
            .await?;
        let body = serde_json::from_slice(&body.bytes).map_err(|error| ApiError::BadDocument {
            detail: format!("JSON parse error - {error}"),
        })?;
        Ok(JsonBody(body))
    }
}
