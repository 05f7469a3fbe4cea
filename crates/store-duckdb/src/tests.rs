use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use annoscope_events::{EXPORT_COLUMNS, Interval, StoredEvent};
use annoscope_store::{
    Backend, EventFilter, Figure, Position, Query, RecordBatches, Rows, RowsRead,
};
use annoscope_test_support::backend_contract::entry;
use annoscope_test_support::contract::Texts;
pub(crate) use annoscope_test_support::{NOW, event};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use futures::TryStreamExt;

use super::*;

/// The queries of the contracts in DuckDB's SQL.
pub(crate) const TEXTS: Texts = Texts {
    events: "SELECT user_id FROM events",
    brought: "SELECT s0 FROM brought_rows()",
    endless: "SELECT a.range FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1",
};

pub(crate) fn config(dir: &Path) -> StoreConfig {
    StoreConfig {
        dir: dir.to_owned(),
        memory_bytes: 128 << 20,
        spill_bytes: 1 << 30,
        threads: 2,
        max_queries: 2,
        wal_checkpoint_bytes: 4 << 20,
        min_free_bytes: 1 << 20,
        process_memory_bytes: 8 << 30,
        last_resort: |reason| panic!("{reason}"),
    }
}

/// Applies events behind those that are there.
pub(crate) fn append(store: &DuckDbStore, events: &[StoredEvent]) -> Result<(), StoreError> {
    let from = store.applied()?.0;
    let until = Position(from + events.len() as u64);
    store.apply(vec![entry(from, events)], until)
}

async fn rows(batches: Result<RecordBatches, StoreError>) -> Result<Vec<RecordBatch>, StoreError> {
    batches?.try_collect().await
}

fn query(sql: &str, limit_ms: u64) -> Query {
    Query {
        statements: vec![sql.to_owned()],
        views: Vec::new(),
        time_limit: Duration::from_millis(limit_ms),
        rows: None,
        rows_read: RowsRead::default(),
    }
}

