//! Reads: each on a connection of its own, streamed, with a time limit.

use std::sync::Arc;
use std::time::Duration;

use annoscope_store::{Query, RecordBatches, RowSender, StoreError};
use arrow::array::RecordBatch;
use duckdb::Connection;

use crate::catalogue::CATALOGUE;
use crate::database::{Database, PooledConnection, Purpose};
use crate::error::{Error, FailureKind, without_excerpt};
use crate::readers::Readers;
use crate::stats::Counters;
use crate::watchdog::{Watched, Why};
use crate::{catalogue, room, rows};

/// Lets a connection count the rows that are read. Whole groups of rows that the query's conditions
/// exclude are not read, nor counted.
const COUNT_ROWS: &str = r#"
    SET enable_profiling = 'no_output';
    SET custom_profiling_settings = '{"CUMULATIVE_ROWS_SCANNED": "true"}'"#;

const BEGIN: &str = "BEGIN TRANSACTION READ ONLY";

/// How often a statement is asked again what it failed of.
const MAX_ASKED_AGAIN: usize = 5;

/// Rows that the last statement of a connection read.
pub(crate) fn rows_read(connection: &Connection) -> u64 {
    let profile = connection.get_profiling_info();
    let n_rows = profile.and_then(|profile| {
        let n_rows = profile.metrics.get("CUMULATIVE_ROWS_SCANNED")?;
        n_rows.parse::<u64>().ok()
    });
    n_rows.unwrap_or(0)
}

/// Runs one statement and hands its rows on. [`StoreError::Interrupted`] when the reader is gone.
pub(crate) fn run(rows: &RowSender, connection: &Connection, sql: &str) -> Result<(), Error> {
    let mut statement = connection.prepare(sql)?;
    drop(statement.stream_arrow([])?);
    while let Some(batch) = statement.step()? {
        rows.send(RecordBatch::from(batch))?;
    }
    Ok(())
}

/// Starts a query.
pub(crate) fn start(
    database: &Arc<Database>,
    readers: &Readers,
    query: Query,
) -> Result<RecordBatches, Error> {
    let Query {
        statements,
        views,
        time_limit,
        rows: brought,
        rows_read: counter,
    } = query;
    let of_views = Arc::clone(database);
    spawn(
        database,
        readers,
        Purpose::Query,
        time_limit,
        move |connection, sender| {
            let _brought = brought.map(rows::bring);
            connection.execute_batch(COUNT_ROWS)?;
            // Callers check what users type; these two hold should they miss something.
            let _views = of_views.materialized.bring(connection, &views, &counter)?;
            let names_catalogue = statements.iter().any(|sql| sql.contains(CATALOGUE));
            if names_catalogue {
                catalogue::prepare(connection)?;
            }
            connection.execute_batch(BEGIN)?;
            if names_catalogue {
                catalogue::begin(connection)?;
            }
            let mut statements = statements.iter();
            statements.try_for_each(|sql| {
                let sql = one_select(sql);
                run(sender, connection, &sql).map_err(|error| match error {
                    Error::DuckDb(error) => own_failure(connection, &sql, error).into(),
                    error => error,
                })?;
                counter.add(rows_read(connection));
                Ok(())
            })
        },
    )
}

/// What a statement failed of. When one of its threads fails, DuckDB interrupts the others, and of a streamed result that
/// may be heard instead of the failure (1.5.6; 4 of 100 divisions by zero). So what nobody interrupted is asked again.
fn own_failure(connection: &PooledConnection, sql: &str, error: duckdb::Error) -> duckdb::Error {
    let again = || {
        connection.execute_batch("ROLLBACK")?;
        connection.execute_batch(BEGIN)?;
        let mut statement = connection.prepare(sql)?;
        drop(statement.stream_arrow([])?);
        while statement.step()?.is_some() {}
        Ok(())
    };
    for _ in 0..MAX_ASKED_AGAIN {
        if !is_interrupt(&error) || connection.was_interrupted() {
            break;
        }
        match again() {
            Err(own) if !is_interrupt(&own) && !connection.was_interrupted() => return own,
            Err(_) | Ok(()) => {}
        }
    }
    error
}

/// Puts a query into DuckDB's `query('…')`, which takes one SELECT and nothing else: as a text of
/// its own it could hold several statements, of which the first may be `COMMIT`.
pub(crate) fn one_select(sql: &str) -> String {
    let (explain, select) = match sql.strip_prefix("EXPLAIN ") {
        Some(select) => ("EXPLAIN ", select),
        None => ("", sql),
    };
    format!("{explain}FROM query('{}')", select.replace('\'', "''"))
}

/// Runs `work` on a reader's thread with a connection of its own.
pub(crate) fn spawn(
    database: &Arc<Database>,
    readers: &Readers,
    purpose: Purpose,
    time_limit: Duration,
    work: impl FnOnce(&PooledConnection, &RowSender) -> Result<(), Error> + Send + 'static,
) -> Result<RecordBatches, Error> {
    let connection = database.connection(purpose)?;
    let watched = readers
        .watchdog
        .watch(purpose, connection.interrupt(), time_limit);
    let (sender, result) = RecordBatches::new(watched.cancel());
    let limits = Limits {
        counters: Arc::clone(&database.counters),
        time: time_limit,
        memory_bytes: database.config.memory_bytes,
        process_memory_bytes: database.config.process_memory_bytes,
    };
    readers.run(move || {
        let outcome = work(&connection, &sender);
        // Returned before the reader learns the end, so that he may start the next query.
        drop(connection);
        sender.end(outcome.map_err(|error| named(error, &watched, &limits)));
    });
    Ok(result)
}

/// What a read may use.
struct Limits {
    counters: Arc<Counters>,
    time: Duration,
    memory_bytes: u64,
    process_memory_bytes: u64,
}

/// Tells apart what a read can fail of.
fn named(error: Error, watched: &Watched, limits: &Limits) -> StoreError {
    let Error::DuckDb(error) = error else {
        return error.into();
    };
    match FailureKind::of(&error) {
        // Somebody else's failure, after which the database is opened anew.
        FailureKind::Fatal if FailureKind::is_memory(&error) => StoreError::Interrupted,
        FailureKind::Fatal if !FailureKind::is_unreadable(&error) => Error::DuckDb(error).into(),
        FailureKind::Fatal | FailureKind::Unreadable => {
            Counters::add(&limits.counters.unreadable, 1);
            let message = without_excerpt(&error);
            tracing::error!(error = message, "the data cannot be read");
            StoreError::Unreadable(message)
        }
        _ if watched.why() == Why::Time && ends_early(&error) => {
            StoreError::TimedOut { limit: limits.time }
        }
        _ if ends_early(&error) && (watched.why() == Why::Memory || !is_interrupt(&error)) => {
            StoreError::OutOfProcessMemory {
                limit_bytes: limits.process_memory_bytes,
            }
        }
        FailureKind::Interrupted => StoreError::Interrupted,
        FailureKind::OutOfMemory => StoreError::OutOfMemory {
            limit_bytes: limits.memory_bytes,
        },
        FailureKind::Refused | FailureKind::Other => StoreError::Statement {
            message: without_excerpt(&error),
        },
    }
}

/// Whether the watch ended the read: by an interrupt, or within an expression.
fn ends_early(error: &duckdb::Error) -> bool {
    is_interrupt(error) || error.to_string().contains(room::SHORT)
}

fn is_interrupt(error: &duckdb::Error) -> bool {
    FailureKind::of(error) == FailureKind::Interrupted
}
