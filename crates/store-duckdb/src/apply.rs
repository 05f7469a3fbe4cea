//! The database behind a journal: takes groups of batches in the order of their positions, each exactly once.
//!
//! The position is the number of events and of the positions that have none, which a table of its own counts.
//! So the file alone says what is stored, whatever a caller was told (`backend_contract` of
//! `annoscope_test_support`). It takes no UPDATE: what one replaces is kept for the queries that are older, and
//! DuckDB 1.5.6 writes no checkpoint before those have ended.

use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{
    Backend, BackendStats, Entry, EventFilter, Figure, Position, Query, RecordBatches, RecordError,
    Rewrite, Rewritten, StoreError, clock,
};

use crate::catalogue::Keeping;
use crate::database::{Database, MEMORY_RETRIES, Purpose};
use crate::error::{Error, FailureKind};
use crate::sorted::{self, Placed};
use crate::stats::Counters;
use crate::{DuckDbStore, checkpoint, count_rows, export, history, query, recent_times};

/// While the disk is full, how often a checkpoint is tried: it gives the log's room back.
const RETRY_FULL: Duration = Duration::from_secs(5);

/// Up to where events are stored, and their number.
pub(crate) const POSITION: &str = "SELECT count(*) + (SELECT coalesce(sum(n), 0)::BIGINT FROM skipped_positions), count(*) FROM stored_events";

/// What the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Up to where in the journal.
    pub(crate) position: u64,
    pub(crate) n_rows: u64,
}

impl Stored {
    /// Positions that have no row.
    fn skipped(self) -> u64 {
        self.position - self.n_rows
    }
}

/// How a transaction failed.
enum Failure {
    /// Nothing of it is stored.
    BeforeCommit(Error),
    /// It may be stored or not.
    AtCommit(duckdb::Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::BeforeCommit(error.into())
    }
}

/// Stores entries, one group after the other.
pub(crate) struct Applier {
    database: Arc<Database>,
    /// None when the file has to be asked.
    stored: Option<Stored>,
    pub(crate) keeping: Keeping,
    /// When a checkpoint was last tried because the disk was full.
    full_since: Option<Instant>,
    /// Whether nothing was stored since this was last set.
    is_idle: bool,
}