fn column(batches: &[RecordBatch], name: &str) -> Vec<Option<i64>> {
    let values = batches.iter().flat_map(|batch| {
        batch
            .column_by_name(name)
            .unwrap()
            .as_primitive::<Int64Type>()
            .iter()
            .collect::<Vec<_>>()
    });
    values.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_back_in_the_order_of_time_with_every_value() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &[event(30, 1), event(10, 2), event(20, 1)]).unwrap();
    let batches = rows(store.export(EventFilter::default())).await.unwrap();
    assert_eq!(column(&batches, "user_id"), [Some(2), Some(1), Some(1)]);
    assert_eq!(column(&batches, "obj_id"), [Some(i64::MAX); 3]);
    assert_eq!(column(&batches, "duration"), [Some(i64::from(u32::MAX)); 3]);
    let first = &batches[0];
    let text = |name: &str| {
        first
            .column_by_name(name)
            .unwrap()
            .as_string::<i32>()
            .clone()
    };
    assert_eq!(text("obj_val").value(0), "zażółć \"quoted\"");
    assert_eq!(text("user_email").value(0), "");
    assert!(text("obj_name").is_null(0));
    let times = first.column_by_name("timestamp").unwrap();
    let times = times.as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.value(0), (NOW.millis() + 10_123) * 1000);
    let names: Vec<_> = first
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, EXPORT_COLUMNS);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_hold_intervals_hot_paths_and_the_request() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let mut stored = event(0, 1);
    stored.intervals = vec![
        Interval {
            start_ms: 5,
            end_ms: 9,
        },
        Interval {
            start_ms: 20,
            end_ms: 21,
        },
    ];
    append(&store, &[stored, event(1, 1)]).unwrap();
    let sql = "SELECT list_sum(counted_ms)::BIGINT AS counted, counted_from_ms, counted_until_ms, counted_total_ms, \
               payload_working_time AS hot, \
               (request_id = '00000000-0000-0000-0000-000000000000')::BIGINT AS request, \
               epoch_ms(received_at) AS received FROM events ORDER BY timestamp";
    let batches = rows(store.query(query(sql, 10_000))).await.unwrap();
    assert_eq!(column(&batches, "counted"), [Some(55), None]);
    assert_eq!(column(&batches, "counted_from_ms"), [Some(5), None]);
    assert_eq!(column(&batches, "counted_until_ms"), [Some(21), None]);
    assert_eq!(column(&batches, "counted_total_ms"), [Some(5), None]);
    assert_eq!(column(&batches, "hot"), [Some(5), Some(5)]);
    assert_eq!(column(&batches, "request"), [Some(1), Some(1)]);
    assert_eq!(column(&batches, "received"), [Some(NOW.millis()); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_at_its_time_limit_and_frees_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let endless =
        "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1";
    for _ in 0..3 {
        let error = rows(store.query(query(endless, 50))).await.unwrap_err();
        assert!(matches!(error, StoreError::TimedOut { .. }), "{error}");
    }
    let held = [
        store.query(query(endless, 60_000)).unwrap(),
        store.query(query(endless, 60_000)).unwrap(),
    ];
    assert!(matches!(
        store.query(query("SELECT 1", 1000)),
        Err(StoreError::Busy { limit: 2 })
    ));
    drop(held);
    // A dropped read ends soon; until then the places are taken.
    while let Err(error) = store.query(query("SELECT 1", 1000)) {
        assert!(matches!(error, StoreError::Busy { .. }), "{error}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_says_what_it_failed_of() {
    let dir = tempfile::tempdir().unwrap();
    let mut small = config(dir.path());
    (small.memory_bytes, small.spill_bytes) = (48 << 20, 0);
    let store = DuckDbStore::open(&small).unwrap();
    let cases = [
        (
            "SELECT CAST(scope AS BIGINT) FROM (VALUES ('a')) v(scope)",
            "Conversion Error: Could not convert string 'a' to INT64 when casting from source column scope",
        ),
        (
            "SELECT 9223372036854775807 + range FROM range(2)",
            "Out of Range Error: Overflow in addition of INT64 (9223372036854775807 + 1)!",
        ),
        (
            "SELECT list(hash(range)) FROM range(4000000000) GROUP BY range % 1000003",
            "the query needs more memory than the 50331648 bytes of the database",
        ),
    ];
    for (sql, expected) in cases {
        let error = rows(store.query(query(sql, 60_000))).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{sql}");
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Starts a query as soon as the store is not busy: another may just be ending, or be kept
/// waiting while a checkpoint needs the memory.
fn query_when_idle(store: &DuckDbStore, sql: &str) -> RecordBatches {
    loop {
        match store.query(query(sql, 60_000)) {
            Err(StoreError::Busy { .. }) => std::thread::yield_now(),
            started => return started.unwrap(),
        }
    }
}

/// Asks for more memory than there is, again and again, until the store is not used any more.
fn exhaust(store: &DuckDbStore, is_over: &AtomicBool, n_exhausted: &AtomicUsize) {
    // Holds as many distinct values as memory and spill allow, then fails or is ended.
    let greedy = "SELECT list(hash(range)) FROM range(4000000000) GROUP BY range % 1000003";
    while !is_over.load(Ordering::Relaxed) {
        let mut read = query_when_idle(store, greedy);
        let outcome = read.blocking_next();
        let is_exhausted = matches!(
            outcome,
            Some(Err(StoreError::OutOfMemory { .. } | StoreError::Interrupted))
        );
        assert!(is_exhausted, "{outcome:?}");
        n_exhausted.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_checkpoints_succeed_when_queries_have_used_up_memory_and_spill() {
    const ROUND: i64 = 2_000;
    for spill_bytes in [0, 8 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let mut small = config(dir.path());
        (small.memory_bytes, small.spill_bytes) = (48 << 20, spill_bytes);
        small.wal_checkpoint_bytes = 1 << 20;
        let store = Arc::new(DuckDbStore::open(&small).unwrap());
        let is_over = Arc::new(AtomicBool::new(false));
        let n_exhausted = Arc::new(AtomicUsize::new(0));
        let crowd = [(); 2].map(|()| {
            let (store, is_over, n_exhausted) = (
                Arc::clone(&store),
                Arc::clone(&is_over),
                Arc::clone(&n_exhausted),
            );
            std::thread::spawn(move || exhaust(&store, &is_over, &n_exhausted))
        });
        let (mut n_rounds, mut n_looks) = (0, 0);
        while n_rounds < 20
            || n_exhausted.load(Ordering::Relaxed) < 4
            || get(&store.counters.checkpoints) < 3
        {
            let events: Vec<_> = (0..ROUND).map(|user| event(n_rounds, user)).collect();
            append(&store, &events).unwrap();
            n_rounds += 1;
            // DuckDB does not ask for all that it takes: some MB are beyond the limit.
            if let Some(held) = store.memory_bytes() {
                assert!(held <= small.memory_bytes + (16 << 20), "{held}");
                n_looks += 1;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for asking in crowd {
            asking.join().unwrap();
        }
        assert!(n_looks > 0, "the store never said what it holds");
        let failed_checkpoints = get(&store.counters.failed_checkpoints);
        assert_eq!(failed_checkpoints, 0);
        assert_eq!(store.stats().rows_total, (n_rounds * ROUND) as u64);
        let sql = "SELECT count(*)::BIGINT AS n_rows FROM events";
        let batches = rows(Ok(query_when_idle(&store, sql))).await.unwrap();
        assert_eq!(column(&batches, "n_rows"), [Some(n_rounds * ROUND)]);
    }
}

/// What storing events needs, while a query holds the memory that it lacks.
#[test]
fn what_lacks_memory_is_done_once_queries_are_ended() {
    let dir = tempfile::tempdir().unwrap();
    let counters = Arc::new(Counters::default());
    let database = Database::open(config(dir.path()), Arc::clone(&counters)).unwrap();
    let lacks_memory = || {
        let code = duckdb::ffi::Error::new(duckdb::ffi::duckdb_state_DuckDBError);
        let message = "Out of Memory Error: failed to allocate data".to_owned();
        Error::DuckDb(duckdb::Error::DuckDBFailure(code, Some(message)))
    };
    let (begun, has_begun) = std::sync::mpsc::channel();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let query = database.connection(Purpose::Query).unwrap();
            begun.send(()).unwrap();
            let endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1";
            query.execute_batch(endless).unwrap_err();
            is_over.store(true, Ordering::Relaxed);
        });
        has_begun.recv().unwrap();
        let count = database.retry_without_queries("the test says so", || {
            if !is_over.load(Ordering::Relaxed) {
                return Err(lacks_memory());
            }
            assert!(matches!(
                database.connection(Purpose::Query),
                Err(Error::Store(StoreError::Busy { .. }))
            ));
            count_rows(&database)
        });
        assert_eq!(count.unwrap(), 0);
    });
    assert_eq!(get(&counters.queries_ended_for_appends), 1);
    drop(database.connection(Purpose::Query).unwrap());
    let never: Result<(), Error> =
        database.retry_without_queries("the test says so", || Err(lacks_memory()));
    assert!(never.unwrap_err().is_memory());
}

/// `duckdb`'s own handle writes into freed memory then: the process died within 0.2 s.
#[test]
fn a_connection_may_be_interrupted_while_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(config(dir.path()), Arc::new(Counters::default())).unwrap();
    for _ in 0..5_000 {
        let connection = database.connection(Purpose::Query).unwrap();
        let (interrupt, is_gone) = (connection.interrupt(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_gone.load(Ordering::Relaxed) {
                    interrupt.interrupt();
                }
            });
            drop(connection);
            is_gone.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn figures_are_told_while_the_database_is_given_up_and_do_not_wait_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let has_memory =
        |figures: Vec<Figure>| figures.iter().any(|figure| figure.name == "memory_bytes");
    assert!(has_memory(store.figures()));
    store.database.give_up();
    assert!(!has_memory(store.figures()));
    assert_eq!(get(&store.counters.reopened), 0);
    append(&store, &[event(1, 1)]).unwrap();
    assert!(has_memory(store.figures()));
}

/// More rows than a vector of DuckDB has, in several batches, NULL among them.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_reads_the_rows_that_it_brings() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let batch = |ids: std::ops::Range<i64>| {
        let names = ids
            .clone()
            .map(|id| (id % 3 > 0).then(|| format!("żółw {}", id % 3)));
        let columns: [(&str, Arc<dyn Array>); 2] = [
            ("id", Arc::new(Int64Array::from_iter_values(ids))),
            ("name", Arc::new(names.collect::<StringArray>())),
        ];
        let columns = columns.map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let brought = Rows::new(vec![batch(0..3000), batch(3000..3000), batch(3000..6000)]);
    let sql = format!(
        "SELECT count(*) AS n, CAST(sum(s0) AS BIGINT) AS total, count(DISTINCT s1) AS names \
         FROM {} GROUP BY s1 IS NULL ORDER BY n",
        Rows::SOURCE
    );
    let with_rows = Query {
        rows: Some(brought),
        ..query(&sql, 10_000)
    };
    let found = rows(store.query(with_rows)).await.unwrap();
    assert_eq!(column(&found, "n"), [Some(2000), Some(4000)]);
    assert_eq!(column(&found, "names"), [Some(0), Some(2)]);
    let total: i64 = column(&found, "total").into_iter().flatten().sum();
    assert_eq!(total, (0..6000).sum::<i64>());

    let gone = rows(store.query(query(&sql, 10_000))).await.unwrap_err();
    assert!(
        gone.to_string().contains("the query brought no rows"),
        "{gone}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_statements_read_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &[0, 1, 2].map(|n| event(n, n))).unwrap();
    let asked = query("SELECT count(user_id) FROM events", 10_000);
    let counted = Query {
        statements: vec![asked.statements[0].clone(), "SELECT 1".to_owned()],
        views: Vec::new(),
        ..asked
    };
    let rows_read = counted.rows_read.clone();
    rows(store.query(counted.clone())).await.unwrap();
    assert_eq!(rows_read.get(), 3);
    rows(store.query(counted)).await.unwrap();
    assert_eq!(rows_read.get(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_several_statements_follow_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let statements = [
        "SELECT 1 AS n",
        "SELECT 2 AS n WHERE false",
        "SELECT 3 AS n",
    ];
    let several = Query {
        statements: statements.map(str::to_owned).into(),
        ..query("", 10_000)
    };
    let found = rows(store.query(several)).await.unwrap();
    let numbers: Vec<i32> = found
        .iter()
        .flat_map(|batch| {
            batch
                .column(0)
                .as_primitive::<Int32Type>()
                .values()
                .to_vec()
        })
        .collect();
    assert_eq!(numbers, [1, 3]);

    let failing = Query {
        statements: vec!["SELECT 1".to_owned(), "SELECT error('no')".to_owned()],
        views: Vec::new(),
        ..query("", 10_000)
    };
    assert!(rows(store.query(failing)).await.is_err());
}
