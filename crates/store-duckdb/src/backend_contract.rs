//! The contract of a database behind a journal, held by the embedded one.

use annoscope_store::{Backend, Position, StoreError};
use annoscope_test_support::backend_contract::{BackendSubject, entry};
use annoscope_test_support::backend_contract_tests;
use annoscope_test_support::contract::Texts;
use annoscope_test_support::event;
use duckdb::Connection;
use tempfile::TempDir;

use crate::acknowledged::Acknowledged;
use crate::database::{self, Purpose};
use crate::tests::{TEXTS, config};
use crate::{DuckDbStore, schema};

struct Embedded {
    dir: TempDir,
    /// None while it is opened again: at most one is open on a directory.
    store: Option<DuckDbStore>,
}

fn empty() -> Embedded {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    Embedded {
        dir,
        store: Some(store),
    }
}

impl BackendSubject for Embedded {
    fn backend(&self) -> &dyn Backend {
        self.store.as_ref().expect("it is open")
    }

    fn open_again(&mut self) {
        drop(self.store.take());
        self.store = Some(DuckDbStore::open(&config(self.dir.path())).unwrap());
    }

    fn texts(&self) -> Texts {
        TEXTS
    }
}

backend_contract_tests!(empty);

#[test]
fn rows_that_the_table_does_not_take_are_rejected_and_nothing_is_opened_again() {
    let subject = empty();
    let store = subject.store.as_ref().unwrap();
    let connection = store.database.connection(Purpose::Maintenance).unwrap();
    let stricter = "ALTER TABLE stored_events ALTER COLUMN obj_name SET NOT NULL";
    connection.execute_batch(stricter).unwrap();
    drop(connection);
    let backend = subject.backend();
    let named = |user| {
        let mut event = event(0, user);
        event.event.obj_name = Some("cat".to_owned());
        event
    };
    let entries = vec![entry(0, &[named(1)]), entry(1, &[event(0, 2)])];
    let rejected = backend.apply(entries, Position(2)).unwrap_err();
    assert!(
        matches!(&rejected, StoreError::Rejected(why) if why.contains("obj_name")),
        "{rejected}"
    );
    assert_eq!(backend.applied().unwrap(), Position(0));
    let good = vec![entry(0, &[named(1)])];
    backend.apply(good, Position(1)).unwrap();
    assert_eq!(backend.stats().rows_total, 1);
    let reopened = backend.figures();
    let reopened = reopened.iter().find(|figure| figure.name == "reopened");
    let reading = reopened.map(|figure| figure.reading);
    assert_eq!(reading, Some(annoscope_store::Reading::Counter(0)));
}

/// Before there was a journal, the position was the number of events.
#[test]
fn an_older_data_directory_goes_on_behind_its_events() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join(database::FILE)).unwrap();
    schema::migrate_to(&connection, 5);
    connection
        .execute_batch(
            "INSERT INTO events (scope, source, timestamp, duration, received_at, request_id) \
             SELECT 'a:b', 'client', make_timestamp(range), 0, now(), uuid() FROM range(7); \
             CREATE TABLE hashes_20001 (high BIGINT NOT NULL, low BIGINT NOT NULL)",
        )
        .unwrap();
    drop(connection);
    Acknowledged::open(dir.path()).unwrap().set(7);
    for position in 7..9 {
        let store = DuckDbStore::open(&config(dir.path())).unwrap();
        assert_eq!(store.applied().unwrap(), Position(position));
        let entries = vec![entry(position, &[event(0, 1)])];
        store.apply(entries, Position(position + 1)).unwrap();
        assert_eq!(store.stats().rows_total, position + 1);
    }
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let connection = store.database.connection(Purpose::Maintenance).unwrap();
    let sql = "SELECT position FROM events ORDER BY position";
    let mut statement = connection.prepare(sql).unwrap();
    let positions = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    let positions: Vec<_> = positions.map(Result::unwrap).collect();
    assert_eq!(positions, (0..9).collect::<Vec<_>>());
}
