//! `{"columns": […], "rows": [[…], …], "stats": {…}}`.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use serde_json::{Value, json};

use crate::encoder::{Encoder, ErrorBody, FormatError, Stats, text_columns};
use crate::style::Style;
use crate::value::Column;

/// Writes JSON; an error after rows is a member `error` in place of `stats`.
pub(crate) struct JsonEncoder {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
    has_rows: bool,
}

impl JsonEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> JsonEncoder {
        JsonEncoder {
            columns,
            style: style.clone(),
            loaded: Vec::new(),
            has_rows: false,
        }
    }
}

/// Names and types of columns, as JSON.
pub fn described(columns: &[ResultColumn]) -> Value {
    let column = |column: &ResultColumn| json!({ "name": column.name, "type": column.data_type.to_string() });
    columns.iter().map(column).collect()
}

impl Encoder for JsonEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let columns = described(&self.columns);
        out.extend_from_slice(format!("{{\"columns\":{columns},\"rows\":[").as_bytes());
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            // A row a line, for eyes.
            out.extend_from_slice(if self.has_rows { b",\n[" } else { b"\n[" });
            self.has_rows = true;
            for (i, column) in self.loaded.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                column.write_json(out, row);
            }
            out.push(b']');
        }
        Ok(())
    }

    fn end(&mut self, stats: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut members = json!({
            "rows": stats.n_rows,
            "rows_read": stats.n_read,
            "cached_rows": stats.n_cached,
            "elapsed_ms": stats.elapsed.as_millis() as u64,
            "truncated": stats.is_truncated,
        });
        if stats.is_behind {
            members["behind"] = true.into();
        }
        out.extend_from_slice(format!("],\"stats\":{members}}}\n").as_bytes());
        Ok(())
    }

    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(format!("],\"error\":{}}}\n", error.to_json()).as_bytes());
        true
    }
}
