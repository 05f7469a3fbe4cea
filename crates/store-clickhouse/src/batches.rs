//! What is to be stored, noted in ClickHouse before it is: so the tables alone say what is there, whatever an answer
//! said, and a batch that was begun is ended with the same bytes.
//!
//! The table has one row of each node (`node.rs`), its latest batch: positions, and how many rows they have. Are so many
//! there, then all up to its end is stored; are they not, then all up to its begin, and of the rows behind that some
//! may be.
//!
//! **Invariant:** a batch is noted before the first of its rows is sent, and rows are looked for before they are sent
//! again (`backend_contract.rs`, `tests/cluster/test_store.py`).

use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use crate::connection::Connection;
use crate::ddl::{BATCHES, POSITION};
use crate::error::Error;
use crate::node::Node;

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
    pub(crate) fn read(
        connection: &Arc<Connection>,
        table: &str,
        node: Node,
    ) -> Result<Stored, Error> {
        let latest = Batch::latest(connection, node)?;
        node.check_alone(connection, latest)?;
        let Some(batch) = latest else {
            return Stored::nothing(connection, table, node);
        };
        let found = connection.ask(format!(
            "SELECT {POSITION} FROM {table} WHERE {POSITION} >= {} AND {POSITION} < {} ORDER BY {POSITION}",
            batch.first,
            node.end()
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

    /// Nothing was stored by this node, or somebody has lost the table that says it. The number is this data
    /// directory's from now on.
    fn nothing(connection: &Arc<Connection>, table: &str, node: Node) -> Result<Stored, Error> {
        let (first, end) = (node.first(), node.end());
        if n_rows_at(connection, table, first..end)? > 0 {
            return Err(Error::Tables(format!(
                "the table {table} of {} has annoscope's events of node {}, but {BATCHES} does not tell of them: bring \
                 both back from one backup",
                connection.database(),
                node.number
            )));
        }
        let batch = Batch {
            number: 0,
            first,
            end: first,
            n_rows: 0,
        };
        batch.note(connection, node)?;
        // Of two that came at the same time, at least the second finds the other.
        if let Err(error) = node.check_alone(connection, Some(batch)) {
            node.forget(connection, node.owner)?;
            return Err(error);
        }
        Ok(Stored::of(batch, Vec::new()))
    }

    /// Whether nothing of what follows is there, or on its way.
    pub(crate) fn is_settled(&self) -> bool {
        self.present.is_empty() && self.begun_until().is_none()
    }

    /// Where the batch that was begun ends, if there is one.
    pub(crate) fn begun_until(&self) -> Option<u64> {
        (self.position < self.batch.end).then_some(self.batch.end)
    }
}

impl Batch {
    /// That of a node.
    pub(crate) fn latest(connection: &Arc<Connection>, node: Node) -> Result<Option<Batch>, Error> {
        let own = format!("owner = '{}'", node.owner);
        let latest = latest(connection, &own, "number DESC, end_position DESC", node)?;
        Ok(latest.map(|(_, batch)| batch))
    }

    /// Notes it.
    pub(crate) fn note(self, connection: &Arc<Connection>, node: Node) -> Result<(), Error> {
        let Batch {
            number,
            first,
            end,
            n_rows,
        } = self;
        let noted = connection.ask(format!(
            "INSERT INTO {BATCHES} (node, owner, number, first_position, end_position, n_rows) \
             VALUES ({}, '{}', {number}, {first}, {end}, {n_rows})",
            node.number, node.owner
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

/// The latest batch of another data directory that has the number of this one, and which that is. One that ends before
/// `own`, the latest of this one, is of a data directory that was taken over.
pub(crate) fn rival(
    connection: &Arc<Connection>,
    node: Node,
    own: Option<Batch>,
) -> Result<Option<(Uuid, Batch)>, Error> {
    let whose = format!(
        "owner != '{}' AND end_position >= {}",
        node.owner,
        own.map_or(0, |own| own.end)
    );
    latest(connection, &whose, "end_position DESC, number DESC", node)
}

fn latest(
    connection: &Arc<Connection>,
    whose: &str,
    order: &str,
    node: Node,
) -> Result<Option<(Uuid, Batch)>, Error> {
    // Rows of one number are there after an answer that did not come; the longer one is the later.
    let line = connection.ask(format!(
        "SELECT owner, number, first_position, end_position, n_rows FROM {BATCHES} \
         WHERE node = {} AND {whose} ORDER BY {order} LIMIT 1",
        node.number
    ))?;
    if line.is_empty() {
        return Ok(None);
    }
    let (owner, rest) = line.split_once('\t').unwrap_or_default();
    let owner = Uuid::parse_str(owner).map_err(|_| Error::Unexpected(line.clone()))?;
    match numbers(rest)?.first().map(Vec::as_slice) {
        Some(&[number, first, end, n_rows]) => Ok(Some((
            owner,
            Batch {
                number,
                first,
                end,
                n_rows,
            },
        ))),
        _ => Err(Error::Unexpected(line)),
    }
}

/// How many rows have such positions.
pub(crate) fn n_rows_at(
    connection: &Arc<Connection>,
    table: &str,
    positions: Range<u64>,
) -> Result<u64, Error> {
    let n_rows = connection.ask(format!(
        "SELECT count() FROM {table} WHERE {POSITION} >= {} AND {POSITION} < {}",
        positions.start, positions.end
    ))?;
    Ok(numbers(&n_rows)?.into_iter().flatten().sum())
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
