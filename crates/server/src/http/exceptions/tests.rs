use axum::body::Body;
use axum::http::Request as HttpRequest;
use axum::routing::get;
use axum::{Router, middleware};
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::http::access;
use crate::http::rules::Rule;
use crate::identity::rights::Action;
use crate::identity::{Privilege, TokenScope};
use crate::testing::TestServer;

static RULES: &[Rule] = &[Rule {
    method: "GET",
    route: "/broken",
    action: Action::Identify,
}];

async fn panics() {
    std::panic::panic_any("a bug");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_event_of_whoever_asked() {
    let server = TestServer::start();
    let anna = server.add("anna", Privilege::User);
    let token = server.token(anna.id, TokenScope::All);
    let access = server.state.access.with_rules(RULES);
    let routes: Router = Router::new()
        .route("/broken", get(panics))
        .layer(middleware::from_fn_with_state(
            server.state.accounts.clone(),
            record,
        ))
        .layer(middleware::from_fn_with_state(access, access::check))
        .layer(middleware::from_fn(crate::http::request_id::assign));
    let request = HttpRequest::builder().uri("/broken?secret=1");
    let request = request.header("authorization", token).body(Body::empty());
    let answer = routes.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    let request_id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();

    let (_, recorded) = server.state.accounts.recorded(100).await.unwrap().unwrap();
    let recorded: Vec<Value> = serde_json::from_str(&recorded).unwrap();
    let event = recorded
        .iter()
        .find(|event| event["scope"] == "send:exception");
    let event = event.expect("it is recorded");
    assert_eq!(event["user_name"], "anna");
    let payload: Value = serde_json::from_str(event["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["message"], "panic: a bug");
    assert_eq!(payload["basename"], "/broken");
    assert_eq!(payload["request"]["id"], request_id);
    assert!(!event.to_string().contains("secret"), "{event}");
}
