use std::sync::Mutex;

use annoscope_events::StoredEvent;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::*;
use crate::{Counters, OutboxError, Waiting, spawn};

/// What is written, in memory.
#[derive(Default)]
struct Written {
    events: Mutex<Vec<StoredEvent>>,
    has_news: Notify,
    counters: Counters,
}

impl Outbox for Written {
    fn first(&self, _: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn forget<'a>(&'a self, _: &'a [Waiting]) -> BoxFuture<'a, Result<(), OutboxError>> {
        async { Ok(()) }.boxed()
    }

    fn set_aside<'a>(
        &'a self,
        _: &'a Waiting,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), OutboxError>> {
        async { Ok(()) }.boxed()
    }

    fn count(&self) -> BoxFuture<'_, Result<u64, OutboxError>> {
        async { Ok(0) }.boxed()
    }

    fn write(&self, events: Vec<StoredEvent>) -> BoxFuture<'_, Result<(), OutboxError>> {
        self.events.lock().unwrap().extend(events);
        self.has_news.notify_one();
        async { Ok(()) }.boxed()
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}

fn id() -> String {
    let id = Context::current().request_id();
    id.map(|id| id.to_string()).unwrap_or_default()
}

async fn fails() -> impl IntoResponse {
    let failure = Failure {
        message: "no such job".to_owned(),
        stack: "a\nb".to_owned(),
        basename: Some("job".to_owned()),
        action: Some("retrieve".to_owned()),
    };
    (StatusCode::NOT_FOUND, axum::Extension(failure), "")
}

async fn panics() -> StatusCode {
    std::panic::panic_any("a bug")
}

fn routes(layer: RequestLayer) -> Router {
    Router::new()
        .route("/id", get(async || id()))
        .route("/later", get(async || spawn(async { id() }).await.unwrap()))
        .route("/missing", get(async || StatusCode::NOT_FOUND))
        .route("/broken", get(async || StatusCode::BAD_GATEWAY))
        .route("/fails", get(fails))
        .route("/panics", get(panics))
        .layer(layer)
}

async fn ask(routes: &Router, path: &str) -> (StatusCode, String, String) {
    let request = Request::builder()
        .uri(path)
        .header("x-request-id", "mine")
        .header("user-agent", "tests");
    let request = request.body(Body::empty()).unwrap();
    let answer = routes.clone().oneshot(request).await.unwrap();
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1000)
        .await
        .unwrap();
    (status, id, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own_and_answers_with_it() {
    let routes = routes(RequestLayer::new());
    let mut ids = Vec::new();
    for path in ["/id", "/id", "/later"] {
        let (_, id, seen) = ask(&routes, path).await;
        assert_eq!(id, seen, "{path}");
        ids.push(id);
    }
    for path in ["/missing", "/nowhere", "/broken"] {
        ids.push(ask(&routes, path).await.1);
    }
    for id in &ids {
        let parsed: Uuid = id.parse().unwrap();
        assert_eq!((parsed.get_version_num(), id.len()), (4, 36));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(id(), "");
}

#[tokio::test]
async fn exceptions_are_events() {
    let written = Arc::new(Written::default());
    let routes = routes(RequestLayer::with_exceptions(written.clone()));
    for path in ["/id", "/missing"] {
        ask(&routes, path).await;
    }
    // (path, status, message, stack, basename)
    let cases = [
        ("/broken?token=x", 502, "502 Bad Gateway", "", Value::Null),
        ("/fails", 404, "no such job", "a\nb", "job".into()),
    ];
    for (path, status, message, stack, basename) in cases {
        let (_, id, _) = ask(&routes, path).await;
        written.has_news.notified().await;
        let event = written.events.lock().unwrap().pop().unwrap().event;
        assert_eq!(event.scope, "send:exception");
        let payload: Value = serde_json::from_str(event.payload.unwrap().as_str()).unwrap();
        assert_eq!(payload["request"]["id"], id.as_str());
        assert_eq!(payload["request"]["user_agent"], "tests");
        assert_eq!(payload["request"]["method"], "GET");
        let shown = path.replace("=x", "=***");
        assert_eq!(payload["request"]["url"], shown.as_str());
        assert_eq!(payload["status_code"], status);
        assert_eq!(payload["message"], message);
        assert_eq!(
            (&payload["stack"], &payload["basename"]),
            (&stack.into(), &basename)
        );
    }
    assert!(written.events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_panic_is_recorded_and_goes_on() {
    let written = Arc::new(Written::default());
    let routes = routes(RequestLayer::with_exceptions(written.clone()));
    let request = Request::builder()
        .uri("/panics")
        .body(Body::empty())
        .unwrap();
    let answer = AssertUnwindSafe(routes.oneshot(request))
        .catch_unwind()
        .await;
    assert_eq!(answer.unwrap_err().downcast_ref(), Some(&"a bug"));
    written.has_news.notified().await;
    let event = written.events.lock().unwrap().pop().unwrap().event;
    assert!(event.payload.unwrap().as_str().contains("panic: a bug"));
}
