//! The relay against a server that answers as each test says. Against annoscope itself it is tested end to end
//! (`tests/clients/test_recorder.py`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annoscope_events::{Place, StoredEvent};
use annoscope_recorder::{
    Counters, Outbox, OutboxError, Relay, RelayError, RelayOptions, RusqliteOutbox, Waiting,
    recorded,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

/// What came: `obj_val`s of each request that was answered with 200, and the tokens.
#[derive(Default)]
struct Server {
    taken: Mutex<Vec<Vec<String>>>,
    tokens: Mutex<Vec<String>>,
}

/// No more events than that in a request, and none that is called "large".
const MOST: usize = 3;

async fn receive(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let events: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let payload = |event: &Value| serde_json::from_str::<Value>(event["payload"].as_str().unwrap());
    let names: Vec<String> = events
        .iter()
        .map(|event| payload(event).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    if names.len() > MOST || names.contains(&"large".to_owned()) {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    let token = headers["authorization"].to_str().unwrap().to_owned();
    server.tokens.lock().unwrap().push(token);
    server.taken.lock().unwrap().push(names);
    StatusCode::OK
}

async fn serve() -> (Arc<Server>, RelayOptions) {
    let server = Arc::new(Server::default());
    let routes = Router::new().route("/", post(receive));
    let routes = routes.with_state(Arc::clone(&server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let options = RelayOptions {
        token: Some("secret".to_owned()),
        period: Duration::from_millis(5),
        min_pause: Duration::from_millis(5),
        max_pause: Duration::from_millis(20),
        ..RelayOptions::new(&url)
    };
    (server, options)
}

fn outbox() -> (tempfile::TempDir, RusqliteOutbox) {
    let dir = tempfile::tempdir().unwrap();
    let outbox = RusqliteOutbox::open(&dir.path().join("host.sqlite")).unwrap();
    (dir, outbox)
}

fn events(names: &[&str]) -> Vec<StoredEvent> {
    let event = |name: &&str| {
        let payload = Map::from_iter([("name".to_owned(), json!(name))]);
        recorded(|occasion| occasion.event("update:task", &Place::default(), payload))
    };
    names.iter().map(event).collect()
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.expect("it comes true within 30 s");
}

#[tokio::test]
async fn what_is_too_large_is_halved_in_order_and_one_alone_is_set_aside() {
    let (server, options) = serve().await;
    let (_dir, outbox) = outbox();
    let names = ["a", "b", "c", "d", "large", "e", "f"];
    outbox.write(events(&names)).await.unwrap();
    let relay = Relay::start(Arc::new(outbox.clone()), options).unwrap();
    let counters = outbox.counters();
    until(|| counters.counts().sent == 6 && counters.counts().refused == 1).await;
    relay.stop().await;
    let taken = server.taken.lock().unwrap().concat();
    assert_eq!(taken, ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(outbox.count().await.unwrap(), 0);
    assert!(
        server
            .tokens
            .lock()
            .unwrap()
            .iter()
            .all(|token| token == "Token secret")
    );
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let (server, options) = serve().await;
    let (_dir, outbox) = outbox();
    let counters = outbox.counters().clone();
    outbox.write(events(&["a", "b", "c"])).await.unwrap();
    let away = RelayOptions {
        url: "http://127.0.0.1:1/".to_owned(),
        max_waiting: 3,
        ..options.clone()
    };
    let relay = Relay::start(Arc::new(outbox.clone()), away).unwrap();
    until(|| counters.counts().waiting == 3).await;
    outbox.write(events(&["d", "e"])).await.unwrap();
    assert_eq!(
        (counters.counts().written, counters.counts().dropped),
        (3, 2)
    );
    relay.stop().await;
    // With room again it goes on.
    let relay = Relay::start(Arc::new(outbox.clone()), options).unwrap();
    until(|| counters.counts().sent == 3 && counters.counts().waiting == 0).await;
    outbox.write(events(&["f"])).await.unwrap();
    until(|| counters.counts().sent == 4).await;
    relay.stop().await;
    assert_eq!(server.taken.lock().unwrap().concat(), ["a", "b", "c", "f"]);
}

/// Panics once.
struct Panicking {
    outbox: RusqliteOutbox,
    has_panicked: AtomicBool,
}

impl Outbox for Panicking {
    fn first(&self, n_events: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>> {
        assert!(self.has_panicked.swap(true, Ordering::Relaxed), "a bug");
        self.outbox.first(n_events)
    }

    fn forget<'a>(&'a self, sent: &'a [Waiting]) -> BoxFuture<'a, Result<(), OutboxError>> {
        self.outbox.forget(sent)
    }

    fn set_aside<'a>(
        &'a self,
        waiting: &'a Waiting,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OutboxError>> {
        self.outbox.set_aside(waiting, reason)
    }

    fn count(&self) -> BoxFuture<'_, Result<u64, OutboxError>> {
        self.outbox.count()
    }

    fn write(&self, events: Vec<StoredEvent>) -> BoxFuture<'_, Result<(), OutboxError>> {
        self.outbox.write(events)
    }

    fn counters(&self) -> &Counters {
        self.outbox.counters()
    }
}

#[tokio::test]
async fn a_relay_that_panics_begins_again() {
    let (server, options) = serve().await;
    let (_dir, outbox) = outbox();
    outbox.write(events(&["a"])).await.unwrap();
    let panicking = Panicking {
        outbox: outbox.clone(),
        has_panicked: AtomicBool::new(false),
    };
    let relay = Relay::start(Arc::new(panicking), options).unwrap();
    until(|| outbox.counters().counts().sent == 1).await;
    relay.stop().await;
    assert_eq!(server.taken.lock().unwrap().concat(), ["a"]);
}

#[tokio::test]
async fn what_no_relay_can_use_is_said_at_once() {
    let (_dir, outbox) = outbox();
    let start = |options| Relay::start(Arc::new(outbox.clone()), options).err();
    let url = start(RelayOptions::new("nowhere"));
    assert!(matches!(url, Some(RelayError::Url(_))));
    let options = RelayOptions {
        token: Some("a\nb".to_owned()),
        ..RelayOptions::new("http://127.0.0.1:1/")
    };
    assert!(matches!(start(options), Some(RelayError::Token)));
}
