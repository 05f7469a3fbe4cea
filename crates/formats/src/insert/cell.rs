//! A value as a body has it, before it is one of a column.

use super::error::{InsertError, InsertErrorCode};
use super::wire_type::WireType;

const DAY_MS: i64 = 86_400_000;

/// Items of an array: a value takes more memory than its bytes.
const MAX_ITEMS: u64 = 1_000_000;

/// Refuses an array of too many items.
pub(super) fn check_items(n_items: u64) -> Result<(), InsertError> {
    if n_items <= MAX_ITEMS {
        return Ok(());
    }
    let message = format!("Too large array size: {n_items} (maximum: {MAX_ITEMS})");
    Err(InsertError::new(
        InsertErrorCode::TooLargeArraySize,
        message,
    ))
}

/// A value of any type of a body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i128),
    Float(f64),
    Bool(bool),
    Bytes(&'a [u8]),
    Uuid(u128),
    TimeMs(i64),
    Integers(Vec<i128>),
    /// Of a type that no column takes.
    Other,
}

impl<'a> Cell<'a> {
    /// The value of a type whose values have all the same size. `bytes` are of that size.
    pub(super) fn fixed(data_type: &'a WireType, bytes: &'a [u8]) -> Cell<'a> {
        match data_type {
            WireType::Integer { is_signed, .. } => integer(bytes, *is_signed),
            WireType::Float32 => Cell::Float(f64::from(f32::from_le_bytes(padded(bytes)))),
            WireType::Float64 => Cell::Float(f64::from_le_bytes(padded(bytes))),
            WireType::Bool => Cell::Bool(bytes.iter().any(|&byte| byte != 0)),
            WireType::FixedString(_) => {
                let end = bytes.iter().rposition(|&byte| byte != 0);
                Cell::Bytes(&bytes[..end.map_or(0, |end| end + 1)])
            }
            WireType::Date => Cell::TimeMs(i64::from(u16::from_le_bytes(padded(bytes))) * DAY_MS),
            WireType::Date32 => Cell::TimeMs(i64::from(i32::from_le_bytes(padded(bytes))) * DAY_MS),
            WireType::DateTime => Cell::TimeMs(i64::from(u32::from_le_bytes(padded(bytes))) * 1000),
            WireType::DateTime64(precision) => {
                Cell::TimeMs(ticks_ms(i64::from_le_bytes(padded(bytes)), *precision))
            }
            WireType::Uuid => {
                // Two halves, each with its lowest byte first.
                let (high, low) = bytes.split_at(bytes.len() / 2);
                let half = |half: &[u8]| u128::from(u64::from_le_bytes(padded(half)));
                Cell::Uuid(half(high) << 64 | half(low))
            }
            WireType::Enum { n_bytes, names } => {
                let number = match n_bytes {
                    1 => i16::from(i8::from_le_bytes(padded(bytes))),
                    _ => i16::from_le_bytes(padded(bytes)),
                };
                let found = names.binary_search_by_key(&number, |&(number, _)| number);
                found.map_or(Cell::Other, |at| Cell::Bytes(names[at].1.as_bytes()))
            }
            WireType::Nothing => Cell::Null,
            _ => Cell::Other,
        }
    }
}

/// The bytes, and zeros behind them where there are fewer.
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    let n = bytes.len().min(N);
    all[..n].copy_from_slice(&bytes[..n]);
    all
}

fn integer(bytes: &[u8], is_signed: bool) -> Cell<'static> {
    let number: u128 = u128::from_le_bytes(padded(bytes));
    if is_signed {
        // The highest bit of the bytes becomes the sign.
        let unused = 128 - 8 * bytes.len().clamp(1, 16) as u32;
        return Cell::Integer((number << unused).cast_signed() >> unused);
    }
    i128::try_from(number).map_or(Cell::Other, Cell::Integer)
}

/// Ms of ticks with so many digits after the second; what is finer is cut towards the past.
pub(super) fn ticks_ms(ticks: i64, precision: u32) -> i64 {
    match precision {
        0..=3 => ticks.saturating_mul(10_i64.pow(3 - precision)),
        _ => ticks.div_euclid(10_i64.pow(precision - 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_type() {
        let integer = |n_bytes, is_signed| WireType::Integer { n_bytes, is_signed };
        let cases: [(WireType, &[u8], Cell<'_>); 13] = [
            (integer(1, true), &[0xff], Cell::Integer(-1)),
            (integer(1, false), &[0xff], Cell::Integer(255)),
            (integer(2, true), &[0, 0x80], Cell::Integer(-32768)),
            (
                integer(8, false),
                &[0xff; 8],
                Cell::Integer(u64::MAX.into()),
            ),
            (integer(16, true), &[0xff; 16], Cell::Integer(-1)),
            (integer(16, false), &[0xff; 16], Cell::Other),
            (WireType::Float32, &[0, 0, 0xc0, 0x3f], Cell::Float(1.5)),
            (WireType::FixedString(4), b"ab\0\0", Cell::Bytes(b"ab")),
            (WireType::Date, &[1, 0], Cell::TimeMs(DAY_MS)),
            (WireType::Date32, &[0xff; 4], Cell::TimeMs(-DAY_MS)),
            (WireType::DateTime64(6), &[0xff; 8], Cell::TimeMs(-1)),
            (
                WireType::DateTime64(0),
                &[2, 0, 0, 0, 0, 0, 0, 0],
                Cell::TimeMs(2000),
            ),
            (
                WireType::Uuid,
                &[8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9],
                Cell::Uuid(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
            ),
        ];
        for (data_type, bytes, expected) in &cases {
            assert_eq!(&Cell::fixed(data_type, bytes), expected, "{data_type:?}");
        }
    }
}
