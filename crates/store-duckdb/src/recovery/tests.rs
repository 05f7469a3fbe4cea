//! What a power cut, a failing disk or a person does to the files, and what becomes of them.

use std::collections::BTreeMap;
use std::path::Path;

use annoscope_store::{Backend, Position};

use super::*;
use crate::tests::{append, config, event};
use crate::{DuckDbStore, StoreConfig};

const LOG: &str = "events.duckdb.wal";
/// In the database, and then in batches of this many in the log.
const N_IN_FILE: usize = 300;
const N_BATCH: usize = 100;
const N_BATCHES: usize = 4;
const N_EVENTS: u64 = (N_IN_FILE + N_BATCHES * N_BATCH) as u64;

/// All files of a directory, without those below.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn put(dir: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}

/// The files of a store that was killed: some events in the database, some in the log.
fn killed() -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let events = |n: usize| {
        (0_i64..)
            .take(n)
            .map(|second| event(second, 1))
            .collect::<Vec<_>>()
    };
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    append(&store, &events(N_IN_FILE)).unwrap();
    drop(store);
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    for _ in 0..N_BATCHES {
        append(&store, &events(N_BATCH)).unwrap();
    }
    let mut files = files(dir.path());
    files.retain(|name, _| name.starts_with("events."));
    assert_eq!(
        files.len(),
        3,
        "database, log and count: {:?}",
        files.keys()
    );
    files
}

/// How many events an opened store has; why it does not open.
fn opens(config: &StoreConfig) -> Result<u64, String> {
    let store = DuckDbStore::open(config).map_err(|error| error.to_string())?;
    Ok(store.stats().rows_total)
}

/// One way of damage, and what is left of it.
struct Case {
    name: &'static str,
    damage: fn(&mut BTreeMap<String, Vec<u8>>),
    /// The word that the refusal must have; none if the store opens with everything.
    refused: Option<&'static str>,
    n_after_repair: u64,
}

fn log(files: &mut BTreeMap<String, Vec<u8>>) -> &mut Vec<u8> {
    files.get_mut(LOG).unwrap()
}

fn flip(files: &mut BTreeMap<String, Vec<u8>>, at: usize) {
    log(files)[at] ^= 1;
}

#[test]
fn what_is_damaged_is_named_and_kept() {
    let cases = [
        Case {
            name: "nothing",
            damage: |_| {},
            refused: None,
            n_after_repair: N_EVENTS,
        },
        Case {
            name: "zeros behind the log",
            damage: |files| log(files).extend([0; 5000]),
            refused: None,
            n_after_repair: N_EVENTS,
        },
        Case {
            name: "an entry behind the log that was written in part",
            damage: |files| {
                let log = log(files);
                log.extend(9000_u64.to_le_bytes());
                log.extend([7; 100]);
                log.extend([0; 4000]);
            },
            refused: None,
            n_after_repair: N_EVENTS,
        },
        Case {
            name: "a log that ends within what was acknowledged",
            damage: |files| {
                let length = log(files).len() - 3;
                log(files).truncate(length);
            },
            refused: Some(LOG),
            n_after_repair: N_EVENTS - N_BATCH as u64,
        },
        Case {
            name: "the first bit of the log",
            damage: |files| flip(files, 0),
            refused: Some(LOG),
            n_after_repair: N_IN_FILE as u64,
        },
        Case {
            name: "a bit of the log's head that belongs to the database",
            damage: |files| flip(files, 16),
            refused: Some(LOG),
            n_after_repair: N_IN_FILE as u64,
        },
        Case {
            name: "a bit within the third of four batches",
            damage: |files| {
                let within = log(files).len() * 5 / 8;
                flip(files, within);
            },
            refused: Some(LOG),
            n_after_repair: N_IN_FILE as u64 + 200,
        },
        Case {
            name: "a bit of the log's last entries",
            damage: |files| {
                let last = log(files).len() - 40;
                flip(files, last);
            },
            refused: Some(LOG),
            n_after_repair: N_EVENTS - N_BATCH as u64,
        },
        Case {
            name: "no log",
            damage: |files| {
                files.remove(LOG);
            },
            refused: Some("events.duckdb"),
            n_after_repair: N_IN_FILE as u64,
        },
        Case {
            name: "no database beside a log",
            damage: |files| {
                files.remove(FILE);
            },
            refused: Some("missing"),
            n_after_repair: 0,
        },
        Case {
            name: "neither database nor log",
            damage: |files| files.retain(|name, _| name == "events.count"),
            refused: Some("missing"),
            n_after_repair: 0,
        },
        Case {
            name: "a database without a head",
            damage: |files| files.get_mut(FILE).unwrap()[..4096].fill(0),
            refused: Some(FILE),
            n_after_repair: 0,
        },
    ];
    let files_before = killed();
    for case in cases {
        let mut damaged = files_before.clone();
        (case.damage)(&mut damaged);
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &damaged);
        let config = config(dir.path());
        let opened = opens(&config);
        let Some(word) = case.refused else {
            assert_eq!(opened, Ok(N_EVENTS), "{}", case.name);
            continue;
        };
        let refusal = opened.expect_err(case.name);
        assert!(
            refusal.contains(word) && refusal.contains("annoscope repair"),
            "{}: {refusal}",
            case.name
        );
        let mut now = files(dir.path());
        now.retain(|name, _| name.starts_with("events."));
        assert!(now == damaged, "{}: was written over", case.name);

        let repaired = repair(&config).unwrap();
        assert_eq!(
            (repaired.n_acknowledged, repaired.n_readable),
            (N_EVENTS, case.n_after_repair),
            "{}",
            case.name
        );
        let aside = repaired.set_aside.expect(case.name);
        for (name, bytes) in files(&aside) {
            assert!(
                damaged[&name] == bytes,
                "{}: {name} in {DAMAGED}",
                case.name
            );
        }
        let again = repair(&config).unwrap();
        assert_eq!(again.set_aside, None, "{}", case.name);
        assert_eq!(opens(&config), Ok(case.n_after_repair), "{}", case.name);
        let store = DuckDbStore::open(&config).unwrap();
        append(&store, &[event(0, 1)]).unwrap();
        drop(store);
        assert_eq!(opens(&config), Ok(case.n_after_repair + 1), "{}", case.name);
    }
}

