//! Errors in ClickHouse's words: code, name and HTTP status. The one table of them is here.
//!
//! Names and numbers are those of ClickHouse's `ErrorCodes.cpp`, statuses those of its `exceptionCodeToHTTPStatus.cpp`.

use annoscope_formats::InsertError;
use annoscope_query::QueryError;
use annoscope_sql::{SqlError, VERSION};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::{ApiError, Failure};
use crate::ingest::IngestError;

/// The codes that we answer with beside those of [`InsertError`].
const CODES: [(&str, u16); 34] = [
    ("CANNOT_PARSE_TEXT", 6),
    ("NO_SUCH_COLUMN_IN_TABLE", 16),
    ("BAD_ARGUMENTS", 36),
    ("CANNOT_PARSE_DATE", 38),
    ("CANNOT_PARSE_DATETIME", 41),
    ("ILLEGAL_TYPE_OF_ARGUMENT", 43),
    ("UNKNOWN_FUNCTION", 46),
    ("UNKNOWN_IDENTIFIER", 47),
    ("NOT_IMPLEMENTED", 48),
    ("LOGICAL_ERROR", 49),
    ("UNKNOWN_TABLE", 60),
    ("SYNTAX_ERROR", 62),
    ("UNKNOWN_FORMAT", 73),
    ("UNKNOWN_TYPE_OF_QUERY", 78),
    ("UNKNOWN_DATABASE", 81),
    ("UNKNOWN_SETTING", 115),
    ("INCORRECT_RESULT_OF_SCALAR_SUBQUERY", 125),
    ("ILLEGAL_DIVISION", 153),
    ("TIMEOUT_EXCEEDED", 159),
    ("READONLY", 164),
    ("QUOTA_EXCEEDED", 201),
    ("TOO_MANY_SIMULTANEOUS_QUERIES", 202),
    ("SOCKET_TIMEOUT", 209),
    ("QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", 216),
    ("QUERY_IS_TOO_LARGE", 229),
    ("MEMORY_LIMIT_EXCEEDED", 241),
    ("NOT_ENOUGH_SPACE", 243),
    ("CANNOT_DECOMPRESS", 271),
    ("QUERY_WAS_CANCELLED", 394),
    ("TOO_MANY_ROWS_OR_BYTES", 396),
    ("CANNOT_COMPILE_REGEXP", 427),
    ("CANNOT_SCHEDULE_TASK", 439),
    ("BAD_QUERY_PARAMETER", 457),
    ("ACCESS_DENIED", 497),
];

/// The code of wrong credentials, which no error of ours may be taken for.
const AUTHENTICATION_FAILED: (&str, u16) = ("AUTHENTICATION_FAILED", 516);

/// How a message names the code that ClickHouse has for it.
const NAMED: &str = "(ClickHouse: ";

/// An error as ClickHouse tells it.
#[derive(Debug)]
pub struct Exception {
    name: &'static str,
    number: u16,
    message: String,
    retry_after_s: Option<u32>,
    failure: Option<Failure>,
}

impl Exception {
    /// An error with the code of that name, which is one of this file's.
    pub fn new(name: &'static str, message: impl Into<String>) -> Exception {
        let (name, number) = code(name);
        Exception {
            name,
            number,
            message: message.into(),
            retry_after_s: None,
            failure: None,
        }
    }

    /// The text that ClickHouse sends.
    pub fn text(&self) -> String {
        let Exception {
            name,
            number,
            message,
            ..
        } = self;
        let message = message.trim_end_matches('.');
        format!(
            "Code: {number}. DB::Exception: {message}. ({name}) (version {VERSION} (official build))\n"
        )
    }

    fn status(&self) -> StatusCode {
        match self.number {
            497 | 516 => StatusCode::FORBIDDEN,
            6 | 15 | 25 | 26 | 27 | 36 | 38 | 41 | 53 | 62 | 72 | 117 | 321 | 427 | 467 => {
                StatusCode::BAD_REQUEST
            }
            46 | 47 | 50 | 60 | 73 | 78 | 81 | 115 => StatusCode::NOT_FOUND,
            48 => StatusCode::NOT_IMPLEMENTED,
            159 => StatusCode::REQUEST_TIMEOUT,
            209 | 439 => StatusCode::SERVICE_UNAVAILABLE,
            229 => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.text()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            "x-clickhouse-exception-code",
            HeaderValue::from(self.number),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(failure) = self.failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}

impl From<ApiError> for Exception {
    /// The error is logged as an answer of the API is.
    fn from(error: ApiError) -> Exception {
        let told = error.to_error_body();
        let (name, number) = match &error {
            ApiError::Unauthenticated { .. } => AUTHENTICATION_FAILED,
            error => code(name_of(error, told.error.kind)),
        };
        let failure = match &error {
            ApiError::Internal(cause) => Some(Failure(cause.to_string())),
            _ => None,
        };
        Exception {
            name,
            number,
            message: told.detail,
            retry_after_s: error.retry_after_s(),
            failure,
        }
    }
}

impl From<QueryError> for Exception {
    fn from(error: QueryError) -> Exception {
        ApiError::from(error).into()
    }
}

impl From<SqlError> for Exception {
    fn from(error: SqlError) -> Exception {
        QueryError::from(error).into()
    }
}

impl From<IngestError> for Exception {
    fn from(error: IngestError) -> Exception {
        ApiError::from(error).into()
    }
}

impl From<InsertError> for Exception {
    fn from(error: InsertError) -> Exception {
        Exception {
            name: error.code.name(),
            number: error.code.number(),
            message: error.to_string(),
            retry_after_s: None,
            failure: None,
        }
    }
}

fn code(name: &str) -> (&'static str, u16) {
    let known = CODES.iter().find(|(known, _)| *known == name);
    *known.expect("the names of this file are in its table")
}

fn name_of(error: &ApiError, kind: &str) -> &'static str {
    match error {
        ApiError::BadQuery { detail, .. } => {
            named(detail).unwrap_or_else(|| of_query(kind, detail))
        }
        ApiError::Forbidden { .. } => "ACCESS_DENIED",
        ApiError::TooManyRequests { .. } => "QUOTA_EXCEEDED",
        ApiError::BodyTooLarge { .. } => "QUERY_IS_TOO_LARGE",
        ApiError::BodyTooSlow | ApiError::BodyBroken => "SOCKET_TIMEOUT",
        ApiError::TooManyBodies
        | ApiError::ShuttingDown
        | ApiError::NotReady { .. }
        | ApiError::Unavailable { .. } => "CANNOT_SCHEDULE_TASK",
        ApiError::Internal(_) | ApiError::ExportFailed { .. } => "LOGICAL_ERROR",
        ApiError::UnsupportedEncoding { .. } => "NOT_IMPLEMENTED",
        _ => "BAD_ARGUMENTS",
    }
}

/// The code that a message itself names.
fn named(message: &str) -> Option<&'static str> {
    let (_, rest) = message.split_once(NAMED)?;
    let name = rest.split(')').next()?;
    CODES
        .iter()
        .find_map(|(known, _)| (*known == name).then_some(*known))
}

