use super::error::RefusedUser;
use super::*;
use crate::identity::{LOGIN_LIFETIME_S, Privilege};

fn new(name: &'static str) -> NewUser<'static> {
    NewUser {
        id: None,
        name,
        email: "",
        privilege: Privilege::User,
        password: "secret",
    }
}

fn fresh() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(dir.path()).unwrap();
    (dir, accounts)
}

async fn knows(accounts: &Accounts, name: &str, password: &str) -> bool {
    let user = accounts.by_password(name, password).await.unwrap();
    user.is_some()
}

#[tokio::test]
async fn a_change_by_another_process_counts_at_once() {
    let (dir, server) = fresh();
    // Another connection stands for the command line.
    let cli = Accounts::open(dir.path()).unwrap();
    assert!(!knows(&server, "anna", "secret").await);
    cli.add(&new("anna")).unwrap();
    assert!(knows(&server, "anna", "secret").await);
    assert!(knows(&server, "anna", "secret").await, "remembered");
    assert!(!knows(&server, "anna", "Secret").await);

    let token = cli.add_token("anna", "laptop").unwrap();
    let key = server.log_in("anna", "secret").await.unwrap().unwrap().key;
    cli.set_password("anna", "other").unwrap();
    assert!(!knows(&server, "anna", "secret").await);
    assert!(knows(&server, "anna", "other").await);
    let by_token = async |token: &str| server.by_token(token).await.unwrap().is_some();
    assert!(by_token(&token).await, "API tokens stay");
    assert!(!by_token(&key).await, "logins end");

    cli.revoke_tokens("anna", "laptop").unwrap();
    assert!(!by_token(&token).await);

    let token = cli.add_token("anna", "laptop").unwrap();
    cli.remove("anna").unwrap();
    assert!(!knows(&server, "anna", "other").await);
    assert!(!by_token(&token).await);
}

#[test]
fn ids_are_given_once() {
    let (_dir, accounts) = fresh();
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
            "an id must be at least 1, got 0",
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
    assert_eq!(accounts.list().unwrap().len(), 1);
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
    let users = accounts.list().unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(
        (users[0].name.as_str(), users[0].privilege),
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
        let login = accounts.log_in(who, password).await.unwrap();
        assert_eq!(login.is_some(), expected, "{who} {password}");
    }
}

#[tokio::test]
async fn a_session_ends_by_logout_and_by_time() {
    let (_dir, accounts) = fresh();
    accounts.add(&new("anna")).unwrap();
    let api_token = accounts.add_token("anna", "laptop").unwrap();
    let login = accounts.log_in("anna", "secret").await.unwrap().unwrap();
    let has_session = async |session: &str| accounts.by_session(session).await.unwrap().is_some();
    let has_token = async |token: &str| accounts.by_token(token).await.unwrap().is_some();
    assert!(has_session(&login.session).await);
    assert!(has_token(&login.key).await);

    let later_ms = now_ms() + LOGIN_LIFETIME_S * 1000 + 1;
    let late = |accounts: &Accounts| {
        let session = accounts.read(|c| sessions::user(c, &login.session, later_ms));
        let token = accounts.read(|c| tokens::user(c, &login.key, later_ms));
        let api = accounts.read(|c| tokens::user(c, &api_token, later_ms));
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
    let login = accounts.log_in("anna", "secret").await.unwrap().unwrap();
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
    accounts.add_token("anna", "laptop").unwrap();
    accounts.log_in("anna", "secret").await.unwrap().unwrap();
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
    let token = accounts.add_token("anna", "laptop").unwrap();
    let login = accounts.log_in("anna", "secret").await.unwrap().unwrap();
    drop(accounts);
    let secrets = [&token, &login.key, &login.session, &login.csrf_token];
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(secrets.iter().all(|secret| !text.contains(*secret)));
        assert!(!text.contains("secret"));
    }
}
