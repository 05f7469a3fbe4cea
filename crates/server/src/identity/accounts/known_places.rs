//! Where each account has logged in from, in SQL: such a place does not wait for what others do
//! there (`lockout.rs`).

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, params};

use super::AccountsError;

/// How long a place is known after a login, ms.
const LIFETIME_MS: i64 = 30 * DAY_MS;

/// What is recorded of a login is no older than this, ms: a write for each would be one too many.
const RESOLUTION_MS: i64 = DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Places of one account; the one that was seen longest ago is forgotten first.
const MAX_PLACES: i64 = 100;

/// Whether the account has logged in from that address within the last 30 days.
pub(super) fn contains(
    connection: &Connection,
    user_id: i64,
    address: IpAddr,
    now_ms: i64,
) -> Result<bool, AccountsError> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM known_places WHERE user_id = ?1 AND address = ?2 AND seen_ms > ?3",
    )?;
    let since_ms = now_ms - LIFETIME_MS;
    Ok(statement.exists(params![user_id, address.to_string(), since_ms])?)
}

/// Records that the account has logged in from that address.
pub(super) fn seen(
    tx: &Connection,
    user_id: i64,
    address: IpAddr,
    now_ms: i64,
) -> Result<(), AccountsError> {
    let address = address.to_string();
    let sql = "SELECT seen_ms FROM known_places WHERE user_id = ?1 AND address = ?2";
    let seen_ms: Option<i64> = tx
        .query_row(sql, params![user_id, address], |row| row.get(0))
        .optional()?;
    if seen_ms.is_some_and(|seen_ms| (0..RESOLUTION_MS).contains(&(now_ms - seen_ms))) {
        return Ok(());
    }
    tx.execute(
        "INSERT OR REPLACE INTO known_places (user_id, address, seen_ms) VALUES (?1, ?2, ?3)",
        params![user_id, address, now_ms],
    )?;
    tx.execute(
        "DELETE FROM known_places WHERE user_id = ?1 AND address NOT IN
           (SELECT address FROM known_places WHERE user_id = ?1 ORDER BY seen_ms DESC LIMIT ?2)",
        params![user_id, MAX_PLACES],
    )?;
    Ok(())
}

/// Removes what is too old.
pub(super) fn purge(tx: &Connection, now_ms: i64) -> Result<(), AccountsError> {
    let since_ms = now_ms - LIFETIME_MS;
    tx.execute("DELETE FROM known_places WHERE seen_ms <= ?1", [since_ms])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::accounts::schema;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn accounts() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let sql = "INSERT INTO users (id, name, email, privilege, password_hash, created_ms)
            VALUES (1, 'anna', '', 'user', '', 0), (2, 'omar', '', 'user', '', 0)";
        connection.execute(sql, []).unwrap();
        connection
    }

    #[test]
    fn a_place_is_known_for_a_month_after_the_last_login() {
        let connection = accounts();
        let known =
            |user_id, address, day| contains(&connection, user_id, address, day * DAY_MS).unwrap();
        assert!(!known(1, HERE, 0));
        seen(&connection, 1, HERE, 0).unwrap();
        assert!(known(1, HERE, 29) && !known(1, HERE, 30));
        assert!(!known(1, THERE, 0) && !known(2, HERE, 0));
        // Less than a day later nothing is written.
        seen(&connection, 1, HERE, DAY_MS - 1).unwrap();
        assert!(!known(1, HERE, 30));
        seen(&connection, 1, HERE, 20 * DAY_MS).unwrap();
        assert!(known(1, HERE, 49));
        // A clock that was set back.
        seen(&connection, 1, HERE, DAY_MS).unwrap();
        assert!(known(1, HERE, 30) && !known(1, HERE, 31));
        purge(&connection, 40 * DAY_MS).unwrap();
        assert!(!known(1, HERE, 2));
    }

    #[test]
    fn the_last_hundred_places_are_kept() {
        let connection = accounts();
        let address = |n: i64| IpAddr::V4(std::net::Ipv4Addr::from(n as u32));
        for n in 0..=MAX_PLACES {
            seen(&connection, 1, address(n), n).unwrap();
        }
        assert!(!contains(&connection, 1, address(0), MAX_PLACES).unwrap());
        assert!(contains(&connection, 1, address(1), MAX_PLACES).unwrap());
        assert!(contains(&connection, 1, address(MAX_PLACES), MAX_PLACES).unwrap());
    }
}
