//! Users in SQL.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::error::RefusedUser;
use super::{AccountsError, unknown};
use crate::identity::Privilege;

/// A user as stored. Has no `Debug`, so that the hash does not get into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// What events bear as `user_id`.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// What the user may do.
    pub privilege: Privilege,
    /// PHC string.
    pub(in crate::identity) password_hash: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

/// A user to be added.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// At least 1; `None` takes the next one.
    pub id: Option<i64>,
    /// Unique, 1 to 150 characters.
    pub name: &'a str,
    /// May be empty.
    pub email: &'a str,
    /// What the user may do.
    pub privilege: Privilege,
    /// In plain.
    pub password: &'a str,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// What events bear as `user_id`.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// May be empty.
    pub email: String,
    /// What the user may do.
    pub privilege: Privilege,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Labels of the API tokens, oldest first; login keys are left out.
    pub tokens: Vec<String>,
}

impl NewUser<'_> {
    /// The account of the very first start.
    pub(super) fn first_admin(password: &str) -> NewUser<'_> {
        NewUser {
            id: None,
            name: "admin",
            email: "",
            privilege: Privilege::Admin,
            password,
        }
    }

    fn check(&self) -> Result<(), RefusedUser> {
        let NewUser {
            id, name, email, ..
        } = *self;
        // A colon ends the name in HTTP Basic.
        let is_bad = |c: char| c == ':' || c.is_control();
        if name.is_empty()
            || name.trim() != name
            || name.contains(is_bad)
            || name.chars().count() > 150
        {
            return Err(RefusedUser::BadName);
        }
        let is_address = email.contains('@')
            && email.len() <= 254
            && !email.contains(|c: char| c.is_whitespace() || c.is_control());
        if !email.is_empty() && !is_address {
            return Err(RefusedUser::BadEmail);
        }
        match id {
            Some(id) if id < 1 => Err(RefusedUser::BadId { id }),
            _ => Ok(()),
        }
    }
}

/// The columns of [`user_of_row`], of a table that goes by the name `users`.
macro_rules! user_columns {
    () => {
        "users.id, users.name, users.email, users.first_name, users.last_name, \
         users.privilege, users.password_hash, users.created_ms"
    };
}
pub(super) use user_columns;

/// Reads [`user_columns`] from the row's beginning.
pub(super) fn user_of_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        privilege: row.get(5)?,
        password_hash: row.get(6)?,
        created_ms: row.get(7)?,
    })
}

/// How many columns [`user_of_row`] reads.
pub(super) const N_USER_COLUMNS: usize = 8;

pub(super) fn insert(
    tx: &Connection,
    new: &NewUser<'_>,
    password_hash: &str,
    now_ms: i64,
) -> Result<User, AccountsError> {
    new.check()?;
    let name = new.name.to_owned();
    if by_name(tx, &name)?.is_some() {
        return Err(RefusedUser::NameTaken { name }.into());
    }
    if let Some(id) = new.id {
        let holder = tx
            .query_row("SELECT name FROM users WHERE id = ?1", [id], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(name) = holder {
            return Err(RefusedUser::IdTaken { id, name }.into());
        }
    }
    tx.execute(
        "INSERT INTO users (id, name, email, privilege, password_hash, created_ms)
         VALUES (:id, :name, :email, :privilege, :password_hash, :now_ms)",
        named_params! {
            ":id": new.id,
            ":name": name,
            ":email": new.email,
            ":privilege": new.privilege,
            ":password_hash": password_hash,
            ":now_ms": now_ms,
        },
    )?;
    by_name(tx, &name)?.ok_or_else(|| unknown(&name))
}

pub(super) fn by_name(connection: &Connection, name: &str) -> Result<Option<User>, AccountsError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE name = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([name], user_of_row).optional()?)
}

/// The only user with that address; addresses need not be unique, and one that two
/// users share names nobody.
pub(super) fn by_email(
    connection: &Connection,
    email: &str,
) -> Result<Option<User>, AccountsError> {
    if email.is_empty() {
        return Ok(None);
    }
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE email = ?1 COLLATE NOCASE LIMIT 2"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let users: Vec<User> = statement
        .query_map([email], user_of_row)?
        .collect::<Result<_, _>>()?;
    Ok(<[User; 1]>::try_from(users).ok().map(|[user]| user))
}

pub(super) fn count(connection: &Connection) -> Result<i64, AccountsError> {
    Ok(connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
}

pub(super) fn list(
    connection: &Connection,
    now_ms: i64,
) -> Result<Vec<UserSummary>, AccountsError> {
    let mut users = connection.prepare(concat!(
        "SELECT ",
        user_columns!(),
        " FROM users ORDER BY id"
    ))?;
    let mut tokens = connection.prepare(
        "SELECT name FROM tokens WHERE user_id = ?1 AND NOT is_login
         AND (expires_ms IS NULL OR expires_ms > ?2) ORDER BY id",
    )?;
    let users: Vec<User> = users
        .query_map([], user_of_row)?
        .collect::<Result<_, _>>()?;
    users
        .into_iter()
        .map(|user| {
            let labels = tokens.query_map(params![user.id, now_ms], |row| row.get(0))?;
            Ok(UserSummary {
                id: user.id,
                name: user.name,
                email: user.email,
                privilege: user.privilege,
                created_ms: user.created_ms,
                tokens: labels.collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

pub(super) fn remove(tx: &Connection, name: &str) -> Result<(), AccountsError> {
    // Tokens and sessions go by ON DELETE CASCADE.
    match tx.execute("DELETE FROM users WHERE name = ?1", [name])? {
        0 => Err(unknown(name)),
        _ => Ok(()),
    }
}

pub(super) fn set_password(
    tx: &Connection,
    user_id: i64,
    password_hash: &str,
) -> Result<(), AccountsError> {
    tx.execute(
        "UPDATE users SET password_hash = ?2 WHERE id = ?1",
        params![user_id, password_hash],
    )?;
    Ok(())
}
