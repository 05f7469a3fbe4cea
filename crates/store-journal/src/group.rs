//! How much of the journal goes to the database at once.

use annoscope_journal::Reader;
use annoscope_store::{Entry, Position, StoreError};
use arrow::buffer::Buffer;

use crate::error;

/// Rows behind which the applier has fallen back so far that it gathers whole row groups: DuckDB writes
/// them straight to its file, at a third of the time a row (1.6 µs against 4.4, measured).
const FLOOD_ROWS: u64 = 122_880;

/// Most rows of a group while the applier keeps up: beyond it a row gets no cheaper, and the others
/// wait longer to be seen.
const CALM_ROWS: u64 = 50_000;

/// Most bytes of a group: it is in memory as a whole.
const MAX_BYTES: usize = 64 << 20;

/// Entries that follow one another.
pub(crate) struct Group {
    pub(crate) entries: Vec<Entry>,
    /// The position behind them.
    pub(crate) until: Position,
}

/// Takes what waits, without waiting for more. `n_waiting` is the number of positions that are known
/// to wait.
pub(crate) fn gather(reader: &mut Reader, n_waiting: u64) -> Result<Group, StoreError> {
    let from = reader.position();
    let max_rows = if n_waiting < FLOOD_ROWS {
        CALM_ROWS
    } else {
        // Whole row groups, and few rows beyond them.
        FLOOD_ROWS
    };
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while reader.position() - from < max_rows && bytes < MAX_BYTES {
        let Some(record) = reader.read().map_err(error::of_read)? else {
            break;
        };
        bytes += record.payload.len();
        entries.push(Entry {
            from: Position(record.first),
            record: Buffer::from(record.payload),
        });
    }
    Ok(Group {
        entries,
        until: Position(reader.position()),
    })
}
