use serde_json::{Value, json};

use crate::config::Config;
use crate::identity::{Privilege, TokenScope};
use crate::testing::{Answer, JSON, PASSWORD, TestServer};

/// With anna, a user, and root, an administrator.
fn start() -> TestServer {
    with(|_| {})
}

fn with(configure: impl FnOnce(&mut Config)) -> TestServer {
    let server = TestServer::with(configure);
    server.add("anna", Privilege::User);
    server.add("root", Privilege::Admin);
    server
}

fn token_of(server: &TestServer, name: &str) -> String {
    let user_id = server.state.accounts.user_id(name).unwrap();
    server.token(user_id, TokenScope::All)
}

/// The values of the cookies do not count.
fn shapes(answer: &Answer) -> Vec<String> {
    let shape = |cookie: &str| {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        format!("{}=…;{attributes}", pair.split('=').next().unwrap())
    };
    answer.cookies().into_iter().map(shape).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_end_with_an_attribute_that_has_a_value() {
    let server = start();
    let credentials = json!({ "username": "anna", "password": "secret" });
    let answer = server
        .ask("POST /api/auth/login", &[JSON], credentials)
        .await;
    assert_eq!(
        shapes(&answer),
        [
            "sessionid=…; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax",
            "csrftoken=…; Max-Age=1209600; Path=/; SameSite=Lax"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_cookies_are_secure_and_browsers_keep_to_it() {
    let server = with(|config| config.tls.certificate = "certificate.pem".into());
    let credentials = json!({ "username": "anna", "password": PASSWORD });
    let answer = server
        .ask("POST /api/auth/login", &[JSON], credentials)
        .await;
    assert!(
        shapes(&answer)
            .iter()
            .all(|shape| shape.contains("; Secure; "))
    );
    assert!(answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let server = with(|config| config.page.embedded_by = "https://cvat.example.org".to_owned());
    for line in [
        "GET /analytics/",
        "GET /api/users/self",
        "GET /nowhere",
        "POST /healthz",
    ] {
        let answer = server.ask(line, &[], Value::Null).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'self';"), "{line}: {policy}");
        assert!(
            policy.ends_with("frame-ancestors 'self' https://cvat.example.org"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{line}");
        assert!(
            !answer.headers.contains_key("strict-transport-security"),
            "{line}"
        );
    }
    let answer = start().ask("GET /analytics/", &[], Value::Null).await;
    assert_eq!(answer.headers["x-frame-options"], "DENY");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_logins_are_refused() {
    let server = start();
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
        assert!(answer.cookies().is_empty());
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

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_credentials_names_the_caller() {
    let server = start();
    let (key, [session, csrf]) = server.log_in("anna").await;
    let token = format!("Token {key}");
    let bearer = token_of(&server, "anna").replace("Token", "Bearer");
    let cookies = format!("csrftoken={csrf}; sessionid={session}");
    let only_session = format!("sessionid={session}");
    let planted = format!("csrftoken=planted; sessionid={session}");
    let get = "GET /api/users/self";
    // Without a body it is refused, but only by its handler.
    let post = "POST /api/events";
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
        match (line == post, status) {
            (true, 200) => assert_eq!(answer.status, 415, "{headers:?} {answer:?}"),
            _ => assert_eq!(answer.status, status, "{line} {headers:?} {answer:?}"),
        }
        if line == get && status == 200 {
            assert_eq!(answer.body["username"], "anna");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_ends_the_session_and_the_key() {
    let server = start();
    let (key, [session, csrf]) = server.log_in("anna").await;
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
            .cookies()
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

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_asks_at_start_up() {
    let server = start();
    let about = server.ask("GET /api/server/about", &[], Value::Null).await;
    let keys: Vec<&String> = about.body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "name",
            "description",
            "version",
            "logo_url",
            "subtitle",
            "accounts"
        ]
    );
    assert!(
        about.body["version"]
            .as_str()
            .unwrap()
            .starts_with("2.80.0+")
    );

    let token = token_of(&server, "root");
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
            "has_analytics_access": true, "privilege": "admin", "organizations": [],
            "may": {
                "query": true, "see_dashboards": true, "see_analytics": true, "save_dashboards": true, "administer": true
            }
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organization_of_a_request() {
    let server = start();
    let [anna, root] = ["anna", "root"].map(|name| token_of(&server, name));
    let slug = ("x-organization", "acme");
    let none = ("x-organization", "");
    let cases = [
        ("GET /api/requests", &anna, none, 200),
        ("GET /api/requests?org=", &anna, none, 200),
        ("GET /api/requests", &anna, slug, 404),
        ("GET /api/requests?org=b", &anna, slug, 400),
        ("GET /api/requests?org_id=4", &anna, slug, 400),
        ("GET /api/requests?org_id=x", &root, JSON, 400),
        ("GET /api/dashboards?org_id=4", &root, JSON, 404),
        ("GET /api/requests?org_id=4", &anna, JSON, 404),
        // Its events may have come in through the ingest port.
        ("GET /api/requests?org_id=4", &root, JSON, 200),
        ("GET /api/requests", &root, slug, 404),
        // Who one is does not depend on it.
        ("GET /api/users/self", &anna, slug, 200),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_takes_the_old_one_and_ends_the_logins() {
    let server = start();
    let (key, [session, csrf]) = server.log_in("anna").await;
    let token = format!("Token {key}");
    let change = |old: &str, new: [&str; 2]| json!({ "old_password": old, "new_password1": new[0], "new_password2": new[1] });
    let cookies = format!("csrftoken={csrf}; sessionid={session}");
    let cases = [
        (change("wrong", ["new", "new"]), "old_password"),
        (change(PASSWORD, ["new", "other"]), "new_password2"),
        (change(PASSWORD, ["", ""]), "password"),
    ];
    let line = "POST /api/auth/password/change";
    let headers = [("cookie", cookies.as_str()), ("x-csrftoken", &csrf), JSON];
    for (body, field) in cases {
        let answer = server.ask(line, &headers, body).await;
        assert_eq!(answer.status, 400, "{field}");
        assert!(answer.body[field].is_array(), "{:?}", answer.body);
    }
    let answer = server
        .ask(line, &headers, change(PASSWORD, ["new", "new"]))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for header in [("authorization", token.as_str()), ("cookie", &cookies)] {
        let answer = server
            .ask("GET /api/users/self", &[header], Value::Null)
            .await;
        assert_eq!(answer.status, 401);
    }
    let credentials = json!({ "username": "anna", "password": "new" });
    let answer = server
        .ask("POST /api/auth/login", &[JSON], credentials)
        .await;
    assert_eq!(answer.status, 200);
}

/// Session fixation: what a browser brings along is never what it is logged in by.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_by_a_new_session_whatever_the_browser_brings() {
    let server = start();
    let credentials = || json!({ "username": "anna", "password": PASSWORD });
    let planted = [("cookie", "sessionid=planted; csrftoken=planted"), JSON];
    let answer = server
        .ask("POST /api/auth/login", &planted, credentials())
        .await;
    let cookies = answer.cookies();
    assert!(cookies.iter().all(|cookie| !cookie.contains("planted")));
    let answer = server
        .ask("GET /api/users/self", &planted, Value::Null)
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_have_to_wait() {
    let server = start();
    let wrong = || json!({ "username": "anna", "password": "wrong" });
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = server.ask("POST /api/auth/login", &[JSON], wrong()).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..6], [400; 6]);
    assert_eq!(statuses[6..], [429; 2]);
}
