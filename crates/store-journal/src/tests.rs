//! The contract of a store, held by a journal before a database that fails when told so; and what only the
//! journal promises.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use annoscope_store::DedupLimits;
use annoscope_test_support::backend_contract::entry;
use annoscope_test_support::contract::{Subject, Texts};
use annoscope_test_support::{BackendDisk, MemoryBackend, MemoryStore, NOW, contract_tests, event};
use futures::TryStreamExt;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const LIMITS: DedupLimits = DedupLimits {
    days: 7,
    events: 1_000_000,
    day_settles_after: Duration::from_hours(1),
};

/// A store on a directory, and the database behind it.
struct Journaled {
    dir: TempDir,
    disk: BackendDisk,
    backend: Arc<MemoryBackend>,
    rejected: Arc<Rejected>,
    /// What becomes of the database at its next openings.
    at_open: fn(&MemoryBackend),
    /// None while it is opened again.
    store: Option<JournaledStore>,
}

/// Counts what was set aside.
#[derive(Default)]
struct Rejected {
    positions: Mutex<Vec<Position>>,
    n_failures: AtomicUsize,
}

impl RejectedEntries for Rejected {
    fn keep(&self, entry: &Entry, _: &str) -> std::io::Result<()> {
        let fails = |n: usize| n.checked_sub(1);
        let ordering = Ordering::Relaxed;
        if self
            .n_failures
            .fetch_update(ordering, ordering, fails)
            .is_ok()
        {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.positions.lock().unwrap().push(entry.from);
        Ok(())
    }
}

impl Journaled {
    fn open(&mut self) {
        drop(self.store.take());
        let backend = MemoryBackend::open(&self.disk);
        (self.at_open)(&backend);
        self.backend = Arc::new(backend);
        let config = config(self.dir.path());
        let first = self.backend.applied().unwrap();
        let journal = open_journal(&config, Some(first)).unwrap();
        let window = DedupWindow::open(&self.dir.path().join("dedup"), LIMITS).unwrap();
        let store = JournaledStore::start(
            &config,
            journal,
            window,
            self.backend.clone(),
            self.rejected.clone(),
        );
        self.store = Some(store.unwrap());
    }

    async fn append(&self, events: Vec<annoscope_events::StoredEvent>) -> Position {
        let store = self.store();
        let batch = EventBatch {
            events,
            received_at: NOW,
            request_id: Uuid::nil(),
            reservation: store.reserve(Vec::new()).await.unwrap(),
        };
        store.append(batch).await.unwrap()
    }

    async fn users(&self) -> Vec<i64> {
        use arrow::array::AsArray;
        let batches = self.store().export(EventFilter::default()).unwrap();
        let batches: Vec<arrow::array::RecordBatch> = batches.try_collect().await.unwrap();
        let users = |batch: &arrow::array::RecordBatch| {
            let users = batch.column_by_name("user_id").unwrap();
            let users = users.as_primitive::<arrow::datatypes::Int64Type>();
            users.values().to_vec()
        };
        batches.iter().flat_map(users).collect()
    }
}

fn config(dir: &std::path::Path) -> JournalConfig {
    JournalConfig {
        dir: dir.join("journal"),
        max_bytes: MIN_SEGMENTS * SEGMENT_BYTES.start(),
        queue_bytes: 1 << 20,
        clock: || 1_719_835_200_000,
    }
}

fn empty() -> Journaled {
    let disk = BackendDisk::default();
    let mut journaled = Journaled {
        dir: tempfile::tempdir().unwrap(),
        backend: Arc::new(MemoryBackend::open(&disk)),
        disk,
        rejected: Arc::default(),
        at_open: |_| (),
        store: None,
    };
    journaled.open();
    journaled
}

impl Subject for Journaled {
    fn store(&self) -> &dyn EventStore {
        self.store.as_ref().expect("it is open")
    }

    fn open_again(&mut self) {
        self.open();
    }

