//! What is to be stored, noted in ClickHouse before it is: so the tables alone say what is there, whatever an answer
//! said, and a batch that was begun is ended with the same bytes.
//!
//! The table has one row, the latest batch: its positions, and how many rows they have. Are so many there, then all
//! up to its end is stored; are they not, then all up to its begin, and of the rows behind that some may be.
//!
//! **Invariant:** a batch is noted before the first of its rows is sent, and rows are looked for before they are sent
//! again (`backend_contract.rs`, `tests/cluster/test_store.py`).

use std::sync::Arc;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::{BATCHES, EVENTS};

/// The latest batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// One more than that of the batch before.
    pub(crate) number: u64,
    /// Its positions, some of which may have no row.
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// How many have one.
    pub(crate) n_rows: u64,
}

/// What ClickHouse has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) batch: Batch,
    /// Up to where all is stored.
    pub(crate) position: u64,
    /// Positions from there on whose rows are stored nevertheless, in order.
    pub(crate) present: Vec<u64>,
}

impl Stored {
    /// Asks for it.
    pub(crate) fn read(connection: &Arc<Connection>) -> Result<Stored, Error> {
        let Some(batch) = Batch::latest(connection)? else {
            return Stored::nothing(connection);
        };
        let found = connection.ask(format!(
            "SELECT position FROM {EVENTS} WHERE position >= {} ORDER BY position",
            batch.first
        ))?;
        let found = numbers(&found)?.into_iter().flatten().collect();
        Ok(Stored::of(batch, found))
    }

    /// Of a batch, and the positions from its begin on that have a row.
    fn of(batch: Batch, found: Vec<u64>) -> Stored {
        let n_found = found.partition_point(|position| *position < batch.end);
        let position = if n_found as u64 == batch.n_rows {
            batch.end
        } else {
            batch.first
        };
        let mut present = found;
        present.retain(|at| *at >= position);
        Stored {
            batch,
            position,
            present,
        }
    }

    /// Nothing was stored by us, or somebody has lost the table that says it.
    fn nothing(connection: &Arc<Connection>) -> Result<Stored, Error> {
        let sql = format!("SELECT count() FROM {EVENTS} WHERE position IS NOT NULL");
        if connection.ask(sql)?.trim() != "0" {
            return Err(Error::Tables(format!(
                "the table {EVENTS} of {database} has annoscope's events, but {BATCHES} is empty: bring both back from one backup",
                database = connection.database()
            )));
        }
        Ok(Stored::default())
    }

    /// Where the batch that was begun ends, if there is one.
    pub(crate) fn begun_until(&self) -> Option<u64> {
        (self.position < self.batch.end).then_some(self.batch.end)
    }
}

impl Batch {
    fn latest(connection: &Arc<Connection>) -> Result<Option<Batch>, Error> {
        // Rows of one number are there after an answer that did not come; the longer one is the later.
        let latest = connection.ask(format!(
            "SELECT number, first_position, end_position, n_rows FROM {BATCHES} \
             ORDER BY number DESC, end_position DESC LIMIT 1"
        ))?;
        let latest = numbers(&latest)?;
        let batch = latest.first().map(|numbers| match numbers[..] {
            [number, first, end, n_rows] => Ok(Batch {
                number,
                first,
                end,
                n_rows,
            }),
            _ => Err(Error::Unexpected(format!("{numbers:?}"))),
        });
        batch.transpose()
    }

    /// Notes it.
    pub(crate) fn note(self, connection: &Arc<Connection>) -> Result<(), Error> {
        let Batch {
            number,
            first,
            end,
            n_rows,
        } = self;
        let noted = connection.ask(format!(
            "INSERT INTO {BATCHES} (number, first_position, end_position, n_rows) \
             VALUES ({number}, {first}, {end}, {n_rows})"
        ));
        noted.map(drop)
    }

    /// One behind it that has no rows: all up to `position` is stored, or never will be.
    pub(crate) fn settled(self, position: u64) -> Batch {
        Batch {
            number: self.number + 1,
            first: position,
            end: position,
            n_rows: 0,
        }
    }
}

/// Lines of numbers.
pub(crate) fn numbers(text: &str) -> Result<Vec<Vec<u64>>, Error> {
    let line = |line: &str| {
        let numbers = line.split('\t').map(str::parse);
        let numbers: Result<Vec<u64>, _> = numbers.collect();
        numbers.map_err(|_| Error::Unexpected(line.to_owned()))
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, rows of the batch, positions that were found; then the position, what is there behind it, and where the
    /// batch ends that was begun.
    type Case = (
        &'static str,
        u64,
        &'static [u64],
        u64,
        &'static [u64],
        Option<u64>,
    );

    #[test]
    fn what_is_stored_follows_from_the_latest_batch_and_the_rows_from_its_begin_on() {
        let batch = |n_rows| Batch {
            number: 1,
            first: 10,
            end: 13,
            n_rows,
        };
        let cases: [Case; 7] = [
            ("nothing of it", 3, &[], 10, &[], Some(13)),
            ("a month of it", 3, &[11], 10, &[11], Some(13)),
            ("all", 3, &[10, 11, 12], 13, &[], None),
            (
                "all, and some behind",
                3,
                &[10, 11, 12, 14],
                13,
                &[14],
                None,
            ),
            (
                "some, and some behind",
                3,
                &[12, 14],
                10,
                &[12, 14],
                Some(13),
            ),
            (
                "it has a position without a row",
                2,
                &[10, 12],
                13,
                &[],
                None,
            ),
            ("it has no rows", 0, &[], 13, &[], None),
        ];
        for (name, n_rows, found, position, present, begun_until) in cases {
            let stored = Stored::of(batch(n_rows), found.to_vec());
            assert_eq!(stored.position, position, "{name}");
            assert_eq!(stored.present, present, "{name}");
            assert_eq!(stored.begun_until(), begun_until, "{name}");
        }
    }

    #[test]
    fn numbers_are_read_from_lines() {
        assert_eq!(numbers("1\t2\n3\t4\n").unwrap(), [[1, 2], [3, 4]]);
        assert!(numbers("").unwrap().is_empty());
        numbers("1\tx").unwrap_err();
    }
}
