//! A result as bytes, piece by piece: JSON, CSV, an Arrow stream, or one of ClickHouse's formats.

mod arrow_stream;
mod csv;
mod document;
mod json;
mod lines;
mod named;
mod tab_separated;

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::error::QueryError;
use super::render::{Column, Mismatch, Style, write_clickhouse_json_text};
use super::run::Stats;

pub(crate) use json::described;

use csv::Tuples;
use document::Rows;
use lines::Line;

/// The media type of Arrow's streaming format.
const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// What an answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object with columns, rows and stats.
    Json,
    /// A line of names and a line a row.
    Csv,
    /// Arrow's IPC stream.
    Arrow,
    /// ClickHouse's document.
    Document(Rows),
    /// ClickHouse's JSON values, a line each.
    Lines(Line),
    /// ClickHouse's CSV.
    ClickHouseCsv(Header),
    /// Fields between tabs; whether texts are without escapes.
    TabSeparated(Header, bool),
    /// The rows are computed, and not shown.
    Null,
}

/// What stands before the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Nothing.
    None,
    /// A line of names.
    Names,
    /// A line of names and one of types.
    NamesAndTypes,
}

impl Format {
    /// The first of the formats that the client accepts, by its own order; JSON for those who
    /// accept none of them, since most say nothing of use.
    pub fn accepted(headers: &HeaderMap) -> Format {
        let values = headers.get_all(header::ACCEPT).into_iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let format_of = |range: &str| {
            let essence = range.split(';').next().unwrap_or_default().trim();
            [
                ("application/json", Format::Json),
                ("text/csv", Format::Csv),
                (ARROW_STREAM, Format::Arrow),
            ]
            .into_iter()
            .find(|(name, _)| essence.eq_ignore_ascii_case(name))
            .map(|(_, format)| format)
        };
        ranges
            .map(str::trim)
            .find_map(format_of)
            .unwrap_or(Format::Json)
    }

    /// The content type of the answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Arrow => ARROW_STREAM,
            Format::Document(_) => "application/json; charset=UTF-8",
            Format::Lines(Line::Object) => "application/x-ndjson; charset=UTF-8",
            Format::Lines(Line::Array(_)) | Format::Null => "text/plain; charset=UTF-8",
            Format::ClickHouseCsv(Header::None) => "text/csv; charset=UTF-8; header=absent",
            Format::ClickHouseCsv(_) => "text/csv; charset=UTF-8; header=present",
            Format::TabSeparated(..) => "text/tab-separated-values; charset=UTF-8",
        }
    }

    /// What writes a result of these columns.
    pub(super) fn encoder(self, columns: &[ResultColumn], style: &Style) -> Box<dyn Encoder> {
        let columns = columns.to_vec();
        let csv = |columns, header, tuples| {
            Box::new(csv::CsvEncoder::new(columns, header, tuples, style))
        };
        match self {
            Format::Json => Box::new(json::JsonEncoder::new(columns, style)),
            Format::Csv => csv(columns, Header::Names, Tuples::OneField),
            Format::Arrow => Box::new(arrow_stream::ArrowEncoder::new(columns, style)),
            Format::Document(rows) => {
                Box::new(document::DocumentEncoder::new(columns, rows, style))
            }
            Format::Lines(line) => Box::new(lines::LinesEncoder::new(columns, line, style)),
            Format::ClickHouseCsv(header) => csv(columns, header, Tuples::FieldAPart),
            Format::TabSeparated(header, is_raw) => Box::new(
                tab_separated::TabSeparatedEncoder::new(columns, header, is_raw, style),
            ),
            Format::Null => Box::new(NullEncoder),
        }
    }
}

/// Writes a result. The calls come in this order: `begin`, for each batch `load` and `write`
/// for pieces of it, then `end` or `fail`.
pub(super) trait Encoder: Send {
    /// What comes before the rows.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Takes a batch to write from.
    fn load(&mut self, batch: RecordBatch) -> Result<(), QueryError>;

    /// Writes rows of the loaded batch.
    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), QueryError>;

    /// What comes after the rows.
    fn end(&mut self, stats: &Stats, out: &mut Vec<u8>) -> Result<(), QueryError>;

    /// Tells an error after the rows. False if the format has no way to say it.
    fn fail(&mut self, error: &Value, out: &mut Vec<u8>) -> bool;
}

/// Writes nothing.
struct NullEncoder;

impl Encoder for NullEncoder {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn load(&mut self, _: RecordBatch) -> Result<(), QueryError> {
        Ok(())
    }

    fn write(&mut self, _: Range<usize>, _: &mut Vec<u8>) -> Result<(), QueryError> {
        Ok(())
    }

    fn end(&mut self, _: &Stats, _: &mut Vec<u8>) -> Result<(), QueryError> {
        Ok(())
    }

    fn fail(&mut self, _: &Value, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// A text as ClickHouse's JSON.
fn clickhouse_json(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_clickhouse_json_text(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// The columns of a batch, to be written as text.
fn text_columns(
    batch: &RecordBatch,
    columns: &[ResultColumn],
    style: &Style,
) -> Result<Vec<Column>, QueryError> {
    check_width(batch, columns)?;
    let pairs = batch.columns().iter().zip(columns);
    let columns = pairs.map(|(array, column)| Column::of(array, &column.data_type, style));
    Ok(columns.collect::<Result<Vec<Column>, Mismatch>>()?)
}

/// A batch has the announced columns, or its rows would stand under wrong names.
pub(super) fn check_width(batch: &RecordBatch, columns: &[ResultColumn]) -> Result<(), QueryError> {
    if batch.num_columns() == columns.len() {
        return Ok(());
    }
    let (found, expected) = (batch.num_columns(), columns.len());
    let message = format!("the store gave {found} columns for {expected}");
    Err(QueryError::Internal(message.into()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_chooses_the_format() {
        let cases = [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            ("Text/CSV; header=present", Format::Csv),
            ("text/html, text/csv;q=0.9, */*", Format::Csv),
            ("application/vnd.apache.arrow.stream", Format::Arrow),
            ("application/json, text/csv", Format::Json),
            ("image/png", Format::Json),
        ];
        for (accept, expected) in cases {
            let value = HeaderValue::from_static(accept);
            let headers = HeaderMap::from_iter([(header::ACCEPT, value)]);
            assert_eq!(Format::accepted(&headers), expected, "{accept}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Json);
    }
}
