//! What the writing thread does: commits groups of batches, and finds out what became of them.
//!
//! **Invariant:** a batch is acknowledged after its commit or refused, never both, and its
//! reservation is kept or given back accordingly (`kill -9` tests in `tests/faults/test_kill.py`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use annoscope_store::{Changes, Day, DedupWindow, Position, StoreError, clock, table_schema};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::TimestampMicrosecondType;

use crate::database::{Database, MEMORY_RETRIES, Purpose};
use crate::error::{Error, FailureKind};
use crate::stats::Counters;
use crate::writer::{IDLE, Job, Work, gather};
use crate::{checkpoint, count_rows, hashes};

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

/// The writing thread's own.
pub(crate) struct Committer {
    database: Arc<Database>,
    window: Arc<DedupWindow>,
    changes: Arc<Changes>,
    /// Day for which the side tables were pruned.
    pruned: Option<Day>,
    /// Day of the latest receipt, and since when it is.
    today: Option<(Day, Instant)>,
    /// When a checkpoint was last tried because the disk was full.
    full_since: Option<Instant>,
    /// Rows of the table; none when it has to be counted again.
    n_stored: Option<u64>,
}

impl Committer {
    pub(crate) fn new(
        database: Arc<Database>,
        window: Arc<DedupWindow>,
        changes: Arc<Changes>,
    ) -> Committer {
        Committer {
            database,
            window,
            changes,
            pruned: None,
            today: None,
            full_since: None,
            n_stored: None,
        }
    }

