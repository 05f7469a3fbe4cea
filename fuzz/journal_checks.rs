//! What holds for any bytes in the files of a journal: nothing panics, and a record that is read is one that was
//! appended, in its place.
//!
//! The fuzz target and a short test of the workspace run the same function.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use annoscope_journal::{Journal, Options, check};

const SEGMENT_BYTES: u64 = 64 << 10;

/// Sizes of the records that are appended; they fill two segments.
const SIZES: [usize; 12] = [
    0, 1, 300, 4_040, 9_000, 4_040, 30_000, 20_000, 7, 4_040, 500, 8_136,
];

/// What is done to the files: the first byte says whether a file is replaced by the rest or edited by it, three bytes an
/// edit.
pub fn journal(data: &[u8]) {
    let dir = tempfile::tempdir().expect("there is room for a directory");
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    write(dir.path());
    let files = segments(dir.path());
    let file = &files[usize::from(kind >> 1) % files.len()];
    let mut bytes = fs::read(file).expect("it was written");
    if kind & 1 == 0 {
        for edit in data.chunks_exact(3) {
            let offset = u16::from_le_bytes([edit[0], edit[1]]);
            bytes[usize::from(offset)] ^= edit[2];
        }
    } else {
        // The file keeps its size mostly, and its header where the data begins with a zero.
        let begin = if data.first() == Some(&0) { 4096 } else { 0 };
        let end = bytes.len().min(begin + data.len());
        bytes[begin..end].copy_from_slice(&data[..end - begin]);
        if data.len() % 16 == 15 {
            bytes.truncate(data.len());
        }
    }
    fs::write(file, bytes).expect("there is room for a file");
    read(dir.path());
}

fn options(dir: &Path) -> Options {
    Options {
        first: 0,
        dir: dir.to_owned(),
        segment_bytes: SEGMENT_BYTES,
        max_bytes: 4 * SEGMENT_BYTES,
        queue_bytes: 1 << 20,
        clock: || 0,
    }
}

fn payload(index: usize) -> Vec<u8> {
    vec![index as u8; SIZES[index]]
}

fn write(dir: &Path) {
    let journal = Journal::open(options(dir)).expect("the directory is empty");
    for index in 0..SIZES.len() {
        let appended = journal.append(NonZeroU32::MIN, payload(index), |outcome| {
            outcome.expect("there is room for a record");
        });
        appended.expect("there is room for what waits");
    }
    journal.close();
    assert_eq!(journal.end(), SIZES.len() as u64);
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("it is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it is there").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "segment"))
        .collect();
    files.sort();
    files
}

fn read(dir: &Path) {
    let report = check(dir).expect("the directory can be read");
    let journal = match Journal::open(options(dir)) {
        Ok(journal) => journal,
        Err(error) => {
            assert!(!report.problems.is_empty(), "check found nothing: {error}");
            return;
        }
    };
    let Ok(mut reader) = journal.reader(0) else {
        assert!(journal.begin() > 0);
        return;
    };
    loop {
        let position = reader.position();
        match reader.read() {
            Ok(None) => break,
            Ok(Some(record)) => {
                assert_eq!((record.first, record.items), (position, 1));
                assert_eq!(record.payload, payload(position as usize));
            }
            Err(error) => {
                assert!(!report.problems.is_empty(), "check found nothing: {error}");
                break;
            }
        }
    }
}
