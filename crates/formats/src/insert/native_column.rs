//! Where the values of a column lie within a block of `Native`.

use super::binary::{Cursor, Stop};
use super::cell::{Cell, check_items};
use super::error::{InsertError, InsertErrorCode};
use super::wire_type::WireType;

/// The one form of `LowCardinality` that there is.
const DICTIONARY_VERSION: u64 = 1;
/// Bits beside the width of the places in a dictionary.
const HAS_GLOBAL_DICTIONARY: u64 = 1 << 8;
const HAS_KEYS: u64 = 1 << 9;

/// Where values lie, as bytes from the beginning of what has come.
pub(super) enum Extent {
    /// There are none, or none that a column takes.
    Nothing,
    /// All of the same size, from there on.
    Fixed { start: usize, width: usize },
    /// Texts behind their lengths; the next one is there.
    Strings { next: usize },
    /// A byte a row says whether it is NULL.
    Nullable { nulls: usize, inner: Box<Extent> },
    /// Where the values of a dictionary begin, and where a row's place in it is.
    LowCardinality {
        keys: Vec<u32>,
        places: usize,
        width: usize,
    },
    /// Where the items of each row end, and the items.
    Array { ends: usize, items: Box<Extent> },
}

impl Extent {
    /// Finds the end of a column of `n_rows`, of which there is at least one.
    pub(super) fn of_column(
        data_type: &WireType,
        n_rows: usize,
        cursor: &mut Cursor<'_>,
    ) -> Result<Extent, Stop> {
        read_versions(data_type, cursor)?;
        Extent::of_values(data_type, n_rows, cursor)
    }

    fn of_values(
        data_type: &WireType,
        n_rows: usize,
        cursor: &mut Cursor<'_>,
    ) -> Result<Extent, Stop> {
        let start = cursor.at();
        if let Some(width) = data_type.width() {
            cursor.take(n_rows.saturating_mul(width))?;
            return Ok(Extent::Fixed { start, width });
        }
        match data_type {
            WireType::Nullable(inner) => {
                cursor.take(n_rows)?;
                let inner = Box::new(Extent::of_values(inner, n_rows, cursor)?);
                Ok(Extent::Nullable {
                    nulls: start,
                    inner,
                })
            }
            WireType::LowCardinality(inner) => low_cardinality(inner, n_rows, cursor),
            WireType::Array(item) => {
                let mut n_items = 0;
                for _ in 0..n_rows {
                    let end = cursor.u64()?;
                    let length = end.checked_sub(n_items);
                    check_items(length.ok_or_else(|| wrong("An array ends before it begins"))?)?;
                    n_items = end;
                }
                let n_items = usize::try_from(n_items).unwrap_or(usize::MAX);
                let items = Box::new(Extent::of_values(item, n_items, cursor)?);
                Ok(Extent::Array { ends: start, items })
            }
            WireType::Tuple(items) => {
                for item in items {
                    Extent::of_values(item, n_rows, cursor)?;
                }
                Ok(Extent::Nothing)
            }
            _ => {
                for _ in 0..n_rows {
                    cursor.string()?;
                }
                Ok(Extent::Strings { next: start })
            }
        }
    }

