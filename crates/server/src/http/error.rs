//! From errors to answers: the only place with status codes of errors.
//!
//! The bodies have the shapes of CVAT's API (docs/contract.md). Answers of
//! 500 and above say nothing internal; their cause is logged here, once, within the
//! request's span.

mod conversions;

use annoscope_formats::ErrorBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::media_type::CVAT_JSON;

/// The cause of an error, for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered with success.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400 with this body: errors by field, and by index of the event.
    #[error("invalid request: {body}")]
    Invalid {
        /// As Django REST framework would write it.
        body: Value,
    },
    /// 400 with a list of one text: how CVAT answers wrong parameters.
    #[error("{message}")]
    BadRequest {
        /// What is wrong.
        message: String,
    },
    /// 400 with `{"detail": …}`: a document that cannot be read.
    #[error("{detail}")]
    BadDocument {
        /// What is wrong, and where.
        detail: String,
    },
    /// 400: a query that has no answer, with the error for programs beside its text.
    #[error("{detail}")]
    BadQuery {
        /// What is wrong, and where.
        detail: String,
        /// What and where.
        error: Box<ErrorBody>,
        /// The field of the request, where that is what is wrong.
        field: Option<String>,
    },
    /// 400: the connection broke within the body.
    #[error("The request body could not be read.")]
    BodyBroken,
    /// 422: the body is not of the encoding it claims.
    #[error("The request body cannot be decompressed.")]
    BodyNotDecodable,
    /// 401.
    #[error("{detail}")]
    Unauthenticated {
        /// What is wrong with the credentials.
        detail: String,
    },
    /// 403.
    #[error("{detail}")]
    Forbidden {
        /// Why.
        detail: String,
    },
    /// 404: no such path.
    #[error("Not found.")]
    NotFound,
    /// 404: no such thing.
    #[error("{detail}")]
    Unknown {
        /// What is not there.
        detail: String,
    },
    /// 404 with plain text: how CVAT answers an unknown background request.
    #[error("{message}")]
    UnknownRequest {
        /// For the client.
        message: String,
    },
    /// 404 with plain text: a file of the page, as one from before an update asks for.
    #[error("There is no such file: load the page again.")]
    NoFile,
    /// 404 with a document for people: this build has no page.
    #[error("{NO_PAGE}")]
    NoPage,
    /// 405.
    #[error("Method not allowed.")]
    MethodNotAllowed,
    /// 408: the body came too slowly.
    #[error("The request body came too slowly.")]
    BodyTooSlow,
    /// 409.
    #[error("{detail}")]
    Conflict {
        /// With what.
        detail: String,
    },
    /// 409: there is a newer version; with what is in force now.
    #[error("{detail}")]
    Stale {
        /// By which account, and when.
        detail: String,
        /// What is in force.
        meta: Value,
    },
    /// 413.
    #[error("The request body is larger than {limit_bytes} bytes.")]
    BodyTooLarge {
        /// The configured limit, after decompression.
        limit_bytes: usize,
    },
    /// 415.
    #[error("Unsupported media type {media_type:?} in request.")]
    UnsupportedMediaType {
        /// As sent.
        media_type: String,
    },
    /// 415.
    #[error(
        "Unsupported content encoding {encoding:?} in request: use gzip, deflate, snappy, zstd, several of them, or none."
    )]
    UnsupportedEncoding {
        /// As sent.
        encoding: String,
    },
    /// 429.
    #[error("{detail}")]
    TooManyRequests {
        /// Of what.
        detail: String,
        /// When to try again, seconds.
        retry_after_s: u32,
    },
    /// 500 with a JSON string: how CVAT answers the poll of a failed export.
    #[error("{message}")]
    ExportFailed {
        /// What the export's owner may read.
        message: String,
    },
    /// 500.
    #[error("internal error")]
    Internal(#[source] BoxError),
    /// 503: request bodies in memory have reached their limit.
    #[error("The server is busy with other requests. Try again.")]
    TooManyBodies,
    /// 503: the server ends.
    #[error("The server is shutting down. Try again.")]
    ShuttingDown,
    /// 503 with plain text, for questions about readiness; it is logged when it changes.
    #[error("{reason}")]
    NotReady {
        /// Why events are refused.
        reason: &'static str,
    },
    /// 503.
    #[error("{detail}")]
    Unavailable {
        /// What the client may know.
        detail: String,
        /// When it may try again, seconds.
        retry_after_s: u32,
        /// What is logged; `None` if it says the same.
        #[source]
        cause: Option<BoxError>,
    },
}

/// When to come again after a short shortage, seconds.
const SOON_S: u32 = 1;

/// When to come again after a restart, seconds: it takes up to five.
const AFTER_RESTART_S: u32 = 5;

/// In place of the page.
const NO_PAGE: &str = "<!doctype html><title>annoscope</title><p>This build is without the page: \
    <code>make build</code> makes it. The API is there: <a href=\"/api/docs/\">/api/docs/</a>.";

/// All that a client learns of a fault of ours.
const INTERNAL: &str = "A server error occurred.";

