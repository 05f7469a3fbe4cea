//! The contract of a database behind a journal, held by the store on the real engine.

use annoscope_store::{Backend, Position, StoreError};
use annoscope_test_support::backend_contract::{BackendSubject, entry};
use annoscope_test_support::backend_contract_tests;
use annoscope_test_support::contract::Texts;
use annoscope_test_support::event;

use uuid::Uuid;

use crate::engine::{self, Engine};
use crate::{Administration, ClickHouseStore, Node};

struct InClickHouse {
    engine: Engine,
    store: ClickHouseStore,
}

fn empty() -> InClickHouse {
    let engine = Engine::start();
    let store = ClickHouseStore::open(&engine.config()).unwrap();
    InClickHouse { engine, store }
}

impl BackendSubject for InClickHouse {
    fn backend(&self) -> &dyn Backend {
        &self.store
    }

    fn open_again(&mut self) {
        self.store = ClickHouseStore::open(&self.engine.config()).unwrap();
    }

    fn texts(&self) -> Texts {
        Texts {
            events: "SELECT toInt64(assumeNotNull(user_id)) AS user_id FROM events",
            brought: "SELECT 1",
            endless: "SELECT sum(number) FROM numbers(1000000000000)",
        }
    }
}

backend_contract_tests!(empty, engine::is_there);

/// Each time of two events is in a month of its own: the second month's INSERT fails, and the batch is half there.
#[test]
fn a_batch_of_two_months_that_is_half_there_is_ended() {
    if !engine::is_there() {
        return;
    }
    let mut subject = empty();
    let month_s = 31 * 86_400;
    let events = [event(0, 1), event(month_s, 2), event(1, 3)];
    let ask = |sql: &str| subject.store.connection.ask(sql).unwrap();
    // As if the process had been killed between the two.
    ask(
        "INSERT INTO annoscope_batches (node, owner, number, first_position, end_position, n_rows) \
         VALUES (0, '00000000-0000-0000-0000-000000000001', 1, 0, 3, 3)",
    );
    let whole = vec![entry(0, &events)];
    let rows = crate::rows::Placed::decode(&whole, 0..3).unwrap();
    let inserts = rows.inserts(&[]).unwrap();
    let names: Vec<&str> = annoscope_events::COLUMNS
        .iter()
        .map(|column| column.name)
        .collect();
    let sql = format!(
        "INSERT INTO events ({}, position) FORMAT ArrowStream",
        names.join(", ")
    );
    let first = inserts.values().next().unwrap();
    let connection = &subject.store.connection;
    connection.insert(sql, first, "token".to_owned()).unwrap();
    subject.open_again();
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(0));
    let more = entry(3, &[event(2, 4)]);
    backend
        .apply(vec![whole[0].clone(), more], Position(4))
        .unwrap();
    assert_eq!(backend.stats().rows_total, 4);
    subject.open_again();
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(4));
    assert_eq!(backend.stats().rows_total, 4);
    assert_eq!(backend.recent_times(10).unwrap().len(), 4);
}

/// The same bytes with the same token: what comes late finds itself there.
#[test]
fn an_insert_that_comes_twice_is_there_once() {
    if !engine::is_there() {
        return;
    }
    let subject = empty();
    let whole = [entry(0, &[event(0, 1), event(1, 2)])];
    let rows = crate::rows::Placed::decode(&whole, 0..2).unwrap();
    let inserts = rows.inserts(&[]).unwrap();
    let bytes = inserts.values().next().unwrap();
    let connection = &subject.store.connection;
    let sql = "INSERT INTO events (scope, position) FORMAT ArrowStream";
    for _ in 0..2 {
        connection
            .insert(sql.to_owned(), bytes, "one".to_owned())
            .unwrap();
    }
    assert_eq!(connection.ask("SELECT count() FROM events").unwrap(), "2\n");
}

#[test]
fn what_was_prepared_is_stored_once_and_dropped_when_the_position_is_asked_for() {
    if !engine::is_there() {
        return;
    }
    let subject = empty();
    let store = &subject.store;
    let group = |from: u32| {
        let time_s = i64::from(from);
        vec![entry(
            u64::from(from),
            &[event(time_s, 1), event(time_s, 2)],
        )]
    };
    let positions = |from, until| Position(from)..Position(until);
    store.prepare(&group(2), positions(2, 4));
    store.apply(group(0), Position(2)).unwrap();
    assert!(store.prepared().is_some(), "it is of the next call");
    store.apply(group(2), Position(4)).unwrap();
    assert!(store.prepared().is_none());
    // An entry that was set aside ends where a prepared group would have ended.
    store.prepare(&group(4), positions(4, 6));
    store.apply(Vec::new(), Position(6)).unwrap();
    assert_eq!(store.applied().unwrap(), Position(6));
    assert!(store.prepared().is_none());
    store.apply(group(6), Position(8)).unwrap();
    let found = store
        .connection
        .ask("SELECT groupArray(position) FROM (SELECT position FROM events ORDER BY 1)");
    assert_eq!(found.unwrap(), "[0,1,2,3,6,7]\n");
}

