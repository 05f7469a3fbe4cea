//! ClickHouse's `TabSeparated` and `TabSeparatedRaw`, with and without lines of names and types.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use serde_json::Value;

use super::{Encoder, Header, text_columns};
use crate::queries::error::QueryError;
use crate::queries::render::{Column, Style, write_escaped};
use crate::queries::run::Stats;

/// Writes fields between tabs.
pub(super) struct TabSeparatedEncoder {
    columns: Vec<ResultColumn>,
    header: Header,
    /// Whether texts are written as they are.
    is_raw: bool,
    style: Style,
    loaded: Vec<Column>,
}

impl TabSeparatedEncoder {
    pub(super) fn new(
        columns: Vec<ResultColumn>,
        header: Header,
        is_raw: bool,
        style: &Style,
    ) -> TabSeparatedEncoder {
        TabSeparatedEncoder {
            columns,
            header,
            is_raw,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }

    fn write_header(&self, out: &mut Vec<u8>, text: impl Fn(&ResultColumn) -> String) {
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                out.push(b'\t');
            }
            if self.is_raw {
                out.extend_from_slice(text(column).as_bytes());
            } else {
                write_escaped(out, &text(column));
            }
        }
        out.push(b'\n');
    }
}

impl Encoder for TabSeparatedEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.header != Header::None {
            self.write_header(out, |column| column.name.clone());
        }
        if self.header == Header::NamesAndTypes {
            self.write_header(out, |column| column.data_type.to_string());
        }
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), QueryError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), QueryError> {
        for row in rows {
            for (i, column) in self.loaded.iter().enumerate() {
                if i > 0 {
                    out.push(b'\t');
                }
                column.write_tab_separated(out, row, self.is_raw);
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
