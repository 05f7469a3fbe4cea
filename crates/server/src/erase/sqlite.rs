//! A person in the files of accounts and of webhooks.

use std::path::Path;

use annoscope_store_duckdb::Person;
use rusqlite::{Connection, OptionalExtension, params};

use super::EraseError;
use crate::identity::STATE_FILE;
use crate::webhooks;

/// What an account says of its user.
pub(super) struct Account {
    pub(super) names: Vec<String>,
    pub(super) common_names: Vec<String>,
}

/// Tables with texts that may name somebody, by file.
const TEXTS: [(&str, &[(&str, &str)]); 2] = [
    (STATE_FILE, &[("audit_outbox", "event")]),
    (webhooks::FILE, &[("states", "state"), ("outbox", "event")]),
];

fn failed(file: &'static str) -> impl FnOnce(rusqlite::Error) -> EraseError {
    move |source| EraseError::Sqlite { file, source }
}

/// Of the account, if there is one.
pub(super) fn names(data_dir: &Path, user_id: i64) -> Result<Option<Account>, EraseError> {
    let path = data_dir.join(STATE_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let read = || {
        let sql = "SELECT name, email, first_name, last_name FROM users WHERE id = ?1";
        let account = Connection::open(path)?.query_row(sql, [user_id], |row| {
            Ok(Account {
                names: vec![row.get(0)?, row.get(1)?],
                common_names: vec![row.get(2)?, row.get(3)?],
            })
        });
        account.optional()
    };
    read().map_err(failed(STATE_FILE))
}

/// Removes the account, and the names from what waits for the store and from states of other tools.
pub(super) fn erase(data_dir: &Path, person: &Person) -> Result<(), EraseError> {
    for (file, tables) in TEXTS {
        let path = data_dir.join(file);
        if !path.exists() {
            continue;
        }
        let erase = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(webhooks::BUSY_TIMEOUT)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "secure_delete", true)?;
            if file == STATE_FILE {
                connection.execute("DELETE FROM users WHERE id = ?1", [person.user_id])?;
            }
            for (table, column) in tables {
                erase_texts(&connection, person, table, column)?;
            }
            // The log has pages of before, and so has what is free in the file.
            connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        };
        erase().map_err(failed(file))?;
    }
    Ok(())
}

fn erase_texts(
    connection: &Connection,
    person: &Person,
    table: &str,
    column: &str,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT rowid, {column} FROM {table}"))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    for (row, text) in rows {
        if person.is_in(&text) {
            connection.execute(
                &format!("UPDATE {table} SET {column} = ?1 WHERE rowid = ?2"),
                params![person.out_of(&text), row],
            )?;
        }
    }
    Ok(())
}
