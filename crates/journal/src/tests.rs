//! The journal with its threads, in a real directory.

mod failures;
mod model;
mod simulated;

use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::{AppendError, Journal, OpenError, Options, ReadError, check};

const SEGMENT_BYTES: u64 = 64 << 10;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn options(dir: &Path) -> Options {
    Options {
        dir: dir.to_owned(),
        first: 0,
        segment_bytes: SEGMENT_BYTES,
        max_bytes: 8 * SEGMENT_BYTES,
        queue_bytes: 1 << 20,
        clock: || 1_719_835_200_000,
    }
}

fn append(
    journal: &Journal,
    items: u32,
    payload: &[u8],
) -> mpsc::Receiver<Result<Range<u64>, AppendError>> {
    let (send, receive) = mpsc::channel();
    let items = NonZeroU32::new(items).unwrap();
    let done = move |outcome| send.send(outcome).unwrap();
    journal.append(items, payload.to_vec(), done).unwrap();
    receive
}

fn outcome(
    receive: &mpsc::Receiver<Result<Range<u64>, AppendError>>,
) -> Result<Range<u64>, AppendError> {
    receive.recv_timeout(PATIENCE).unwrap()
}

fn read_all(journal: &Journal, from: u64) -> Vec<(u64, u32, Vec<u8>)> {
    let mut reader = journal.reader(from).unwrap();
    let mut records = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        assert_eq!(record.written_ms, 1_719_835_200_000);
        records.push((record.first, record.items, record.payload));
    }
    records
}

#[test]
fn records_are_read_in_order_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    let mut expected = Vec::new();
    let mut position = 0;
    for (index, size) in [0, 1, 7, 100, 5_000, 30_000, 57_288, 57_000, 3]
        .into_iter()
        .enumerate()
    {
        let items = index as u32 + 1;
        let payload = vec![index as u8; size];
        let done = append(&journal, items, &payload);
        let range = outcome(&done).unwrap();
        assert_eq!(range, position..position + u64::from(items));
        position = range.end;
        expected.push((range.start, items, payload));
    }
    assert_eq!(journal.end(), position);
    assert_eq!(read_all(&journal, 0), expected);
    assert_eq!(read_all(&journal, position), []);
    // From the middle of a record.
    assert_eq!(read_all(&journal, 11), expected[4..]);
    let stats = journal.stats();
    assert_eq!((stats.begin, stats.end, stats.records), (0, position, 9));
    assert!(stats.segments >= 3, "{stats:?}");
    assert_eq!(stats.queued_bytes, 0);
    drop(journal);

    let report = check(dir.path()).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    let n_records: u64 = report.segments.iter().map(|segment| segment.records).sum();
    assert_eq!(n_records, 9);

    let journal = Journal::open(options(dir.path())).unwrap();
    assert_eq!(journal.end(), position);
    assert_eq!(read_all(&journal, 0), expected);
    let range = outcome(&append(&journal, 2, b"more")).unwrap();
    assert_eq!(range, position..position + 2);
}

#[test]
fn what_waits_is_synced_together_and_each_caller_hears_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    let receivers: Vec<_> = (0..200)
        .map(|index: u32| append(&journal, 1, &index.to_le_bytes()))
        .collect();
    for (index, receive) in receivers.iter().enumerate() {
        let position = index as u64;
        assert_eq!(outcome(receive).unwrap(), position..position + 1);
    }
    journal.close();
    let outcome = journal.append(NonZeroU32::MIN, Vec::new(), |_| {});
    assert!(matches!(outcome, Err(AppendError::Closed)), "{outcome:?}");
    assert_eq!(read_all(&journal, 0).len(), 200);
}