impl Applier {
    pub(crate) fn new(database: Arc<Database>) -> Applier {
        Applier {
            database,
            stored: None,
            keeping: Keeping::default(),
            full_since: None,
            is_idle: false,
        }
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// From now on the file has to be asked.
    pub(crate) fn forget_stored(&mut self) {
        self.stored = None;
    }

    /// Whether nothing was stored since this was last asked.
    pub(crate) fn is_idle(&mut self) -> bool {
        std::mem::replace(&mut self.is_idle, true)
    }

    fn apply(&mut self, entries: &[Entry], until: Position) -> Result<(), Error> {
        // Here, and not behind the commit: what is stored shall be visible first.
        checkpoint::before_commit(&self.database);
        let n_bytes = entries.iter().map(|entry| entry.record.len()).sum();
        let before = self.stored()?;
        let from = entries.first().map(|entry| entry.from.0);
        let batches = decode(entries, Position(before.position)..until)?;
        let n_rows: usize = batches.iter().map(|batch| batch.rows.num_rows()).sum();
        let is_next = from.is_none_or(|from| from <= before.position);
        if !is_next || until.0 < before.position + n_rows as u64 {
            return Err(Error::NotNext {
                from: from.unwrap_or(until.0),
                applied: before.position,
            });
        }
        let after = Stored {
            position: until.0,
            n_rows: before.n_rows + n_rows as u64,
        };
        if after == before {
            return Ok(());
        }
        self.check_room(n_bytes)?;
        // Unknown until the fate of these entries is known.
        self.stored = None;
        self.store(&batches, before, after)?;
        self.database.materialized.note(&batches);
        self.database.check_commit_in_place()?;
        self.stored = Some(after);
        self.is_idle = false;
        self.database.acknowledged.set(after.n_rows);
        Counters::set(&self.database.counters.rows_total, after.n_rows);
        self.keep_catalogue();
        Ok(())
    }

    /// What the file holds, also while queries have used up memory.
    pub(crate) fn stored(&mut self) -> Result<Stored, Error> {
        if let Some(stored) = self.stored {
            return Ok(stored);
        }
        let database = &self.database;
        let stored = database.retry_without_queries("the position has to be read", || {
            let connection = database.connection(Purpose::Maintenance)?;
            let stored = connection.query_row(POSITION, [], |row| {
                Ok(Stored {
                    position: row.get(0)?,
                    n_rows: row.get(1)?,
                })
            });
            Ok(stored?)
        })?;
        self.stored = Some(stored);
        Ok(stored)
    }

    /// Tries until the batches are stored or the reason is not memory.
    fn store(&mut self, batches: &[Placed], before: Stored, after: Stored) -> Result<(), Error> {
        let mut tries = 0;
        let mut held = None;
        loop {
            let error = match self.transaction(batches, before, after) {
                Ok(()) => return Ok(()),
                Err(Failure::BeforeCommit(Error::DuckDb(error))) => {
                    match FailureKind::of(&error) {
                        FailureKind::Refused => {
                            self.stored = Some(before);
                            return Err(StoreError::Rejected(error.to_string()).into());
                        }
                        FailureKind::OutOfMemory => {}
                        _ if self.is_stored_after_all(&error, before, after)? => return Ok(()),
                        _ => {}
                    }
                    error
                }
                Err(Failure::AtCommit(error)) => {
                    if self.is_stored_after_all(&error, before, after)? {
                        return Ok(());
                    }
                    error
                }
                Err(Failure::BeforeCommit(error)) => return Err(error),
            };
            if !FailureKind::is_memory(&error) || tries == MEMORY_RETRIES {
                return Err(self.refusal(error));
            }
            tries += 1;
            // Until the rows are stored, or the next query takes the memory again.
            held.get_or_insert_with(|| self.database.hold_queries("events have to be stored"));
            // What was appended since the last checkpoint is held in memory, too.
            checkpoint::checkpoint(&self.database);
        }
    }

    fn transaction(
        &self,
        batches: &[Placed],
        before: Stored,
        after: Stored,
    ) -> Result<(), Failure> {
        let connection = self.database.connection(Purpose::Maintenance)?;
        connection.execute_batch("BEGIN")?;
        if let Err(error) = write(&connection, batches, after.skipped() - before.skipped()) {
            return Err(match connection.execute_batch("ROLLBACK") {
                Ok(()) => error.into(),
                // What the transaction has done is unknown; why it failed is not.
                Err(_) => Failure::AtCommit(error),
            });
        }
        connection
            .execute_batch("COMMIT")
            .map_err(Failure::AtCommit)
    }

    /// After a failed commit: is it stored nevertheless? DuckDB 1.5.6 keeps the rows of some commits that it
    /// reports as failed (seen when memory ran out within one), so only the file tells: it is opened anew, and
    /// has the position or has it not.
    fn is_stored_after_all(
        &mut self,
        error: &duckdb::Error,
        before: Stored,
        after: Stored,
    ) -> Result<bool, Error> {
        tracing::error!(%error, "a commit failed; opening the database again");
        self.database.give_up();
        self.keeping.until = None;
        let now = self.stored();
        match now.map_err(|again| StoreError::InDoubt(again.to_string()))? {
            now if now == before => Ok(false),
            now if now == after => Ok(true),
            now => {
                let what = format!("{now:?} is stored, {before:?} was, {after:?} would be");
                Err(StoreError::InDoubt(what).into())
            }
        }
    }

    /// After this, DuckDB's own writes find room: the log takes the group, and the next checkpoint may need as
    /// much again as the log holds.
    pub(crate) fn check_room(&mut self, n_bytes: usize) -> Result<(), Error> {
        let needed_bytes =
            self.database.wal_bytes() + 2 * n_bytes as u64 + self.database.config.min_free_bytes;
        let free_bytes = self.database.free_bytes();
        if free_bytes >= needed_bytes {
            return Ok(());
        }
        let now = clock::monotonic();
        if self
            .full_since
            .is_none_or(|tried| now - tried >= RETRY_FULL)
        {
            self.full_since = Some(now);
            checkpoint::checkpoint(&self.database);
        }
        let full = StoreError::DiskFull {
            free_bytes,
            needed_bytes,
        };
        Err(full.into())
    }

    /// What is said of entries that are not stored.
    fn refusal(&self, error: duckdb::Error) -> Error {
        let free_bytes = self.database.free_bytes();
        if error.to_string().contains("No space left") {
            let full = StoreError::DiskFull {
                free_bytes,
                needed_bytes: free_bytes + 1,
            };
            return full.into();
        }
        Error::DuckDb(error)
    }

    /// What would keep entries from being stored.
    fn health(&mut self) -> Result<(), Error> {
        self.check_room(0)?;
        self.database.check_directory()?;
        // Opens the database if it was given up.
        count_rows(&self.database).map(drop)
    }
}

/// The rows of entries at these positions. An entry that a newer annoscope wrote can be stored, though not by this
/// one.
fn decode(entries: &[Entry], within: Range<Position>) -> Result<Vec<Placed>, Error> {
    let rows = entries.iter().map(|entry| {
        let rows = entry.rows(within.clone());
        let rows = rows.map_err(|error| match error {
            RecordError::NewerVersion { .. } => StoreError::Failed(error.into()),
            error => {
                StoreError::Rejected(format!("the batch at position {}: {error}", entry.from.0))
            }
        });
        Ok(Placed {
            first: entry.from.max(within.start).0,
            rows: rows?,
        })
    });
    rows.collect()
}

fn write(
    connection: &duckdb::Connection,
    batches: &[Placed],
    n_skipped: u64,
) -> Result<(), duckdb::Error> {
    let mut appender = connection.appender("stored_events")?;
    for piece in sorted::pieces(batches) {
        appender.append_record_batch(piece)?;
    }
    appender.flush()?;
    drop(appender);
    if n_skipped > 0 {
        connection.execute("INSERT INTO skipped_positions VALUES (?)", [n_skipped])?;
    }
    Ok(())
}

impl DuckDbStore {
    fn applier(&self) -> MutexGuard<'_, Applier> {
        self.applier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for DuckDbStore {
    fn applied(&self) -> Result<Position, StoreError> {
        Ok(Position(self.applier().stored()?.position))
    }

    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError> {
        Ok(self.applier().apply(&entries, until)?)
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        Ok(query::start(&self.database, &self.readers, query)?)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        Ok(export::start(&self.database, &self.readers, filter)?)
    }

    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError> {
        Ok(history::start(&self.database, &self.readers, positions)?)
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        Ok(self.applier().rewrite(rewrite)?)
    }

    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError> {
        let n_rows = self.applier().stored()?.n_rows;
        Ok(recent_times(&self.database, n_rows, n)?)
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(self.applier().health()?)
    }

    fn stats(&self) -> BackendStats {
        self.database.measure_disk();
        self.counters.backend_stats()
    }

    fn figures(&self) -> Vec<Figure> {
        self.database.measure_disk();
        self.counters.figures(self.memory_bytes())
    }

    fn close(&self) {
        let checkpoints = self.checkpoints.lock();
        let checkpoints = checkpoints.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(checkpoints) = checkpoints {
            drop(checkpoints);
            // The next start finds no log.
            let _applier = self.applier();
            checkpoint::checkpoint(&self.database);
        }
        self.database.close();
    }
}

impl Drop for DuckDbStore {
    fn drop(&mut self) {
        self.close();
    }
}
