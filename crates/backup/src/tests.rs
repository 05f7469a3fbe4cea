//! Backups of a store in memory, and what comes back of them.

use std::sync::Arc;

use annoscope_events::{StoredEvent, Timestamp};
use annoscope_store::{Backend, EventFilter, Position, RecordBatches};
use annoscope_test_support::backend_contract::entry;
use annoscope_test_support::{BackendDisk, MemoryBackend, event};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use object_store::memory::InMemory;
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

/// A store in memory, and its last backup.
struct Source {
    backend: MemoryBackend,
}

impl Source {
    fn new() -> Source {
        Source {
            backend: MemoryBackend::open(&BackendDisk::default()),
        }
    }

    /// Stores a batch, and leaves positions without rows behind it.
    fn apply(&self, events: &[StoredEvent], n_skipped: u64) {
        let from = self.backend.applied().unwrap();
        let until = Position(from.0 + events.len() as u64 + n_skipped);
        let entries = if events.is_empty() {
            Vec::new()
        } else {
            vec![entry(from.0, events)]
        };
        self.backend.apply(entries, until).unwrap();
    }

    fn contents(&self, place: &Place) -> Contents {
        Contents {
            previous: Manifest::read(place).unwrap(),
            id: Uuid::from_u128(1),
            position: self.backend.applied().unwrap(),
            made_at: String::new(),
            files: Vec::new(),
            settings: Vec::new(),
            secrets: Secrets::default(),
        }
    }

    fn back_up(&self, place: &Place) -> Written {
        let contents = self.contents(place);
        let from = contents.previous.as_ref().map_or(0, |m| m.position);
        let rows = self.backend.rows_at(Position(from)..contents.position);
        let rows = batches(rows.unwrap()).into_iter().map(Ok);
        write(place, contents, rows, |_| {}, |_| Ok(())).unwrap()
    }
}

fn batches(mut rows: RecordBatches) -> Vec<RecordBatch> {
    std::iter::from_fn(|| rows.blocking_next())
        .map(Result::unwrap)
        .collect()
}

/// Everything that a store has, as one batch.
fn all(backend: &dyn Backend) -> RecordBatch {
    let rows = batches(
        backend
            .rows_at(Position(0)..Position(u64::MAX / 2))
            .unwrap(),
    );
    concat_batches(&annoscope_store::positioned_schema(), &rows).unwrap()
}

fn exported(backend: &dyn Backend) -> RecordBatch {
    let rows = batches(backend.export(EventFilter::default()).unwrap());
    concat_batches(&annoscope_store::export_schema(), &rows).unwrap()
}

/// What a backup brings into a new store, `n_groups` at a time.
fn restore(place: &Place, n_groups: usize) -> MemoryBackend {
    let manifest = Manifest::require(place).unwrap();
    let backend = MemoryBackend::open(&BackendDisk::default());
    loop {
        // Each time as after an interruption.
        let mut history = History::new(place, &manifest, backend.applied().unwrap());
        for _ in 0..n_groups {
            let Some(group) = history.next_group().unwrap() else {
                let until = Position(manifest.position);
                backend.apply(Vec::new(), until).unwrap();
                return backend;
            };
            let first = group.entries[0].from;
            backend.apply(Vec::new(), first).unwrap();
            backend.apply(group.entries, group.until).unwrap();
        }
    }
}

fn assert_same(source: &Source, restored: &MemoryBackend) {
    assert_eq!(all(restored), all(&source.backend));
    assert_eq!(exported(restored), exported(&source.backend));
    assert_eq!(
        restored.applied().unwrap(),
        source.backend.applied().unwrap()
    );
}

/// An event of a month, counted from 1970.
fn of_month(month: i64, user: i64) -> StoredEvent {
    let mut stored = event(user, user);
    let millis = stored.event.timestamp.millis().rem_euclid(86_400_000);
    stored.event.timestamp = Timestamp::from_millis(month * 31 * 86_400_000 + millis);
    stored
}

fn directory() -> (TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::open(&format!("file://{}", dir.path().display())).unwrap();
    (dir, place)
}

#[test]
fn a_second_backup_writes_what_is_new() {
    let (_dir, place) = directory();
    let source = Source::new();
    source.apply(&[of_month(10, 1), of_month(10, 1), of_month(11, 2)], 0);
    let first = source.back_up(&place);
    assert_eq!(first.n_new_events, 3);
    assert_eq!(first.manifest.events.len(), 2);
    assert_same(&source, &restore(&place, 9));

    source.apply(&[of_month(10, 3)], 5);
    let second = source.back_up(&place);
    assert_eq!(second.n_new_events, 1);
    assert!(second.manifest.events.starts_with(&first.manifest.events));
    assert_same(&source, &restore(&place, 9));

    let third = source.back_up(&place);
    assert_eq!((third.n_new_events, third.n_new_bytes), (0, 0));
    assert_eq!(third.manifest.events, second.manifest.events);
    assert_eq!(verify(&place, &third.manifest, |_| {}).unwrap(), []);
}