#[test]
fn a_reader_follows_what_is_appended() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    let mut reader = journal.reader(0).unwrap();
    assert_eq!(reader.read().unwrap(), None);
    for index in 0..300_u64 {
        let payload = vec![index as u8; 1_000];
        let receive = append(&journal, 1, &payload);
        assert!(journal.wait_beyond(index, PATIENCE) > index);
        let record = reader.read().unwrap().unwrap();
        assert_eq!((record.first, record.payload), (index, payload));
        assert_eq!(reader.position(), index + 1);
        journal.release(index);
        outcome(&receive).unwrap();
    }
    assert_eq!(reader.read().unwrap(), None);
    assert_eq!(journal.wait_beyond(300, Duration::ZERO), 300);
}

#[test]
fn the_bound_refuses_until_something_is_released() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    // Alone it is beyond the bound, and keeps nobody else out.
    let refused = outcome(&append(&journal, 1, &vec![7; 9 * SEGMENT_BYTES as usize]));
    assert!(matches!(refused, Err(AppendError::Full { .. })));
    journal.check_room().unwrap();
    let payload = vec![7; 30_000];
    let mut n_records = 0;
    let limit_bytes = loop {
        match outcome(&append(&journal, 1, &payload)) {
            Ok(_) => n_records += 1,
            Err(AppendError::Full { limit_bytes }) => break limit_bytes,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(limit_bytes, 8 * SEGMENT_BYTES);
    assert_eq!(n_records, 8, "one a segment");
    assert!(matches!(
        journal.check_room(),
        Err(AppendError::Full { .. })
    ));
    // What is small has room still.
    assert_eq!(outcome(&append(&journal, 1, b"small")).unwrap(), 8..9);
    let directory_bytes: u64 = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(directory_bytes, 8 * SEGMENT_BYTES);

    journal.release(4);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The chores have a thread of their own, so this may take some tries.
            while let Err(error) = outcome(&append(&journal, 1, &payload)) {
                assert!(matches!(error, AppendError::Full { .. }), "{error}");
            }
            send.send(()).unwrap();
        });
        receive.recv_timeout(PATIENCE).unwrap();
    });
    journal.check_room().unwrap();
    assert_eq!(journal.begin(), 4);
    let released = journal.reader(3);
    assert!(
        matches!(released, Err(ReadError::Released { begin: 4, .. })),
        "{released:?}"
    );
    let beyond = journal.reader(11);
    assert!(
        matches!(beyond, Err(ReadError::Beyond { end: 10, .. })),
        "{beyond:?}"
    );

    journal.close();
    let names = std::fs::read_dir(dir.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    let is_spare = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".spare");
    assert!(!names.iter().any(is_spare), "{names:?}");
}

