//! Values of a result as text: Arrow's arrays, ClickHouse's types, ClickHouse's spelling.
//!
//! A [`Column`] is made once a batch, so that what a type means is decided once and not for
//! each value. It is written as JSON, as a field of a CSV line, or as ClickHouse writes it
//! within an array of such a field.

mod binary;
mod number;
mod plain;
mod pretty;
mod time;

use annoscope_sql::DataType;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int64Array, ListArray, StringArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use crate::style::{Style, TimeFormat};
use crate::text::{
    write_clickhouse_json_text, write_csv_bytes, write_csv_text, write_escaped, write_json_text,
    write_literal_text,
};

pub(crate) use binary::write_length;
pub(crate) use plain::write_tip;

use time::Zone;

/// Why an array cannot be shown as the type that the query's check found for it: an error of
/// ours, not of the query.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// The store gave another type.
    #[error("the store gave {found} for {expected}")]
    Type {
        /// Of the array.
        found: ArrowType,
        /// Of the query's check.
        expected: DataType,
    },
    /// A value does not fit into the type.
    #[error(transparent)]
    Value(#[from] ArrowError),
    /// The type names a time zone that is not known.
    #[error("there is no time zone {0:?}")]
    Zone(String),
}

/// A column of a batch, ready to be written.
pub struct Column {
    values: Values,
    nulls: Option<NullBuffer>,
    /// Whether its type says that there may be any.
    is_nullable: bool,
    spelling: Spelling,
}

/// What of a [`Style`] each value needs.
#[derive(Clone, Copy)]
struct Spelling {
    quotes_denormals: bool,
    /// Whether these are integers that JSON has in quotes.
    quotes_integers: bool,
    escapes_as_clickhouse: bool,
}

enum Values {
    Nothing,
    Bool(BooleanArray),
    Int(Int64Array),
    UInt(UInt64Array),
    Float32(Float32Array),
    Float64(Float64Array),
    Decimal {
        unscaled: Decimal128Array,
        scale: i8,
    },
    Text(StringArray),
    Date {
        days: Date32Array,
        format: TimeFormat,
    },
    Time {
        ticks: Int64Array,
        per_second: i64,
        n_digits: u8,
        zone: Zone,
        format: TimeFormat,
    },
    List {
        lists: ListArray,
        items: Box<Column>,
    },
    Tuple(Vec<Column>),
}

impl Column {
    /// The array as values of the type.
    pub fn of(array: &ArrayRef, data_type: &DataType, style: &Style) -> Result<Column, Mismatch> {
        let format = style.times;
        let zone = |zone: &Option<String>| zone.clone().or_else(|| style.timezone.clone());
        let mismatch = || Mismatch::Type {
            found: array.data_type().clone(),
            expected: data_type.clone(),
        };
        let values = match data_type {
            DataType::Nullable(inner) => {
                let column = Column::of(array, inner, style)?;
                return Ok(Column {
                    is_nullable: true,
                    ..column
                });
            }
            DataType::Nothing => Values::Nothing,
            DataType::Bool => Values::Bool(cast(array, &ArrowType::Boolean)?.as_boolean().clone()),
            DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Interval(_) => Values::integers(array)?,
            DataType::Float32 => {
                Values::Float32(cast(array, &ArrowType::Float32)?.as_primitive().clone())
            }
            DataType::Float64 => {
                Values::Float64(cast(array, &ArrowType::Float64)?.as_primitive().clone())
            }
            DataType::Decimal { .. } => match array.data_type() {
                &ArrowType::Decimal128(_, scale) => Values::Decimal {
                    unscaled: array.as_primitive().clone(),
                    scale,
                },
                _ => Values::integers(array)?,
            },
            DataType::String | DataType::JsonType => {
                Values::Text(cast(array, &ArrowType::Utf8)?.as_string().clone())
            }
            DataType::Date | DataType::Date32 => Values::Date {
                days: cast(array, &ArrowType::Date32)?.as_primitive().clone(),
                format,
            },
            DataType::DateTime(own) => Values::times(array, 0, zone(own).as_deref(), format)?,
            DataType::DateTime64 {
                precision,
                timezone,
            } => Values::times(array, *precision, zone(timezone).as_deref(), format)?,
            DataType::Array(item) => {
                let lists = array.as_list_opt::<i32>().ok_or_else(mismatch)?.clone();
                let items = Box::new(Column::of(lists.values(), item, style)?);
                Values::List { lists, items }
            }
            DataType::Tuple(types) => {
                let tuple = array.as_struct_opt().ok_or_else(mismatch)?;
                if tuple.num_columns() != types.len() {
                    return Err(mismatch());
                }
                let items = tuple.columns().iter().zip(types);
                let items = items.map(|(array, item)| Column::of(array, item, style));
                Values::Tuple(items.collect::<Result<_, _>>()?)
            }
        };
        Ok(Column {
            values,
            nulls: array.logical_nulls(),
            is_nullable: false,
            spelling: Spelling {
                quotes_denormals: style.quotes_denormals,
                quotes_integers: style.quotes_wide_integers
                    && matches!(data_type, DataType::UInt64 | DataType::Int64),
                escapes_as_clickhouse: style.escapes_as_clickhouse,
            },
        })
    }

