//! Every route, asked by every kind of caller in every organization: the table of rights holds,
//! and there is no way around it.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::Request as HttpRequest;
use axum::middleware;
use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::http::rules::RULES;
use crate::identity::rights::decide;
use crate::identity::{Actor, NewOrganization, Privilege, TokenScope, UserChange};
use crate::testing::TestServer;

/// What a request may come with.
struct Candidate {
    name: String,
    /// `Authorization`, if any.
    credentials: Option<String>,
    /// Outside of organizations; `None` where the credentials are of no account.
    principal: Option<Principal>,
}

/// The organization that a request names.
#[derive(Clone, Copy, Debug)]
enum Place {
    None,
    As(Role),
    NotAMember,
    Unknown,
}

const PLACES: [Place; 7] = [
    Place::None,
    Place::As(Role::Owner),
    Place::As(Role::Maintainer),
    Place::As(Role::Supervisor),
    Place::As(Role::Worker),
    Place::NotAMember,
    Place::Unknown,
];

impl Place {
    fn slug(self) -> &'static str {
        match self {
            Place::None => "",
            Place::As(role) => role.as_str(),
            Place::NotAMember => "strangers",
            Place::Unknown => "nowhere",
        }
    }
}

/// A server with an organization for each role, in which all have that role, and one in which
/// none of them has any.
fn server_and_callers() -> (TestServer, Vec<Candidate>) {
    let server = TestServer::start();
    let accounts = &server.state.accounts;
    let actor = Actor::default();
    let root = server.add("root", Privilege::Admin);
    let mut ids = Vec::new();
    for slug in Role::ALL
        .iter()
        .map(|role| role.as_str())
        .chain(["strangers"])
    {
        let new = NewOrganization {
            id: None,
            slug,
            name: "",
        };
        let added = accounts.add_organization(&actor, new, root.id).unwrap();
        ids.push(added.organization.id);
    }
    let mut principals = Vec::new();
    for &privilege in Privilege::ALL {
        for is_marked in [false, true] {
            let name = format!("{privilege}{}", if is_marked { "-marked" } else { "" });
            let mut account = server.add(&name, privilege);
            let change = UserChange {
                has_analytics_access: Some(is_marked),
                ..UserChange::default()
            };
            account = accounts
                .change_user(&actor, account.id, &change)
                .unwrap()
                .account;
            for (role, id) in Role::ALL.iter().zip(&ids) {
                accounts.set_role(&actor, *id, account.id, *role).unwrap();
            }
            for &scope in TokenScope::ALL {
                principals.push(Candidate {
                    name: format!("{name} by a token for {scope}"),
                    credentials: Some(server.token(account.id, scope)),
                    principal: Some(Principal::new(&account, scope)),
                });
            }
        }
    }
    let gone = server.add("gone", Privilege::Admin);
    let credentials = Some(server.token(gone.id, TokenScope::All));
    let inactive = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    accounts.change_user(&actor, gone.id, &inactive).unwrap();
    for (name, credentials) in [
        ("no credentials", None),
        ("an inactive account", credentials),
        ("a guess", Some("Token guessed".to_owned())),
    ] {
        principals.push(Candidate {
            name: name.to_owned(),
            credentials,
            principal: None,
        });
    }
    (server, principals)
}

/// What the table says; `None` lets the request through to its handler.
fn refusal(wanted: &Rule, candidate: &Candidate, place: Place, policy: Policy) -> Option<u16> {
    if wanted.action == Action::Open {
        return None;
    }
    let Some(principal) = &candidate.principal else {
        return Some(401);
    };
    let mut principal = principal.clone();
    let organization = Some(Organization {
        id: 1,
        slug: place.slug().to_owned(),
    });
    match place {
        Place::None => {}
        Place::As(role) => (principal.organization, principal.role) = (organization, Some(role)),
        Place::NotAMember => principal.organization = organization,
        Place::Unknown if matches!(wanted.action, Action::Identify | Action::OwnAccount) => {}
        Place::Unknown => return Some(404),
    }
    decide(wanted.action, &principal, policy).err().map(|_| 403)
}

