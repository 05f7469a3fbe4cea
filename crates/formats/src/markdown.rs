//! ClickHouse's `Markdown`: a table for a page of text.

use std::ops::Range;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, text_columns};
use crate::style::Style;
use crate::text::write_escaped;
use crate::value::Column;

/// Writes a table.
pub(crate) struct MarkdownEncoder {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
}

impl MarkdownEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> MarkdownEncoder {
        MarkdownEncoder {
            columns,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }
}

impl Encoder for MarkdownEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.push(b'|');
        for column in &self.columns {
            out.push(b' ');
            write_escaped(out, &column.name);
            out.extend_from_slice(b" |");
        }
        out.extend_from_slice(b"\n|");
        for column in &self.columns {
            let is_right = is_right_aligned(&column.data_type);
            out.extend_from_slice(if is_right { b"-:|" } else { b":-|" });
        }
        out.push(b'\n');
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            out.push(b'|');
            for column in &self.loaded {
                out.push(b' ');
                column.write_tab_separated(out, row, false);
                out.extend_from_slice(b" |");
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

/// Whether ClickHouse sets the type's values to the right where it draws a table.
pub(crate) fn is_right_aligned(data_type: &DataType) -> bool {
    match data_type {
        DataType::Nullable(inner) => is_right_aligned(inner),
        DataType::String
        | DataType::JsonType
        | DataType::Bool
        | DataType::Nothing
        | DataType::Array(_)
        | DataType::Tuple(_) => false,
        _ => true,
    }
}
