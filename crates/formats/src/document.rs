//! ClickHouse's `JSON` and `JSONCompact`: one document with names and types, rows, and their number.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, ErrorBody, FormatError, Stats, text_columns};
use crate::items::Items;
use crate::style::Style;
use crate::text::clickhouse_json;
use crate::value::Column;

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// An object with a line a column.
    Objects,
    /// An array on a line.
    Compact,
}

/// Writes a document; an error after rows is a member `exception` in place of `rows`, as
/// ClickHouse has it.
pub(crate) struct DocumentEncoder {
    columns: Vec<ResultColumn>,
    /// As keys of an object.
    names: Vec<String>,
    rows: Rows,
    items: Items,
    style: Style,
    loaded: Vec<Column>,
    has_rows: bool,
}

impl DocumentEncoder {
    pub(crate) fn new(
        columns: Vec<ResultColumn>,
        rows: Rows,
        items: Items,
        style: &Style,
    ) -> DocumentEncoder {
        let names = columns.iter().map(|column| clickhouse_json(&column.name));
        DocumentEncoder {
            names: names.collect(),
            columns,
            rows,
            items,
            style: Style {
                escapes_as_clickhouse: true,
                ..style.clone()
            },
            loaded: Vec::new(),
            has_rows: false,
        }
    }

    fn write_row(&self, out: &mut Vec<u8>, row: usize) {
        match self.rows {
            Rows::Objects => {
                out.extend_from_slice(b"\t\t{");
                for (i, (name, column)) in self.names.iter().zip(&self.loaded).enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    out.extend_from_slice(format!("{comma}\n\t\t\t{name}: ").as_bytes());
                    match self.items {
                        Items::Values => column.write_pretty_json(out, row, 3),
                        Items::Strings => self.items.write(out, column, row),
                    }
                }
                out.extend_from_slice(b"\n\t\t}");
            }
            Rows::Compact => {
                out.extend_from_slice(b"\t\t[");
                for (i, column) in self.loaded.iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    self.items.write(out, column, row);
                }
                out.push(b']');
            }
        }
    }
}

impl Encoder for DocumentEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\n\t\"meta\":\n\t[");
        for (i, (name, column)) in self.names.iter().zip(&self.columns).enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let data_type = clickhouse_json(&column.data_type.to_string());
            let member = format!(
                "{comma}\n\t\t{{\n\t\t\t\"name\": {name},\n\t\t\t\"type\": {data_type}\n\t\t}}"
            );
            out.extend_from_slice(member.as_bytes());
        }
        out.extend_from_slice(b"\n\t],\n\n\t\"data\":\n\t[\n");
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            if self.has_rows {
                out.extend_from_slice(b",\n");
            }
            self.has_rows = true;
            self.write_row(out, row);
        }
        Ok(())
    }

    fn end(&mut self, stats: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut statistics = vec![format!("\"elapsed\": {}", stats.elapsed.as_secs_f64())];
        // Readers that do not see all events do not learn it.
        statistics.extend(stats.n_read.map(|n| format!("\"rows_read\": {n}")));
        let text = format!(
            "\n\t],\n\n\t\"rows\": {},\n\n\t\"statistics\":\n\t{{\n\t\t{}\n\t}}\n}}\n",
            stats.n_rows,
            statistics.join(",\n\t\t")
        );
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>) -> bool {
        let text = format!(
            "\n\t],\n\n\t\"exception\": {}\n}}\n",
            clickhouse_json(&error.message)
        );
        out.extend_from_slice(text.as_bytes());
        true
    }
}
