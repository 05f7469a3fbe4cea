//! What a request can fail with, and how it is answered.

use annoscope_recorder::Failure;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answers::json_answer;

pub type Result<T, E = ApiError> = std::result::Result<T, E>;

#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    #[error("Authentication credentials were not provided.")]
    Unauthenticated,
    #[error("{0}")]
    WrongCredentials(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("Not found.")]
    NotFound,
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String },
    #[error("annoscope does not answer: {0}")]
    NoAnnoscope(String),
    #[error("the database failed: {0}")]
    Database(String),
}

impl ApiError {
    pub fn invalid(field: &str, problem: impl Into<String>) -> ApiError {
        ApiError::Invalid {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            ApiError::Unauthenticated | ApiError::WrongCredentials(_) => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden(_) => StatusCode::FORBIDDEN,
            ApiError::NotFound => StatusCode::NOT_FOUND,
            ApiError::Invalid { .. } => StatusCode::BAD_REQUEST,
            ApiError::NoAnnoscope(_) => StatusCode::BAD_GATEWAY,
            ApiError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> ApiError {
        tracing::error!(%error, "the database failed");
        ApiError::Database(error.to_string())
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> ApiError {
        ApiError::invalid("detail", format!("JSON parse error - {error}"))
    }
}

/// With what the recorder says of it in its event.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = match &self {
            ApiError::Invalid { field, problem } if field != "detail" => {
                json!({ field: [problem] })
            }
            ApiError::Invalid { problem, .. } => json!({ "detail": problem }),
            ApiError::Database(_) => json!({ "detail": "The database failed." }),
            _ => json!({ "detail": self.to_string() }),
        };
        let mut answer = json_answer(self.status(), &body);
        answer.extensions_mut().insert(Failure {
            message: self.to_string(),
            ..Failure::default()
        });
        answer
    }
}