/// The code of a query's error, by the kind of [`QueryError::kind`].
fn of_query(kind: &str, message: &str) -> &'static str {
    match kind {
        "expansion" => "BAD_QUERY_PARAMETER",
        "syntax" => "SYNTAX_ERROR",
        "unknown" if message.contains("the table ") => "UNKNOWN_TABLE",
        "unknown" if message.contains("function ") => "UNKNOWN_FUNCTION",
        "unknown" => "UNKNOWN_IDENTIFIER",
        "type" => "ILLEGAL_TYPE_OF_ARGUMENT",
        "forbidden" => "ACCESS_DENIED",
        "unsupported" if message.contains("the function ") => "UNKNOWN_FUNCTION",
        "unsupported" => "NOT_IMPLEMENTED",
        "time_limit" => "TIMEOUT_EXCEEDED",
        "memory_limit" => "MEMORY_LIMIT_EXCEEDED",
        "cancelled" => "QUERY_WAS_CANCELLED",
        "same_query_id" => "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
        "execution" if message.contains("max_result_rows") => "TOO_MANY_ROWS_OR_BYTES",
        "execution" if message.contains("ivision by zero") => "ILLEGAL_DIVISION",
        "unavailable" => "CANNOT_SCHEDULE_TASK",
        "internal" => "LOGICAL_ERROR",
        _ => "BAD_ARGUMENTS",
    }
}

#[cfg(test)]
mod tests {
    use annoscope_sql::{ErrorKind, Position};

    use super::*;

    fn sql(kind: ErrorKind, message: &str) -> Exception {
        let error = SqlError {
            kind,
            message: message.to_owned(),
            hint: None,
            position: Some(Position { line: 1, column: 8 }),
        };
        error.into()
    }

    #[test]
    fn errors_have_clickhouses_codes_and_statuses() {
        let unauthenticated = ApiError::Unauthenticated {
            detail: "Invalid username/password.".to_owned(),
        };
        let cases = [
            (
                sql(ErrorKind::Syntax, "expected an expression"),
                400,
                "Code: 62. DB::Exception: line 1, column 8: expected an expression. (SYNTAX_ERROR) (version 26.9.2.1 (official build))\n",
            ),
            (
                sql(ErrorKind::Unknown, "there is no column a"),
                404,
                "Code: 47. DB::Exception: line 1, column 8: there is no column a. (UNKNOWN_IDENTIFIER) (version 26.9.2.1 (official build))\n",
            ),
            (
                sql(
                    ErrorKind::Unknown,
                    "there is no setting `a` (ClickHouse: UNKNOWN_SETTING)",
                ),
                404,
                "Code: 115. DB::Exception: line 1, column 8: there is no setting `a` (ClickHouse: UNKNOWN_SETTING). (UNKNOWN_SETTING) (version 26.9.2.1 (official build))\n",
            ),
            (
                sql(ErrorKind::Forbidden, "DROP is no query"),
                403,
                "Code: 497. DB::Exception: line 1, column 8: DROP is no query. (ACCESS_DENIED) (version 26.9.2.1 (official build))\n",
            ),
            (
                unauthenticated.into(),
                403,
                "Code: 516. DB::Exception: Invalid username/password. (AUTHENTICATION_FAILED) (version 26.9.2.1 (official build))\n",
            ),
            (
                ApiError::Internal("a secret".into()).into(),
                500,
                "Code: 49. DB::Exception: A server error occurred. (LOGICAL_ERROR) (version 26.9.2.1 (official build))\n",
            ),
        ];
        for (exception, status, text) in cases {
            assert_eq!(exception.text(), text);
            assert_eq!(exception.status().as_u16(), status, "{text}");
        }
    }

    #[test]
    fn every_name_has_its_number_once() {
        for (index, (name, number)) in CODES.iter().enumerate() {
            let others = CODES.iter().skip(index + 1);
            for (other, other_number) in others {
                assert!(name != other && number < other_number, "{name} {other}");
            }
        }
    }
}
