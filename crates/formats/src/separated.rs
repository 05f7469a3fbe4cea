//! ClickHouse's `CSV` and `TabSeparated`: a row a line, with and without lines of names and types.

use std::ops::Range;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::RecordBatch;

use crate::encoder::{Encoder, FormatError, Header, text_columns};
use crate::style::{CsvStart, Style};
use crate::text::{write_csv_text, write_escaped};
use crate::value::Column;

/// By which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What stands between fields, and how it is kept apart from what stands in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// CSV: texts are in quotes.
    Comma(Tuples),
    /// `TabSeparated`: texts have escapes, unless they are raw.
    Tab { is_raw: bool },
}

/// How many fields a tuple is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tuples {
    /// One: chosen with `Accept`, so that each column of the result is a column.
    OneField,
    /// One for each part, as in ClickHouse.
    FieldAPart,
}

/// Writes lines of fields.
pub(crate) struct SeparatedEncoder {
    columns: Vec<ResultColumn>,
    header: Header,
    separator: Separator,
    style: Style,
    loaded: Vec<Column>,
}

impl SeparatedEncoder {
    pub(crate) fn new(
        columns: Vec<ResultColumn>,
        header: Header,
        separator: Separator,
        style: &Style,
    ) -> SeparatedEncoder {
        SeparatedEncoder {
            columns,
            header,
            separator,
            style: style.clone(),
            loaded: Vec::new(),
        }
    }

    /// The fields' names and types.
    fn fields(&self) -> Vec<(String, DataType)> {
        let mut fields = Vec::new();
        for column in &self.columns {
            let field = (column.name.clone(), column.data_type.clone());
            match self.separator {
                Separator::Comma(Tuples::FieldAPart) => add_parts(field, &mut fields),
                Separator::Comma(Tuples::OneField) | Separator::Tab { .. } => fields.push(field),
            }
        }
        fields
    }

    fn write_header(&self, out: &mut Vec<u8>, texts: impl Iterator<Item = String>) {
        write_line(self.separator, out, texts, |out, text| {
            match self.separator {
                Separator::Comma(_) => write_csv_text(out, &text),
                Separator::Tab { is_raw: true } => out.extend_from_slice(text.as_bytes()),
                Separator::Tab { is_raw: false } => write_escaped(out, &text),
            }
        });
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

fn write_line<T>(
    separator: Separator,
    out: &mut Vec<u8>,
    fields: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            out.push(match separator {
                Separator::Comma(_) => b',',
                Separator::Tab { .. } => b'\t',
            });
        }
        write(out, field);
    }
    out.push(b'\n');
}

impl Encoder for SeparatedEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let is_csv = matches!(self.separator, Separator::Comma(_));
        if is_csv && self.style.csv_start == CsvStart::ByteOrderMark {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        if self.header == Header::None {
            return;
        }
        let fields = self.fields();
        self.write_header(out, fields.iter().map(|(name, _)| name.clone()));
        if self.header == Header::NamesAndTypes {
            self.write_header(out, fields.iter().map(|(_, ty)| ty.to_string()));
        }
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(&batch, &self.columns, &self.style)?;
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        for row in rows {
            let columns = self.loaded.iter();
            write_line(self.separator, out, columns, |out, column| {
                match self.separator {
                    Separator::Comma(Tuples::OneField) => column.write_csv(out, row),
                    Separator::Comma(Tuples::FieldAPart) => column.write_csv_parts(out, row),
                    Separator::Tab { is_raw } => column.write_tab_separated(out, row, is_raw),
                }
            });
        }
        Ok(())
    }
}
