//! The filters on the disk between a clean stop and the next start.
//!
//! Filling them from the side tables takes a second for three million events; reading them
//! takes milliseconds. The file is removed as it is read and written only at a clean stop, so
//! a crash leaves none, and the tables are read. It is used only if it agrees with the tables.
//!
//! Format, all numbers 64 bits little endian: [`MAGIC`], the number of filters, then for each
//! its day, events, capacity, hash functions, words and the words themselves; last the BLAKE3 hash of all
//! that: a filter that lost a bit would take a duplicate for new.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use blake3::Hasher;
use fastbloom::BloomFilter;

use super::{Day, LARGEST_SEGMENT, Segment, State};

/// "annowin" and the version of the format.
const MAGIC: u64 = u64::from_le_bytes(*b"annowin2");

/// More filters than any window has; a larger number is no file of ours.
const MAX_SEGMENTS: u64 = 1 << 16;

/// Words of the largest filter, with room for another share of false alarms.
const MAX_WORDS: u64 = LARGEST_SEGMENT as u64;

/// Writes the filters, whole or not at all.
pub(super) fn write(state: &State, path: &Path) -> io::Result<()> {
    let part = path.with_extension("part");
    let written = write_part(state, &part).and_then(|()| std::fs::rename(&part, path));
    written.inspect_err(|_| {
        // The disk is full, most likely: a part of it is of no use.
        let _ = std::fs::remove_file(&part);
    })
}

fn write_part(state: &State, part: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(part)?);
    let mut hasher = Hasher::new();
    let mut put = |number: u64| {
        hasher.update(&number.to_le_bytes());
        out.write_all(&number.to_le_bytes())
    };
    put(MAGIC)?;
    put(state.segments.len() as u64)?;
    for segment in &state.segments {
        let words = segment.filter.as_slice();
        put(segment.day.0 as u64)?;
        put(segment.len as u64)?;
        put(segment.capacity as u64)?;
        put(u64::from(segment.filter.num_hashes()))?;
        put(words.len() as u64)?;
        for &word in words {
            put(word)?;
        }
    }
    out.write_all(hasher.finalize().as_bytes())?;
    out.into_inner()?.sync_all()
}

/// Reads the filters and removes the file. `None` if there is none, it is not what was written, it
/// cannot be removed, or a day has another number of events than `expected`.
pub(super) fn take(path: &Path, expected: &BTreeMap<Day, usize>) -> Option<Vec<Segment>> {
    let file = File::open(path).ok()?;
    // From here on a crash finds no file that is older than the tables.
    std::fs::remove_file(path).ok()?;
    let segments = read(&mut BufReader::new(file)).ok()?;
    let mut found: BTreeMap<Day, usize> = BTreeMap::new();
    for segment in &segments {
        *found.entry(segment.day).or_default() += segment.len;
    }
    (found == *expected).then_some(segments)
}

fn read(file: &mut impl Read) -> io::Result<Vec<Segment>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let mut hasher = Hasher::new();
    let mut get = || {
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        hasher.update(&bytes);
        io::Result::Ok(u64::from_le_bytes(bytes))
    };
    if get()? != MAGIC {
        return Err(wrong());
    }
    let n_segments = Some(get()?)
        .filter(|&n| n <= MAX_SEGMENTS)
        .ok_or_else(wrong)?;
    let mut segments = Vec::new();
    for _ in 0..n_segments {
        let (day, len, capacity) = (get()?, get()?, get()?);
        let n_hashes = u32::try_from(get()?).map_err(|_| wrong())?;
        let n_words = Some(get()?)
            .filter(|n| (1..=MAX_WORDS).contains(n))
            .ok_or_else(wrong)?;
        let words = (0..n_words)
            .map(|_| get())
            .collect::<io::Result<Vec<u64>>>()?;
        segments.push(Segment {
            day: Day(day.cast_signed()),
            filter: BloomFilter::from_vec(words).seed(&0).hashes(n_hashes),
            capacity: capacity as usize,
            len: len as usize,
        });
    }
    let mut checksum = [0; 32];
    file.read_exact(&mut checksum)?;
    (hasher.finalize() == checksum)
        .then_some(segments)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use annoscope_events::EventHash;

    use super::*;

    #[test]
    fn filters_come_back_once_whole_and_only_if_they_agree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dedup_window.filters");
        let mut state = State::default();
        let hashes: Vec<EventHash> = (0..100_000_u128)
            .map(|n| EventHash(n * 0x9E37_79B9_7F4A_7C15))
            .collect();
        for &hash in &hashes {
            state.insert(Day(7), hash);
        }
        let expected = BTreeMap::from([(Day(7), hashes.len())]);

        write(&state, &path).unwrap();
        let restored = take(&path, &expected).unwrap();
        assert_eq!(restored.len(), state.segments.len());
        let restored = State {
            segments: restored.into(),
            ..State::default()
        };
        assert!(
            hashes
                .iter()
                .all(|&hash| !restored.days_that_may_hold(hash).is_empty())
        );
        assert!(take(&path, &expected).is_none(), "used up");

        write(&state, &path).unwrap();
        assert!(
            take(&path, &BTreeMap::from([(Day(7), 99_999)])).is_none(),
            "disagrees"
        );

        write(&state, &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(take(&path, &expected).is_none(), "cut off");
        let mut zeroed = whole.clone();
        zeroed[4096..4608].fill(0);
        std::fs::write(&path, zeroed).unwrap();
        assert!(take(&path, &expected).is_none(), "a sector of zeros");
        std::fs::write(&path, b"something else entirely").unwrap();
        assert!(take(&path, &expected).is_none(), "not ours");
    }
}
