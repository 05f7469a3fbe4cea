//! Several annoscopes before one table: each has positions of its own, and nobody else gives those.
//!
//! A node's number is in the upper bits of its positions, so that a position names one row of the whole table. Whose
//! number it is, is in the table of `batches.rs`: the data directory that has the journal behind the positions.
//!
//! **Invariant:** of two data directories with one number at most one gives positions
//! (`a_number_is_of_one_data_directory` in `backend_contract.rs`).

use std::sync::Arc;

use uuid::Uuid;

use crate::batches::{Batch, latest_of_others, n_rows_at};
use crate::connection::Connection;
use crate::ddl::BATCHES;
use crate::error::Error;

/// Positions of one node, as a power of two: more rows than a disk holds.
const BITS: u32 = 40;

/// Numbers of nodes are below it: a browser's numbers hold 53 bits.
pub const MAX_NODES: u16 = 1 << (53 - BITS);

/// One annoscope of those that write to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number, below [`MAX_NODES`].
    pub number: u16,
    /// Its data directory.
    pub owner: Uuid,
}

impl Node {
    /// The first of its positions.
    pub(crate) fn first(self) -> u64 {
        u64::from(self.number) << BITS
    }

    /// The first behind them.
    pub(crate) fn end(self) -> u64 {
        self.first() + (1 << BITS)
    }

    /// Fails where another data directory has the number.
    pub(crate) fn check_alone(self, connection: &Arc<Connection>) -> Result<(), Error> {
        let Some((owner, _)) = latest_of_others(connection, self)? else {
            return Ok(());
        };
        Err(Error::Tables(format!(
            "the rows of node {number} in {database} are of another data directory ({owner}): give each annoscope before \
             one table a number of its own (store.clickhouse.node), or, if that data directory is gone for good, let this \
             one go on in its place: annoscope clickhouse apply --take-over",
            number = self.number,
            database = connection.database()
        )))
    }

    /// Goes on in place of the data directory that has the number, behind its last batch. Returns how many rows of that
    /// never came; none where nobody else has the number.
    pub(crate) fn take_over(
        self,
        connection: &Arc<Connection>,
        table: &str,
    ) -> Result<Option<u64>, Error> {
        let mut n_lost = None;
        while let Some((owner, batch)) = latest_of_others(connection, self)? {
            let own = Batch::latest(connection, self)?;
            let first_free = own.map_or(batch.end, |own| own.end.max(batch.end));
            let n_found = n_rows_at(connection, table, batch.first..batch.end)?;
            n_lost = Some(n_lost.unwrap_or(0) + batch.n_rows.saturating_sub(n_found));
            let number = own.map_or(0, |own| own.number).max(batch.number);
            let settled = Batch { number, ..batch }.settled(first_free);
            settled.note(connection, self)?;
            connection.ask(format!(
                "ALTER TABLE {BATCHES} DELETE WHERE node = {} AND owner = '{owner}' SETTINGS mutations_sync = 2",
                self.number
            ))?;
        }
        Ok(n_lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_nodes_follow_on_each_other_and_are_exact_in_a_browser() {
        let node = |number| Node {
            number,
            owner: Uuid::nil(),
        };
        assert_eq!(node(0).first(), 0);
        assert_eq!(node(0).end(), node(1).first());
        assert_eq!(node(MAX_NODES - 1).end(), 1 << 53);
    }
}
