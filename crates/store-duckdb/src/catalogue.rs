//! The catalogue: what events tell of users, projects, tasks and jobs, so that a name needs no look through all rows.
//!
//! `catalogue_facts` has the latest facts of all rows before a position, and the rows behind it are read with each
//! query: they are few, as the facts of a row group of rows are added at once, in a transaction of their own. So the
//! catalogue is always that of the rows that a query sees, whatever was killed or failed, and keeps no event out.
//!
//! It takes no UPDATE, no DELETE and no new view while events come: what one replaces is kept for the queries that are
//! older, and DuckDB 1.5.6 writes no checkpoint before those have ended. So facts are added, and the older ones go
//! seldom. DuckDB reads the rows behind the position alone if that is a constant when it binds the query, which a
//! variable is that was set before.
//!
//! **Invariant:** what is kept and what is computed anew from all rows are equal, whatever was late, repeated, removed or
//! erased (`what_is_kept_is_what_all_rows_tell` in `catalogue/tests.rs`).

use annoscope_catalogue::{
    COLUMNS, DUCKDB, RULES, facts, facts_of_all_kinds, latest, newest_facts,
};
use annoscope_store::{ROW_GROUP, Rewritten};
use duckdb::Connection;

use crate::apply::Applier;
use crate::database::Purpose;
use crate::error::Error;

/// What a query names for the catalogue: kind, id, field, value and timestamp.
pub const CATALOGUE: &str = "catalogue_now";

/// Rows whose facts are added at once while events come. Those behind them cost each query a few ms.
const ADDED_AT_ONCE: u64 = ROW_GROUP as u64;

/// Rows whose facts are added at once when they are made anew.
const MADE_AT_ONCE: u64 = 40 * ROW_GROUP as u64;

/// Additions after which older facts go: those of 16 million rows, some 100,000 facts.
const ADDITIONS: u64 = 128;

/// Additions after which they go where no query runs.
const ADDITIONS_AT_START: u64 = 8;

/// Up to where facts are kept.
const UNTIL: &str = "SELECT coalesce(max(position), 0) FROM catalogue_until WHERE rules = ";

/// The rows at positions, as the rules read them. Rows from before rows had positions come before all others.
fn rows(from: &str, until: Option<u64>) -> String {
    let position = "stored_events.position";
    let until = until.map_or_else(String::new, |until| {
        format!(" AND ({position} < {until} OR {position} IS NULL)")
    });
    format!(
        "(SELECT * EXCLUDE (payload_tail) REPLACE (
            CASE WHEN payload_tail IS NULL THEN payload
                ELSE concat(payload, CAST(request_id AS VARCHAR), payload_tail) END AS payload,
            coalesce({position}, rowid) AS position)
        FROM stored_events WHERE ({position} >= {from} OR {position} IS NULL AND {from} = 0){until})"
    )
}

/// Lets a connection name [`CATALOGUE`].
pub(crate) fn prepare(connection: &Connection) -> Result<(), duckdb::Error> {
    let behind = facts(
        &rows("coalesce(getvariable('catalogue_until'), 0)", None),
        &DUCKDB,
    );
    let all = format!(
        "(SELECT {COLUMNS} FROM catalogue_facts UNION ALL SELECT {COLUMNS} FROM ({behind}))"
    );
    connection.execute_batch(&format!(
        "CREATE TEMP VIEW {CATALOGUE} AS {}",
        latest(&all, &DUCKDB)
    ))
}

/// Within the transaction of a query that names [`CATALOGUE`], before it is bound.
pub(crate) fn begin(connection: &Connection) -> Result<(), duckdb::Error> {
    connection.execute_batch(&format!("SET VARIABLE catalogue_until = ({UNTIL}{RULES})"))
}

/// Forgets what is kept, within a transaction that removes rows or changes them.
pub(crate) fn forget(connection: &Connection) -> Result<(), duckdb::Error> {
    connection.execute_batch("DELETE FROM catalogue_facts; DELETE FROM catalogue_until")
}

/// How far the catalogue is kept, and how it goes on.
#[derive(Clone, Copy)]
pub(crate) struct Keeping {
    /// Up to where; none when the file has to be asked.
    pub(crate) until: Option<u64>,
    /// Rows whose facts are added at once.
    pub(crate) added_at_once: u64,
}

impl Default for Keeping {
    fn default() -> Keeping {
        Keeping {
            until: None,
            added_at_once: ADDED_AT_ONCE,
        }
    }
}

/// What is kept, and how often was added to it.
#[derive(Clone, Copy)]
struct Kept {
    until: u64,
    n_additions: u64,
}

