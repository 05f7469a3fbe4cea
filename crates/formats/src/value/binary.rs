//! Values as bytes: as ClickHouse's `RowBinary` has them, row by row, and as its `Native` has them, column by
//! column.

use std::ops::Range;

use annoscope_sql::DataType;

use super::{Column, Values, bounds};

/// The numbers of the names that `JSONType` gives, as its type tells them.
const JSON_TYPES: [(&str, i8); 8] = [
    ("Null", 0),
    ("String", 34),
    ("Array", 91),
    ("Bool", 98),
    ("Double", 100),
    ("Int64", 105),
    ("UInt64", 117),
    ("Object", 123),
];

impl Column {
    /// Writes a value of the type that the column was made for.
    pub fn write_row_binary(&self, out: &mut Vec<u8>, row: usize, data_type: &DataType) {
        match (data_type, &self.values) {
            (DataType::Nullable(inner), _) => {
                out.push(u8::from(self.is_null(row)));
                if !self.is_null(row) {
                    self.write_row_binary(out, row, inner);
                }
            }
            (DataType::Array(item), Values::List { lists, items }) => {
                let (start, end) = bounds(lists, row);
                write_length(out, end - start);
                for index in start..end {
                    items.write_row_binary(out, index, item);
                }
            }
            (DataType::Tuple(types), Values::Tuple(items)) => {
                for (item, data_type) in items.iter().zip(types) {
                    item.write_row_binary(out, row, data_type);
                }
            }
            _ => self.write_one(out, row, data_type),
        }
    }

    /// Writes the values of rows of the type that the column was made for, one part of the values after the other.
    pub fn write_native(&self, out: &mut Vec<u8>, rows: Range<usize>, data_type: &DataType) {
        match (data_type, &self.values) {
            (DataType::Nullable(inner), _) => {
                out.extend(rows.clone().map(|row| u8::from(self.is_null(row))));
                self.write_native(out, rows, inner);
            }
            (DataType::Array(item), Values::List { lists, items }) => {
                let offsets = &lists.value_offsets()[rows.start..=rows.end];
                let start = offsets[0];
                for end in &offsets[1..] {
                    out.extend(u64::from(end.abs_diff(start)).to_le_bytes());
                }
                let end = offsets[offsets.len() - 1];
                items.write_native(out, start as usize..end as usize, item);
            }
            (DataType::Tuple(types), Values::Tuple(items)) => {
                for (item, data_type) in items.iter().zip(types) {
                    item.write_native(out, rows.clone(), data_type);
                }
            }
            // ClickHouse writes the digit.
            (DataType::Nothing, _) => out.extend(rows.map(|_| b'0')),
            _ => {
                for row in rows {
                    self.write_one(out, row, data_type);
                }
            }
        }
    }

    /// Writes a value that has no parts; in place of NULL the type's default.
    fn write_one(&self, out: &mut Vec<u8>, row: usize, data_type: &DataType) {
        if self.is_null(row) {
            let n_bytes = width(data_type).unwrap_or(1);
            out.resize(out.len() + n_bytes, 0);
            return;
        }
        match &self.values {
            Values::Text(texts) if *data_type == DataType::JsonType => {
                let name = texts.value(row);
                let found = JSON_TYPES.iter().find(|(known, _)| *known == name);
                out.push(found.map_or(0, |&(_, number)| number as u8));
            }
            Values::Text(texts) => {
                let text = texts.value(row);
                write_length(out, text.len());
                out.extend_from_slice(text.as_bytes());
            }
            Values::Bool(bools) => out.push(bools.value(row).into()),
            Values::Int(ints) => write_number(out, i128::from(ints.value(row)), 0, data_type),
            Values::UInt(ints) => write_number(out, i128::from(ints.value(row)), 0, data_type),
            Values::Decimal { unscaled, scale } => {
                write_number(out, unscaled.value(row), i32::from(*scale), data_type);
            }
            Values::Float32(floats) => out.extend(floats.value(row).to_le_bytes()),
            Values::Float64(floats) => out.extend(floats.value(row).to_le_bytes()),
            Values::Date { days, .. } => {
                let day = days.value(row);
                match data_type {
                    DataType::Date => {
                        out.extend((day.clamp(0, u16::MAX.into()) as u16).to_le_bytes());
                    }
                    _ => out.extend(day.to_le_bytes()),
                }
            }
            Values::Time {
                ticks, per_second, ..
            } => write_time(out, ticks.value(row), *per_second, data_type),
            Values::Nothing | Values::List { .. } | Values::Tuple(_) => {}
        }
    }
}

/// Bytes of each value of the type; `None` where they differ.
fn width(data_type: &DataType) -> Option<usize> {
    Some(match data_type {
        DataType::UInt8 | DataType::Int8 | DataType::Bool | DataType::JsonType => 1,
        DataType::UInt16 | DataType::Int16 | DataType::Date => 2,
        DataType::UInt32
        | DataType::Int32
        | DataType::Float32
        | DataType::Date32
        | DataType::DateTime(_) => 4,
        DataType::UInt64
        | DataType::Int64
        | DataType::Float64
        | DataType::DateTime64 { .. }
        | DataType::Interval(_) => 8,
        DataType::Decimal { precision, .. } => match precision {
            0..=9 => 4,
            10..=18 => 8,
            _ => 16,
        },
        DataType::String
        | DataType::Nothing
        | DataType::Nullable(_)
        | DataType::Array(_)
        | DataType::Tuple(_) => return None,
    })
}

/// A length: seven bits a byte, the lowest first.
pub(crate) fn write_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Writes `unscaled` / 10^`scale` as an integer or a decimal of the type.
fn write_number(out: &mut Vec<u8>, unscaled: i128, scale: i32, data_type: &DataType) {
    let own_scale = match data_type {
        DataType::Decimal { scale, .. } => i32::from(*scale),
        _ => 0,
    };
    let factor = 10_i128.saturating_pow(own_scale.abs_diff(scale));
    let number = if own_scale >= scale {
        unscaled.saturating_mul(factor)
    } else {
        unscaled / factor
    };
    let n_bytes = width(data_type).unwrap_or(8);
    out.extend_from_slice(&number.to_le_bytes()[..n_bytes]);
}

fn write_time(out: &mut Vec<u8>, ticks: i64, per_second: i64, data_type: &DataType) {
    let DataType::DateTime64 { precision, .. } = data_type else {
        let second = ticks.div_euclid(per_second).clamp(0, u32::MAX.into());
        return out.extend((second as u32).to_le_bytes());
    };
    let own_per_second = 10_i128.pow(u32::from(*precision));
    let own = (i128::from(ticks) * own_per_second).div_euclid(i128::from(per_second));
    let own = own.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    out.extend(own.to_le_bytes());
}