/// An error that is told within an answer: as its end, or as one of its results.
#[derive(Debug)]
pub struct PartialError {
    /// The status code that an answer of its own would have.
    pub status: u16,
    /// For people.
    pub detail: String,
    /// For programs.
    pub error: ErrorBody,
}

impl ApiError {
    /// The error as a part of an answer that has begun. Logged as an answer of its own is.
    pub fn to_error_body(&self) -> PartialError {
        self.log();
        let (detail, error) = match self {
            ApiError::BadQuery { detail, error, .. } => (detail.clone(), (**error).clone()),
            ApiError::Internal(_) => {
                let detail = INTERNAL.to_owned();
                (detail.clone(), ErrorBody::new("internal", detail))
            }
            error => {
                let detail = error.to_string();
                (detail.clone(), ErrorBody::new("unavailable", detail))
            }
        };
        PartialError {
            status: self.status().as_u16(),
            detail,
            error,
        }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::Invalid { .. }
            | ApiError::BadRequest { .. }
            | ApiError::BadDocument { .. }
            | ApiError::BadQuery { .. }
            | ApiError::BodyBroken => StatusCode::BAD_REQUEST,
            ApiError::BodyNotDecodable => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden { .. } => StatusCode::FORBIDDEN,
            ApiError::NotFound
            | ApiError::Unknown { .. }
            | ApiError::UnknownRequest { .. }
            | ApiError::NoFile
            | ApiError::NoPage => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            ApiError::Conflict { .. } | ApiError::Stale { .. } => StatusCode::CONFLICT,
            ApiError::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::UnsupportedMediaType { .. } | ApiError::UnsupportedEncoding { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            ApiError::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::ExportFailed { .. } | ApiError::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            ApiError::TooManyBodies
            | ApiError::ShuttingDown
            | ApiError::NotReady { .. }
            | ApiError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn body(&self) -> Value {
        match self {
            ApiError::Invalid { body } => body.clone(),
            ApiError::BadRequest { message } => json!([message]),
            ApiError::ExportFailed { message } => json!(message),
            ApiError::BadQuery {
                detail,
                error,
                field,
            } => {
                let mut error = error.to_json();
                if let Some(field) = field {
                    error["field"] = json!(field);
                }
                json!({ "detail": detail, "error": error })
            }
            ApiError::Stale { detail, meta } => json!({ "detail": detail, "meta": meta }),
            ApiError::Internal(_) => json!({ "detail": INTERNAL }),
            ApiError::BadDocument { .. }
            | ApiError::BodyBroken
            | ApiError::BodyNotDecodable
            | ApiError::Unauthenticated { .. }
            | ApiError::Forbidden { .. }
            | ApiError::NotFound
            | ApiError::Unknown { .. }
            | ApiError::UnknownRequest { .. }
            | ApiError::NoFile
            | ApiError::NoPage
            | ApiError::NotReady { .. }
            | ApiError::MethodNotAllowed
            | ApiError::BodyTooSlow
            | ApiError::Conflict { .. }
            | ApiError::BodyTooLarge { .. }
            | ApiError::UnsupportedMediaType { .. }
            | ApiError::UnsupportedEncoding { .. }
            | ApiError::TooManyRequests { .. }
            | ApiError::TooManyBodies
            | ApiError::ShuttingDown
            | ApiError::Unavailable { .. } => json!({ "detail": self.to_string() }),
        }
    }

    pub(super) fn retry_after_s(&self) -> Option<u32> {
        match self {
            ApiError::TooManyBodies => Some(SOON_S),
            ApiError::ShuttingDown => Some(AFTER_RESTART_S),
            ApiError::TooManyRequests { retry_after_s, .. }
            | ApiError::Unavailable { retry_after_s, .. } => Some(*retry_after_s),
            _ => None,
        }
    }

    fn log(&self) {
        let status = self.status();
        if status.is_server_error() && !matches!(self, ApiError::NotReady { .. }) {
            let cause = chain(self);
            if status == StatusCode::SERVICE_UNAVAILABLE {
                tracing::warn!(
                    http.status = status.as_u16(),
                    cause,
                    "refused for now: {self}"
                );
            } else {
                tracing::error!(
                    http.status = status.as_u16(),
                    cause,
                    "request failed: {self}"
                );
            }
        }
    }
}

/// Why an answer is 500; an extension of it, for the audit trail.
#[derive(Clone, Debug)]
pub struct Failure(pub String);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let failure = match &self {
            ApiError::Internal(cause) => Some(Failure(cause.to_string())),
            _ => None,
        };
        let (content_type, body) = match self {
            ApiError::UnknownRequest { .. } | ApiError::NoFile | ApiError::NotReady { .. } => {
                ("text/plain; charset=utf-8", self.to_string())
            }
            ApiError::NoPage => ("text/html; charset=utf-8", self.to_string()),
            _ => (CVAT_JSON, self.body().to_string()),
        };
        let headers = [(header::CONTENT_TYPE, content_type)];
        let mut response = (self.status(), headers, body).into_response();
        if let Some(failure) = failure {
            response.extensions_mut().insert(failure);
        }
        if let Some(seconds) = self.retry_after_s() {
            let value = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if let ApiError::Unauthenticated { .. } = self {
            let value = HeaderValue::from_static("Token");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// The causes of an error, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests;