/// CVAT's own table, without the newer columns.
#[test]
fn a_table_that_is_there_is_changed_with_leave_only() {
    if !engine::is_there() {
        return;
    }
    let engine = Engine::start();
    let cvats = ClickHouseStore::open(&engine.config()).unwrap();
    let ask = |sql: &str| cvats.connection.ask(sql).unwrap();
    ask("DROP TABLE events");
    ask("DROP TABLE annoscope_batches");
    ask(
        "CREATE TABLE events (scope String, obj_name String NULL, obj_id UInt64 NULL, obj_val String NULL, \
         source String, timestamp DateTime64(3, 'Etc/UTC'), count UInt16 NULL, duration UInt32 DEFAULT toUInt32(0), \
         project_id UInt64 NULL, task_id UInt64 NULL, job_id UInt64 NULL, user_id UInt64 NULL, user_name String NULL, \
         user_email String NULL, org_id UInt64 NULL, org_slug String NULL, payload String NULL) \
         ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (timestamp) SETTINGS index_granularity = 8192",
    );
    ask(
        "INSERT INTO events (scope, source, timestamp, payload) VALUES ('a:b', 'client', now64(3), '{}')",
    );
    let refused = ClickHouseStore::open(&engine.config()).map(drop);
    let refused = refused.unwrap_err().to_string();
    for part in [
        "store.clickhouse.alter",
        "ADD COLUMN IF NOT EXISTS `position`",
        "MODIFY SETTING non_replicated_deduplication_window",
    ] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
    let mut config = engine.config();
    config.may_alter = true;
    let store = ClickHouseStore::open(&config).unwrap();
    store
        .apply(vec![entry(0, &[event(0, 1)])], Position(1))
        .unwrap();
    assert_eq!(store.stats().rows_total, 2);
    let sql =
        "SELECT count() FROM events WHERE payload_is_json AND has_payload FORMAT TabSeparated";
    assert_eq!(ask(sql), "2\n");
    // What reads all columns gets those of CVAT.
    let columns = ask("SELECT * FROM events WHERE user_id = 1 FORMAT JSONEachRow");
    assert!(
        !columns.contains("position") && columns.contains("payload"),
        "{columns}"
    );
    drop(store);
    ClickHouseStore::open(&engine.config()).unwrap();
}

#[test]
fn events_without_their_batches_are_refused() {
    if !engine::is_there() {
        return;
    }
    let subject = empty();
    subject
        .store
        .apply(vec![entry(0, &[event(0, 1)])], Position(1))
        .unwrap();
    subject
        .store
        .connection
        .ask("TRUNCATE TABLE annoscope_batches")
        .unwrap();
    let refused = ClickHouseStore::open(&subject.engine.config()).map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("annoscope_batches does not tell of them"),
        "{refused}"
    );
}

/// Two annoscopes before one table: neither takes a row of the other for its own.
#[test]
fn nodes_have_positions_of_their_own() {
    if !engine::is_there() {
        return;
    }
    let engine = Engine::start();
    let mut config = engine.config();
    let one = ClickHouseStore::open(&config).unwrap();
    config.node = Node {
        number: 1,
        owner: Uuid::from_u128(2),
    };
    let two = ClickHouseStore::open(&config).unwrap();
    let first = config.node.first();
    assert_eq!(one.applied().unwrap(), Position(0));
    assert_eq!(two.applied().unwrap(), Position(first));
    for i in 0..3 {
        let events = [event(i, 1), event(i, 2)];
        let at = 2 * i.cast_unsigned();
        one.apply(vec![entry(at, &events[..1])], Position(at + 1))
            .unwrap();
        two.apply(vec![entry(first + at, &events)], Position(first + at + 2))
            .unwrap();
        // Of the other one's batches nothing is seen, whoever starts.
        drop(ClickHouseStore::open(&engine.config()).unwrap());
        drop(ClickHouseStore::open(&config).unwrap());
        one.apply(vec![entry(at + 1, &events[1..])], Position(at + 2))
            .unwrap();
    }
    let (one, two) = (
        ClickHouseStore::open(&engine.config()).unwrap(),
        ClickHouseStore::open(&config).unwrap(),
    );
    assert_eq!(one.applied().unwrap(), Position(6));
    assert_eq!(two.applied().unwrap(), Position(first + 6));
    assert_eq!(two.stats().rows_total, 12);
    let ask = |sql: &str| two.connection.ask(sql).unwrap();
    assert_eq!(
        ask("SELECT count(), uniqExact(position) FROM events"),
        "12\t12\n"
    );
    for store in [&one, &two] {
        assert_eq!(store.recent_times(100).unwrap().len(), 6);
        let mut rows = store
            .rows_at(Position(0)..store.applied().unwrap())
            .unwrap();
        let mut n_rows = 0;
        while let Some(batch) = rows.blocking_next() {
            n_rows += batch.unwrap().num_rows();
        }
        assert_eq!(n_rows, 6, "a backup has the rows of its own node");
    }
}

