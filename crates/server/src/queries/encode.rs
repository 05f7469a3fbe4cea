//! A result as bytes, piece by piece: JSON, CSV or an Arrow stream.

mod arrow_stream;
mod csv;
mod json;

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::error::QueryError;
use super::render::{Column, Mismatch, TimeFormat};
use super::run::Stats;

pub(crate) use json::described;

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
        }
    }

    /// What writes a result of these columns.
    pub(super) fn encoder(self, columns: &[ResultColumn], times: TimeFormat) -> Box<dyn Encoder> {
        let columns = columns.to_vec();
        match self {
            Format::Json => Box::new(json::JsonEncoder::new(columns, times)),
            Format::Csv => Box::new(csv::CsvEncoder::new(columns, times)),
            Format::Arrow => Box::new(arrow_stream::ArrowEncoder::new(columns)),
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

/// The columns of a batch, to be written as text.
fn text_columns(
    batch: &RecordBatch,
    columns: &[ResultColumn],
    times: TimeFormat,
) -> Result<Vec<Column>, QueryError> {
    check_width(batch, columns)?;
    let pairs = batch.columns().iter().zip(columns);
    let columns = pairs.map(|(array, column)| Column::of(array, &column.data_type, times));
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
