//! Users in SQL.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::RefusedUser;
use super::{AccountsError, MAX_ID, unknown};
use crate::identity::{Account, Privilege};

/// As CVAT's (Django's) limit.
const MAX_NAME_CHARS: usize = 150;

/// A user as stored. Has no `Debug`, so that the hash does not get into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// What others may know.
    pub account: Account,
    /// Whether the user may log in. One who may not keeps name, id and memberships.
    pub is_active: bool,
    /// PHC string.
    pub(in crate::identity) password_hash: String,
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
    /// May be empty.
    pub first_name: &'a str,
    /// May be empty.
    pub last_name: &'a str,
    /// What the user may do.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// In plain.
    pub password: &'a str,
}

/// What is changed of a user; `None` stays as it is.
#[derive(Clone, Default)]
pub struct UserChange {
    /// May be empty.
    pub email: Option<String>,
    /// May be empty.
    pub first_name: Option<String>,
    /// May be empty.
    pub last_name: Option<String>,
    /// What the user may do.
    pub privilege: Option<Privilege>,
    /// The mark "has analytics access".
    pub has_analytics_access: Option<bool>,
    /// Whether the user may log in; sessions end when not, tokens do not work meanwhile.
    pub is_active: Option<bool>,
    /// In plain.
    pub password: Option<String>,
}

impl NewUser<'_> {
    /// The account of the very first start.
    pub(super) fn first_admin(password: &str) -> NewUser<'_> {
        NewUser {
            id: None,
            name: "admin",
            email: "",
            first_name: "",
            last_name: "",
            privilege: Privilege::Admin,
            has_analytics_access: false,
            password,
        }
    }

    fn check(&self) -> Result<(), RefusedUser> {
        // A colon ends the name in HTTP Basic.
        let is_bad = |c: char| c == ':' || c.is_control();
        let name = self.name;
        if name.is_empty()
            || name.trim() != name
            || name.contains(is_bad)
            || name.chars().count() > MAX_NAME_CHARS
        {
            return Err(RefusedUser::BadName);
        }
        check_email(self.email)?;
        check_person_name(self.first_name)?;
        check_person_name(self.last_name)?;
        match self.id {
            Some(id) if !(1..=MAX_ID).contains(&id) => Err(RefusedUser::BadId { id }),
            _ => Ok(()),
        }
    }
}

fn check_email(email: &str) -> Result<(), RefusedUser> {
    let is_address = email.contains('@')
        && email.len() <= 254
        && !email.contains(|c: char| c.is_whitespace() || c.is_control());
    if email.is_empty() || is_address {
        Ok(())
    } else {
        Err(RefusedUser::BadEmail)
    }
}

fn check_person_name(name: &str) -> Result<(), RefusedUser> {
    if name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        return Err(RefusedUser::BadPersonName);
    }
    Ok(())
}

/// The columns of [`user_of_row`], of a table that goes by the name `users`.
macro_rules! user_columns {
    () => {
        "users.id, users.name, users.email, users.first_name, users.last_name, users.privilege, \
         users.has_analytics_access, users.created_ms, users.is_active, users.password_hash"
    };
}
pub(super) use user_columns;

/// Reads [`user_columns`] from the row's beginning.
pub(super) fn user_of_row(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        account: Account {
            id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            first_name: row.get(3)?,
            last_name: row.get(4)?,
            privilege: row.get(5)?,
            has_analytics_access: row.get(6)?,
            created_ms: row.get(7)?,
        },
        is_active: row.get(8)?,
        password_hash: row.get(9)?,
    })
}

/// How many columns [`user_of_row`] reads.
pub(super) const N_USER_COLUMNS: usize = 10;

pub(super) fn insert(
    tx: &Connection,
    new: &NewUser<'_>,
    password_hash: &str,
    now_ms: i64,
) -> Result<AccountRow, AccountsError> {
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
        "INSERT INTO users (id, name, email, first_name, last_name, privilege,
            has_analytics_access, password_hash, created_ms)
         VALUES (:id, :name, :email, :first_name, :last_name, :privilege,
            :has_analytics_access, :password_hash, :now_ms)",
        named_params! {
            ":id": new.id,
            ":name": name,
            ":email": new.email,
            ":first_name": new.first_name,
            ":last_name": new.last_name,
            ":privilege": new.privilege,
            ":has_analytics_access": new.has_analytics_access,
            ":password_hash": password_hash,
            ":now_ms": now_ms,
        },
    )?;
    by_name(tx, &name)?.ok_or_else(|| unknown(&name))
}

/// Changes what is named. The password's hash is made by the caller, outside of the transaction.
pub(super) fn update(
    tx: &Connection,
    user_id: i64,
    change: &UserChange,
    password_hash: Option<&str>,
) -> Result<(), AccountsError> {
    change.email.as_deref().map_or(Ok(()), check_email)?;
    for name in [&change.first_name, &change.last_name]
        .into_iter()
        .flatten()
    {
        check_person_name(name)?;
    }
    tx.execute(
        "UPDATE users SET
            email = coalesce(:email, email),
            first_name = coalesce(:first_name, first_name),
            last_name = coalesce(:last_name, last_name),
            privilege = coalesce(:privilege, privilege),
            has_analytics_access = coalesce(:has_analytics_access, has_analytics_access),
            is_active = coalesce(:is_active, is_active),
            password_hash = coalesce(:password_hash, password_hash)
         WHERE id = :id",
        named_params! {
            ":id": user_id,
            ":email": change.email,
            ":first_name": change.first_name,
            ":last_name": change.last_name,
            ":privilege": change.privilege,
            ":has_analytics_access": change.has_analytics_access,
            ":is_active": change.is_active,
            ":password_hash": password_hash,
        },
    )?;
    Ok(())
}

pub(super) fn by_id(connection: &Connection, id: i64) -> Result<Option<AccountRow>, AccountsError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([id], user_of_row).optional()?)
}

pub(super) fn by_name(
    connection: &Connection,
    name: &str,
) -> Result<Option<AccountRow>, AccountsError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE name = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([name], user_of_row).optional()?)
}

/// The only user with that address; addresses need not be unique, and one that two
/// users share names none of them.
pub(super) fn by_email(
    connection: &Connection,
    email: &str,
) -> Result<Option<AccountRow>, AccountsError> {
    if email.is_empty() {
        return Ok(None);
    }
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE email = ?1 COLLATE NOCASE LIMIT 2"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let users: Vec<AccountRow> = statement
        .query_map([email], user_of_row)?
        .collect::<Result<_, _>>()?;
    Ok(<[AccountRow; 1]>::try_from(users).ok().map(|[user]| user))
}

pub(super) fn count(connection: &Connection) -> Result<i64, AccountsError> {
    Ok(connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
}

/// Whether some administrator can still log in.
pub(super) fn has_active_admin(connection: &Connection) -> Result<bool, AccountsError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE privilege = 'admin' AND is_active)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// All users by id.
pub(super) fn list(connection: &Connection) -> Result<Vec<AccountRow>, AccountsError> {
    let mut users = connection.prepare(concat!(
        "SELECT ",
        user_columns!(),
        " FROM users ORDER BY id"
    ))?;
    let users = users.query_map([], user_of_row)?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// Tokens, sessions and memberships go by ON DELETE CASCADE.
pub(super) fn remove(tx: &Connection, user_id: i64) -> Result<(), AccountsError> {
    tx.execute("DELETE FROM users WHERE id = ?1", [user_id])?;
    Ok(())
}
