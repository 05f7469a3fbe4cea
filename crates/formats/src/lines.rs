//! ClickHouse's `JSONEachRow` and `JSONCompactEachRow`: a JSON value a line.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, Header, text_columns};
use crate::items::Items;
use crate::style::Style;
use crate::text::clickhouse_json;
use crate::value::Column;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// `{"name":1}`.
    Object,
    /// `[1, "a"]`, behind such lines with names and types.
    Array(Header),
}

/// Writes lines.
pub(crate) struct LinesEncoder {
    columns: Vec<ResultColumn>,
    /// As keys of an object.
    names: Vec<String>,
    line: Line,
    items: Items,
    style: Style,
    loaded: Vec<Column>,
}

impl LinesEncoder {
    pub(crate) fn new(
        columns: Vec<ResultColumn>,
        line: Line,
        items: Items,
        style: &Style,
    ) -> LinesEncoder {
        let names = columns.iter().map(|column| clickhouse_json(&column.name));
        LinesEncoder {
            names: names.collect(),
            columns,
            line,
            items,
            style: Style {
                escapes_as_clickhouse: true,
                ..style.clone()
            },
            loaded: Vec::new(),
        }
    }
}

impl Encoder for LinesEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let Line::Array(header) = self.line else {
            return;
        };
        let mut line = |texts: &[String]| {
            out.extend_from_slice(format!("[{}]\n", texts.join(", ")).as_bytes());
        };
        if header != Header::None {
            line(&self.names);
        }
        if header == Header::NamesAndTypes {
            let types = self.columns.iter();
            let types = types.map(|column| clickhouse_json(&column.data_type.to_string()));
            line(&types.collect::<Vec<String>>());
        }
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let is_object = self.line == Line::Object;
        for row in rows {
            out.push(if is_object { b'{' } else { b'[' });
            for (i, (name, column)) in self.names.iter().zip(&self.loaded).enumerate() {
                match (is_object, i) {
                    (_, 0) => {}
                    (true, _) => out.push(b','),
                    (false, _) => out.extend_from_slice(b", "),
                }
                if is_object {
                    out.extend_from_slice(name.as_bytes());
                    out.push(b':');
                }
                self.items.write(out, column, row);
            }
            out.extend_from_slice(if is_object { b"}\n" } else { b"]\n" });
        }
        Ok(())
    }
}
