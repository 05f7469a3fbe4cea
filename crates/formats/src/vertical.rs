//! ClickHouse's `Vertical`: a line a value, for rows that are wider than a screen.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, text_columns};
use crate::style::Style;
use crate::value::{Column, write_tip};

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
            write_row(out, &self.columns, &self.loaded, row, self.n_rows);
            self.n_rows += 1;
        }
        Ok(())
    }
}

/// Writes a row; `index` is its place in the result, from 0.
pub(crate) fn write_row(
    out: &mut Vec<u8>,
    columns: &[ResultColumn],
    loaded: &[Column],
    row: usize,
    index: u64,
) {
    if index > 0 {
        out.push(b'\n');
    }
    let title = format!("Row {}:", index + 1);
    let line = "─".repeat(title.len());
    out.extend_from_slice(format!("{title}\n{line}\n").as_bytes());
    let widths = columns.iter().map(|column| column.name.chars().count());
    let widest = widths.max().unwrap_or(0);
    for (column, values) in columns.iter().zip(loaded) {
        let padding = widest - column.name.chars().count();
        out.extend_from_slice(column.name.as_bytes());
        out.extend_from_slice(b": ");
        out.resize(out.len() + padding, b' ');
        values.write_shown(out, row);
        write_tip(out, values, row);
        out.push(b'\n');
    }
}