    fn is_null(&self, row: usize) -> bool {
        let is_null = |nulls: &NullBuffer| nulls.is_null(row);
        matches!(self.values, Values::Nothing) || self.nulls.as_ref().is_some_and(is_null)
    }

    /// Writes a value as JSON.
    pub fn write_json(&self, out: &mut Vec<u8>, row: usize) {
        let is_no_number = self.is_no_number(row);
        if self.is_null(row) || (is_no_number && !self.spelling.quotes_denormals) {
            out.extend_from_slice(b"null");
            return;
        }
        match &self.values {
            Values::Text(texts) if self.spelling.escapes_as_clickhouse => {
                write_clickhouse_json_text(out, texts.value(row));
            }
            Values::Text(texts) => write_json_text(out, texts.value(row)),
            Values::Date { format, .. } | Values::Time { format, .. } if format.is_text() => {
                self.write_between(out, row, b'"');
            }
            _ if is_no_number || self.spelling.quotes_integers => {
                self.write_between(out, row, b'"');
            }
            Values::List { lists, items } => {
                let (start, end) = bounds(lists, row);
                write_separated(out, *b"[]", start..end, |out, item| {
                    items.write_json(out, item);
                });
            }
            Values::Tuple(items) => {
                write_separated(out, *b"[]", items, |out, item| item.write_json(out, row));
            }
            _ => self.write_plain(out, row),
        }
    }

    /// Writes a value as a field of a CSV line.
    pub fn write_csv(&self, out: &mut Vec<u8>, row: usize) {
        if self.is_null(row) {
            out.extend_from_slice(b"\\N");
            return;
        }
        match &self.values {
            Values::Text(texts) => write_csv_text(out, texts.value(row)),
            Values::List { .. } | Values::Tuple(_) => {
                let mut text = Vec::new();
                self.write_literal(&mut text, row);
                write_csv_bytes(out, &text);
            }
            Values::Date { format, .. } | Values::Time { format, .. } if format.is_text() => {
                self.write_between(out, row, b'"');
            }
            _ => self.write_plain(out, row),
        }
    }

