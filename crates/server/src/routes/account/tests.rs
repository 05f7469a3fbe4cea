use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::identity::{Caller, ExportCaller, NewUser};

struct Server {
    routes: Router,
    accounts: Accounts,
    _dir: tempfile::TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    cookies: Vec<String>,
    body: Value,
}

impl Server {
    fn start() -> Server {
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path()).unwrap();
        for (name, privilege) in [("anna", Privilege::User), ("root", Privilege::Admin)] {
            let new = NewUser {
                id: None,
                name,
                email: "",
                privilege,
                password: "secret",
            };
            accounts.add(&new).unwrap();
        }
        let (routes, _) = routes_of::<Accounts>().split_for_parts();
        let who = |caller: Caller| async move { format!("{:?}", caller.name) };
        let whose =
            |ExportCaller(caller): ExportCaller| async move { format!("{:?}", caller.name) };
        let routes = routes
            .route("/caller", axum::routing::any(who))
            .route("/export", axum::routing::any(whose))
            .with_state(accounts.clone());
        Server {
            routes,
            accounts,
            _dir: dir,
        }
    }

    async fn ask(&self, line: &str, headers: &[(&str, &str)], body: Value) -> Answer {
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
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|c| c.to_str().unwrap().to_owned()).collect();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 100_000).await.unwrap();
        Answer {
            status,
            cookies,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// Logs anna in: the key, and the values of sessionid and csrftoken.
    async fn log_in(&self) -> (String, [String; 2]) {
        let credentials = json!({ "username": "anna", "password": "secret" });
        let answer = self.ask("POST /api/auth/login", &[JSON], credentials).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let value = |i: usize| {
            let pair = answer.cookies[i].split(';').next().unwrap();
            pair.split_once('=').unwrap().1.to_owned()
        };
        let key = answer.body["key"].as_str().unwrap().to_owned();
        (key, [value(0), value(1)])
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn cookies_end_with_an_attribute_that_has_a_value() {
    let server = Server::start();
    let credentials = json!({ "username": "anna", "password": "secret" });
    let answer = server
        .ask("POST /api/auth/login", &[JSON], credentials)
        .await;
    let shapes: Vec<String> = answer
        .cookies
        .iter()
        .map(|cookie| {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            format!("{}=…;{attributes}", pair.split('=').next().unwrap())
        })
        .collect();
    assert_eq!(
        shapes,
        [
            "sessionid=…; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax",
            "csrftoken=…; Max-Age=1209600; Path=/; SameSite=Lax"
        ]
    );
}

#[tokio::test]
async fn bad_logins_are_refused() {
    let server = Server::start();
    let wrong = json!({ "non_field_errors": ["Unable to log in with provided credentials."] });
    let cases = [
        (
            json!({ "username": "anna", "password": "wrong" }),
            400,
            Some(&wrong),
        ),
        (
            json!({ "username": "nobody", "password": "secret" }),
            400,
            Some(&wrong),
        ),
        (json!({ "password": "secret" }), 400, Some(&wrong)),
        (json!({ "username": "anna" }), 400, None),
        (json!({ "username": 5, "password": "secret" }), 400, None),
        (json!([]), 400, None),
        (Value::Null, 400, None),
        (
            json!({ "username": "a".repeat(20_000), "password": "x" }),
            413,
            None,
        ),
    ];
    for (body, status, expected) in cases {
        let answer = server
            .ask("POST /api/auth/login", &[JSON], body.clone())
            .await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.cookies.is_empty());
        if let Some(expected) = expected {
            assert_eq!(answer.body, *expected, "{body}");
        }
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server.ask("POST /api/auth/login", &form, Value::Null).await;
    assert_eq!(answer.status, 415);
}

/// Request line, headers, expected status.
type CredentialsCase<'a> = (&'a str, Vec<(&'a str, &'a str)>, u16);

#[tokio::test]
async fn each_form_of_credentials_names_the_caller() {
    let server = Server::start();
    let api_token = server.accounts.add_token("anna", "laptop").unwrap();
    let (key, [session, csrf]) = server.log_in().await;
    let token = format!("Token {key}");
    let bearer = format!("Bearer {api_token}");
    let cookies = format!("csrftoken={csrf}; sessionid={session}");
    let only_session = format!("sessionid={session}");
    let planted = format!("csrftoken=planted; sessionid={session}");
    let get = "GET /caller";
    let post = "POST /caller";
    let cases: [CredentialsCase<'_>; 12] = [
        (get, vec![], 401),
        (get, vec![("authorization", "Basic YW5uYTpzZWNyZXQ=")], 200),
        (get, vec![("authorization", "Basic YW5uYTp3cm9uZw==")], 401),
        (post, vec![("authorization", &token)], 200),
        (post, vec![("authorization", &bearer)], 200),
        (get, vec![("cookie", &only_session)], 200),
        (get, vec![("cookie", "sessionid=guessed")], 401),
        (
            post,
            vec![("cookie", &cookies), ("x-csrftoken", &csrf)],
            200,
        ),
        (post, vec![("cookie", &cookies)], 403),
        (
            post,
            vec![("cookie", &only_session), ("x-csrftoken", &csrf)],
            403,
        ),
        (
            post,
            vec![("cookie", &planted), ("x-csrftoken", "planted")],
            403,
        ),
        // A wrong token is not made good by a cookie.
        (
            get,
            vec![("authorization", "Token x"), ("cookie", &cookies)],
            401,
        ),
    ];
    for (line, headers, status) in cases {
        let answer = server.ask(line, &headers, Value::Null).await;
        assert_eq!(answer.status, status, "{line} {headers:?} {answer:?}");
        if status == 200 {
            assert_eq!(answer.body, "anna");
        }
    }
}

#[tokio::test]
async fn logout_ends_the_session_and_the_key() {
    let server = Server::start();
    let (key, [session, csrf]) = server.log_in().await;
    let cookies = format!("csrftoken={csrf}; sessionid={session}");
    let token = format!("Token {key}");
    let without = server
        .ask(
            "POST /api/auth/logout",
            &[("cookie", &cookies)],
            Value::Null,
        )
        .await;
    assert_eq!(without.status, 403);
    let headers = [("cookie", cookies.as_str()), ("x-csrftoken", &csrf), JSON];
    let answer = server
        .ask("POST /api/auth/logout", &headers, Value::Null)
        .await;
    assert_eq!(answer.body, json!({ "detail": "Successfully logged out." }));
    assert!(
        answer
            .cookies
            .iter()
            .all(|cookie| cookie.contains("Max-Age=0"))
    );
    for header in [("cookie", cookies.as_str()), ("authorization", &token)] {
        let answer = server
            .ask("GET /api/users/self", &[header], Value::Null)
            .await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn what_the_sdk_asks_at_start_up() {
    let server = Server::start();
    let about = server.ask("GET /api/server/about", &[], Value::Null).await;
    let keys: Vec<&String> = about.body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["name", "description", "version", "logo_url", "subtitle"]
    );
    assert!(
        about.body["version"]
            .as_str()
            .unwrap()
            .starts_with("2.80.0+")
    );

    let token = server.accounts.add_token("root", "t").unwrap();
    let token = format!("Token {token}");
    let headers = [("authorization", token.as_str()), ("host", "h:1")];
    let plugins = server
        .ask("GET /api/server/plugins", &headers, Value::Null)
        .await;
    assert_eq!(plugins.body["ANALYTICS"], true);
    assert_eq!(plugins.body["GIT_INTEGRATION"], false);
    let mut me = server
        .ask("GET /api/users/self", &headers, Value::Null)
        .await
        .body;
    assert!(me["date_joined"].as_str().unwrap().ends_with('Z'));
    me["date_joined"] = json!("…");
    assert_eq!(
        me,
        json!({
            "url": "http://h:1/api/users/2", "id": 2, "username": "root", "first_name": "",
            "last_name": "", "email": "", "groups": ["admin"], "is_staff": true,
            "is_superuser": true, "is_active": true, "last_login": null, "date_joined": "…",
            "has_analytics_access": true
        })
    );
}

#[tokio::test]
async fn the_organization_of_a_request() {
    let server = Server::start();
    let [anna, root] = ["anna", "root"].map(|name| {
        let token = server.accounts.add_token(name, "t").unwrap();
        format!("Token {token}")
    });
    let slug = ("x-organization", "acme");
    let none = ("x-organization", "");
    let cases = [
        ("GET /caller", &anna, none, 200),
        ("GET /caller?org=", &anna, none, 200),
        ("GET /caller", &anna, slug, 404),
        ("GET /caller?org=b", &anna, slug, 400),
        ("GET /caller?org_id=4", &anna, slug, 400),
        ("GET /export?org_id=x", &root, JSON, 400),
        ("GET /caller?org_id=4", &root, JSON, 404),
        ("GET /export?org_id=4", &anna, JSON, 404),
        // Its events may have come in through the ingest port.
        ("GET /export?org_id=4", &root, JSON, 200),
        ("GET /export", &root, slug, 404),
    ];
    for (line, token, header, status) in cases {
        let headers = [("authorization", token.as_str()), header];
        let answer = server.ask(line, &headers, Value::Null).await;
        assert_eq!(answer.status, status, "{line} {header:?} {answer:?}");
        match status {
            400 => assert_eq!(answer.body.as_array().unwrap().len(), 1),
            404 => assert!(answer.body["detail"].is_string()),
            _ => {}
        }
    }
}
