//! Side tables of the dedup window: one a day of receipt, so that a day leaves by `DROP TABLE`.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use annoscope_events::EventHash;
use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use duckdb::Connection;
use futures::FutureExt;

use crate::database::{Database, Purpose};
use crate::error::Error;
use annoscope_store::{Day, DedupWindow, Lookup, StoreError, Suspect};

const PREFIX: &str = "hashes_";

fn table(day: Day) -> String {
    format!("{PREFIX}{}", day.0)
}

fn create(day: Day) -> String {
    let table = table(day);
    format!("CREATE TABLE IF NOT EXISTS {table} (high BIGINT NOT NULL, low BIGINT NOT NULL)")
}

/// Adds hashes to the table of `day`, inside the caller's transaction.
pub(crate) fn append(
    connection: &Connection,
    day: Day,
    hashes: &[EventHash],
) -> Result<(), duckdb::Error> {
    let table = table(day);
    connection.execute_batch(&create(day))?;
    let int = |name| Field::new(name, DataType::Int64, false);
    let schema = Arc::new(Schema::new(vec![int("high"), int("low")]));
    let high: Int64Array = hashes.iter().map(|hash| Some(halves(*hash).0)).collect();
    let low: Int64Array = hashes.iter().map(|hash| Some(halves(*hash).1)).collect();
    let batch = RecordBatch::try_new(schema, vec![Arc::new(high), Arc::new(low)])
        .expect("two columns of one length");
    let mut appender = connection.appender(&table)?;
    appender.append_record_batch(batch)?;
    appender.flush()
}

/// Drops the tables of days that left the dedup window. Those of days ahead, which a clock that was wrong has
/// left, become tomorrow's: else they, and all that comes until then, would stay.
pub(crate) fn prune(
    connection: &Connection,
    window: &DedupWindow,
    today: Day,
) -> Result<(), Error> {
    let last = Day(today.0 + 1);
    for day in days(connection)? {
        if window.is_past(day, today) {
            connection.execute_batch(&format!("DROP TABLE {}", table(day)))?;
        } else if day > last {
            let (from, to) = (table(day), table(last));
            connection.execute_batch(&format!(
                "BEGIN; {}; INSERT INTO {to} SELECT * FROM {from}; DROP TABLE {from}; COMMIT",
                create(last)
            ))?;
        }
    }
    window.settle(today, last);
    Ok(())
}

/// Fills the dedup window: from what the last stop left in `saved`, or from the tables. Old ones stay until the
/// day is settled.
pub(crate) fn load(
    database: &Arc<Database>,
    window: &DedupWindow,
    saved: &Path,
) -> Result<(), Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    let n_events = days(&connection)?.into_iter().map(|day| {
        let sql = format!("SELECT count(*) FROM {}", table(day));
        let n_events: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        Ok((day, n_events as usize))
    });
    let n_events: BTreeMap<Day, usize> = n_events.collect::<Result<_, duckdb::Error>>()?;
    if window.restore(saved, &n_events) {
        return Ok(());
    }
    for (day, n_events) in n_events {
        let mut statement = connection.prepare(&format!("SELECT high, low FROM {}", table(day)))?;
        drop(statement.stream_arrow([])?);
        let mut failure = None;
        let batches = std::iter::from_fn(|| {
            statement.step().unwrap_or_else(|error| {
                failure = Some(error);
                None
            })
        });
        let hashes = batches.flat_map(|batch| read(&RecordBatch::from(batch)));
        window.load(day, n_events, hashes);
        if let Some(error) = failure {
            return Err(error.into());
        }
    }
    Ok(())
}

/// The exact answer to what a filter suspects.
pub(crate) fn lookup(database: &Arc<Database>) -> Lookup {
    let database = Arc::clone(database);
    Arc::new(move |suspects| {
        let database = Arc::clone(&database);
        let found = tokio::task::spawn_blocking(move || {
            let find = || find(&database, &suspects);
            database.retry_without_queries("events have to be looked up", find)
        });
        async move { Ok(found.await.map_err(|_| StoreError::NotOpen)??) }.boxed()
    })
}

/// Which of the suspects are stored.
pub(crate) fn find(
    database: &Arc<Database>,
    suspects: &[Suspect],
) -> Result<HashSet<EventHash>, Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    let tables = days(&connection)?;
    // A table that is gone may have become tomorrow's since the filter was asked.
    let is_gone = |day: &Day| !tables.contains(day);
    let may_be_in = |suspect: &Suspect, day: Day| {
        suspect.days.contains(&day) || suspect.days.iter().any(is_gone)
    };
    let mut found = HashSet::new();
    for &day in &tables {
        let asked: HashSet<EventHash> = suspects
            .iter()
            .filter(|suspect| may_be_in(suspect, day))
            .map(|suspect| suspect.hash)
            .collect();
        if asked.is_empty() {
            continue;
        }
        let mut lows = String::new();
        for hash in &asked {
            write!(lows, "{},", halves(*hash).1).expect("a String takes everything");
        }
        lows.pop();
        // A bound list, because a literal one of 10,000 numbers takes longer to parse than
        // the table takes to read.
        let mut statement = connection.prepare(&format!(
            "SELECT high, low FROM {} WHERE low IN (SELECT unnest(string_split(?, ',')::BIGINT[]))",
            table(day)
        ))?;
        drop(statement.stream_arrow([lows])?);
        while let Some(batch) = statement.step()? {
            found.extend(
                read(&RecordBatch::from(batch))
                    .into_iter()
                    .filter(|h| asked.contains(h)),
            );
        }
    }
    Ok(found)
}

fn days(connection: &Connection) -> Result<Vec<Day>, duckdb::Error> {
    let mut statement = connection
        .prepare("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, ?)")?;
    let names = statement.query_map([PREFIX], |row| row.get::<_, String>(0))?;
    let mut days = Vec::new();
    for name in names {
        days.extend(name?[PREFIX.len()..].parse().ok().map(Day));
    }
    days.sort_unstable();
    Ok(days)
}

/// The two columns of a hash, as the signed integers that Arrow and DuckDB share.
fn halves(hash: EventHash) -> (i64, i64) {
    ((hash.0 >> 64) as i64, hash.0 as i64)
}

fn read(batch: &RecordBatch) -> Vec<EventHash> {
    let column = |index: usize| {
        batch
            .column(index)
            .as_any()
            .downcast_ref::<Int64Array>()
            .expect("selected as BIGINT")
    };
    let (high, low) = (column(0).values().iter(), column(1).values().iter());
    high.zip(low)
        .map(|(&high, &low)| EventHash(u128::from(high as u64) << 64 | u128::from(low as u64)))
        .collect()
}
