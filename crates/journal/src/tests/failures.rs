//! One failure at a time, on the simulated disk.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use super::simulated::SimulatedDisk;
use crate::log::{Log, lock};
use crate::{AppendError, Options, Reader};

fn open(disk: &SimulatedDisk) -> Arc<Log> {
    let options = Options {
        first: 0,
        dir: "/simulated".into(),
        segment_bytes: 64 << 10,
        max_bytes: 256 << 10,
        queue_bytes: 1 << 20,
        clock: || 5,
    };
    Arc::new(Log::open(options, Box::new(disk.clone())).unwrap())
}

/// Appends payloads as one group; the outcomes, as texts.
fn append(log: &Log, payloads: &[&str]) -> Vec<String> {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    for payload in payloads {
        let told = Arc::clone(&outcomes);
        let done = move |outcome: Result<_, AppendError>| {
            let outcome = outcome.map(|range| format!("{range:?}"));
            lock(&told).push(outcome.unwrap_or_else(|error| error.to_string()));
        };
        let payload = payload.as_bytes().to_vec();
        let appended = log.append(NonZeroU32::MIN, payload, Box::new(done));
        if let Err(error) = appended {
            lock(&outcomes).push(error.to_string());
        }
    }
    log.write_waiting();
    let outcomes = lock(&outcomes);
    outcomes.clone()
}

fn read(log: &Arc<Log>) -> Vec<String> {
    let mut reader = Reader::new(Arc::clone(log), 0).unwrap();
    let mut payloads = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        payloads.push(String::from_utf8(record.payload).unwrap());
    }
    payloads
}

#[test]
fn a_failed_sync_is_never_followed_by_an_acknowledgement() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk);
    assert_eq!(append(&log, &["a"]), ["0..1"]);
    // The write goes well, its sync does not.
    disk.fail(1, 1);
    let why = "cannot write to /simulated/0000000000000001.segment: the disk fails";
    let in_doubt = format!("whether the journal has this is not known, as it failed: {why}");
    assert_eq!(append(&log, &["b", "c"]), [in_doubt.as_str(); 2]);
    // The disk works again, and still nothing is taken: what became of the records is not known.
    let refused = format!("the journal takes nothing since it failed: {why}");
    assert_eq!(append(&log, &["d"]), [refused]);
    assert_eq!(read(&log), ["a"]);
    assert_eq!(log.wait_beyond(1, std::time::Duration::MAX), 1);

    log.reopen().unwrap();
    assert_eq!(append(&log, &["e"]), ["1..2"]);
    assert_eq!(read(&log), ["a", "e"]);
    drop(log);
    assert_eq!(read(&open(&disk)), ["a", "e"]);
    disk.lose_power();
    assert_eq!(read(&open(&disk)), ["a", "e"]);
}

/// After a failed sync the system takes for written what is in its memory alone.
#[test]
fn what_was_found_at_opening_stays() {
    for seed in 0..20 {
        let disk = SimulatedDisk::new(seed);
        let log = open(&disk);
        disk.fail(7, 1);
        assert!(append(&log, &["a"])[0].starts_with("whether"));
        drop(log);
        assert_eq!(read(&open(&disk)), ["a"]);
        disk.lose_power();
        assert_eq!(read(&open(&disk)), ["a"], "{seed}");
    }
}

/// A record that was written behind a torn one must not come back when another takes the place of the torn one.
#[test]
fn what_was_cut_off_never_comes_back() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk);
    assert_eq!(append(&log, &["a"]), ["0..1"]);
    // Each is a block with its header.
    let block = |letter: &str| letter.repeat(4_096 - 56);
    let (torn, whole, next) = (block("b"), block("c"), block("d"));
    disk.fail(1, 1);
    append(&log, &[&torn, &whole]);
    disk.damage(0, 2 * 4_096 + 56, 1);
    drop(log);

    let log = open(&disk);
    assert_eq!(read(&log), ["a"]);
    assert_eq!(append(&log, &[&next]), ["1..2"]);
    drop(log);
    assert_eq!(read(&open(&disk)), ["a", next.as_str()]);
}

#[test]
fn a_full_disk_refuses_and_leaves_the_journal_usable() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk);
    let large = "x".repeat(40_000);
    assert_eq!(append(&log, &[&large]), ["0..1"]);
    disk.limit(0);
    let outcomes = append(&log, &[&large]);
    assert!(
        outcomes[0].starts_with("the journal has no room for a further segment"),
        "{outcomes:?}"
    );
    assert_eq!(append(&log, &["small"]), ["1..2"]);
    disk.limit(u64::MAX / 2);
    assert_eq!(append(&log, &[&large]), ["2..3"]);
}
