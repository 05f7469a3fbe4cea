//! Against a small server that speaks CVAT's endpoints, and against hostile answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::*;
use crate::http::error::ApiError;
use crate::identity::{CvatSettings, OrganizationRef, Privilege, Role};

/// What the small CVAT does with every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Failing,
    Redirecting,
    Malformed,
    Endless,
    Slow,
}

struct SmallCvat {
    mood: std::sync::Mutex<Mood>,
    n_asked: AtomicU32,
    saw_foreign_cookie: AtomicBool,
}

impl SmallCvat {
    fn become_(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

type Cvats = State<Arc<SmallCvat>>;

fn answer(cvat: &SmallCvat, headers: &HeaderMap, body: impl FnOnce(&str) -> Response) -> Response {
    cvat.n_asked.fetch_add(1, Ordering::SeqCst);
    if headers
        .get_all("cookie")
        .iter()
        .any(|c| c.to_str().unwrap().contains("other"))
    {
        cvat.saw_foreign_cookie.store(true, Ordering::SeqCst);
    }
    let name = match (headers.get("authorization"), cookie(headers, "sessionid")) {
        (Some(token), _) => token
            .to_str()
            .unwrap()
            .trim_start_matches("Token ")
            .to_owned(),
        (None, Some(session)) => session.to_owned(),
        (None, None) => String::new(),
    };
    match *cvat.mood.lock().unwrap() {
        Mood::Failing => StatusCode::BAD_GATEWAY.into_response(),
        Mood::Redirecting => axum::response::Redirect::temporary("/api/users/root").into_response(),
        Mood::Malformed => "{\"id\": \"one\", \"username\": []".into_response(),
        Mood::Endless => {
            let piece = bytes::Bytes::from(vec![b' '; 65_536]);
            let pieces = futures::stream::repeat_with(move || {
                Ok::<_, std::convert::Infallible>(piece.clone())
            });
            Body::from_stream(pieces).into_response()
        }
        Mood::Slow => {
            let never =
                futures::stream::pending::<Result<bytes::Bytes, std::convert::Infallible>>();
            Body::from_stream(never).into_response()
        }
        Mood::Well if !["lena", "root", "omar"].contains(&name.as_str()) => {
            StatusCode::UNAUTHORIZED.into_response()
        }
        Mood::Well => body(&name),
    }
}

async fn user(State(cvat): Cvats, headers: HeaderMap) -> Response {
    answer(&cvat, &headers, |name| {
        let (id, groups, is_superuser): (_, &[&str], _) = match name {
            "root" => (1, &["admin"], true),
            "lena" => (5, &["worker", "business"], false),
            _ => (6, &["user"], false),
        };
        let user = json!({
            "id": id, "username": name, "email": format!("{name}@example.com"),
            "first_name": "", "last_name": null, "groups": groups,
            "is_superuser": is_superuser, "last_login": null,
        });
        Json(user).into_response()
    })
}

async fn organizations(
    State(cvat): Cvats,
    Query(_): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    // Filters are ignored: the exact one has to be found here.
    let results = json!([
        { "id": 8, "slug": "acme-2", "name": "Other" },
        { "id": 7, "slug": "acme", "name": "Acme" },
    ]);
    let body = json!({ "count": 2, "next": null, "previous": null, "results": results });
    answer(&cvat, &headers, |_| Json(body).into_response())
}

async fn organization(State(cvat): Cvats, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    answer(&cvat, &headers, |_| match id {
        7 => Json(json!({ "id": 7, "slug": "acme" })).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn memberships(State(cvat): Cvats, headers: HeaderMap) -> Response {
    let member = |id: i64, user: Value, role: &str, is_active: bool| json!({ "id": id, "user": user, "organization": 7, "role": role, "is_active": is_active });
    let results = json!([
        member(
            1,
            json!({ "id": 5, "username": "lena" }),
            "maintainer",
            true
        ),
        member(2, json!({ "id": 6, "username": "omar" }), "owner", false),
        member(3, Value::Null, "owner", true),
    ]);
    answer(&cvat, &headers, |_| {
        Json(json!({ "results": results })).into_response()
    })
}

async fn start(configure: impl FnOnce(&mut CvatSettings)) -> (Arc<SmallCvat>, Cvat) {
    let small = Arc::new(SmallCvat {
        mood: std::sync::Mutex::new(Mood::Well),
        n_asked: AtomicU32::new(0),
        saw_foreign_cookie: AtomicBool::new(false),
    });
    let routes = Router::new()
        .route("/api/users/self", get(user))
        .route("/api/organizations", get(organizations))
        .route("/api/organizations/{id}", get(organization))
        .route("/api/memberships", get(memberships))
        .with_state(Arc::clone(&small));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = CvatSettings {
        url: format!("http://{}/", listener.local_addr().unwrap()),
        cache_ms: 60_000,
        refusal_cache_ms: 60_000,
        grace_ms: 60_000,
        timeout_ms: 300,
    };
    configure(&mut config);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (small, Cvat::new(config).unwrap())
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = header::HeaderName::from_static(name);
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

async fn account(cvat: &Cvat, method: Method, headers: &HeaderMap) -> Result<Account, ApiError> {
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.method = method;
    parts.headers = headers.clone();
    Ok(by_cvat(cvat, &parts).await?.account)
}

async fn status_of(cvat: &Cvat, headers: &HeaderMap) -> u16 {
    match account(cvat, Method::GET, headers).await {
        Ok(_) => 200,
        Err(error) => error.status().as_u16(),
    }
}

#[tokio::test]
async fn cvat_says_who_somebody_is() {
    let (small, cvat) = start(|_| {}).await;
    let cases = [
        (
            headers(&[("authorization", "Token root")]),
            1,
            Privilege::Admin,
        ),
        (
            headers(&[("authorization", "Token lena")]),
            5,
            Privilege::Business,
        ),
        (
            headers(&[("cookie", "other=x; sessionid=omar")]),
            6,
            Privilege::User,
        ),
    ];
    for (headers, id, privilege) in cases {
        let account = account(&cvat, Method::GET, &headers).await.unwrap();
        assert_eq!((account.id, account.privilege), (id, privilege));
    }
    assert!(!small.saw_foreign_cookie.load(Ordering::SeqCst));
    assert_eq!(
        status_of(&cvat, &headers(&[("authorization", "Token x")])).await,
        401
    );
    assert_eq!(status_of(&cvat, &headers(&[("cookie", "a=b")])).await, 401);
}

#[tokio::test]
async fn answers_count_for_a_while_refusals_too() {
    let (small, cvat) = start(|_| {}).await;
    for (token, status) in [("Token lena", 200), ("Token x", 401)] {
        let headers = headers(&[("authorization", token)]);
        let before = small.n_asked.load(Ordering::SeqCst);
        for _ in 0..3 {
            assert_eq!(status_of(&cvat, &headers).await, status);
        }
        assert_eq!(small.n_asked.load(Ordering::SeqCst), before + 1, "{token}");
    }
}

#[tokio::test]
async fn while_cvat_is_silent_who_was_known_goes_on() {
    let moods = [
        Mood::Failing,
        Mood::Redirecting,
        Mood::Malformed,
        Mood::Endless,
        Mood::Slow,
    ];
    for mood in moods {
        let (small, cvat) = start(|config| config.cache_ms = 0).await;
        let known = headers(&[("authorization", "Token lena")]);
        let new = headers(&[("authorization", "Token root")]);
        assert_eq!(status_of(&cvat, &known).await, 200);
        small.become_(mood);
        assert_eq!(status_of(&cvat, &known).await, 200, "{mood:?}");
        assert_eq!(status_of(&cvat, &new).await, 503, "{mood:?}");
        small.become_(Mood::Well);
        assert_eq!(status_of(&cvat, &new).await, 200, "{mood:?}");
    }
}

#[tokio::test]
async fn grace_has_an_end_and_refusals_have_none() {
    let (small, cvat) = start(|config| {
        (config.cache_ms, config.refusal_cache_ms, config.grace_ms) = (0, 0, 0);
    })
    .await;
    let known = headers(&[("authorization", "Token lena")]);
    let refused = headers(&[("authorization", "Token x")]);
    assert_eq!(status_of(&cvat, &known).await, 200);
    assert_eq!(status_of(&cvat, &refused).await, 401);
    small.become_(Mood::Failing);
    assert_eq!(status_of(&cvat, &known).await, 503);
    assert_eq!(status_of(&cvat, &refused).await, 503);
}

#[tokio::test]
async fn organizations_and_roles() {
    let (_small, cvat) = start(|_| {}).await;
    // The user that asks, for which organization, its id, the role in it.
    let cases = [
        (
            "lena",
            OrganizationRef::Slug("acme".to_owned()),
            Some((7, Some(Role::Maintainer))),
        ),
        (
            "lena",
            OrganizationRef::Id(7),
            Some((7, Some(Role::Maintainer))),
        ),
        (
            "omar",
            OrganizationRef::Slug("acme".to_owned()),
            Some((7, None)),
        ), // has not accepted yet
        (
            "root",
            OrganizationRef::Slug("acme".to_owned()),
            Some((7, None)),
        ),
        ("lena", OrganizationRef::Slug("acm".to_owned()), None),
        ("lena", OrganizationRef::Id(9), None),
    ];
    for (name, wanted, expected) in cases {
        let headers = headers(&[("authorization", &format!("Token {name}"))]);
        let account = account(&cvat, Method::GET, &headers).await.unwrap();
        let found = cvat
            .organization(&shown(&headers).unwrap(), &account, wanted.clone())
            .await
            .unwrap();
        let found = found.map(|(organization, role)| (organization.id, role));
        assert_eq!(found, expected, "{name} {wanted:?}");
    }
    let lena = headers(&[("authorization", "Token lena")]);
    let memberships = cvat
        .memberships(&shown(&lena).unwrap(), 5, "lena")
        .await
        .unwrap();
    let slugs: Vec<&str> = memberships
        .iter()
        .map(|m| m.organization.slug.as_str())
        .collect();
    assert_eq!(slugs, ["acme"]);
}

#[tokio::test]
async fn a_session_that_changes_something_repeats_its_token() {
    let (_small, cvat) = start(|_| {}).await;
    let session = "sessionid=lena; csrftoken=t";
    let cases = [
        (vec![("cookie", session), ("x-csrftoken", "t")], true),
        (vec![("cookie", session), ("x-csrftoken", "other")], false),
        (vec![("cookie", session)], false),
        (
            vec![("cookie", "sessionid=lena"), ("x-csrftoken", "")],
            false,
        ),
        (
            vec![
                ("cookie", "sessionid=lena; csrftoken="),
                ("x-csrftoken", ""),
            ],
            false,
        ),
        (vec![("authorization", "Token lena")], true),
    ];
    for (pairs, is_allowed) in cases {
        let found = account(&cvat, Method::POST, &headers(&pairs)).await;
        assert_eq!(found.is_ok(), is_allowed, "{pairs:?}");
    }
}
