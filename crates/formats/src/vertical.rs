//! ClickHouse's `Vertical`: a line a value, for rows that are wider than a screen.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, Stats, text_columns};
use crate::shown::{Cell, shown_name};
use crate::style::Style;
use crate::value::Column;

/// Rows that are shown, by ClickHouse's default; the others are counted alone.
const MAX_ROWS: u64 = 1000;

/// Writes rows.
pub(crate) struct VerticalEncoder {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
    n_rows: u64,
}

impl VerticalEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> VerticalEncoder {
        VerticalEncoder {
            columns,
            style: style.clone(),
            loaded: Vec::new(),
            n_rows: 0,
        }
    }
}

impl Encoder for VerticalEncoder {
    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            if self.n_rows < MAX_ROWS {
                let cells: Vec<Cell> = self
                    .loaded
                    .iter()
                    .map(|column| Cell::of(column, row))
                    .collect();
                write_titled(out, &self.columns, &cells, self.n_rows);
            }
            self.n_rows += 1;
        }
        Ok(())
    }

    fn end(&mut self, _: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        if self.n_rows > MAX_ROWS {
            out.extend_from_slice(format!("\nShowed first {MAX_ROWS}.\n").as_bytes());
        }
        Ok(())
    }
}

/// Writes a row under its number; `index` is its place in the result, from 0.
pub(crate) fn write_titled(
    out: &mut Vec<u8>,
    columns: &[ResultColumn],
    cells: &[Cell],
    index: u64,
) {
    if index > 0 {
        out.push(b'\n');
    }
    let title = format!("Row {}:", index + 1);
    // ClickHouse draws as many as the next row's title has.
    let line = "─".repeat(format!("Row {}:", index + 2).len());
    out.extend_from_slice(format!("{title}\n{line}\n").as_bytes());
    let names = columns.iter().map(|column| shown_name(&column.name));
    let widest = names.clone().map(|(_, width)| width).max();
    for ((name, width), Cell { text, tip }) in names.zip(cells) {
        let padding = " ".repeat(widest.unwrap_or(0) - width);
        out.extend_from_slice(format!("{name}: {padding}{text}{tip}\n").as_bytes());
    }
}
