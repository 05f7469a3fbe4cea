//! Values as texts by themselves: without quotes and escapes, as ClickHouse shows them to a reader.

use super::{Column, Values};

/// What a reader sees of NULL.
const NULL: &str = "ᴺᵁᴸᴸ";

impl Column {
    /// Writes what a reader sees of a value.
    pub fn write_shown(&self, out: &mut Vec<u8>, row: usize) {
        if self.is_null(row) {
            return out.extend_from_slice(NULL.as_bytes());
        }
        self.write_tab_separated(out, row, true);
    }

    /// A finite number, of columns of numbers.
    pub fn number(&self, row: usize) -> Option<f64> {
        if self.is_null(row) {
            return None;
        }
        let number = match &self.values {
            Values::Int(ints) => ints.value(row) as f64,
            Values::UInt(ints) => ints.value(row) as f64,
            Values::Float32(floats) => f64::from(floats.value(row)),
            Values::Float64(floats) => floats.value(row),
            Values::Decimal { unscaled, scale } => {
                unscaled.value(row) as f64 / 10_f64.powi(i32::from(*scale))
            }
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}

/// Beyond this a number has its size behind it, by ClickHouse's default.
const LARGE: f64 = 1_000_000.0;

/// Sizes and their names.
const SIZES: [(f64, &str); 10] = [
    (1e33, "decillion"),
    (1e30, "nonillion"),
    (1e27, "octillion"),
    (1e24, "septillion"),
    (1e21, "sextillion"),
    (1e18, "quintillion"),
    (1e15, "quadrillion"),
    (1e12, "trillion"),
    (1e9, "billion"),
    (1e6, "million"),
];

/// Numbers between these are most often hashes, and have nothing behind them.
const HASHES: [f64; 2] = [1e17, 1.844_675e19];

/// Writes ` -- 12.35 million` behind a large number.
pub(crate) fn write_tip(out: &mut Vec<u8>, values: &Column, row: usize) {
    let Some(number) = values.number(row) else {
        return;
    };
    let size = number.abs();
    if size <= LARGE || (HASHES[0] < size && size < HASHES[1]) {
        return;
    }
    let found = SIZES.iter().find(|(least, _)| size >= *least);
    if let Some((least, name)) = found {
        out.extend_from_slice(format!(" -- {:.2} {name}", number / least).as_bytes());
    }
}