    /// The value of a row. Rows are asked for in their order, each once.
    pub(super) fn next<'a>(
        &mut self,
        data_type: &'a WireType,
        bytes: &'a [u8],
        row: usize,
    ) -> Cell<'a> {
        match (self, data_type) {
            (Extent::Fixed { start, width }, _) => {
                Cell::fixed(data_type, fixed(bytes, *start, *width, row))
            }
            (Extent::Strings { next }, _) => {
                let mut cursor = Cursor::new(bytes, *next);
                let text = cursor.string().expect("its end was found");
                *next = cursor.at();
                Cell::Bytes(text)
            }
            (Extent::Nullable { nulls, inner }, WireType::Nullable(data_type)) => {
                let is_null = bytes[*nulls + row] != 0;
                // NULL has a value, too, which has to be passed.
                let cell = inner.next(data_type, bytes, row);
                if is_null { Cell::Null } else { cell }
            }
            (
                Extent::LowCardinality {
                    keys,
                    places,
                    width,
                },
                WireType::LowCardinality(inner),
            ) => low_cardinality_value(
                keys,
                inner,
                bytes,
                number(fixed(bytes, *places, *width, row)),
            ),
            (Extent::Array { ends, items }, WireType::Array(item)) => {
                let end = |row| number(fixed(bytes, *ends, 8, row)) as usize;
                let first = row.checked_sub(1).map_or(0, end);
                let items = (first..end(row)).map(|index| items.next(item, bytes, index));
                let numbers = items.filter_map(|cell| match cell {
                    Cell::Integer(number) => Some(number),
                    _ => None,
                });
                Cell::Integers(numbers.collect())
            }
            _ => Cell::Other,
        }
    }
}

/// What stands before the values of columns whose types have a dictionary within them.
fn read_versions(data_type: &WireType, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    match data_type {
        WireType::LowCardinality(_) if cursor.u64()? != DICTIONARY_VERSION => {
            Err(wrong("Invalid version of LowCardinality"))
        }
        WireType::Array(inner) => read_versions(inner, cursor),
        WireType::Tuple(items) => items
            .iter()
            .try_for_each(|item| read_versions(item, cursor)),
        _ => Ok(()),
    }
}

fn low_cardinality(
    inner: &WireType,
    n_rows: usize,
    cursor: &mut Cursor<'_>,
) -> Result<Extent, Stop> {
    // Of an array without items nothing is written.
    if n_rows == 0 {
        return Ok(Extent::Nothing);
    }
    let flags = cursor.u64()?;
    let width = match flags & 0xff {
        exponent @ 0..=3 => 1 << exponent,
        _ => return Err(wrong("Invalid type of places in a LowCardinality")),
    };
    if flags & HAS_GLOBAL_DICTIONARY != 0 || flags & HAS_KEYS == 0 {
        return Err(wrong("A LowCardinality without its own keys"));
    }
    let key_type = match inner {
        WireType::Nullable(inner) => inner,
        inner => inner,
    };
    let n_keys = cursor.u64()?;
    let mut keys = Vec::new();
    for _ in 0..n_keys {
        let start = u32::try_from(cursor.at()).map_err(|_| wrong("Too large a dictionary"))?;
        keys.push(start);
        match key_type.width() {
            Some(n_bytes) => cursor.take(n_bytes)?,
            None => cursor.string()?,
        };
    }
    if cursor.u64()? != n_rows as u64 {
        return Err(wrong("A LowCardinality of another number of rows"));
    }
    let places = cursor.at();
    let all = cursor.take(n_rows.saturating_mul(width))?;
    if all.chunks_exact(width).any(|place| number(place) >= n_keys) {
        return Err(wrong("A row's place is not in its dictionary"));
    }
    Ok(Extent::LowCardinality {
        keys,
        places,
        width,
    })
}

fn low_cardinality_value<'a>(
    keys: &[u32],
    inner: &'a WireType,
    bytes: &'a [u8],
    place: u64,
) -> Cell<'a> {
    let key_type = match inner {
        // The first key stands for NULL.
        WireType::Nullable(_) if place == 0 => return Cell::Null,
        WireType::Nullable(inner) => inner,
        inner => inner,
    };
    let start = keys[place as usize] as usize;
    if let Some(width) = key_type.width() {
        return Cell::fixed(key_type, &bytes[start..start + width]);
    }
    let mut cursor = Cursor::new(bytes, start);
    Cell::Bytes(cursor.string().expect("its end was found"))
}

fn fixed(bytes: &[u8], start: usize, width: usize, row: usize) -> &[u8] {
    &bytes[start + row * width..start + (row + 1) * width]
}

/// A number of up to eight bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn wrong(message: &str) -> Stop {
    InsertError::new(InsertErrorCode::IncorrectData, message).into()
}
