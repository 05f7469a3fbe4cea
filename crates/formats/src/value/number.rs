//! Numbers as ClickHouse prints them.

use std::io::Write;

/// A number whose decimal point lies further left than this has an exponent: 0.000001 has
/// none, 1e-7 has one.
const MIN_POINT: i32 = -6;

/// A number with more digits before its point than this has an exponent: 1e21 has one.
const MAX_POINT: i32 = 21;

/// Writes a finite number with the fewest digits that give it back.
///
/// `scientific` is Rust's `{:e}`: the same digits, `-1.25e-7`.
fn write_shortest(out: &mut Vec<u8>, scientific: &str) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Digits before the point, if all digits are written in a row.
    let point = exponent + 1;
    let digits = [whole, fraction].concat();
    out.extend_from_slice(sign.as_bytes());
    if point > MAX_POINT || point <= MIN_POINT {
        out.extend_from_slice(whole.as_bytes());
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction.as_bytes());
        }
        out.push(b'e');
        out.extend_from_slice(exponent.to_string().as_bytes());
    } else if let Ok(n_whole @ 1..) = usize::try_from(point) {
        let (whole, fraction) = digits.split_at(n_whole.min(digits.len()));
        out.extend_from_slice(whole.as_bytes());
        out.extend(std::iter::repeat_n(b'0', n_whole - whole.len()));
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction.as_bytes());
        }
    } else {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(digits.as_bytes());
    }
}

/// Writes a double; the names of what is no number are ClickHouse's.
pub(super) fn write_f64(out: &mut Vec<u8>, number: f64) {
    match unusual(number) {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None if number == 0.0 => write_zero(out, number.is_sign_negative()),
        None => write_shortest(out, &format!("{number:e}")),
    }
}

/// Writes a float with as many digits as a float has.
pub(super) fn write_f32(out: &mut Vec<u8>, number: f32) {
    match unusual(f64::from(number)) {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None if number == 0.0 => write_zero(out, number.is_sign_negative()),
        None => write_shortest(out, &format!("{number:e}")),
    }
}

fn write_zero(out: &mut Vec<u8>, is_negative: bool) {
    out.extend_from_slice(if is_negative { b"-0" } else { b"0" });
}

fn unusual(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("nan")
    } else if number == f64::INFINITY {
        Some("inf")
    } else if number == f64::NEG_INFINITY {
        Some("-inf")
    } else {
        None
    }
}

/// Writes `unscaled` / 10^`scale` without zeros at its end.
pub(super) fn write_decimal(out: &mut Vec<u8>, unscaled: i128, scale: i8) {
    let mut scale = usize::try_from(scale).unwrap_or_default();
    let mut rest = unscaled.unsigned_abs();
    while scale > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        scale -= 1;
    }
    if unscaled < 0 {
        out.push(b'-');
    }
    let digits = format!("{rest:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    out.extend_from_slice(whole.as_bytes());
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// Writes a whole number.
pub(super) fn write_integer(out: &mut Vec<u8>, number: impl std::fmt::Display) {
    write!(out, "{number}").expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// The texts are those of ClickHouse 26.9.
    #[test]
    fn doubles_have_as_many_digits_as_needed() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (0.0, "0"),
            (1e15, "1000000000000000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e21"),
            (1e30, "1e30"),
            (1.234e21, "1.234e21"),
            (1.234e20, "123400000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e-4, "0.0001"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (-1.5e-300, "-1.5e-300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (12_345_678.9, "12345678.9"),
            (-100_000.5, "-100000.5"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (f64::MAX, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (number, expected) in cases {
            assert_eq!(text(|out| write_f64(out, number)), expected);
        }
    }

    #[test]
    fn floats_have_the_digits_of_a_float() {
        let cases = [
            (0.1, "0.1"),
            (1e10, "10000000000"),
            (16_777_216.0, "16777216"),
            (3.4e38, "3.4e38"),
            (1e-7, "1e-7"),
            (f32::NAN, "nan"),
        ];
        for (number, expected) in cases {
            assert_eq!(text(|out| write_f32(out, number)), expected);
        }
    }

    #[test]
    fn decimals_lose_their_zeros() {
        let cases = [
            (150, 2, "1.5"),
            (-500, 4, "-0.05"),
            (1_234_500, 4, "123.45"),
            (3, 0, "3"),
            (300, 0, "300"),
            (0, 4, "0"),
            (-1, 3, "-0.001"),
        ];
        for (unscaled, scale, expected) in cases {
            assert_eq!(text(|out| write_decimal(out, unscaled, scale)), expected);
        }
    }
}