    fn texts(&self) -> Texts {
        Texts {
            events: MemoryStore::EVENTS,
            brought: MemoryStore::BROUGHT,
            endless: MemoryStore::ENDLESS,
        }
    }
}

contract_tests!(empty);

fn events(users: std::ops::Range<i64>) -> Vec<annoscope_events::StoredEvent> {
    users.map(|user| event(user, user)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_acknowledged_while_the_database_takes_none() {
    let mut journaled = empty();
    journaled.backend.hold();
    let mut last = Position(0);
    for user in 0..50 {
        last = journaled.append(events(user..user + 1)).await;
    }
    let store = journaled.store();
    assert_eq!((store.durable(), store.visible()), (last, Position(0)));
    let oldest = tokio::task::block_in_place(|| store.oldest_waiting());
    assert_eq!(oldest, Some(NOW));
    // The process ends with the database as it was.
    journaled.backend.close();
    journaled.open();
    journaled.store().wait_until_visible(last).await.unwrap();
    assert_eq!(journaled.users().await, (0..50).collect::<Vec<_>>());
    assert_eq!(journaled.store().oldest_waiting(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_applied_once_whatever_became_of_it() {
    let journaled = empty();
    for round in 0..4 {
        journaled.backend.fail(round % 2);
        journaled.backend.fail_behind(round / 2);
        let user = i64::try_from(round).unwrap();
        let position = journaled.append(events(user..user + 1)).await;
        journaled
            .store()
            .wait_until_visible(position)
            .await
            .unwrap();
    }
    assert_eq!(journaled.users().await, [0, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_can_never_be_stored_holds_up_nothing() {
    let mut journaled = empty();
    journaled.backend.hold();
    journaled.append(events(0..2)).await;
    journaled.backend.wait_until_one_waits();
    // These become one group.
    let bad = journaled.append(events(2..5)).await;
    let last = journaled.append(events(5..6)).await;
    journaled.backend.reject(Position(2));
    // Setting it aside is tried again until it succeeds.
    journaled.rejected.n_failures.store(1, Ordering::Relaxed);
    journaled.backend.release();
    journaled.store().wait_until_visible(last).await.unwrap();
    assert_eq!(bad, Position(5));
    assert_eq!(journaled.users().await, [0, 1, 5]);
    assert_eq!(*journaled.rejected.positions.lock().unwrap(), [Position(2)]);
    journaled.open();
    assert_eq!(journaled.users().await, [0, 1, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lost_what_the_journal_released_is_named_and_brought_into_step() {
    let mut journaled = empty();
    let position = journaled.append(events(0..3)).await;
    journaled
        .store()
        .wait_until_visible(position)
        .await
        .unwrap();
    drop(journaled.store.take());
    // An older database than the journal begins at, and one that is ahead of it.
    let config = config(journaled.dir.path());
    std::fs::remove_dir_all(&config.dir).unwrap();
    drop(open_with_one_record(&config, 10));
    let backend = MemoryBackend::open(&journaled.disk);
    assert_eq!(bring_into_step(&config, &backend).unwrap(), 7);
    assert_eq!(backend.applied().unwrap(), Position(10));
    std::fs::remove_dir_all(&config.dir).unwrap();
    drop(open_with_one_record(&config, 2));
    assert_eq!(bring_into_step(&config, &backend).unwrap(), 0);
    assert!(config.dir.with_extension("set-aside").exists());
    // The journal that was begun is older than the database again, and is set aside beside the first.
    std::fs::remove_dir_all(&config.dir).unwrap();
    drop(open_with_one_record(&config, 3));
    assert_eq!(bring_into_step(&config, &backend).unwrap(), 0);
    assert!(config.dir.with_extension("set-aside.2").exists());
    let begun = open_journal(&config, None).unwrap();
    assert_eq!((begun.begin(), begun.end()), (10, 10));
    drop(begun);
    journaled.open();
    assert_eq!(journaled.append(events(3..4)).await, Position(11));
}

/// A journal that begins at `first` and has one record of one row there.
fn open_with_one_record(config: &JournalConfig, first: u64) -> Journal {
    let journal = open_journal(config, Some(Position(first))).unwrap();
    append_record(&journal, 1, vec![1]);
    journal
}

fn append_record(journal: &Journal, n_positions: u64, record: Vec<u8>) {
    let (answer, answered) = std::sync::mpsc::channel();
    let done = move |outcome: Result<_, _>| answer.send(outcome.is_ok()).unwrap();
    let n_positions = NonZeroU32::new(n_positions.try_into().unwrap()).unwrap();
    journal.append(n_positions, record, done).unwrap();
    assert!(answered.recv().unwrap());
}

#[test]
fn a_journal_that_has_to_be_there_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let missed = open_journal(&config(dir.path()), None).unwrap_err();
    assert!(matches!(missed, StoreError::NoJournal { .. }), "{missed}");
}

/// As it is where the database ended behind a row group that ends within a batch.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_that_is_stored_in_part_the_rest_is_stored_or_set_aside() {
    for row_is_bad in [false, true] {
        let mut journaled = empty();
        journaled.backend.hold();
        journaled.append(events(0..5)).await;
        let last = journaled.append(events(5..6)).await;
        journaled.backend.close();
        drop(journaled.store.take());
        let part = vec![entry(0, &events(0..5))];
        let backend = MemoryBackend::open(&journaled.disk);
        backend.apply(part, Position(3)).unwrap();
        if row_is_bad {
            journaled.at_open = |backend| backend.reject(Position(4));
        }
        journaled.open();
        journaled.store().wait_until_visible(last).await.unwrap();
        let (users, set_aside) = if row_is_bad {
            (vec![0, 1, 2, 5], vec![Position(3)])
        } else {
            ((0..6).collect(), vec![])
        };
        assert_eq!(journaled.users().await, users);
        assert_eq!(*journaled.rejected.positions.lock().unwrap(), set_aside);
        assert_eq!(journaled.backend.applied().unwrap(), last);
    }
}

/// Records have far more positions than rows here, so that row groups wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_ahead_is_dropped_when_the_database_is_elsewhere() {
    const N: u64 = group::FLOOD_ROWS;
    /// Name, what becomes of the database, which positions are prepared, and whose events are there.
    type Case = (
        &'static str,
        fn(&MemoryBackend),
        &'static [Range<u64>],
        &'static [i64],
    );
    let cases: [Case; 4] = [
        (
            "all is well",
            |_| (),
            &[N..2 * N, 2 * N..3 * N],
            &[0, 1, 2, 3, 4],
        ),
        (
            "a failure",
            |backend| backend.fail(1),
            &[N..2 * N, N..2 * N, 2 * N..3 * N],
            &[0, 1, 2, 3, 4],
        ),
        (
            "it is stored and fails",
            |backend| backend.fail_behind(1),
            &[N..2 * N, 2 * N..3 * N],
            &[0, 1, 2, 3, 4],
        ),
        (
            "the entry between two groups is set aside",
            |backend| backend.reject(Position(1)),
            &[N..2 * N, 2 * N + 5..3 * N + 5],
            &[2, 3, 4],
        ),
    ];
    let records = [(N + 5, 0..2), (N, 2..3), (N, 3..4), (1, 4..5)];
    for (name, at_open, prepared, users) in cases {
        let mut journaled = empty();
        drop(journaled.store.take());
        let journal = open_journal(&config(journaled.dir.path()), None).unwrap();
        for (n_positions, users) in records.clone() {
            let record = entry(0, &events(users)).record;
            append_record(&journal, n_positions, record.to_vec());
        }
        let end = Position(journal.end());
        drop(journal);
        journaled.at_open = at_open;
        journaled.open();
        journaled.store().wait_until_visible(end).await.unwrap();
        assert_eq!(journaled.users().await, users, "{name}");
        let expected = prepared.iter().cloned();
        let expected: Vec<_> = expected
            .map(|within| Position(within.start)..Position(within.end))
            .collect();
        assert_eq!(journaled.backend.prepared(), expected, "{name}");
    }
}
