//! What every outbox promises, with and without a transaction of the host. PostgreSQL's is tested end to end.

use std::path::Path;

use annoscope_events::{ClientHours, Place, StoredEvent, Timestamp, parse_server_body};
use annoscope_recorder::{FileQueue, Outbox, RusqliteOutbox, SqlxSqliteOutbox, Waiting, recorded};
use serde_json::{Map, json};

fn event(value: &str) -> StoredEvent {
    let payload = Map::from_iter([("value".to_owned(), json!(value))]);
    recorded(|occasion| occasion.event("update:task", &Place::default(), payload))
}

fn events(values: std::ops::Range<usize>) -> Vec<StoredEvent> {
    values.map(|value| event(&value.to_string())).collect()
}

/// The events that wait, as annoscope reads them.
async fn waiting(outbox: &dyn Outbox) -> (Vec<Waiting>, Vec<StoredEvent>) {
    let waiting = outbox.first(1000).await.unwrap();
    assert_eq!(outbox.count().await.unwrap(), waiting.len() as u64);
    let read = |waiting: &Waiting| {
        let mut read = parse_server_body(
            waiting.json.as_bytes(),
            Timestamp::EPOCH,
            ClientHours::Claimed,
        );
        let read = read.as_mut().unwrap().remove(0).unwrap();
        assert!(read.id.is_some(), "{waiting:?}");
        read.stored
    };
    let read = waiting.iter().map(read).collect();
    (waiting, read)
}

async fn keeps_events_in_order_until_they_are_forgotten(outbox: &dyn Outbox) {
    let sent = events(0..7);
    outbox.write(sent[..4].to_vec()).await.unwrap();
    outbox.write(sent[4..].to_vec()).await.unwrap();
    outbox.write(Vec::new()).await.unwrap();
    assert_eq!(outbox.counters().counts().written, 7);
    let (kept, read) = waiting(outbox).await;
    assert_eq!(read, sent);
    let mut ids: Vec<i64> = kept.iter().map(|waiting| waiting.id).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 7);
    let first = outbox.first(2).await.unwrap();
    assert!(kept.starts_with(&first) && first.len() >= 2);
    outbox.forget(&first).await.unwrap();
    let (left, _) = waiting(outbox).await;
    assert_eq!(left, kept[first.len()..]);
    outbox.forget(&left).await.unwrap();
    outbox.forget(&[]).await.unwrap();
    assert_eq!(waiting(outbox).await.0, []);
}

async fn sets_events_aside(outbox: &dyn Outbox) {
    outbox.write(events(0..2)).await.unwrap();
    let (both, _) = waiting(outbox).await;
    outbox.set_aside(&both[0], "too large").await.unwrap();
    let (left, _) = waiting(outbox).await;
    assert_eq!(left, both[1..]);
    // What is aside is not forgotten with the others.
    outbox.forget(&both).await.unwrap();
    assert_eq!(waiting(outbox).await.0, []);
}

fn aside(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut rows = connection
        .prepare("SELECT refused FROM annoscope_outbox")
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn rusqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.sqlite");
    let mut host = rusqlite::Connection::open(&path).unwrap();
    host.pragma_update(None, "journal_mode", "wal").unwrap();
    let outbox = RusqliteOutbox::open(&path).unwrap();
    for is_kept in [false, true] {
        let transaction = host.transaction().unwrap();
        outbox.record(&transaction, &events(0..3)).unwrap();
        assert_eq!(waiting(&outbox).await.0, [], "not committed yet");
        if is_kept {
            transaction.commit().unwrap();
        } else {
            transaction.rollback().unwrap();
        }
        let (kept, _) = waiting(&outbox).await;
        assert_eq!(kept.len(), if is_kept { 3 } else { 0 });
        outbox.forget(&kept).await.unwrap();
    }
    let outbox = RusqliteOutbox::open(&path).unwrap();
    keeps_events_in_order_until_they_are_forgotten(&outbox).await;
    sets_events_aside(&outbox).await;
    assert_eq!(aside(&path), ["too large"]);
}

#[tokio::test]
async fn sqlx_with_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let options = options
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let outbox = SqlxSqliteOutbox::open(pool.clone()).await.unwrap();
    for is_kept in [false, true] {
        let mut transaction = pool.begin().await.unwrap();
        outbox
            .record(&mut transaction, &events(0..3))
            .await
            .unwrap();
        assert_eq!(waiting(&outbox).await.0, [], "not committed yet");
        if is_kept {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        let (kept, _) = waiting(&outbox).await;
        assert_eq!(kept.len(), if is_kept { 3 } else { 0 });
        outbox.forget(&kept).await.unwrap();
    }
    let outbox = SqlxSqliteOutbox::open(pool.clone()).await.unwrap();
    keeps_events_in_order_until_they_are_forgotten(&outbox).await;
    sets_events_aside(&outbox).await;
    assert_eq!(aside(&path), ["too large"]);
}

#[tokio::test]
async fn files() {
    let dir = tempfile::tempdir().unwrap();
    let open = || FileQueue::open(dir.path(), 16 * 1024 * 1024);
    let queue = open().unwrap();
    let in_use = open().err().unwrap().to_string();
    assert!(in_use.ends_with("is used by another process"), "{in_use}");
    keeps_events_in_order_until_they_are_forgotten(&queue).await;
    queue.record(&events(0..3)).await.unwrap();
    let (kept, _) = waiting(&queue).await;
    drop(queue);
    let queue = open().unwrap();
    assert_eq!(
        waiting(&queue).await.0,
        kept,
        "it is read again after a stop"
    );
    queue.forget(&kept).await.unwrap();
    drop(queue);
    let queue = open().unwrap();
    assert_eq!(waiting(&queue).await.0, []);
    // More than it may hold is refused, and not lost in silence.
    let large = event(&"x".repeat(1_000_000));
    let mut n_taken = 0;
    let refused = loop {
        match queue.record(std::slice::from_ref(&large)).await {
            Ok(()) => n_taken += 1,
            Err(error) => break error,
        }
        assert!(n_taken < 100);
    };
    assert_eq!(waiting(&queue).await.0.len(), n_taken, "{refused}");
    assert_eq!(queue.counters().counts().dropped, 1);
    let (kept, _) = waiting(&queue).await;
    queue.forget(&kept).await.unwrap();
}