/// Whether the answer comes from the check and not from a handler: a handler answers 403 and 404
/// in other words.
fn is_refusal(status: u16, body: &Value, expected: u16) -> bool {
    let detail = body["detail"].as_str().unwrap_or_default();
    status == expected
        && match status {
            404 => detail.starts_with("unknown organization"),
            _ => true,
        }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_by_every_caller_in_every_organization() {
    let (server, principals) = server_and_callers();
    let policy = server.state.access.policy();
    let (mut n_refused, mut n_let_through) = (0, 0);
    for rule in RULES {
        let path = rule
            .route
            .replace("{*path}", "x")
            .replace("{*rest}", "x")
            .replace("{version}", "1");
        // An id of nothing: what is let through changes nothing that others are asked with.
        let path = ["{id}", "{user_id}", "{token_id}", "{uid}"]
            .iter()
            .fold(path, |path, parameter| path.replace(parameter, "999999"));
        for candidate in &principals {
            for place in PLACES {
                let mut headers = vec![("x-organization", place.slug())];
                if let Some(credentials) = &candidate.credentials {
                    headers.push(("authorization", credentials.as_str()));
                }
                let line = format!("{} {path}", rule.method);
                let answer = server.ask(&line, &headers, Value::Null).await;
                let case = format!("{line} by {}, {place:?}: {answer:?}", candidate.name);
                if let Some(status) = refusal(rule, candidate, place, policy) {
                    n_refused += 1;
                    let is_it = is_refusal(answer.status, &answer.body, status);
                    assert!(is_it, "{status}: {case}");
                } else {
                    n_let_through += 1;
                    assert!(![401, 403, 405, 429].contains(&answer.status), "{case}");
                    assert!(answer.status < 500, "{case}");
                }
            }
        }
    }
    assert_eq!(
        n_refused + n_let_through,
        RULES.len() * principals.len() * PLACES.len()
    );
    assert!(
        n_refused > 1_000 && n_let_through > 1_000,
        "{n_refused} {n_let_through}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_and_the_table_name_the_same_routes() {
    let server = TestServer::start();
    let schema = server.ask("GET /api/schema/", &[], Value::Null).await.body;
    let mut described = BTreeSet::new();
    for (path, methods) in schema["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    // What is for browsers, and what proxies ask.
    let is_page = |route: &str| {
        [
            "/",
            "/analytics",
            "/analytics/",
            "/analytics/auth",
            "/analytics/{*path}",
        ]
        .contains(&route)
            || route.starts_with("/api/docs")
            || route == "/api/schema/"
    };
    let ruled: BTreeSet<(String, String)> = RULES
        .iter()
        .filter(|rule| !is_page(rule.route))
        .map(|rule| (rule.method.to_owned(), rule.route.to_owned()))
        .collect();
    assert_eq!(described, ruled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_without_a_rule_answers_nobody() {
    let server = TestServer::start();
    let root = server.add("root", Privilege::Admin);
    let token = server.token(root.id, TokenScope::All);
    let access = server.state.access.clone();
    let routes: Router = Router::new()
        .route("/forgotten", get(async || "hello"))
        // Its path has a rule, but not with this method.
        .route("/api/users/self", axum::routing::delete(async || "hello"))
        .layer(middleware::from_fn_with_state(access, check));
    for (method, path, status) in [
        ("GET", "/forgotten", 500),
        ("DELETE", "/api/users/self", 405),
    ] {
        let request = HttpRequest::builder().method(method).uri(path);
        let request = request.header("authorization", &token).body(Body::empty());
        let answer = routes.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_cannot_keep_the_server_busy() {
    let server = TestServer::with(|config| config.requests_per_minute = NonZeroU32::MIN);
    let tokens = ["anna", "omar"].map(|name| {
        let account = server.add(name, Privilege::User);
        server.token(account.id, TokenScope::All)
    });
    let ask = async |token: &str| {
        let headers = [("authorization", token)];
        server
            .ask("GET /api/users/self", &headers, Value::Null)
            .await
    };
    assert_eq!(ask(&tokens[0]).await.status, 200);
    let refused = ask(&tokens[0]).await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(ask(&tokens[1]).await.status, 200, "others are not meant");
}