#[test]
fn buckets_are_places_too() {
    let store = Arc::new(InMemory::new());
    let place = Place::bucket("memory://", store, "some/prefix").unwrap();
    let source = Source::new();
    assert!(Manifest::read(&place).unwrap().is_none());
    source.apply(&[of_month(10, 1), of_month(11, 2)], 1);
    source.back_up(&place);
    source.apply(&[of_month(11, 3)], 0);
    let written = source.back_up(&place);
    assert_same(&source, &restore(&place, 1));
    assert_eq!(verify(&place, &written.manifest, |_| {}).unwrap(), []);
    place.remove(&written.manifest.events[0].path).unwrap();
    let missing = Damage::Missing(written.manifest.events[0].path.clone());
    assert_eq!(
        verify(&place, &written.manifest, |_| {}).unwrap(),
        [missing]
    );
}

#[test]
fn each_flipped_byte_is_found() {
    let (dir, place) = directory();
    let source = Source::new();
    source.apply(&[of_month(10, 1)], 0);
    let file = dir.path().join("of the data directory");
    std::fs::write(&file, "hello").unwrap();
    let mut contents = source.contents(&place);
    contents.files = vec![LocalFile {
        name: "dashboards/a.json".to_owned(),
        path: file,
    }];
    let rows = source.backend.rows_at(Position(0)..Position(1)).unwrap();
    let rows = batches(rows).into_iter().map(Ok);
    let written = write(&place, contents, rows, |_| {}, |_| Ok(())).unwrap();
    let names = [
        &written.manifest.events[0].path,
        &written.manifest.files[0].path,
    ];
    for name in names {
        let path = dir.path().join(name);
        let sound = std::fs::read(&path).unwrap();
        for at in (0..sound.len()).step_by(sound.len().div_ceil(12)) {
            let mut flipped = sound.clone();
            flipped[at] ^= 4;
            std::fs::write(&path, flipped).unwrap();
            let found = verify(&place, &written.manifest, |_| {}).unwrap();
            assert_eq!(found, [Damage::Differs(name.clone())], "{at}");
        }
        std::fs::write(&path, sound).unwrap();
    }
    assert_eq!(verify(&place, &written.manifest, |_| {}).unwrap(), []);
}

#[test]
fn an_interrupted_backup_leaves_the_one_before() {
    let (dir, place) = directory();
    let source = Source::new();
    source.apply(&[of_month(10, 1)], 0);
    let first = source.back_up(&place);
    source.apply(&[of_month(10, 2), of_month(12, 3)], 0);
    let contents = source.contents(&place);
    let rows = source.backend.rows_at(Position(1)..Position(3)).unwrap();
    let rows = batches(rows).into_iter().map(Ok);
    let interrupted = write(
        &place,
        contents,
        rows,
        |_| {},
        |_| Err(BackupError::NotOurs("the test says so".to_owned())),
    );
    assert!(interrupted.is_err());
    assert_eq!(Manifest::require(&place).unwrap(), first.manifest);
    assert_eq!(place.list("events").unwrap().len(), 3);
    // The next one removes what is left of it, and writes the same again.
    let written = source.back_up(&place);
    assert_eq!(written.manifest.events.len(), 3);
    assert_same(&source, &restore(&place, 9));
    assert!(!dir.path().join(".incoming").exists());
}

#[test]
fn folders_of_others_are_not_cleared() {
    let (dir, place) = directory();
    let theirs = dir.path().join("files/letter.txt");
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::write(&theirs, "dear").unwrap();
    let source = Source::new();
    source.apply(&[of_month(10, 1)], 0);
    let attempt = |outcome: fn() -> Result<(), BackupError>| {
        let rows = source.backend.rows_at(Position(0)..Position(1)).unwrap();
        let rows = batches(rows).into_iter().map(Ok);
        write(&place, source.contents(&place), rows, |_| {}, |_| outcome())
    };
    let refused = attempt(|| Ok(())).unwrap_err().to_string();
    assert!(refused.contains("files/letter.txt"), "{refused}");
    assert_eq!(std::fs::read(&theirs).unwrap(), b"dear");
    // What a first backup left that was interrupted is its own.
    std::fs::remove_file(&theirs).unwrap();
    assert!(attempt(|| Err(BackupError::WrongKey)).is_err());
    assert_eq!(place.list("events").unwrap().len(), 1);
    assert_eq!(attempt(|| Ok(())).unwrap().manifest.n_events, 1);
    assert!(!dir.path().join(".annoscope-backup").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Batches of all kinds of months, also more at once than files are open, positions without rows, and backups now and
    /// then.
    #[test]
    fn what_comes_back_is_what_there_was(
        batches in prop::collection::vec(
            (prop::collection::vec((0_i64..30, 0_i64..5), 0..40), 0_u64..3, any::<bool>()),
            1..12,
        ),
        n_groups in 1_usize..3,
    ) {
        let (_dir, place) = directory();
        let source = Source::new();
        for (events, n_skipped, is_backed_up) in batches {
            let events: Vec<_> = events.iter().map(|(month, user)| of_month(*month, *user)).collect();
            source.apply(&events, n_skipped);
            if is_backed_up {
                source.back_up(&place);
            }
        }
        let written = source.back_up(&place);
        prop_assert_eq!(written.manifest.n_events as usize, all(&source.backend).num_rows());
        prop_assert_eq!(verify(&place, &written.manifest, |_| {}).unwrap(), []);
        assert_same(&source, &restore(&place, n_groups));
    }
}
