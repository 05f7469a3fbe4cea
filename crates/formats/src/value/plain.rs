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

/// From here on a number has its size behind it (`output_format_pretty_single_large_number_tip_threshold`).
const LARGE: f64 = 1_000_000.0;

/// Names of sizes, each a thousand of the one before.
const SIZES: [&str; 5] = ["", " thousand", " million", " billion", " trillion"];

/// Writes ` -- 12.35 million` behind a large number.
pub(crate) fn write_tip(out: &mut Vec<u8>, values: &Column, row: usize) {
    let Some(number) = values.number(row) else {
        return;
    };
    if number.abs() <= LARGE {
        return;
    }
    let mut size = number;
    let mut names = SIZES.iter();
    let mut name = names.next().unwrap_or(&"");
    while size.abs() >= 1000.0
        && let Some(next) = names.next()
    {
        size /= 1000.0;
        name = next;
    }
    out.extend_from_slice(format!(" -- {size:.2}{name}").as_bytes());
}
