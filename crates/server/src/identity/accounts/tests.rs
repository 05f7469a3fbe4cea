use annoscope_events::UserRef;

use super::error::RefusedUser;
use super::*;
use crate::identity::{LOGIN_LIFETIME_S, Privilege};

fn new(name: &'static str) -> NewUser<'static> {
    NewUser {
        id: None,
        name,
        email: "",
        first_name: "",
        last_name: "",
        privilege: Privilege::User,
        has_analytics_access: false,
        password: "secret",
    }
}

/// What tests say for short: without an actor.
impl Accounts {
    fn add(&self, new: &NewUser<'_>) -> Result<Account, AccountsError> {
        self.add_user(&Actor::default(), new)
    }

    fn token(&self, name: &str, label: &str) -> String {
        let new = NewToken {
            name: label,
            scope: TokenScope::All,
            expires_ms: None,
        };
        let user_id = self.user_id(name).unwrap();
        self.add_token(&Actor::default(), user_id, new).unwrap().0
    }

    fn change(&self, name: &str, change: &UserChange) -> Result<UserSummary, AccountsError> {
        self.change_user(&Actor::default(), self.user_id(name).unwrap(), change)
    }

    fn remove(&self, name: &str) -> Result<(), AccountsError> {
        self.remove_user(&Actor::default(), self.user_id(name).unwrap())
    }

    fn trail(&self) -> Vec<serde_json::Value> {
        let waiting = self
            .read(|connection| outbox::first(connection, 1000))
            .unwrap();
        let (_, events) = waiting.unwrap_or((0, "[]".to_owned()));
        serde_json::from_str(&events).unwrap()
    }
}

fn fresh() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(dir.path()).unwrap();
    (dir, accounts)
}

async fn knows(accounts: &Accounts, name: &str, password: &str) -> bool {
    let user = accounts
        .by_password(name, password, &Actor::default())
        .await
        .unwrap();
    user.is_some()
}

#[tokio::test]
async fn a_change_by_another_process_counts_at_once() {
    let (dir, server) = fresh();
    server.add_first_admin().unwrap();
    // Another connection stands for the command line.
    let cli = Accounts::open(dir.path()).unwrap();
    assert!(!knows(&server, "anna", "secret").await);
    cli.add(&new("anna")).unwrap();
    assert!(knows(&server, "anna", "secret").await);
    assert!(knows(&server, "anna", "secret").await, "remembered");
    assert!(!knows(&server, "anna", "Secret").await);

    let token = cli.token("anna", "laptop");
    let key = server
        .log_in("anna", "secret", &Actor::default())
        .await
        .unwrap()
        .unwrap()
        .key;
    let other = UserChange {
        password: Some("other".to_owned()),
        ..UserChange::default()
    };
    cli.change("anna", &other).unwrap();
    assert!(!knows(&server, "anna", "secret").await);
    assert!(knows(&server, "anna", "other").await);
    let by_token = async |token: &str| server.by_token(token).await.unwrap().is_some();
    assert!(by_token(&token).await, "API tokens stay");
    assert!(!by_token(&key).await, "logins end");

    let user_id = cli.user_id("anna").unwrap();
    let [laptop] = cli.tokens(user_id).unwrap().try_into().unwrap();
    cli.revoke_token(&Actor::default(), user_id, laptop.id)
        .unwrap();
    assert!(!by_token(&token).await);

    let token = cli.token("anna", "laptop");
    cli.remove("anna").unwrap();
    assert!(!knows(&server, "anna", "other").await);
    assert!(!by_token(&token).await);
}

#[test]
fn ids_are_given_once() {
    let (_dir, accounts) = fresh();
    accounts.add_first_admin().unwrap();
    let given = NewUser {
        id: Some(4711),
        ..new("anna")
    };
    assert_eq!(accounts.add(&given).unwrap().id, 4711);
    accounts.remove("anna").unwrap();
    assert_eq!(accounts.add(&new("bo")).unwrap().id, 4712);
}

