//! A whole server without sockets, for tests of routes.

use std::sync::Arc;

use annoscope_store::EventStore;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::config::Config;
use crate::dead_letter::DeadLetter;
use crate::http::router;
use crate::http::state::AppState;
use crate::identity::{Account, Actor, NewToken, NewUser, Privilege, TokenScope};
use crate::{server, store};

/// The password of all users that [`TestServer::add`] adds.
pub(crate) const PASSWORD: &str = "secret";

/// What JSON bodies say they are.
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// The routes over a store and accounts of their own. Needs a runtime of several threads.
pub(crate) struct TestServer {
    pub(crate) state: AppState,
    routes: Router,
    _dir: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    /// Null where it is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The values of `Set-Cookie`.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).into_iter();
        cookies.map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

/// The store of a data directory.
pub(crate) fn open_store(config: &Config) -> Arc<dyn EventStore> {
    let dead_letters = DeadLetter::open(&config.data_dir, config.ingest.dead_letter_max_bytes);
    let (lock, _) = server::lock(config).unwrap();
    store::open(config, Arc::new(dead_letters.unwrap()), &lock).unwrap()
}

impl TestServer {
    pub(crate) fn start() -> TestServer {
        TestServer::with(|_| {})
    }

    pub(crate) fn with(configure: impl FnOnce(&mut Config)) -> TestServer {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::for_testing(dir.path().to_owned());
        configure(&mut config);
        let accounts = crate::identity::Accounts::open(dir.path()).unwrap();
        let (lock, _) = server::lock(&config).unwrap();
        let state = server::open(config, accounts, &lock).unwrap();
        TestServer {
            routes: router::main(state.clone()),
            state,
            _dir: dir,
        }
    }

    /// Adds a user with the password [`PASSWORD`].
    pub(crate) fn add(&self, name: &str, privilege: Privilege) -> Account {
        let new = NewUser {
            id: None,
            name,
            email: "",
            first_name: "",
            last_name: "",
            privilege,
            has_analytics_access: false,
            password: PASSWORD,
        };
        self.state
            .accounts
            .add_user(&Actor::default(), &new)
            .unwrap()
    }

    /// An `Authorization` header with a new token of that user.
    pub(crate) fn token(&self, user_id: i64, scope: TokenScope) -> String {
        let new = NewToken {
            name: "test",
            scope,
            expires_ms: None,
        };
        let made = self
            .state
            .accounts
            .add_token(&Actor::default(), user_id, new);
        format!("Token {}", made.unwrap().0)
    }

    /// `line` is method and path; a null body is an empty one.
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = request.body(Body::from(body)).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// Logs in: the key, and the values of sessionid and csrftoken.
    pub(crate) async fn log_in(&self, name: &str) -> (String, [String; 2]) {
        let credentials = json!({ "username": name, "password": PASSWORD });
        let answer = self.ask("POST /api/auth/login", &[JSON], credentials).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookies = answer.cookies();
        let value = |i: usize| {
            let pair: &str = cookies[i].split(';').next().unwrap();
            pair.split_once('=').unwrap().1.to_owned()
        };
        let key = answer.body["key"].as_str().unwrap().to_owned();
        (key, [value(0), value(1)])
    }
}
