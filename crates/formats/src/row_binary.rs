//! ClickHouse's `RowBinary`: the values of a row one after another, without marks between them.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, Header, text_columns};
use crate::style::Style;
use crate::value::{Column, write_length};

/// Writes rows.
pub(crate) struct RowBinaryEncoder {
    columns: Vec<ResultColumn>,
    header: Header,
    style: Style,
    loaded: Vec<Column>,
}

impl RowBinaryEncoder {
    pub(crate) fn new(
        columns: Vec<ResultColumn>,
        header: Header,
        style: &Style,
    ) -> RowBinaryEncoder {
        RowBinaryEncoder {
            columns,
            header,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }
}

impl Encoder for RowBinaryEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.header == Header::None {
            return;
        }
        write_length(out, self.columns.len());
        for column in &self.columns {
            write_string(out, &column.name);
        }
        if self.header == Header::NamesAndTypes {
            for column in &self.columns {
                write_string(out, &column.data_type.to_string());
            }
        }
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            for (values, column) in self.loaded.iter().zip(&self.columns) {
                values.write_row_binary(out, row, &column.data_type);
            }
        }
        Ok(())
    }
}

/// A text behind its length.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    write_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
