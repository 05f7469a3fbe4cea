use std::time::Duration;

use annoscope_events::StoredEvent;
use annoscope_store::{Backend, MaterializedView, Query, Rewrite, RowsRead, Scopes};
use annoscope_test_support::event;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;

use super::{MAX_ROWS, MAX_ROWS_OF_ALL, MAX_VIEWS};
use crate::DuckDbStore;
use crate::tests::{append, config};

fn of_scope(scope: &str, id: i64) -> StoredEvent {
    let mut stored = event(10, id);
    stored.event.scope = scope.to_owned();
    stored
}

fn view(name: &str, select: String) -> MaterializedView {
    MaterializedView {
        name: name.to_owned(),
        select,
        scopes: vec!["create:job".to_owned()],
    }
}

/// The rows of the last view, and the rows that had to be read for it.
async fn n_rows(store: &DuckDbStore, views: Vec<MaterializedView>) -> (i64, u64) {
    let rows_read = RowsRead::default();
    let last = &views.last().unwrap().name;
    let query = Query {
        statements: vec![format!("SELECT count(*) AS n FROM {last}")],
        views,
        time_limit: Duration::from_secs(10),
        rows: None,
        rows_read: rows_read.clone(),
    };
    let batches: Vec<_> = store.query(query).unwrap().try_collect().await.unwrap();
    let n = batches[0].column(0).as_primitive::<Int64Type>().value(0);
    (n, rows_read.get())
}

fn jobs(more: &str) -> MaterializedView {
    let select = format!("SELECT scope FROM events WHERE scope = 'create:job'{more}");
    view("all_jobs", select)
}

async fn n_jobs(store: &DuckDbStore, more: &str) -> (i64, u64) {
    n_rows(store, vec![jobs(more)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn views_of_views_follow_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    let twice = || {
        let both = "SELECT * FROM all_jobs UNION ALL SELECT * FROM all_jobs";
        vec![jobs(""), view("twice", both.to_owned())]
    };
    for n in 1..4 {
        append(&store, &[of_scope("create:job", n)]).unwrap();
        assert_eq!(n_rows(&store, twice()).await.0, 2 * n);
        // Nothing is made anew.
        let n_read = n.cast_unsigned() * 2;
        assert_eq!(n_rows(&store, twice()).await, (2 * n, n_read));
        assert_eq!(n_jobs(&store, "").await, (n, n.cast_unsigned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_follow_what_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    assert_eq!(n_jobs(&store, "").await.0, 0);
    append(
        &store,
        &[of_scope("create:job", 1), of_scope("load:job", 2)],
    )
    .unwrap();
    let (n, n_read) = n_jobs(&store, "").await;
    assert_eq!((n, n_read > 1), (1, true), "made anew: {n_read} rows");
    // What is no event of the view leaves it as it is: its one row is read.
    append(&store, &[of_scope("load:job", 3)]).unwrap();
    assert_eq!(n_jobs(&store, "").await, (1, 1));
    append(&store, &[of_scope("create:job", 4)]).unwrap();
    assert_eq!(n_jobs(&store, "").await.0, 2);
    // Another caller's rows are another view.
    assert_eq!(n_jobs(&store, " AND false").await.0, 0);
    assert_eq!(n_jobs(&store, "").await, (2, 2));
    let rewrite = Rewrite::Delete {
        scopes: Scopes::Named(vec!["create:job".to_owned()]),
        from_us: i64::MIN / 2,
        until_us: i64::MAX / 2,
    };
    store.rewrite(&rewrite).unwrap();
    assert_eq!(n_jobs(&store, "").await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_made_anew_when_the_database_is_opened_again_or_memory_is_short() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &[of_scope("create:job", 1)]).unwrap();
    assert_eq!(n_jobs(&store, "").await.0, 1);
    store.database.give_up();
    assert_eq!(n_jobs(&store, "").await.0, 1);
    drop(store.database.hold_queries("this is a test"));
    let tables = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'materialized'";
    let n_tables = || {
        let connection = store
            .database
            .connection(crate::Purpose::Maintenance)
            .unwrap();
        let n = connection.query_row(tables, [], |row| row.get::<_, usize>(0));
        n.unwrap()
    };
    assert_eq!(n_tables(), 0);
    assert_eq!(n_jobs(&store, "").await.0, 1);
    // No more are kept than there is room for.
    for n in 0..3 * MAX_VIEWS {
        n_jobs(&store, &format!(" AND {n} = {n}")).await;
    }
    assert!(
        (MAX_VIEWS..MAX_VIEWS + 2).contains(&n_tables()),
        "{}",
        n_tables()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_computed_by_each_query() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &[of_scope("create:job", 1)]).unwrap();
    let n = i64::try_from(MAX_ROWS).unwrap() + 1;
    let long = || {
        let select = format!("SELECT scope FROM events, range({n}) WHERE scope = 'create:job'");
        vec![view("long", select)]
    };
    for n_jobs in 1..3 {
        assert_eq!(n_rows(&store, long()).await.0, n_jobs * n);
        append(&store, &[of_scope("create:job", 1)]).unwrap();
    }
    let connection = store.database.connection(crate::Purpose::Maintenance);
    let tables = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'materialized'";
    let n_tables = connection
        .unwrap()
        .query_row(tables, [], |row| row.get::<_, usize>(0));
    assert_eq!(n_tables.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_rows_are_kept_than_there_is_room_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &[of_scope("create:job", 1)]).unwrap();
    let n = i64::try_from(MAX_ROWS).unwrap();
    for number in 0..5 {
        let select = format!("SELECT scope FROM events, range({n}) WHERE {number} = {number}");
        assert_eq!(n_rows(&store, vec![view("long", select)]).await.0, n);
    }
    let kept = store.database.materialized.n_rows();
    assert!(kept <= MAX_ROWS_OF_ALL + MAX_ROWS, "{kept} rows");
}