    /// Until no one sends any more.
    pub(crate) fn run(mut self, queue: &Receiver<Work>) {
        // Whether anything was appended since the last idle checkpoint.
        let mut is_dirty = true;
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(first) => {
                    let (group, answers) = gather(first, queue);
                    if !group.is_empty() {
                        self.commit(group);
                        checkpoint::after_commit(&self.database);
                        is_dirty = true;
                    }
                    for answer in answers {
                        // The request may have gone.
                        let _ = answer.send(self.health().map_err(StoreError::from));
                    }
                }
                Err(RecvTimeoutError::Timeout) if is_dirty => {
                    checkpoint::when_idle(&self.database);
                    is_dirty = false;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        checkpoint::checkpoint(&self.database);
    }

    /// What would keep a batch from being stored.
    fn health(&mut self) -> Result<(), Error> {
        self.check_room(&[])?;
        self.database.check_directory()?;
        // Opens the database if it was given up.
        count_rows(&self.database).map(drop)
    }

    /// Commits a group and answers all that wait for it.
    fn commit(&mut self, group: Vec<Job>) {
        let n_rows: usize = group.iter().map(|job| job.rows.num_rows()).sum();
        let outcome = self.store(&group);
        // Whatever the outcome: a commit in doubt may be stored.
        self.changes.record(group.iter().flat_map(times_us));
        let counters = Arc::clone(&self.database.counters);
        match &outcome {
            Ok(position) => {
                Counters::add(&counters.commits, 1);
                Counters::add(&counters.rows_stored, n_rows as u64);
                // What is visible is in the change log.
                Counters::set(&counters.rows_total, position.0);
            }
            Err(Error::Store(StoreError::DiskFull { .. })) => {
                Counters::add(&counters.refused_disk_full, group.len() as u64);
            }
            Err(error) => {
                Counters::add(&counters.failed_commits, 1);
                tracing::error!(n_rows, n_batches = group.len(), %error, "a commit failed; its senders were told to try again");
            }
        }
        let day = self.day(&group);
        for job in group {
            counters
                .queued_bytes
                .fetch_sub(job.bytes as u64, Ordering::Relaxed);
            let answer = match &outcome {
                Ok(position) => {
                    job.reservation.commit(day);
                    Ok(*position)
                }
                Err(error) => {
                    if error.is_certain() {
                        drop(job.reservation);
                    } else {
                        job.reservation.leave_in_doubt(day);
                    }
                    Err(error.for_each_waiter())
                }
            };
            // A sender that went away is no reason to undo what is stored.
            let _ = job.done.send(answer);
        }
    }

    /// The day whose side table takes the group's hashes: of its latest receipt, and never
    /// before a day that was written already, whatever the clock does.
    fn day(&self, group: &[Job]) -> Day {
        self.window.day_to_write(latest_day(group))
    }

    /// Stores a group; how many rows there are with it.
    fn store(&mut self, group: &[Job]) -> Result<Position, Error> {
        self.check_room(group)?;
        let rows = concat_batches(&table_schema(), group.iter().map(|job| &job.rows))
            .map_err(|error| StoreError::Commit(error.to_string()))?;
        self.prune(latest_day(group));
        let day = self.day(group);
        // Unknown until this group's fate is known.
        let n_before = match self.n_stored.take() {
            Some(n) => n,
            None => self.count_rows()?,
        };
        let stored = self.store_rows(&rows, day, group, n_before);
        let outcome = stored.and_then(|()| match rows.num_rows() {
            0 => Ok(()),
            _ => self.database.check_commit_in_place(),
        });
        let n_now = match &outcome {
            Ok(()) => n_before + rows.num_rows() as u64,
            Err(error) if error.is_certain() => n_before,
            Err(_) => return outcome.map(|()| Position(n_before)),
        };
        self.n_stored = Some(n_now);
        self.database.acknowledged.set(n_now);
        outcome.map(|()| Position(n_now))
    }

    /// Tries until the rows are stored or the reason is not memory. `n_before` rows are stored.
    fn store_rows(
        &mut self,
        rows: &RecordBatch,
        day: Day,
        group: &[Job],
        n_before: u64,
    ) -> Result<(), Error> {
        let mut tries = 0;
        let mut held = None;
        loop {
            let error = match self.transaction(rows, day, group) {
                Ok(()) => return Ok(()),
                Err(Failure::BeforeCommit(Error::DuckDb(error)))
                    if FailureKind::of(&error) == FailureKind::OutOfMemory =>
                {
                    error
                }
                Err(Failure::BeforeCommit(Error::DuckDb(error)) | Failure::AtCommit(error)) => {
                    if self.counts_after_all(&error, rows.num_rows(), n_before)? {
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

    /// After this, DuckDB's own writes find room: the log takes the group, and the next
    /// checkpoint may need as much again as the log holds.
    fn check_room(&mut self, group: &[Job]) -> Result<(), Error> {
        let group_bytes: usize = group.iter().map(|job| job.bytes).sum();
        let needed_bytes = self.database.wal_bytes()
            + 2 * group_bytes as u64
            + self.database.config.min_free_bytes;
        let free_bytes = self.database.free_bytes();
        if free_bytes >= needed_bytes {
            return Ok(());
        }
        // A checkpoint gives the log's room back; tried now and then, not for every batch.
        let now = clock::monotonic();
        if self.full_since.is_none_or(|tried| now - tried >= IDLE) {
            self.full_since = Some(now);
            checkpoint::checkpoint(&self.database);
        }
        let full = StoreError::DiskFull {
            free_bytes,
            needed_bytes,
        };
        Err(full.into())
    }

    fn transaction(&self, rows: &RecordBatch, day: Day, group: &[Job]) -> Result<(), Failure> {
        let connection = self.database.connection(Purpose::Maintenance)?;
        connection.execute_batch("BEGIN")?;
        if let Err(error) = append(&connection, rows, day, group) {
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

    /// After a failed commit: is the group stored nevertheless? DuckDB 1.5.6 keeps the rows
    /// of some commits that it reports as failed (seen when memory ran out within one), so
    /// only the file tells: it is opened anew, and has the group's rows or has them not.
    fn counts_after_all(
        &mut self,
        error: &duckdb::Error,
        n_rows: usize,
        n_before: u64,
    ) -> Result<bool, Error> {
        tracing::error!(%error, "a commit failed; opening the database again");
        self.pruned = None;
        self.database.give_up();
        let n_now = self
            .count_rows()
            .map_err(|again| StoreError::InDoubt(again.to_string()))?;
        match n_now.checked_sub(n_before) {
            Some(0) => Ok(false),
            Some(n) if n == n_rows as u64 => Ok(true),
            _ => {
                let counts =
                    format!("{n_now} rows are stored, {n_before} were, {n_rows} are on their way");
                Err(StoreError::InDoubt(counts).into())
            }
        }
    }

    /// Number of stored events, also while queries have used up memory.
    fn count_rows(&self) -> Result<u64, Error> {
        let count = || count_rows(&self.database);
        self.database
            .retry_without_queries("events have to be counted", count)
    }

    /// What the senders of a group that is not stored are told.
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

    /// Once a day, drops the side tables that left the dedup window; not before the clock has said so for a
    /// while, since one that is wrong would have duplicates taken for new. A failure waits for the next
    /// commit: the tables do no harm.
    fn prune(&mut self, today: Day) {
        let now = clock::monotonic();
        let since = match self.today {
            Some((day, since)) if day == today => since,
            _ => {
                self.today = Some((today, now));
                now
            }
        };
        let is_settled = now - since >= self.database.config.day_settles_after;
        if self.pruned == Some(today) || !is_settled {
            return;
        }
        let pruned = self
            .database
            .connection(Purpose::Maintenance)
            .and_then(|connection| hashes::prune(&connection, &self.window, today));
        match pruned {
            Ok(()) => self.pruned = Some(today),
            Err(error) => {
                tracing::warn!(%error, "could not drop hashes that left the dedup window");
            }
        }
    }
}

/// Day of a group's latest receipt.
fn latest_day(group: &[Job]) -> Day {
    let latest = group.iter().map(|job| job.day).max();
    latest.expect("a group has a job")
}

/// Times of a batch's events, µs since the epoch.
fn times_us(job: &Job) -> impl Iterator<Item = i64> {
    let times = job.rows.column_by_name("timestamp");
    let times = times.expect("a batch has the table's columns");
    let times = times.as_primitive::<TimestampMicrosecondType>();
    times.values().iter().copied()
}

fn append(
    connection: &duckdb::Connection,
    rows: &RecordBatch,
    day: Day,
    group: &[Job],
) -> Result<(), duckdb::Error> {
    let mut appender = connection.appender("events")?;
    appender.append_record_batch(rows.clone())?;
    appender.flush()?;
    drop(appender);
    let fresh: Vec<_> = group
        .iter()
        .flat_map(|job| job.reservation.fresh())
        .copied()
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    hashes::append(connection, day, &fresh)
}

impl Error {
    /// Whether it is certain that nothing of the group was stored.
    fn is_certain(&self) -> bool {
        let is_in_doubt = matches!(self, Error::Store(StoreError::InDoubt(_)));
        !is_in_doubt && !matches!(self, Error::FilesGone { .. })
    }

    /// The error again, for one of the many that wait for the same commit.
    fn for_each_waiter(&self) -> StoreError {
        match self {
            Error::Store(StoreError::DiskFull {
                free_bytes,
                needed_bytes,
            }) => StoreError::DiskFull {
                free_bytes: *free_bytes,
                needed_bytes: *needed_bytes,
            },
            Error::Store(StoreError::NotOpen) => StoreError::NotOpen,
            Error::Store(StoreError::InDoubt(why)) => StoreError::InDoubt(why.clone()),
            Error::FilesGone { .. } => StoreError::InDoubt(self.to_string()),
            error => StoreError::Commit(error.to_string()),
        }
    }
}
