//! Removes rows, and moves others to where there is room.
//!
//! Measured with DuckDB 1.5.6: blocks of deleted rows are free after the next checkpoint (0.03 s for half of three
//! million rows), and are used by whatever is written next; the file gets shorter when its last blocks are free. So rows are
//! written anew from the oldest to the newest, each group into the free blocks that lie first, and the file ends behind
//! them: 107 MB were 47 MB then.
//!
//! **Invariant:** the number of rows that have to be there is lowered, durably, before rows are removed: a database that
//! was killed in between opens (`tests/keeping/test_retention.py`).

use annoscope_events::is_begin_or_end;
use annoscope_store::{Position, ROW_GROUP, Rewrite, Rewritten, Scopes, StoreError};
use duckdb::{Connection, OptionalExt};

use crate::apply::{Applier, Stored};
use crate::database::Purpose;
use crate::error::Error;
use crate::history::has_unplaced_rows;
use crate::stats::Counters;
use crate::{catalogue, checkpoint};

/// What a row is about: a thing, and a property of it.
const THING: &str = "scope, org_id, project_id, task_id, job_id, obj_id, obj_name";

/// What a transaction has done.
#[derive(Default)]
struct Done {
    n_removed: u64,
    rewritten: Rewritten,
}

impl Applier {
    /// Does it in a transaction of its own, and writes a checkpoint: what is free can be used then.
    pub(crate) fn rewrite(&mut self, rewrite: &Rewrite) -> Result<Rewritten, Error> {
        self.check_room(0)?;
        if *rewrite == Rewrite::Catalogue {
            return self.rebuild_catalogue();
        }
        self.place_rows()?;
        self.keeping.until = None;
        let rewritten = self.change(|connection| match rewrite {
            Rewrite::Delete {
                scopes,
                from_us,
                until_us,
            } => {
                let sql = format!(
                    "DELETE FROM stored_events WHERE timestamp >= make_timestamp({from_us}) \
                     AND timestamp < make_timestamp({until_us}) AND {}",
                    condition(scopes)
                );
                Ok(removed(connection.execute(&sql, [])?))
            }
            Rewrite::KeepNewest { scopes, until_us } => Ok(removed(
                connection.execute(&keep_newest(scopes, *until_us), [])?,
            )),
            Rewrite::Compact { from } => compact(connection, *from),
            Rewrite::Catalogue => Ok(Done::default()),
        })?;
        self.database().materialized.forget();
        self.keep_catalogue();
        checkpoint::checkpoint(self.database());
        Ok(rewritten)
    }

    /// Rows from before rows had positions get those that readers see: they are the numbers of their rows, which
    /// change when others are removed.
    fn place_rows(&mut self) -> Result<(), Error> {
        let connection = self.database().connection(Purpose::Maintenance)?;
        if has_unplaced_rows(&connection)? {
            connection.execute_batch(
                "UPDATE stored_events SET position = rowid WHERE position IS NULL",
            )?;
            tracing::info!("rows of before the journal have their positions now");
        }
        Ok(())
    }

    fn change(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<Done, Error>,
    ) -> Result<Rewritten, Error> {
        let before = self.stored()?;
        let connection = self.database().connection(Purpose::Maintenance)?;
        connection.execute_batch("BEGIN")?;
        let done = work(&connection).and_then(|done| {
            if done.n_removed > 0 {
                let n_removed = done.n_removed;
                connection.execute("INSERT INTO skipped_positions VALUES (?)", [n_removed])?;
                catalogue::forget(&connection)?;
            }
            Ok(done)
        });
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                let undone = connection.execute_batch("ROLLBACK");
                if undone.is_err() || error.is_fatal() {
                    drop(connection);
                    self.forget_stored();
                    self.database().give_up();
                }
                return Err(error);
            }
        };
        let after = Stored {
            position: before.position,
            n_rows: before.n_rows - done.n_removed,
        };
        let lowered = self.database().acknowledged.lower(after.n_rows);
        lowered.map_err(Error::io("noting how many events there are to be"))?;
        // Unknown until the fate of the transaction is known.
        self.forget_stored();
        let committed = connection.execute_batch("COMMIT");
        drop(connection);
        if committed.is_err() {
            self.database().give_up();
        }
        let now = self.stored()?;
        self.database().acknowledged.set(now.n_rows);
        Counters::set(&self.database().counters.rows_total, now.n_rows);
        committed?;
        if now != after {
            let what = format!("{now:?} is stored, {after:?} should be");
            return Err(StoreError::InDoubt(what).into());
        }
        Ok(done.rewritten)
    }
}