fn kept(connection: &Connection) -> Result<Kept, Error> {
    let until = connection.query_row(&format!("{UNTIL}{RULES}"), [], |row| row.get(0))?;
    let count = "SELECT count(*) FROM catalogue_until";
    let n_additions = connection.query_row(count, [], |row| row.get(0))?;
    Ok(Kept { until, n_additions })
}

/// Adds the facts of the rows at these positions.
fn add(connection: &Connection, from: u64, until: u64) -> Result<(), Error> {
    let told = facts_of_all_kinds(&rows(&from.to_string(), Some(until)), &DUCKDB);
    let told = newest_facts(&format!("({told})"), &DUCKDB);
    connection.execute_batch(&format!(
        "INSERT INTO catalogue_facts {told}; INSERT INTO catalogue_until VALUES ({until}, {RULES})"
    ))?;
    Ok(())
}

/// Of each field leaves the latest fact.
fn remove_older(connection: &Connection, until: u64) -> Result<(), Error> {
    let newest = newest_facts("catalogue_facts", &DUCKDB);
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE newest AS {newest};
        DELETE FROM catalogue_facts; DELETE FROM catalogue_until;
        INSERT INTO catalogue_facts FROM newest; INSERT INTO catalogue_until VALUES ({until}, {RULES});
        DROP TABLE newest"
    ))?;
    Ok(())
}

fn in_transaction(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    connection.execute_batch("BEGIN")?;
    let done = work().and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    if done.is_err() {
        // After a failed commit there is nothing to undo.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}

impl Applier {
    /// Adds the facts of rows that were stored since, where they are enough of them. A failure loses nothing: queries
    /// read those rows.
    pub(crate) fn keep_catalogue(&mut self) {
        if let Err(error) = self.add_to_catalogue(self.keeping.added_at_once, ADDITIONS) {
            if error.is_fatal() {
                self.database().give_up();
            }
            // It is tried again with as many rows more.
            self.keeping.until = self.stored().ok().map(|stored| stored.position);
            tracing::warn!(%error, "the catalogue was not brought up to date; queries read the rows behind it");
        }
    }

    /// As [`Applier::keep_catalogue`], before there are queries: a database of an older annoscope gets its catalogue.
    pub(crate) fn open_catalogue(&mut self) {
        if let Err(error) = self.catalogue_of_these_rules() {
            tracing::warn!(%error, "the catalogue is not up to date; queries read the rows behind it");
        }
    }

    fn catalogue_of_these_rules(&mut self) -> Result<(), Error> {
        let connection = self.database().connection(Purpose::Maintenance)?;
        let of_older_rules = format!("SELECT count(*) FROM catalogue_until WHERE rules <> {RULES}");
        let n_older: u64 = connection.query_row(&of_older_rules, [], |row| row.get(0))?;
        if n_older > 0 {
            in_transaction(&connection, || Ok(forget(&connection)?))?;
        }
        drop(connection);
        self.add_to_catalogue(self.keeping.added_at_once, ADDITIONS_AT_START)
    }

    /// Makes the catalogue anew from all rows.
    pub(crate) fn rebuild_catalogue(&mut self) -> Result<Rewritten, Error> {
        self.keeping.until = None;
        let connection = self.database().connection(Purpose::Maintenance)?;
        in_transaction(&connection, || Ok(forget(&connection)?))?;
        drop(connection);
        self.add_to_catalogue(1, ADDITIONS_AT_START)?;
        let connection = self.database().connection(Purpose::Maintenance)?;
        let count = "SELECT count(*) FROM catalogue_facts";
        let n_rows = connection.query_row(count, [], |row| row.get(0))?;
        Ok(Rewritten { n_rows, next: None })
    }

    /// Adds the facts of the rows behind, if there are at least so many, and removes older facts after so many additions.
    fn add_to_catalogue(&mut self, at_least: u64, most_additions: u64) -> Result<(), Error> {
        let position = self.stored()?.position;
        let is_behind = |until| position.saturating_sub(until) >= at_least;
        if self.keeping.until.is_some_and(|until| !is_behind(until)) {
            return Ok(());
        }
        let connection = self.database().connection(Purpose::Maintenance)?;
        let mut kept = kept(&connection)?;
        let n_behind = position.saturating_sub(kept.until);
        while is_behind(kept.until) {
            let until = position.min(kept.until + MADE_AT_ONCE);
            in_transaction(&connection, || add(&connection, kept.until, until))?;
            kept.until = until;
            kept.n_additions += 1;
            if n_behind > MADE_AT_ONCE {
                tracing::info!(until, position, "reading events for the catalogue");
            }
        }
        if kept.n_additions > most_additions {
            in_transaction(&connection, || remove_older(&connection, kept.until))?;
        }
        self.keeping.until = Some(kept.until);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
