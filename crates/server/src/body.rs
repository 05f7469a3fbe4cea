//! Small JSON bodies: forms, not events.

use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, BoxError};
use crate::media_type::{self, CVAT_JSON};

/// Forms are short; whoever sends more is not filling one in.
const MAX_BYTES: usize = 16 * 1024;

/// A body of at most 16 KiB that is JSON: 415 for another type, which a form of another site
/// could have sent; 400 for what is missing, unknown or of the wrong type.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<JsonBody<T>, ApiError> {
        media_type::require(request.headers(), &["application/json", CVAT_JSON])?;
        let body = Limited::new(request.into_body(), MAX_BYTES).collect();
        let bytes = body.await.map_err(|error| refusal(&error))?.to_bytes();
        let body = serde_json::from_slice(&bytes).map_err(|error| ApiError::BadDocument {
            detail: format!("JSON parse error - {error}"),
        })?;
        Ok(JsonBody(body))
    }
}

fn refusal(error: &BoxError) -> ApiError {
    if error.is::<LengthLimitError>() {
        ApiError::BodyTooLarge {
            limit_bytes: MAX_BYTES,
        }
    } else {
        ApiError::BodyBroken
    }
}
