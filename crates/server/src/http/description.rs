//! The API's description (OpenAPI): what the routes say of themselves, and what holds for all.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, RefOr};

use super::media_type::CVAT_JSON;

/// What the routes add themselves to.
#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "annoscope",
    description = "Activity analytics for image-annotation platforms. Speaks CVAT's event API."
))]
pub struct ApiDescription;

/// What any request may be answered with, by status.
const OF_ALL: [(&str, &str); 3] = [
    ("404", "There is no such organization as the request names"),
    (
        "429",
        "Too many requests: try again after `Retry-After` seconds",
    ),
    ("503", "Not now: try again after `Retry-After` seconds"),
];

/// What a request with a body may be answered with.
const OF_BODIES: [(&str, &str); 3] = [
    ("400", "What is wrong with the body"),
    ("413", "The body is too large"),
    ("415", "The body has another content type or encoding"),
];

/// Adds to each operation what no route has to say: the refusals that come from before the
/// route, and how errors look (see [`ApiError`](crate::http::error::ApiError)).
pub fn complete(mut description: OpenApi) -> OpenApi {
    for item in description.paths.paths.values_mut() {
        for operation in operations(item) {
            let has_body = operation.request_body.is_some();
            let of_bodies = OF_BODIES.iter().filter(|_| has_body);
            let answers = &mut operation.responses.responses;
            for (status, said) in OF_ALL.iter().chain(of_bodies) {
                let added = || ResponseBuilder::new().description(*said).build().into();
                answers.entry((*status).to_owned()).or_insert_with(added);
            }
            for (status, answer) in answers {
                if let RefOr::T(answer) = answer
                    && status.as_str() >= "400"
                {
                    describe_error(answer);
                }
            }
        }
    }
    description
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn describe_error(answer: &mut Response) {
    if let Some(content) = answer.content.shift_remove("application/json") {
        answer.content.insert(CVAT_JSON.to_owned(), content);
    }
    if answer.content.is_empty() {
        let schema = ObjectBuilder::new()
            .property("detail", ObjectBuilder::new().schema_type(Type::String))
            .required("detail");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        answer.content.insert(CVAT_JSON.to_owned(), content);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_operation_has_the_answers_of_all() {
        let routes = json!({
            "openapi": "3.1.0",
            "info": {"title": "", "version": ""},
            "paths": {"/a": {
                "get": {"responses": {
                    "200": {"description": "", "content": {"application/json": {}}},
                    "404": {"description": "none", "content": {"text/plain": {}}}
                }},
                "post": {
                    "requestBody": {"content": {"application/json": {}}},
                    "responses": {"400": {"description": "by field", "content": {"application/json": {}}}}
                }
            }}
        });
        let completed = complete(serde_json::from_value(routes).unwrap());
        let completed = serde_json::to_value(completed).unwrap();
        let answers = |method: &str| -> Vec<String> {
            let answers = &completed["paths"]["/a"][method]["responses"];
            let line = |(status, answer): (&String, &Value)| {
                let types = answer["content"].as_object().unwrap().keys();
                let types: Vec<_> = types.map(String::as_str).collect();
                format!("{status} {} {}", types.join(","), answer["description"])
            };
            answers.as_object().unwrap().iter().map(line).collect()
        };
        insta::assert_snapshot!(answers("get").join("\n"), @r#"
        200 application/json ""
        404 text/plain "none"
        429 application/vnd.cvat+json "Too many requests: try again after `Retry-After` seconds"
        503 application/vnd.cvat+json "Not now: try again after `Retry-After` seconds"
        "#);
        insta::assert_snapshot!(answers("post").join("\n"), @r#"
        400 application/vnd.cvat+json "by field"
        404 application/vnd.cvat+json "There is no such organization as the request names"
        413 application/vnd.cvat+json "The body is too large"
        415 application/vnd.cvat+json "The body has another content type or encoding"
        429 application/vnd.cvat+json "Too many requests: try again after `Retry-After` seconds"
        503 application/vnd.cvat+json "Not now: try again after `Retry-After` seconds"
        "#);
        let detail = &completed["paths"]["/a"]["get"]["responses"]["429"]["content"][CVAT_JSON];
        assert_eq!(detail["schema"]["required"], json!(["detail"]));
    }
}
