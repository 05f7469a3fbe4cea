//! Several annoscopes before one table: each has positions of its own, and nobody else gives those.
//!
//! A node's number is in the upper bits of its positions, so that a position names one row of the whole table. Whose
//! number it is, is in the table of `batches.rs`: the data directory whose latest batch ends last. Who takes over begins
//! far behind the other, which asks before each batch and ends there; what of it was on its way has positions of its own.
//!
//! **Invariant:** no position is given by two data directories with one number, also while both run
//! (`a_number_is_of_one_data_directory` and `who_was_taken_over_stores_nothing_more` in `backend_contract.rs`).

use std::sync::Arc;

use uuid::Uuid;

use crate::batches::{Batch, n_rows_at, rival};
use crate::connection::Connection;
use crate::ddl::BATCHES;
use crate::error::Error;

/// Positions of one node, as a power of two: more rows than a disk holds.
const BITS: u32 = 40;

/// Positions between the last batch of a data directory and the first of the one that takes over. What the other still
/// sends lies within: the batch that it had begun, or, where replicas are behind, those of some minutes.
pub(crate) const BETWEEN_OWNERS: u64 = 1 << 30;

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

    /// Fails where another data directory has the number; `own` is the latest batch of this one.
    pub(crate) fn check_alone(
        self,
        connection: &Arc<Connection>,
        own: Option<Batch>,
    ) -> Result<(), Error> {
        let Some((owner, _)) = rival(connection, self, own)? else {
            return Ok(());
        };
        Err(Error::OfAnother {
            node: self.number,
            database: connection.database().to_owned(),
            owner,
        })
    }

    /// Forgets the batches of a data directory.
    pub(crate) fn forget(self, connection: &Arc<Connection>, owner: Uuid) -> Result<(), Error> {
        let forgotten = connection.ask(format!(
            "ALTER TABLE {BATCHES} DELETE WHERE node = {} AND owner = '{owner}' SETTINGS mutations_sync = 2",
            self.number
        ));
        forgotten.map(drop)
    }

    /// Goes on in place of the data directory that has the number, [`BETWEEN_OWNERS`] behind its last batch. Returns how
    /// many rows of that have not come; none where nobody else has the number.
    pub(crate) fn take_over(
        self,
        connection: &Arc<Connection>,
        table: &str,
    ) -> Result<Option<u64>, Error> {
        let mut n_lost = None;
        loop {
            let own = Batch::latest(connection, self)?;
            let Some((owner, batch)) = rival(connection, self, own)? else {
                return Ok(n_lost);
            };
            let first_free = batch.end + BETWEEN_OWNERS;
            let n_found = n_rows_at(connection, table, batch.first..batch.end)?;
            n_lost = Some(n_lost.unwrap_or(0) + batch.n_rows.saturating_sub(n_found));
            let number = own.map_or(0, |own| own.number).max(batch.number);
            let settled = Batch { number, ..batch }.settled(first_free);
            settled.note(connection, self)?;
            self.forget(connection, owner)?;
        }
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
