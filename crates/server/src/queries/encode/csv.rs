//! ClickHouse's `CSV`, with and without lines of names and types.

use std::ops::Range;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::RecordBatch;
use serde_json::Value;

use super::{Encoder, Header, text_columns};
use crate::queries::error::QueryError;
use crate::queries::render::{Column, CsvStart, Style, write_csv_text};
use crate::queries::run::Stats;

/// By which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How many fields a tuple is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tuples {
    /// One: for who asks with `Accept`, so that each column of the result is a column.
    OneField,
    /// One for each part, as in ClickHouse.
    FieldAPart,
}

/// Writes CSV.
pub(super) struct CsvEncoder {
    columns: Vec<ResultColumn>,
    header: Header,
    tuples: Tuples,
    style: Style,
    loaded: Vec<Column>,
}

impl CsvEncoder {
    pub(super) fn new(
        columns: Vec<ResultColumn>,
        header: Header,
        tuples: Tuples,
        style: &Style,
    ) -> CsvEncoder {
        CsvEncoder {
            columns,
            header,
            tuples,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }

    /// The fields' names and types.
    fn fields(&self) -> Vec<(String, DataType)> {
        let mut fields = Vec::new();
        for column in &self.columns {
            let field = (column.name.clone(), column.data_type.clone());
            match self.tuples {
                Tuples::OneField => fields.push(field),
                Tuples::FieldAPart => add_parts(field, &mut fields),
            }
        }
        fields
    }
}

fn add_parts((name, data_type): (String, DataType), fields: &mut Vec<(String, DataType)>) {
    let DataType::Tuple(parts) = data_type else {
        fields.push((name, data_type));
        return;
    };
    for (number, part) in (1..).zip(parts) {
        add_parts((format!("{name}.{number}"), part), fields);
    }
}

fn write_header<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str>) {
    for (i, text) in texts.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_csv_text(out, text);
    }
    out.push(b'\n');
}

impl Encoder for CsvEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.style.csv_start == CsvStart::ByteOrderMark {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        if self.header == Header::None {
            return;
        }
        let fields = self.fields();
        write_header(out, fields.iter().map(|(name, _)| name.as_str()));
        if self.header == Header::NamesAndTypes {
            let types: Vec<String> = fields.iter().map(|(_, ty)| ty.to_string()).collect();
            write_header(out, types.iter().map(String::as_str));
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
                    out.push(b',');
                }
                match self.tuples {
                    Tuples::OneField => column.write_csv(out, row),
                    Tuples::FieldAPart => column.write_csv_parts(out, row),
                }
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
