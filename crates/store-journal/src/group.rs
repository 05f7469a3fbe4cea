//! How much of the journal goes to the database at once.

use annoscope_journal::Reader;
use annoscope_store::{Entry, Position, ROW_GROUP, StoreError};
use arrow::buffer::Buffer;

use crate::error;

/// While as many rows wait, the applier gathers exactly these.
pub(crate) const FLOOD_ROWS: u64 = ROW_GROUP as u64;

/// Most rows of a group while the applier keeps up: beyond it a row gets no cheaper, and the others
/// wait longer to be seen.
const CALM_ROWS: u64 = 50_000;

/// Most bytes of a group: it is in memory as a whole.
const MAX_BYTES: usize = 64 << 20;

/// Entries that follow one another.
#[derive(Debug, PartialEq)]
pub(crate) struct Group {
    /// Where the database is: within the first entry, or at its begin.
    pub(crate) from: Position,
    pub(crate) entries: Vec<Entry>,
    /// Where the database is to be: behind the last entry, or within it.
    pub(crate) until: Position,
    /// The position behind the last entry.
    pub(crate) end: Position,
}

impl Group {
    /// A group for each of its entries.
    pub(crate) fn into_single(self) -> impl Iterator<Item = Group> {
        let Group {
            from, until, end, ..
        } = self;
        let mut ends: Vec<Position> = self.entries.iter().skip(1).map(|next| next.from).collect();
        ends.push(end);
        let entries = self.entries.into_iter().zip(ends);
        entries.map(move |(entry, end)| Group {
            from: from.max(entry.from),
            entries: vec![entry],
            until: until.min(end),
            end,
        })
    }
}

/// Takes what waits in the journal, in groups.
pub(crate) struct Groups {
    reader: Reader,
    /// The last entry that was read, where the last group ended within it.
    rest: Option<Entry>,
}

impl Groups {
    /// Of a reader that begins where the database is.
    pub(crate) fn of(reader: Reader) -> Groups {
        Groups { reader, rest: None }
    }

    /// Takes what waits from `from` on, where the database is, without waiting for more. `n_waiting` is the
    /// number of positions that are known to wait.
    pub(crate) fn next(&mut self, from: Position, n_waiting: u64) -> Result<Group, StoreError> {
        let is_flood = n_waiting >= FLOOD_ROWS;
        let max_rows = if is_flood { FLOOD_ROWS } else { CALM_ROWS };
        let mut entries: Vec<Entry> = Vec::new();
        // What was set aside has no rest.
        entries.extend(self.rest.take().filter(|_| from < self.read_up_to()));
        let mut bytes: usize = entries.iter().map(|entry| entry.record.len()).sum();
        while self.reader.position() < from.0 + max_rows && bytes < MAX_BYTES {
            let Some(record) = self.reader.read().map_err(error::of_read)? else {
                break;
            };
            bytes += record.payload.len();
            entries.push(Entry {
                from: Position(record.first),
                record: Buffer::from(record.payload),
            });
        }
        let end = self.read_up_to();
        let until = if is_flood {
            end.min(Position(from.0 + max_rows))
        } else {
            end
        };
        if until < end {
            self.rest = entries.last().cloned();
        }
        Ok(Group {
            from,
            entries,
            until,
            end,
        })
    }

    fn read_up_to(&self) -> Position {
        Position(self.reader.position())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::mpsc::channel;

    use annoscope_journal::{Journal, Options};

    use super::*;

    /// A journal whose records have so many positions.
    fn journal(dir: &std::path::Path, items: &[u64]) -> Journal {
        let options = Options {
            dir: dir.to_owned(),
            first: 0,
            segment_bytes: 1 << 20,
            max_bytes: 16 << 20,
            queue_bytes: 1 << 20,
            clock: || 0,
        };
        let journal = Journal::open(options).unwrap();
        for n_items in items {
            let (answer, answered) = channel();
            let done = move |written: Result<_, _>| answer.send(written.is_ok()).unwrap();
            let n_items = NonZeroU32::new(*n_items as u32).unwrap();
            journal.append(n_items, vec![1; 8], done).unwrap();
            assert!(answered.recv().unwrap());
        }
        journal
    }

    /// Where groups and their entries begin and end, if each is taken as it comes.
    fn groups(journal: &Journal, from: u64) -> Vec<(Vec<u64>, u64, u64)> {
        let mut groups = Groups::of(journal.reader(from).unwrap());
        let (mut position, mut found) = (Position(from), Vec::new());
        while position.0 < journal.end() {
            let group = groups.next(position, journal.end() - position.0).unwrap();
            assert_eq!(group.from, position);
            position = group.until;
            let entries = group.entries.iter().map(|entry| entry.from.0);
            found.push((entries.collect(), group.until.0, group.end.0));
        }
        found
    }

    #[test]
    fn a_flood_goes_in_row_groups_and_what_is_left_whole() {
        const N: u64 = FLOOD_ROWS;
        let dir = tempfile::tempdir().unwrap();
        let journal = journal(dir.path(), &[100, N - 150, 2 * N, 30, 7]);
        let end = 3 * N - 13;
        let two = N - 50;
        let expected = [
            (vec![0, 100, two], N, 3 * N - 50),
            (vec![two], 2 * N, 3 * N - 50),
            // Row groups no more.
            (vec![two], 3 * N - 50, 3 * N - 50),
            (vec![3 * N - 50, 3 * N - 20], end, end),
        ];
        assert_eq!(groups(&journal, 0), expected);
        // From within a record on, as after a restart.
        let expected = [
            (vec![100, two], N + 200, 3 * N - 50),
            (vec![two], 2 * N + 200, 3 * N - 50),
            (vec![two], 3 * N - 50, 3 * N - 50),
            (vec![3 * N - 50, 3 * N - 20], end, end),
        ];
        assert_eq!(groups(&journal, 200), expected);
    }

    #[test]
    fn what_was_set_aside_has_no_rest() {
        const N: u64 = FLOOD_ROWS;
        let dir = tempfile::tempdir().unwrap();
        let journal = journal(dir.path(), &[N + 5, 3]);
        let mut groups = Groups::of(journal.reader(0).unwrap());
        let group = groups.next(Position(0), N + 8).unwrap();
        assert_eq!((group.until.0, group.end.0), (N, N + 5));
        let group = groups.next(group.end, 3).unwrap();
        let from: Vec<u64> = group.entries.iter().map(|entry| entry.from.0).collect();
        assert_eq!((from, group.until.0), (vec![N + 5], N + 8));
    }

    #[test]
    fn a_group_is_made_of_groups_of_one_entry() {
        let entry = |from| Entry {
            from: Position(from),
            record: Buffer::from_vec(vec![1_u8]),
        };
        let group = |from, entries: Vec<Entry>, until, end| Group {
            from: Position(from),
            entries,
            until: Position(until),
            end: Position(end),
        };
        let single = group(3, vec![entry(1), entry(5), entry(6)], 8, 9).into_single();
        let expected = [
            group(3, vec![entry(1)], 5, 5),
            group(5, vec![entry(5)], 6, 6),
            group(6, vec![entry(6)], 8, 9),
        ];
        assert_eq!(single.collect::<Vec<_>>(), expected);
    }
}