/// DuckDB shows the rows of such a transaction, and loses them at the start after the next.
#[test]
fn an_unfinished_transaction_of_row_groups_is_cut_off() {
    const N_ROWS: u64 = 122_880 + 10;
    let events: Vec<_> = (0..N_ROWS.cast_signed()).map(|n| event(n, 1)).collect();
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    // The log ends with the rows, and not with their facts.
    store.applier.lock().unwrap().keeping.added_at_once = u64::MAX;
    append(&store, &events).unwrap();
    let count = std::fs::read(dir.path().join("events.count")).unwrap();
    let n_bytes = |files: &mut BTreeMap<String, Vec<u8>>| log(files).len();
    let whole = n_bytes(&mut files(dir.path()));
    append(&store, &events).unwrap();
    let mut killed = files(dir.path());
    killed.retain(|name, _| name.starts_with("events."));
    killed.insert("events.count".to_owned(), count);
    drop(store);

    let all = n_bytes(&mut killed);
    for length in [whole + 1, whole + 30, all - 21, all - 1] {
        let mut torn = killed.clone();
        log(&mut torn).truncate(length);
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), &torn);
        let store = DuckDbStore::open(&config(dir.path())).unwrap();
        assert_eq!(store.applied().unwrap(), Position(N_ROWS), "{length}");
        append(&store, &events).unwrap();
        // Killed before a checkpoint.
        let killed = files(dir.path());
        drop(store);
        put(dir.path(), &killed);
        assert_eq!(opens(&config(dir.path())), Ok(2 * N_ROWS), "{length}");
        assert!(files(&dir.path().join(DAMAGED)).is_empty());
    }
}

#[test]
fn a_store_of_before_the_count_opens() {
    let mut files = killed();
    files.remove("events.count");
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &files);
    assert_eq!(opens(&config(dir.path())), Ok(N_EVENTS));
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    assert!(opens(&config(dir.path())).is_err());
}

#[test]
fn nothing_is_acknowledged_into_removed_files() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, elsewhere) = (parent.path().join("data"), parent.path().join("elsewhere"));
    std::fs::create_dir(&dir).unwrap();
    let store = DuckDbStore::open(&config(&dir)).unwrap();
    // As the journal's side does: what failed may be there all the same.
    let try_append = |n: i64| match store.applied()? {
        Position(applied) if applied < n.cast_unsigned() => append(&store, &[event(n, 1)]),
        _ => Ok(()),
    };
    try_append(1).unwrap();
    std::fs::rename(&dir, &elsewhere).unwrap();
    let refusal = try_append(2).unwrap_err();
    assert!(refusal.to_string().contains("put them back"), "{refusal}");
    assert!(try_append(3).is_err());
    // An empty directory in its place is not taken for the store.
    std::fs::create_dir(&dir).unwrap();
    assert!(try_append(3).is_err());
    std::fs::remove_dir_all(&dir).unwrap();

    std::fs::rename(&elsewhere, &dir).unwrap();
    for second in [2, 3] {
        try_append(second).unwrap();
    }
    drop(store);
    assert_eq!(opens(&config(&dir)), Ok(3));
}