#[test]
fn bad_users_are_refused_with_the_reason() {
    let (_dir, accounts) = fresh();
    let anna = accounts.add(&new("anna")).unwrap();
    let long = "x".repeat(151);
    let refused = |new: NewUser<'_>| accounts.add(&new).err().map(|e| e.to_string());
    let name = RefusedUser::BadName.to_string();
    let cases = [
        (new("anna"), "there is a user \"anna\" already"),
        (new(""), name.as_str()),
        (new("be:rt"), &name),
        (new(" bert"), &name),
        (new("be\nrt"), &name),
        (
            NewUser {
                name: &long,
                ..new("")
            },
            &name,
        ),
        (
            NewUser {
                id: Some(anna.id),
                ..new("bert")
            },
            "the id 1 belongs to the user \"anna\"",
        ),
        (
            NewUser {
                id: Some(0),
                ..new("bert")
            },
            "an id must be at least 1 and at most 2^53, got 0",
        ),
        (
            NewUser {
                email: "no address",
                ..new("bert")
            },
            "an e-mail address must have an @, no spaces, and at most 254 characters",
        ),
        (
            NewUser {
                password: "",
                ..new("bert")
            },
            "the password must not be empty",
        ),
    ];
    for (new, expected) in cases {
        assert_eq!(refused(new).as_deref(), Some(expected));
    }
    assert_eq!(accounts.users().unwrap().len(), 1);
    assert_eq!(refused(new("jürgen@home")), None);
}

#[test]
fn the_first_admin_is_made_once() {
    let (dir, accounts) = fresh();
    let password = accounts.add_first_admin().unwrap().unwrap();
    assert!(password.len() >= 20);
    assert_eq!(accounts.add_first_admin().unwrap(), None);
    assert_eq!(
        Accounts::open(dir.path())
            .unwrap()
            .add_first_admin()
            .unwrap(),
        None
    );
    let users = accounts.users().unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(
        (users[0].account.name.as_str(), users[0].account.privilege),
        ("admin", Privilege::Admin)
    );
}

#[tokio::test]
async fn an_email_logs_in_if_only_one_user_has_it() {
    let (_dir, accounts) = fresh();
    let with_email = |name, email| NewUser { email, ..new(name) };
    accounts
        .add(&with_email("anna", "anna@example.com"))
        .unwrap();
    accounts
        .add(&with_email("bo", "shared@example.com"))
        .unwrap();
    accounts
        .add(&with_email("cy", "shared@example.com"))
        .unwrap();
    let cases = [
        ("anna", "secret", true),
        ("anna@example.com", "secret", true),
        ("Anna@Example.com", "secret", true),
        ("anna@example.com", "wrong", false),
        ("shared@example.com", "secret", false),
        ("", "secret", false),
    ];
    for (who, password, expected) in cases {
        let login = accounts
            .log_in(who, password, &Actor::default())
            .await
            .unwrap();
        assert_eq!(login.is_some(), expected, "{who} {password}");
    }
}

#[tokio::test]
async fn a_session_ends_by_logout_and_by_time() {
    let (_dir, accounts) = fresh();
    accounts.add(&new("anna")).unwrap();
    let api_token = accounts.token("anna", "laptop");
    let login = accounts
        .log_in("anna", "secret", &Actor::default())
        .await
        .unwrap()
        .unwrap();
    let has_session = async |session: &str| accounts.by_session(session).await.unwrap().is_some();
    let has_token = async |token: &str| accounts.by_token(token).await.unwrap().is_some();
    assert!(has_session(&login.session).await);
    assert!(has_token(&login.key).await);

    let later_ms = now_ms() + LOGIN_LIFETIME_S * 1000 + 1;
    let late = |accounts: &Accounts| {
        let session = accounts.read(|c| sessions::user(c, &login.session, later_ms));
        let token = accounts.read(|c| tokens::holder(c, &login.key, later_ms));
        let api = accounts.read(|c| tokens::holder(c, &api_token, later_ms));
        (
            session.unwrap().is_some(),
            token.unwrap().is_some(),
            api.unwrap().is_some(),
        )
    };
    assert_eq!(late(&accounts), (false, false, true));

    accounts
        .log_out(Some(login.session.clone()), Some(api_token.clone()))
        .await
        .unwrap();
    assert!(!has_session(&login.session).await);
    assert!(
        !has_token(&login.key).await,
        "the key goes with the session"
    );
    assert!(has_token(&api_token).await, "an API token does not");

    // By the key alone, the session goes as well.
    let login = accounts
        .log_in("anna", "secret", &Actor::default())
        .await
        .unwrap()
        .unwrap();
    accounts
        .log_out(None, Some(login.key.clone()))
        .await
        .unwrap();
    assert!(!has_session(&login.session).await);
    assert!(!has_token(&login.key).await);
}

