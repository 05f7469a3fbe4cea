//! ClickHouse's `Native`: blocks of columns, each with its name, its type and its values.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, text_columns};
use crate::row_binary::write_string;
use crate::style::Style;
use crate::value::{Column, write_length};

/// What a client has to have to be told the time zone of a `DateTime` (ClickHouse's `ProtocolDefines.h`, as the next
/// one).
const TIME_ZONE_REVISION: u64 = 54_337;
/// From here on a byte says whether a column's values are written in another way, which none here are.
const SERIALIZATION_REVISION: u64 = 54_454;

/// What ClickHouse says of a block: that it is no overflow, and of no bucket.
const BLOCK_INFO: [u8; 8] = [1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0];

/// Rows of a block at most, as of ClickHouse's own blocks.
const BLOCK_ROWS: usize = 65_409;

/// Writes a block a piece.
pub(crate) struct NativeEncoder {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
}

impl NativeEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> NativeEncoder {
        NativeEncoder {
            columns,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }

    fn type_name(&self, column: &ResultColumn) -> String {
        let name = column.data_type.to_string();
        if self.style.client_revision < TIME_ZONE_REVISION && name.starts_with("DateTime(") {
            return "DateTime".to_owned();
        }
        name
    }
}

impl Encoder for NativeEncoder {
    fn piece_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.style.client_revision > 0 {
            out.extend_from_slice(&BLOCK_INFO);
        }
        write_length(out, self.columns.len());
        write_length(out, rows.len());
        for (values, column) in self.loaded.iter().zip(&self.columns) {
            write_string(out, &column.name);
            write_string(out, &self.type_name(column));
            if self.style.client_revision >= SERIALIZATION_REVISION {
                out.push(0);
            }
            values.write_native(out, rows.clone(), &column.data_type);
        }
        Ok(())
    }
}
