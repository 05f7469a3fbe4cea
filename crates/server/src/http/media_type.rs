//! Content types: what requests must say and answers say.

use axum::http::{HeaderMap, header};

use super::error::ApiError;

/// What CVAT's API answers with.
pub const CVAT_JSON: &str = "application/vnd.cvat+json";

/// Refuses a request whose content type is none of `accepted`; parameters do not count.
pub fn require(headers: &HeaderMap, accepted: &[&str]) -> Result<(), ApiError> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    let essence = value.split(';').next().unwrap_or_default().trim();
    if accepted
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
    {
        return Ok(());
    }
    Err(ApiError::UnsupportedMediaType {
        media_type: value.chars().take(80).collect(),
    })
}