#[tokio::test]
async fn what_has_expired_is_purged() {
    let (_dir, accounts) = fresh();
    accounts.add(&new("anna")).unwrap();
    accounts.token("anna", "laptop");
    accounts
        .log_in("anna", "secret", &Actor::default())
        .await
        .unwrap()
        .unwrap();
    let later_ms = now_ms() + LOGIN_LIFETIME_S * 1000 + 1;
    accounts.purge_expired().unwrap();
    let n_rows = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        accounts
            .lock()
            .query_row(&sql, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((n_rows("tokens"), n_rows("sessions")), (2, 1));
    accounts.write(|tx| tokens::purge(tx, later_ms)).unwrap();
    accounts.write(|tx| sessions::purge(tx, later_ms)).unwrap();
    assert_eq!((n_rows("tokens"), n_rows("sessions")), (1, 0));
}

#[test]
fn a_newer_file_is_refused() {
    let (dir, accounts) = fresh();
    accounts
        .lock()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let refused = Accounts::open(dir.path()).err().unwrap();
    assert!(matches!(
        refused,
        AccountsError::NewerSchema { found: 99, .. }
    ));
}

#[cfg(unix)]
#[test]
fn others_on_the_machine_read_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("a/data");
    let accounts = Accounts::open(&data_dir).unwrap();
    accounts.add(&new("anna")).unwrap();
    let paths = [
        data_dir.clone(),
        data_dir.join(STATE_FILE),
        data_dir.join("state.sqlite-wal"),
    ];
    for path in paths {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn secrets_are_not_in_the_file() {
    let (dir, accounts) = fresh();
    accounts.add(&new("anna")).unwrap();
    let token = accounts.token("anna", "laptop");
    let login = accounts
        .log_in("anna", "secret", &Actor::default())
        .await
        .unwrap()
        .unwrap();
    drop(accounts);
    let secrets = [&token, &login.key, &login.session, &login.csrf_token];
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(secrets.iter().all(|secret| !text.contains(*secret)));
        assert!(!text.contains("secret"));
    }
}

#[test]
fn the_last_administrator_stays() {
    let (_dir, accounts) = fresh();
    accounts.add_first_admin().unwrap();
    let is_refused = |result: Result<(), AccountsError>| {
        assert!(
            matches!(result, Err(AccountsError::LastAdmin)),
            "{result:?}"
        );
    };
    let inactive = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let demoted = UserChange {
        privilege: Some(Privilege::User),
        ..UserChange::default()
    };
    is_refused(accounts.remove("admin"));
    is_refused(accounts.change("admin", &inactive).map(drop));
    is_refused(accounts.change("admin", &demoted).map(drop));
    let second = NewUser {
        privilege: Privilege::Admin,
        ..new("anna")
    };
    accounts.add(&second).unwrap();
    accounts.change("admin", &inactive).unwrap();
    is_refused(accounts.remove("anna"));
}

#[tokio::test]
async fn who_is_inactive_gets_in_by_nothing() {
    let (_dir, accounts) = fresh();
    accounts.add_first_admin().unwrap();
    accounts.add(&new("anna")).unwrap();
    let token = accounts.token("anna", "laptop");
    let enter = async || {
        let login = accounts.log_in("anna", "secret", &Actor::default()).await;
        login.unwrap()
    };
    let login = enter().await.unwrap();
    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    accounts.change("anna", &active(false)).unwrap();
    assert!(!knows(&accounts, "anna", "secret").await);
    assert!(accounts.by_token(&token).await.unwrap().is_none());
    assert!(accounts.by_session(&login.session).await.unwrap().is_none());
    assert!(enter().await.is_none());

    accounts.change("anna", &active(true)).unwrap();
    assert!(accounts.by_token(&token).await.unwrap().is_some());
    assert!(
        accounts.by_session(&login.session).await.unwrap().is_none(),
        "logins ended"
    );
    assert!(enter().await.is_some());
}

#[tokio::test]
async fn wrong_passwords_make_the_next_try_wait() {
    let (_dir, accounts) = fresh();
    accounts.add(&new("anna")).unwrap();
    let here = Actor {
        address: Some("192.0.2.1".parse().unwrap()),
        ..Actor::default()
    };
    assert!(
        accounts
            .by_password("anna", "secret", &here)
            .await
            .unwrap()
            .is_some()
    );
    for _ in 0..6 {
        assert_eq!(
            accounts.by_password("anna", "wrong", &here).await.unwrap(),
            None
        );
    }
    let locked = accounts.by_password("anna", "wrong", &here).await;
    assert!(
        matches!(locked, Err(AccountsError::LockedOut(_))),
        "{locked:?}"
    );
    // Another's guesses do not stop a client that was let in a moment ago.
    assert!(
        accounts
            .by_password("anna", "secret", &here)
            .await
            .unwrap()
            .is_some()
    );
    let trail = accounts.trail();
    let failed: Vec<_> = trail
        .iter()
        .filter(|event| event["scope"] == "fail:login")
        .collect();
    assert_eq!(failed.len(), 6);
    assert_eq!(failed[0]["obj_name"], "anna");
    assert!(!failed[0].to_string().contains("wrong"));
}

#[test]
fn a_change_leaves_its_event_with_the_old_value_and_the_actor() {
    let (_dir, accounts) = fresh();
    accounts.add_first_admin().unwrap();
    let actor = Actor {
        user: Some(UserRef {
            id: 1,
            name: "admin".to_owned(),
            email: String::new(),
        }),
        request_id: Some(uuid::Uuid::nil()),
        address: None,
    };
    let anna = accounts.add_user(&actor, &new("anna")).unwrap();
    let change = UserChange {
        privilege: Some(Privilege::Business),
        password: Some("other secret".to_owned()),
        ..UserChange::default()
    };
    accounts.change_user(&actor, anna.id, &change).unwrap();
    let org = NewOrganization {
        id: None,
        slug: "acme",
        name: "Acme",
    };
    let org = accounts.add_organization(&actor, org, anna.id).unwrap();
    let org_id = org.organization.id;
    accounts
        .set_role(&actor, org_id, anna.id, Role::Worker)
        .unwrap();
    accounts
        .change_organization(&actor, org_id, Some("apex"), None)
        .unwrap();
    let new_token = NewToken {
        name: "laptop",
        scope: TokenScope::Read,
        expires_ms: None,
    };
    let (_, token) = accounts.add_token(&actor, anna.id, new_token).unwrap();
    accounts.revoke_token(&actor, anna.id, token.id).unwrap();
    accounts.remove_member(&actor, org_id, anna.id).unwrap();
    accounts.remove_organization(&actor, org_id).unwrap();
    accounts.remove_user(&actor, anna.id).unwrap();

    let trail = accounts.trail();
    assert!(trail[1..].iter().all(|event| event["user_name"] == "admin"));
    assert!(
        !trail
            .iter()
            .any(|event| event.to_string().contains("secret"))
    );
    let shown: Vec<String> = trail
        .iter()
        .map(|event| {
            let field = |name: &str| match &event[name] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            format!(
                "{} {} {} {} {} {}",
                field("scope"),
                field("obj_name"),
                field("obj_id"),
                field("obj_val"),
                field("org_slug"),
                field("payload")
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn organizations_are_found_and_refused_with_the_reason() {
    let (_dir, accounts) = fresh();
    accounts.add_first_admin().unwrap();
    let add = |slug: &str, id| {
        let new = NewOrganization { id, slug, name: "" };
        let added = accounts.add_organization(&Actor::default(), new, 1);
        added
            .map(|summary| summary.organization.id)
            .map_err(|e| e.to_string())
    };
    assert_eq!(add("acme", Some(4)), Ok(4));
    assert_eq!(add("apex", None), Ok(5));
    let slug = "a slug must have 1 to 16 of the characters a-z, A-Z, 0-9, - and _";
    let cases = [
        ("acme", None, "there is an organization \"acme\" already"),
        ("other", Some(4), "the id 4 belongs to another organization"),
        (
            "other",
            Some(0),
            "an id must be at least 1 and at most 2^53, got 0",
        ),
        ("", None, slug),
        ("a b", None, slug),
        ("seventeen-letters", None, slug),
    ];
    for (text, id, expected) in cases {
        assert_eq!(add(text, id).unwrap_err(), expected, "{text}");
    }
    assert_eq!(accounts.organization_id("apex").unwrap(), 5);
    assert!(accounts.organization_id("nobody").is_err());
}