#[test]
fn what_the_queue_does_not_hold_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    // The journal's thread is held in a callback, so that more than the bound waits behind it.
    let (go_on, waits) = mpsc::channel::<()>();
    let (entered, is_held) = mpsc::channel();
    let hold = move |_| {
        entered.send(()).unwrap();
        let _: Result<(), mpsc::RecvError> = waits.recv();
    };
    journal.append(NonZeroU32::MIN, Vec::new(), hold).unwrap();
    is_held.recv_timeout(PATIENCE).unwrap();
    let mut waiting = Vec::new();
    let limit_bytes = loop {
        let (send, receive) = mpsc::channel();
        let done = move |outcome| send.send(outcome).unwrap();
        match journal.append(NonZeroU32::MIN, vec![1; 50_000], done) {
            Ok(()) => waiting.push(receive),
            Err(AppendError::QueueFull { limit_bytes }) => break limit_bytes,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(limit_bytes, 1 << 20);
    assert_eq!(waiting.len(), (1 << 20) / 50_056);
    drop(go_on);
    for receive in waiting {
        // The bound of the segments comes before the last of them.
        match outcome(&receive) {
            Ok(_) | Err(AppendError::Full { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_callback_that_panics_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    let done = |_| panic!("on purpose");
    journal.append(NonZeroU32::MIN, Vec::new(), done).unwrap();
    assert_eq!(outcome(&append(&journal, 1, b"next")).unwrap(), 1..2);
}

#[test]
fn options_that_make_no_journal_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [fn(&mut Options); 3] = [
        |options| options.segment_bytes = 4096,
        |options| options.segment_bytes += 1,
        |options| options.max_bytes = SEGMENT_BYTES,
    ];
    for change in cases {
        let mut options = options(dir.path());
        change(&mut options);
        let refused = Journal::open(options);
        assert!(matches!(refused, Err(OpenError::Options(_))), "{refused:?}");
    }
}

#[test]
fn a_record_that_is_larger_than_a_segment_gets_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    let large = vec![7; 3 * SEGMENT_BYTES as usize];
    let sent = [&b"before"[..], &large, b"after"];
    let receivers: Vec<_> = sent.iter().map(|sent| append(&journal, 1, sent)).collect();
    for receive in &receivers {
        outcome(receive).unwrap();
    }
    let expected: Vec<_> = (0..)
        .zip(sent)
        .map(|(at, sent)| (at, 1, sent.to_vec()))
        .collect();
    assert_eq!(read_all(&journal, 0), expected);
    drop(journal);
    let journal = Journal::open(options(dir.path())).unwrap();
    assert_eq!(read_all(&journal, 0), expected);
    // Beyond the bound it is refused, and others are not.
    let too_large = vec![7; 8 * SEGMENT_BYTES as usize];
    let refused = outcome(&append(&journal, 1, &too_large)).unwrap_err();
    assert!(matches!(refused, AppendError::Full { .. }), "{refused}");
    outcome(&append(&journal, 1, b"small")).unwrap();
}

#[test]
fn a_journal_begins_where_it_is_told_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let at = |first| Options {
        first,
        ..options(dir.path())
    };
    assert!(!Journal::exists(&dir.path().join("none")).unwrap());
    let journal = Journal::open(at(1000)).unwrap();
    assert_eq!((journal.begin(), journal.end()), (1000, 1000));
    assert_eq!(outcome(&append(&journal, 3, b"a")).unwrap(), 1000..1003);
    drop(journal);
    assert!(Journal::exists(dir.path()).unwrap());
    let journal = Journal::open(at(7)).unwrap();
    assert_eq!((journal.begin(), journal.end()), (1000, 1003));
}

fn probe(journal: &Journal) -> Result<(), AppendError> {
    let (send, receive) = mpsc::channel();
    journal.probe(move |outcome| send.send(outcome).unwrap())?;
    receive.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn a_probe_finds_out_what_a_record_would() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path())).unwrap();
    probe(&journal).unwrap();
    assert_eq!(journal.end(), 0);
    outcome(&append(&journal, 1, b"a")).unwrap();
    probe(&journal).unwrap();
    assert_eq!(journal.end(), 1);
    std::fs::remove_dir_all(dir.path()).unwrap();
    let gone = probe(&journal).unwrap_err();
    assert!(matches!(gone, AppendError::Failed { .. }), "{gone}");
    let refused = journal.append(NonZeroU32::MIN, b"b".to_vec(), |_| {});
    assert!(matches!(refused, Err(AppendError::Failed { .. })));
}

#[test]
fn nothing_is_acknowledged_into_a_directory_of_another_name() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, moved) = (parent.path().join("journal"), parent.path().join("moved"));
    let journal = Journal::open(options(&dir)).unwrap();
    outcome(&append(&journal, 1, b"a")).unwrap();
    std::fs::rename(&dir, &moved).unwrap();
    let in_doubt = outcome(&append(&journal, 1, b"b")).unwrap_err();
    assert!(
        matches!(in_doubt, AppendError::InDoubt { .. }),
        "{in_doubt}"
    );
    journal.reopen().unwrap_err();
    // Another directory in its place lacks what was acknowledged.
    std::fs::create_dir(&dir).unwrap();
    let lost = journal.reopen().unwrap_err();
    assert!(matches!(lost, OpenError::Lost { .. }), "{lost}");
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::rename(&moved, &dir).unwrap();
    journal.reopen().unwrap();
    assert_eq!(outcome(&append(&journal, 1, b"c")).unwrap(), 1..2);
    let expected = [(0, 1, b"a".to_vec()), (1, 1, b"c".to_vec())];
    assert_eq!(read_all(&journal, 0), expected);
}
