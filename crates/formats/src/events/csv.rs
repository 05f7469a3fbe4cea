//! Events as CSV, byte for byte as CVAT makes it from clickhouse-connect 0.6.8's rows with
//! Python's `csv` module (contract.md, "The CSV").
//!
//! UTF-8 without a mark, CRLF, quotes only around fields with `,`, `"`, CR or LF. NULL and
//! the empty string both give nothing. Cells that a spreadsheet would take for formulas
//! (`=…`) stay as they are: this is data for programs.

use std::io::Write;

use arrow::array::{
    Array, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int64Type, Schema, TimestampMicrosecondType};
use jiff::tz::Offset;

use super::FileError;

/// What is gathered before it is written: few system calls, little memory.
const BUFFER_BYTES: usize = 256 * 1024;

/// Length of `2024-07-01 12:00:00.123000+00:00`.
const MAX_TIME_BYTES: usize = 32;

/// Writes batches of events as CSV: texts, integers of 64 bits and times in µs.
pub struct CsvWriter<W: Write> {
    csv: csv::Writer<W>,
    times: TimeText,
}

/// One column of a batch.
enum Column<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Time(&'a TimestampMicrosecondArray),
}

impl<W: Write> CsvWriter<W> {
    /// Begins with the names of the columns.
    pub fn new(to: W, schema: &Schema) -> Result<CsvWriter<W>, FileError> {
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(csv::QuoteStyle::Necessary)
            .buffer_capacity(BUFFER_BYTES)
            .flexible(true)
            .from_writer(to);
        csv.write_record(schema.fields().iter().map(|field| field.name()))?;
        Ok(CsvWriter {
            csv,
            times: TimeText::new(),
        })
    }

    /// Writes the rows of a batch whose columns are those of the schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), FileError> {
        let columns: Vec<Column<'_>> = batch.columns().iter().map(|c| Column::of(c)).collect();
        let mut digits = Digits::new();
        for row in 0..batch.num_rows() {
            for column in &columns {
                let field: &[u8] = match column {
                    Column::Text(texts) if texts.is_valid(row) => texts.value(row).as_bytes(),
                    Column::Int(ints) if ints.is_valid(row) => digits.of(ints.value(row)),
                    Column::Time(times) if times.is_valid(row) => self.times.of(times.value(row)),
                    _ => b"",
                };
                self.csv.write_field(field)?;
            }
            self.csv.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    /// Writes what is gathered.
    pub fn finish(self) -> Result<W, FileError> {
        self.csv
            .into_inner()
            .map_err(|error| FileError::Io(error.into_error()))
    }
}

impl Column<'_> {
    fn of(column: &dyn Array) -> Column<'_> {
        match column.data_type() {
            DataType::Utf8 => Column::Text(column.as_string()),
            DataType::Timestamp(..) => {
                Column::Time(column.as_primitive::<TimestampMicrosecondType>())
            }
            _ => Column::Int(column.as_primitive::<Int64Type>()),
        }
    }
}

/// Numbers as decimal text.
struct Digits([u8; 20]);

impl Digits {
    fn new() -> Digits {
        Digits([0; 20])
    }

    fn of(&mut self, number: i64) -> &[u8] {
        let mut rest = number.unsigned_abs();
        let mut start = self.0.len();
        loop {
            start -= 1;
            self.0[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            start -= 1;
            self.0[start] = b'-';
        }
        &self.0[start..]
    }
}

/// Times as `2024-07-01 12:00:00.123000+00:00`, without the fraction where it is zero. Rows
/// come in the order of time, so the date is seldom worked out.
struct TimeText {
    text: [u8; MAX_TIME_BYTES],
    /// Days since the epoch that `text` begins with.
    day: Option<i64>,
}

const DAY_US: i64 = 24 * 3600 * 1_000_000;

impl TimeText {
    fn new() -> TimeText {
        TimeText {
            text: *b"0000-00-00 00:00:00.000000+00:00",
            day: None,
        }
    }

    fn of(&mut self, micros: i64) -> &[u8] {
        let day = micros.div_euclid(DAY_US);
        if self.day != Some(day) {
            self.set_date(day);
            self.day = Some(day);
        }
        let in_day = micros.rem_euclid(DAY_US);
        let (seconds, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
        put_digits(&mut self.text[11..13], seconds / 3600);
        put_digits(&mut self.text[14..16], seconds / 60 % 60);
        put_digits(&mut self.text[17..19], seconds % 60);
        if fraction == 0 {
            self.text[19..25].copy_from_slice(b"+00:00");
            return &self.text[..25];
        }
        self.text[19] = b'.';
        put_digits(&mut self.text[20..26], fraction);
        self.text[26..].copy_from_slice(b"+00:00");
        &self.text
    }

    fn set_date(&mut self, day: i64) {
        // Beyond the years 1 to 9999, which nothing sends, the nearest day stands.
        let day_s = day.clamp(-719_162, 2_932_895) * 86_400;
        let date = jiff::Timestamp::from_second(day_s).unwrap_or_default();
        let date = Offset::UTC.to_datetime(date).date();
        put_digits(&mut self.text[0..4], i64::from(date.year()));
        put_digits(&mut self.text[5..7], i64::from(date.month()));
        put_digits(&mut self.text[8..10], i64::from(date.day()));
    }
}

/// Writes `value` right-aligned, with zeros before it.
fn put_digits(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests;