    /// Writes a value as a field of a CSV line, or as several: of a tuple each part is one, unless it may be NULL.
    pub fn write_csv_parts(&self, out: &mut Vec<u8>, row: usize) {
        let Values::Tuple(items) = &self.values else {
            return self.write_csv(out, row);
        };
        if self.is_nullable {
            return self.write_csv(out, row);
        }
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            item.write_csv_parts(out, row);
        }
    }

    /// Writes a value as a field of a line that tabs divide. `raw`: without escapes.
    pub fn write_tab_separated(&self, out: &mut Vec<u8>, row: usize, raw: bool) {
        if self.is_null(row) {
            out.extend_from_slice(b"\\N");
            return;
        }
        match &self.values {
            Values::Text(texts) if raw => out.extend_from_slice(texts.value(row).as_bytes()),
            Values::Text(texts) => write_escaped(out, texts.value(row)),
            Values::List { .. } | Values::Tuple(_) => self.write_literal(out, row),
            _ => self.write_plain(out, row),
        }
    }

    /// Writes a value that is no text between quotes.
    fn write_between(&self, out: &mut Vec<u8>, row: usize, quote: u8) {
        out.push(quote);
        self.write_plain(out, row);
        out.push(quote);
    }

    /// Writes a value as ClickHouse writes it within an array in text.
    pub fn write_literal(&self, out: &mut Vec<u8>, row: usize) {
        if self.is_null(row) {
            out.extend_from_slice(b"NULL");
            return;
        }
        match &self.values {
            Values::Text(texts) => write_literal_text(out, texts.value(row)),
            Values::List { lists, items } => {
                let (start, end) = bounds(lists, row);
                write_separated(out, *b"[]", start..end, |out, item| {
                    items.write_literal(out, item);
                });
            }
            Values::Tuple(items) => {
                write_separated(out, *b"()", items, |out, item| item.write_literal(out, row));
            }
            Values::Date { format, .. } | Values::Time { format, .. } if format.is_text() => {
                self.write_between(out, row, b'\'');
            }
            _ => self.write_plain(out, row),
        }
    }

    /// Writes a value that has one spelling, without quotes. Texts, lists and tuples have none.
    fn write_plain(&self, out: &mut Vec<u8>, row: usize) {
        match &self.values {
            Values::Bool(bools) => {
                out.extend_from_slice(if bools.value(row) { b"true" } else { b"false" });
            }
            Values::Int(ints) => number::write_integer(out, ints.value(row)),
            Values::UInt(ints) => number::write_integer(out, ints.value(row)),
            Values::Float32(floats) => number::write_f32(out, floats.value(row)),
            Values::Float64(floats) => number::write_f64(out, floats.value(row)),
            Values::Decimal { unscaled, scale } => {
                number::write_decimal(out, unscaled.value(row), *scale);
            }
            Values::Date { days, format } => {
                let day = i64::from(days.value(row));
                match format {
                    TimeFormat::UnixMs => time::write_unix_ms_of_day(out, day),
                    _ => time::write_date(out, day),
                }
            }
            Values::Time {
                ticks,
                per_second,
                n_digits,
                zone,
                format,
            } => {
                let ticks = ticks.value(row);
                let nanos = ticks.rem_euclid(*per_second) * (1_000_000_000 / per_second);
                let at = (ticks.div_euclid(*per_second), nanos as u32);
                match format {
                    TimeFormat::Text => time::write_time(out, at, *n_digits, zone),
                    TimeFormat::UnixMs => time::write_unix_ms(out, at),
                    TimeFormat::Iso => time::write_iso(out, at, *n_digits),
                    TimeFormat::UnixSeconds => time::write_unix_seconds(out, at, *n_digits),
                }
            }
            Values::Nothing | Values::Text(_) | Values::List { .. } | Values::Tuple(_) => {}
        }
    }

    /// JSON has no names for these.
    fn is_no_number(&self, row: usize) -> bool {
        match &self.values {
            Values::Float32(floats) => !floats.value(row).is_finite(),
            Values::Float64(floats) => !floats.value(row).is_finite(),
            _ => false,
        }
    }
}

impl Values {
    /// Integers of any width; DuckDB's widest come as decimals.
    fn integers(array: &ArrayRef) -> Result<Values, Mismatch> {
        Ok(match array.data_type() {
            &ArrowType::Decimal128(_, scale) => Values::Decimal {
                unscaled: array.as_primitive().clone(),
                scale,
            },
            unsigned if unsigned.is_unsigned_integer() => {
                Values::UInt(cast(array, &ArrowType::UInt64)?.as_primitive().clone())
            }
            _ => Values::Int(cast(array, &ArrowType::Int64)?.as_primitive().clone()),
        })
    }

    fn times(
        array: &ArrayRef,
        n_digits: u8,
        zone: Option<&str>,
        format: TimeFormat,
    ) -> Result<Values, Mismatch> {
        let zone_of =
            || Zone::of(zone).ok_or_else(|| Mismatch::Zone(zone.unwrap_or_default().to_owned()));
        let seconds = ArrowType::Timestamp(TimeUnit::Second, None);
        let array = match array.data_type() {
            ArrowType::Timestamp(..) => array.clone(),
            _ => cast(array, &seconds)?,
        };
        let per_second = match array.data_type() {
            ArrowType::Timestamp(TimeUnit::Millisecond, _) => 1000,
            ArrowType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
            ArrowType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000_000,
            _ => 1,
        };
        Ok(Values::Time {
            // The same 64 bits, whatever the unit.
            ticks: cast(&array, &ArrowType::Int64)?
                .as_primitive::<Int64Type>()
                .clone(),
            per_second,
            n_digits,
            zone: zone_of()?,
            format,
        })
    }
}

/// Casts without losing values silently.
fn cast(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &options)
}

fn bounds(lists: &ListArray, row: usize) -> (usize, usize) {
    let offsets = lists.value_offsets();
    (offsets[row] as usize, offsets[row + 1] as usize)
}

fn write_separated<T>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}

#[cfg(test)]
mod tests;
