use axum::body::to_bytes;

use super::*;
use crate::http::routes::query::body::InvalidBody;

async fn shown(error: ApiError) -> String {
    let response = error.into_response();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 10_000).await.unwrap();
    let header = |name| {
        let value = parts.headers.get(&name)?;
        Some(format!(" [{name}: {}]", value.to_str().unwrap()))
    };
    let headers: String = [header::RETRY_AFTER, header::WWW_AUTHENTICATE]
        .into_iter()
        .filter_map(header)
        .collect();
    let status = parts.status.as_u16();
    format!("{status}{headers} {}", String::from_utf8_lossy(&bytes))
}

#[tokio::test]
async fn bodies_have_the_shapes_of_the_contract() {
    let text = || "why".to_owned();
    let secret = || -> BoxError { "/secret/path".into() };
    let cases = [
        (
            ApiError::Invalid {
                body: json!({ "timestamp": ["This field is required."] }),
            },
            r#"400 {"timestamp":["This field is required."]}"#,
        ),
        (ApiError::BadRequest { message: text() }, r#"400 ["why"]"#),
        (
            InvalidBody {
                field: Some("limit".to_owned()),
                message: "must be a whole number".to_owned(),
            }
            .into(),
            r#"400 {"detail":"limit: must be a whole number","error":{"kind":"request","message":"must be a whole number","hint":null,"line":null,"column":null,"field":"limit"}}"#,
        ),
        (
            ApiError::BadDocument { detail: text() },
            r#"400 {"detail":"why"}"#,
        ),
        (
            ApiError::Unauthenticated { detail: text() },
            r#"401 [www-authenticate: Token] {"detail":"why"}"#,
        ),
        (
            ApiError::Forbidden { detail: text() },
            r#"403 {"detail":"why"}"#,
        ),
        (ApiError::NotFound, r#"404 {"detail":"Not found."}"#),
        (ApiError::UnknownRequest { message: text() }, "404 why"),
        (
            ApiError::UnsupportedMediaType {
                media_type: "text/plain".to_owned(),
            },
            r#"415 {"detail":"Unsupported media type \"text/plain\" in request."}"#,
        ),
        (ApiError::ExportFailed { message: text() }, r#"500 "why""#),
        (
            ApiError::Internal(secret()),
            r#"500 {"detail":"A server error occurred."}"#,
        ),
        (
            ApiError::Unavailable {
                detail: text(),
                retry_after_s: 30,
                cause: Some(secret()),
            },
            r#"503 [retry-after: 30] {"detail":"why"}"#,
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(shown(error).await, expected);
    }
}

#[test]
fn the_log_gets_the_whole_chain_of_causes() {
    let inner = std::io::Error::other("disk on fire");
    let outer = crate::identity::AccountsError::Create {
        path: "state.sqlite".into(),
        source: inner,
    };
    let error = ApiError::from(outer);
    assert_eq!(chain(&error), "cannot create state.sqlite: disk on fire");
    assert!(!error.to_string().contains("state.sqlite"));
}