fn removed(n_rows: usize) -> Done {
    let n_removed = n_rows as u64;
    Done {
        n_removed,
        rewritten: Rewritten {
            n_rows: n_removed,
            next: None,
        },
    }
}

/// The rows of scopes, as a condition.
pub(crate) fn condition(scopes: &Scopes) -> String {
    let (not, scopes) = match scopes {
        Scopes::Named(scopes) => ("", scopes),
        Scopes::AllBut(scopes) => ("NOT ", scopes),
    };
    let quoted = scopes.iter().map(|scope| quoted(scope));
    let list: Vec<String> = quoted.collect();
    if list.is_empty() {
        return if not.is_empty() { "FALSE" } else { "TRUE" }.to_owned();
    }
    format!("scope {not}IN ({})", list.join(", "))
}

pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn keep_newest(scopes: &Scopes, until_us: i64) -> String {
    // The rule is the events' own; here are the scopes that it is asked about.
    let known = annoscope_events::SCOPES.iter().map(|scope| scope.name);
    let kept: Vec<String> = known
        .filter(|scope| is_begin_or_end(scope))
        .map(str::to_owned)
        .collect();
    format!(
        "DELETE FROM stored_events WHERE rowid IN (SELECT row FROM (
            SELECT rowid AS row, row_number() OVER (
                PARTITION BY {THING} ORDER BY timestamp DESC, position DESC) AS place
            FROM stored_events
            WHERE timestamp < make_timestamp({until_us}) AND {} AND {}
        ) WHERE place > 1)",
        condition(scopes),
        condition(&Scopes::AllBut(kept))
    )
}

/// Moves as many rows as a row group has.
fn compact(connection: &Connection, from: Position) -> Result<Done, Error> {
    let from = from.0;
    if from == 0 {
        // Its rows may lie at the end of the file as well; what they say is their sum.
        connection.execute_batch(
            "CREATE OR REPLACE TEMP TABLE skipped AS SELECT sum(n)::BIGINT AS n FROM skipped_positions;
            DELETE FROM skipped_positions;
            INSERT INTO skipped_positions FROM skipped WHERE n > 0;
            DROP TABLE skipped",
        )?;
    }
    let last_of_group = format!(
        "SELECT position FROM stored_events WHERE position >= {from} ORDER BY position \
         LIMIT 1 OFFSET {}",
        ROW_GROUP - 1
    );
    let end: Option<u64> = connection
        .query_row(&last_of_group, [], |row| row.get::<_, u64>(0))
        .optional()?
        .map(|last| last + 1);
    let rows = match end {
        Some(end) => format!("position >= {from} AND position < {end}"),
        None => format!("position >= {from}"),
    };
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE moved AS FROM stored_events WHERE {rows}"
    ))?;
    let n_rows = connection.execute(&format!("DELETE FROM stored_events WHERE {rows}"), [])?;
    // In the order of `sorted.rs`.
    connection.execute_batch(
        "INSERT INTO stored_events FROM moved ORDER BY source, user_id NULLS FIRST, position;
        DROP TABLE moved",
    )?;
    Ok(Done {
        n_removed: 0,
        rewritten: Rewritten {
            n_rows: n_rows as u64,
            next: end.map(Position),
        },
    })
}