#[test]
fn a_number_is_of_one_data_directory() {
    if !engine::is_there() {
        return;
    }
    let engine = Engine::start();
    let one = ClickHouseStore::open(&engine.config()).unwrap();
    one.apply(vec![entry(0, &[event(0, 1)])], Position(1))
        .unwrap();
    let mut config = engine.config();
    config.node.owner = Uuid::from_u128(2);
    let refused = ClickHouseStore::open(&config).map(drop).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("store.clickhouse.node"), "{refused}");
    // A batch of two rows of which one never came, and then the whole data directory is gone.
    let ask = |sql: &str| one.connection.ask(sql).unwrap();
    ask(
        "INSERT INTO annoscope_batches (node, owner, number, first_position, end_position, n_rows) \
         VALUES (0, '00000000-0000-0000-0000-000000000001', 2, 1, 3, 2)",
    );
    ask("INSERT INTO events (scope, source, timestamp, position) \
         SETTINGS insert_allow_materialized_columns = 1 VALUES ('a:b', 'server', now64(3), 1)");
    let administration = Administration::new(&config, false).unwrap();
    assert!(administration.other_owner().unwrap().is_some());
    assert_eq!(administration.take_over().unwrap(), Some(1));
    assert_eq!(administration.other_owner().unwrap(), None);
    assert_eq!(administration.take_over().unwrap(), None);
    let two = ClickHouseStore::open(&config).unwrap();
    let first = 3 + crate::node::BETWEEN_OWNERS;
    assert_eq!(two.applied().unwrap(), Position(first));
    two.apply(vec![entry(first, &[event(1, 1)])], Position(first + 1))
        .unwrap();
    // Whoever had it before may not go on.
    let refused = ClickHouseStore::open(&engine.config()).map(drop);
    refused.unwrap_err();
}

/// Whoever was taken over while it runs finds that before its next batch, and what it had on its way is nobody else's.
#[test]
fn who_was_taken_over_stores_nothing_more() {
    if !engine::is_there() {
        return;
    }
    let engine = Engine::start();
    let one = ClickHouseStore::open(&engine.config()).unwrap();
    one.apply(vec![entry(0, &[event(0, 1)])], Position(1))
        .unwrap();
    let mut config = engine.config();
    config.node.owner = Uuid::from_u128(2);
    let administration = Administration::new(&config, false).unwrap();
    assert_eq!(administration.take_over().unwrap(), Some(0));
    let refused = one.apply(vec![entry(1, &[event(1, 2)])], Position(2));
    assert!(
        matches!(refused, Err(StoreError::Replaced(_))),
        "{refused:?}"
    );
    let two = ClickHouseStore::open(&config).unwrap();
    let first = two.applied().unwrap();
    assert_eq!(first, Position(1 + crate::node::BETWEEN_OWNERS));
    // A batch that the first one had noted and sent comes late, behind the check.
    let ask = |sql: &str| two.connection.ask(sql).unwrap();
    ask(
        "INSERT INTO annoscope_batches (node, owner, number, first_position, end_position, n_rows) \
         VALUES (0, '00000000-0000-0000-0000-000000000001', 2, 1, 2, 1)",
    );
    ask("INSERT INTO events (scope, source, timestamp, position) \
         SETTINGS insert_allow_materialized_columns = 1 VALUES ('a:b', 'server', now64(3), 1)");
    let until = Position(first.0 + 1);
    two.apply(vec![entry(first.0, &[event(2, 3)])], until)
        .unwrap();
    drop(two);
    let two = ClickHouseStore::open(&config).unwrap();
    assert_eq!(two.applied().unwrap(), until);
    let positions = "SELECT count(), uniqExact(position) FROM events";
    assert_eq!(two.connection.ask(positions).unwrap(), "3\t3\n");
    let refused = ClickHouseStore::open(&engine.config()).map(drop);
    assert!(
        matches!(refused, Err(StoreError::Replaced(_))),
        "{refused:?}"
    );
}

/// No ClickHouse is no reason not to start.
#[test]
fn a_store_opens_while_nobody_answers() {
    let mut config = crate::engine::nobody();
    let store = ClickHouseStore::open(&config).unwrap();
    let refused = store.apply(vec![entry(0, &[event(0, 1)])], Position(1));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    config.urls = vec!["nonsense".to_owned()];
    ClickHouseStore::open(&config).map(drop).unwrap_err();
}
