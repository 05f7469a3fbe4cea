//! What writes a result, batch by batch: the trait of all formats, and what they share.

use std::ops::Range;
use std::time::Duration;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use serde_json::{Value, json};

use crate::style::Style;
use crate::value::{Column, Mismatch};

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Rows sent.
    pub n_rows: u64,
    /// Rows that the store read for it, as far as its statements have ended; `None` for readers that do
    /// not see all events.
    pub n_read: Option<u64>,
    /// Rows of the result that were in the result cache.
    pub n_cached: u64,
    /// From the arrival of the request.
    pub elapsed: Duration,
    /// Whether there were more rows.
    pub is_truncated: bool,
    /// Whether events that were acknowledged before the query was asked are missing.
    pub is_behind: bool,
}

/// An error for programs, as formats that have a place for it write it after the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// A word of the documented ones.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the query, from 1.
    pub line: Option<usize>,
    /// Where in the line, from 1.
    pub column: Option<usize>,
}

impl ErrorBody {
    /// An error without a hint and a place.
    pub fn new(kind: &'static str, message: impl Into<String>) -> ErrorBody {
        ErrorBody {
            kind,
            message: message.into(),
            hint: None,
            line: None,
            column: None,
        }
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "line": self.line,
            "column": self.column,
        })
    }
}

/// Why a result cannot be written: what the store gave is not what the check of the query announced.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// More or fewer columns.
    #[error("the store gave {found} columns for {expected}")]
    Width {
        /// In the batch.
        found: usize,
        /// Announced.
        expected: usize,
    },
    /// Another type.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// Arrow refuses it.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// Parquet cannot hold it.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
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

/// Rows of a piece of most formats.
pub const PIECE_ROWS: usize = 256;

/// Writes a result. The calls come in this order: `begin`, for each batch `load` and `write`
/// for pieces of it, then `end` or `fail`.
pub trait Encoder: Send {
    /// How many rows are written at once at most: some 100 µs of work, so that other requests get their turn,
    /// unless each piece costs readers something.
    fn piece_rows(&self) -> usize {
        PIECE_ROWS
    }

    /// What comes before the rows.
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    /// Takes a batch to write from.
    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError>;

    /// Writes rows of the loaded batch.
    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError>;

    /// What comes after the rows.
    fn end(&mut self, _stats: &Stats, _out: &mut Vec<u8>) -> Result<(), FormatError> {
        Ok(())
    }

    /// Tells an error after the rows. False if the format has no way to say it.
    fn fail(&mut self, _error: &ErrorBody, _out: &mut Vec<u8>) -> bool {
        false
    }
}

/// Writes nothing.
pub(crate) struct NullEncoder;

impl Encoder for NullEncoder {
    fn load(&mut self, _: RecordBatch) -> Result<(), FormatError> {
        Ok(())
    }

    fn write(&mut self, _: Range<usize>, _: &mut Vec<u8>) -> Result<(), FormatError> {
        Ok(())
    }
}

/// The columns of a batch, to be written as text.
pub(crate) fn text_columns(
    batch: &RecordBatch,
    columns: &[ResultColumn],
    style: &Style,
) -> Result<Vec<Column>, FormatError> {
    check_width(batch, columns)?;
    let pairs = batch.columns().iter().zip(columns);
    let columns = pairs.map(|(array, column)| Column::of(array, &column.data_type, style));
    Ok(columns.collect::<Result<Vec<Column>, Mismatch>>()?)
}

/// A batch has the announced columns, or its rows would stand under wrong names.
pub(crate) fn check_width(
    batch: &RecordBatch,
    columns: &[ResultColumn],
) -> Result<(), FormatError> {
    if batch.num_columns() == columns.len() {
        return Ok(());
    }
    let (found, expected) = (batch.num_columns(), columns.len());
    Err(FormatError::Width { found, expected })
}
