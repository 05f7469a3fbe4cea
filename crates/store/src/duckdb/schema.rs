//! Tables of the database and how older ones become today's.

use duckdb::Connection;

use crate::error::StoreError;

/// Steps from one schema version to the next. A step that was released never changes: data
/// directories out there have taken it.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1_events.sql")];

/// Brings the schema to today's version, in one transaction a step.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
    let found: i64 = connection.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_version",
        [],
        |row| row.get(0),
    )?;
    let known = i64::try_from(MIGRATIONS.len()).expect("there are few");
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, step) in (1..).zip(MIGRATIONS).skip(found as usize) {
        connection.execute_batch(&format!(
            "BEGIN; {step}; INSERT INTO schema_version VALUES ({version}); COMMIT"
        ))?;
        tracing::info!(version, "migrated the database");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_schema_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        migrate(&connection).unwrap();
        connection
            .execute_batch("INSERT INTO schema_version VALUES (99)")
            .unwrap();
        let refused = migrate(&connection).unwrap_err().to_string();
        assert!(
            refused.contains("99") && refused.contains("newer annoscope"),
            "{refused}"
        );
    }
}
