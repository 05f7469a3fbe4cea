//! ClickHouse's `Values`: `(1,'a'),(2,'b')`, as an INSERT takes them.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, text_columns};
use crate::style::Style;
use crate::value::Column;

/// Writes tuples.
pub(crate) struct ValuesEncoder {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
    has_rows: bool,
}

impl ValuesEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> ValuesEncoder {
        ValuesEncoder {
            columns,
            style: style.clone(),
            loaded: Vec::new(),
            has_rows: false,
        }
    }
}

impl Encoder for ValuesEncoder {
    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            out.extend_from_slice(if self.has_rows { b",(" } else { b"(" });
            self.has_rows = true;
            for (i, column) in self.loaded.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                column.write_literal(out, row);
            }
            out.push(b')');
        }
        Ok(())
    }
}
