//! ClickHouse's `Pretty`, `PrettyCompact` and `PrettySpace`: tables for a reader, as ClickHouse 26.9 draws them where
//! nothing is coloured.
//!
//! Rows are gathered, as the widths of columns depend on all of them: the first and the last of many, within a bound.

mod drawing;

use std::collections::VecDeque;
use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, Stats, text_columns};
use crate::shown::Cell;
use crate::style::Style;
use crate::value::Column;
use crate::vertical::write_titled;

/// Rows of a table at most, by ClickHouse's default: half of them the first, half the last.
const MAX_ROWS: usize = 1000;

/// Bytes that are gathered at most: then the table is drawn, and another one begun.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What is shown as a line a value, by ClickHouse's defaults: few rows of many columns that are wide or have several
/// lines.
const VERTICAL_MAX_ROWS: usize = 10;
const VERTICAL_MIN_COLUMNS: usize = 5;
const VERTICAL_MIN_WIDTH: usize = 250;

/// What divides columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Lines around every cell.
    All,
    /// Lines around the table and between columns.
    Compact,
    /// Spaces alone.
    None,
}

/// Draws tables.
pub(crate) struct PrettyEncoder {
    columns: Vec<ResultColumn>,
    rules: Rules,
    style: Style,
    loaded: Vec<Column>,
    first: Vec<Vec<Cell>>,
    last: VecDeque<Vec<Cell>>,
    /// Rows of tables that were drawn.
    n_drawn: usize,
    /// Rows of this table, gathered or passed over.
    n_rows: usize,
    n_bytes: usize,
}

impl PrettyEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, rules: Rules, style: &Style) -> PrettyEncoder {
        PrettyEncoder {
            columns,
            rules,
            style: style.clone(),
            loaded: Vec::new(),
            first: Vec::new(),
            last: VecDeque::new(),
            n_drawn: 0,
            n_rows: 0,
            n_bytes: 0,
        }
    }

    fn gather(&mut self, row: usize) {
        let cells = self.loaded.iter().map(|column| Cell::of(column, row));
        let cells: Vec<Cell> = cells.collect();
        self.n_bytes += n_bytes(&cells);
        self.n_rows += 1;
        if self.first.len() < MAX_ROWS / 2 {
            self.first.push(cells);
            return;
        }
        self.last.push_back(cells);
        if self.last.len() > MAX_ROWS / 2
            && let Some(passed) = self.last.pop_front()
        {
            self.n_bytes -= n_bytes(&passed);
        }
    }

    fn draw(&mut self, out: &mut Vec<u8>) {
        if self.n_rows == 0 {
            return;
        }
        let rows: Vec<Vec<Cell>> = self.first.drain(..).chain(self.last.drain(..)).collect();
        let table =
            drawing::Table::new(&self.columns, self.rules, &rows, self.n_drawn, self.n_rows);
        if self.is_vertical(&table, &rows) {
            for (index, cells) in (self.n_drawn..).zip(&rows) {
                write_titled(out, &self.columns, cells, index as u64);
            }
        } else {
            table.draw(out);
        }
        self.n_drawn += self.n_rows;
        (self.n_rows, self.n_bytes) = (0, 0);
    }

    fn is_vertical(&self, table: &drawing::Table<'_>, rows: &[Vec<Cell>]) -> bool {
        let has_lines = || rows.iter().flatten().any(|cell| cell.text.contains('\n'));
        rows.len() <= VERTICAL_MAX_ROWS
            && self.columns.len() >= VERTICAL_MIN_COLUMNS
            && (table.width() >= VERTICAL_MIN_WIDTH || has_lines())
    }
}

impl Encoder for PrettyEncoder {
    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            self.gather(row);
            if self.n_bytes > MAX_BYTES {
                self.draw(out);
            }
        }
        Ok(())
    }

    fn end(&mut self, _: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        self.draw(out);
        Ok(())
    }
}

fn n_bytes(cells: &[Cell]) -> usize {
    let bytes = cells.iter().map(|cell| cell.text.len() + size_of::<Cell>());
    bytes.sum()
}

#[cfg(test)]
mod tests;
