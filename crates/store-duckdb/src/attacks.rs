//! What no SQL may do, asked of DuckDB alone: the check of `annoscope-sql` is not in the way, and
//! each of the store's locks stands alone in turn. The attacks are those of `tests/attacks.toml`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annoscope_store::{Backend, Query, RowsRead};
use duckdb::Connection;
use futures::TryStreamExt;
use serde::Deserialize;
use tempfile::TempDir;

use crate::DuckDbStore;
use crate::database::{Database, Purpose};
use crate::query::one_select;
use crate::stats::Counters;
use crate::tests::config;

#[derive(Deserialize)]
struct Attacks {
    duckdb: Vec<Attack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    wants: String,
    sql: String,
    stopped_by: Vec<Lock>,
    /// Why DuckDB does not run it even without locks.
    unproven: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Lock {
    Locks,
    ReadOnly,
    OneSelect,
}

impl Attack {
    /// Its text, with a file beside the database for it to read.
    fn aimed_at(&self, dir: &Path) -> String {
        let secret = dir.join("secret.csv");
        self.sql
            .replace("{secret}", &secret.to_string_lossy())
            .replace("{dir}", &dir.to_string_lossy())
    }
}

fn attacks() -> Vec<Attack> {
    let text = include_str!("../../../tests/attacks.toml");
    let Attacks { duckdb } = toml::from_str(text).unwrap();
    duckdb
}

/// A directory with a closed store and a secret.
fn target() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret.csv"), "secret").unwrap();
    drop(DuckDbStore::open(&config(dir.path())).unwrap());
    dir
}

/// Runs the attack behind this lock alone, or behind none, on a copy of `original`.
fn run_behind(lock: Option<Lock>, attack: &Attack, original: &Path) -> Result<(), duckdb::Error> {
    let dir = tempfile::tempdir().unwrap();
    for name in ["events.duckdb", "secret.csv"] {
        std::fs::copy(original.join(name), dir.path().join(name)).unwrap();
    }
    let mut sql = attack.aimed_at(dir.path());
    if lock == Some(Lock::OneSelect) {
        sql = one_select(&sql);
    }
    if lock == Some(Lock::Locks) {
        let database = Database::open(config(dir.path()), Arc::new(Counters::default())).unwrap();
        let connection = database.connection(Purpose::Maintenance).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        return run(&connection, &sql);
    }
    let connection = Connection::open(dir.path().join("events.duckdb")).unwrap();
    let begin = match lock {
        Some(Lock::ReadOnly) => "BEGIN TRANSACTION READ ONLY",
        _ => "BEGIN",
    };
    connection.execute_batch(begin).unwrap();
    run(&connection, &sql)
}

/// As the store does it, to the last row.
fn run(connection: &Connection, sql: &str) -> Result<(), duckdb::Error> {
    let mut statement = connection.prepare(sql)?;
    drop(statement.stream_arrow([])?);
    while statement.step()?.is_some() {}
    Ok(())
}

#[test]
fn each_lock_stops_what_it_is_meant_for() {
    let original = target();
    let mut wrong = Vec::new();
    for attack in attacks() {
        let mut stopped_by = Vec::new();
        for lock in [Lock::Locks, Lock::ReadOnly, Lock::OneSelect] {
            if run_behind(Some(lock), &attack, original.path()).is_err() {
                stopped_by.push(lock);
            }
        }
        let is_as_told = match &attack.unproven {
            Some(_) => attack
                .stopped_by
                .iter()
                .all(|lock| stopped_by.contains(lock)),
            None => stopped_by == attack.stopped_by,
        };
        if !is_as_told {
            wrong.push(format!("{} is stopped by {stopped_by:?}", attack.sql));
        }
        // Without a lock it is no vain attack.
        let free = run_behind(None, &attack, original.path());
        if let (None, Err(error)) = (&attack.unproven, &free) {
            wrong.push(format!("{} fails without a lock: {error}", attack.sql));
        }
        if let (Some(reason), Ok(())) = (&attack.unproven, &free) {
            wrong.push(format!("{} runs, though {reason}", attack.sql));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sql_leaves_the_database() {
    let dir = target();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    for attack in attacks() {
        let query = Query {
            statements: vec![attack.aimed_at(dir.path())],
            views: Vec::new(),
            time_limit: Duration::from_secs(10),
            rows: None,
            rows_read: RowsRead::default(),
        };
        let outcome = match store.query(query) {
            Ok(batches) => batches.try_collect::<Vec<_>>().await,
            Err(error) => Err(error),
        };
        assert!(outcome.is_err(), "{}: {}", attack.wants, attack.sql);
    }
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("events.") && name != "tmp")
        .collect();
    assert_eq!(left, ["secret.csv"], "an attack wrote a file");
    let count = Query {
        statements: vec!["SELECT count(*) FROM events".to_owned()],
        views: Vec::new(),
        time_limit: Duration::from_secs(10),
        rows: None,
        rows_read: RowsRead::default(),
    };
    let rows: Vec<_> = store.query(count).unwrap().try_collect().await.unwrap();
    assert_eq!(rows.len(), 1, "the events are still there");
}

#[test]
fn a_query_stays_one_text_in_the_text_around_it() {
    assert_eq!(one_select("SELECT 'a'"), "FROM query('SELECT ''a''')");
    assert_eq!(
        one_select("EXPLAIN SELECT 1"),
        "EXPLAIN FROM query('SELECT 1')"
    );
}
