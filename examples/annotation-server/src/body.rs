//! The body of a request: a JSON object whose fields are asked for by name and type.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use crate::error::{ApiError, Result};

#[derive(Clone, Debug, Default)]
pub struct JsonBody(pub Map<String, Value>);

impl JsonBody {
    pub fn from_bytes(bytes: &[u8]) -> Result<JsonBody> {
        Ok(JsonBody(serde_json::from_slice(bytes)?))
    }

    /// A text that has to be there and is not empty.
    pub fn text(&self, field: &str) -> Result<&str> {
        match self.0.get(field).and_then(Value::as_str) {
            Some(text) if !text.trim().is_empty() => Ok(text.trim()),
            _ => Err(ApiError::invalid(field, "This field is required.")),
        }
    }

    /// A text that may be missing.
    pub fn text_or<'a>(&'a self, field: &str, default: &'a str) -> &'a str {
        let text = self.0.get(field).and_then(Value::as_str);
        text.map_or(default, str::trim)
    }

    pub fn integer(&self, field: &str) -> Result<i64> {
        let problem = || ApiError::invalid(field, "A valid integer is required.");
        self.optional_integer(field)?.ok_or_else(problem)
    }

    /// An integer that may be missing or null.
    pub fn optional_integer(&self, field: &str) -> Result<Option<i64>> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| ApiError::invalid(field, "A valid integer is required.")),
        }
    }

    pub fn list(&self, field: &str) -> &[Value] {
        let list = self.0.get(field).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    pub fn value(&self, field: &str, default: Value) -> Value {
        self.0.get(field).cloned().unwrap_or(default)
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<JsonBody> {
        JsonBody::from_bytes(&read(request, state).await?)
    }
}

/// The whole body.
pub async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<axum::body::Bytes> {
    let bytes = axum::body::Bytes::from_request(request, state).await;
    bytes.map_err(|error| ApiError::invalid("detail", error.to_string()))
}
