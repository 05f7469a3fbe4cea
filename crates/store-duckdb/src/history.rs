//! Whole rows in the order of their positions, for backups.
//!
//! Each slice is a transaction of its own: a reader that takes hours keeps no old version of a row alive. A row at
//! a position that was applied changes no more, so the slices fit together.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use annoscope_events::COLUMNS;
use annoscope_store::{Position, ROW_GROUP, RecordBatches, RowSender};
use duckdb::Connection;

use crate::apply::POSITION;
use crate::database::{Database, Purpose};
use crate::error::Error;
use crate::query;
use crate::readers::Readers;

/// Positions of a slice: those of a group that was stored at once. Its rows take some 50 MB while they are sorted.
const SLICE: usize = ROW_GROUP;

/// A reader may write to a slow disk, or to another machine.
const TIME_LIMIT: Duration = Duration::from_hours(24);

/// What a row is to readers: as the view `events` has it, but for its position, which the caller puts in.
const ROW: &str = "SELECT * EXCLUDE (payload_tail) REPLACE (
    CASE WHEN payload_tail IS NULL THEN payload
        ELSE concat(payload, CAST(request_id AS VARCHAR), payload_tail) END AS payload,
    CAST(request_id AS VARCHAR) AS request_id";

pub(crate) fn start(
    database: &Arc<Database>,
    readers: &Readers,
    positions: Range<Position>,
) -> Result<RecordBatches, Error> {
    query::spawn(
        database,
        readers,
        Purpose::Maintenance,
        TIME_LIMIT,
        move |connection, sender| hand_over(connection, sender, positions),
    )
}

fn hand_over(
    connection: &Connection,
    sender: &RowSender,
    positions: Range<Position>,
) -> Result<(), Error> {
    let has_unplaced = has_unplaced_rows(connection)?;
    // Behind it are no rows, however far the caller asks.
    let applied: u64 = connection.query_row(POSITION, [], |row| row.get(0))?;
    let last = positions.end.0.min(applied);
    for start in (positions.start.0..last).step_by(SLICE) {
        let end = last.min(start + SLICE as u64);
        query::run(sender, connection, &slice(start, end, has_unplaced))?;
    }
    Ok(())
}

/// Whether there are rows from before rows had positions.
pub(crate) fn has_unplaced_rows(connection: &Connection) -> Result<bool, Error> {
    // The first rows are the oldest ones, and statistics of row groups tell at once that there is none.
    let sql = "SELECT EXISTS (FROM stored_events WHERE position IS NULL)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn slice(start: u64, end: u64, has_unplaced: bool) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let columns = names.join(", ");
    // Not by the view: conditions on its position are not compared with the statistics of row groups.
    let placed =
        format!("{ROW}) FROM stored_events WHERE position >= {start} AND position < {end}");
    let rows = if has_unplaced {
        format!(
            "{placed} UNION ALL BY NAME {ROW}, rowid AS position) FROM stored_events \
             WHERE position IS NULL AND rowid >= {start} AND rowid < {end}"
        )
    } else {
        placed
    };
    format!("SELECT {columns}, position FROM ({rows}) ORDER BY position")
}
