//! ClickHouse's `CSVWithNames`, with tuples as one field.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use serde_json::Value;

use super::{Encoder, text_columns};
use crate::queries::error::QueryError;
use crate::queries::render::{Column, TimeFormat, write_csv_text};
use crate::queries::run::Stats;

/// Writes CSV.
pub(super) struct CsvEncoder {
    columns: Vec<ResultColumn>,
    times: TimeFormat,
    loaded: Vec<Column>,
}

impl CsvEncoder {
    pub(super) fn new(columns: Vec<ResultColumn>, times: TimeFormat) -> CsvEncoder {
        CsvEncoder {
            columns,
            times,
            loaded: Vec::new(),
        }
    }
}

impl Encoder for CsvEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            write_csv_text(out, &column.name);
        }
        out.push(b'\n');
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), QueryError> {
        self.loaded = text_columns(&batch, &self.columns, self.times)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), QueryError> {
        for row in rows {
            for (i, column) in self.loaded.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                column.write_csv(out, row);
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _: &Stats, _: &mut Vec<u8>) -> Result<(), QueryError> {
        Ok(())
    }

    fn fail(&mut self, _: &Value, _: &mut Vec<u8>) -> bool {
        false
    }
}
