//! ClickHouse's `Native`: blocks of columns, each with its name, its type and its values.
//!
//! As it is read over HTTP: without the information about blocks that ClickHouse's own protocol has. A block is
//! gone through once to find where the values of each column lie, and then row by row.

use super::binary::{Cursor, Pending, Stop, cut_off};
use super::error::{InsertError, InsertErrorCode};
use super::native_column::Extent;
use super::target::{Place, Places, Target};
use super::wire_type::WireType;
use super::{RowReader, RowSink};

/// What an error calls what it is about.
const BLOCK: &str = "a block";

/// Columns of a block; no table has as many.
const MAX_COLUMNS: usize = 10_000;

/// Reads rows.
pub(super) struct NativeReader {
    targets: Vec<Target>,
    pending: Pending,
    n_rows: u64,
}

struct Block {
    columns: Vec<BlockColumn>,
    n_rows: usize,
}

struct BlockColumn {
    data_type: WireType,
    extent: Extent,
    place: Place,
}

impl NativeReader {
    pub(super) fn new(targets: Vec<Target>, max_bytes: usize) -> NativeReader {
        NativeReader {
            targets,
            pending: Pending::new(max_bytes),
            n_rows: 0,
        }
    }

    /// Reads the blocks that have come whole.
    fn read(&mut self, is_end: bool, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        let mut n_used = 0;
        let bytes = self.pending.bytes();
        while n_used < bytes.len() {
            let mut cursor = Cursor::new(bytes, n_used);
            match find_columns(&self.targets, &mut cursor) {
                Ok(mut block) => {
                    give_rows(&self.targets, &mut block, bytes, &mut self.n_rows, rows)?;
                    n_used = cursor.at();
                }
                Err(Stop::Short(_)) if is_end => return Err(cut_off(BLOCK)),
                Err(Stop::Short(n_needed)) => {
                    self.pending.consume(n_used);
                    return self.pending.need(n_needed - n_used, BLOCK);
                }
                Err(Stop::Wrong(error)) => return Err(error),
            }
        }
        self.pending.consume(n_used);
        Ok(())
    }
}

impl RowReader for NativeReader {
    fn push(&mut self, mut bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        while !bytes.is_empty() {
            let n_taken = self.pending.fill(bytes);
            bytes = &bytes[n_taken..];
            if self.pending.is_enough() {
                self.read(false, rows)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        self.read(true, rows)
    }
}

fn find_columns(targets: &[Target], cursor: &mut Cursor<'_>) -> Result<Block, Stop> {
    let n_columns = cursor.length()?;
    let n_rows = cursor.length()?;
    if n_columns > MAX_COLUMNS || n_columns == 0 && n_rows > 0 {
        let message = format!("Suspiciously many columns in Native format: {n_columns}");
        return Err(InsertError::new(InsertErrorCode::IncorrectData, message).into());
    }
    let mut places = Places::of(targets);
    let mut columns = Vec::new();
    for _ in 0..n_columns {
        let name = cursor.name()?;
        let type_name = cursor.name()?;
        let place = places.place(name)?;
        let data_type = WireType::named(type_name).map_err(|error| error.in_column(name))?;
        if let Place::Target(index) = place {
            targets[index].check(&data_type, type_name)?;
        }
        let extent = match n_rows {
            0 => Extent::Nothing,
            _ => Extent::of_column(&data_type, n_rows, cursor).map_err(|stop| match stop {
                Stop::Wrong(error) => Stop::Wrong(error.in_column(name)),
                short @ Stop::Short(_) => short,
            })?,
        };
        columns.push(BlockColumn {
            data_type,
            extent,
            place,
        });
    }
    Ok(Block { columns, n_rows })
}

fn give_rows(
    targets: &[Target],
    block: &mut Block,
    bytes: &[u8],
    n_rows: &mut u64,
    rows: &mut RowSink<'_>,
) -> Result<(), InsertError> {
    for block_row in 0..block.n_rows {
        let mut row = Target::defaults(targets);
        for column in &mut block.columns {
            let Place::Target(index) = column.place else {
                continue;
            };
            let cell = column.extent.next(&column.data_type, bytes, block_row);
            let value = targets[index].value(cell);
            row[index] = value.map_err(|error| error.in_row(*n_rows + 1))?;
        }
        *n_rows += 1;
        rows(row).map_err(|error| error.in_row(*n_rows))?;
    }
    Ok(())
}
