//! Strings: ClickHouse keeps the backslash of an unknown escape (`'\d'`), `sqlparser` drops
//! it. So each literal is decoded by ClickHouse's rules and written with `\\` and `''` only.

use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;
use crate::expand::string_literal;

/// Rewrites strings, and names in quotes that have a backslash.
pub(super) fn decode(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for (i, token) in scan.tokens.iter().enumerate() {
        let text = scan.text(i);
        let refuse = |message: &str| scan.error(ErrorKind::Syntax, i, message);
        if let Some(radix) = prefix_of_bytes(scan, i) {
            let written = string_literal(&bytes_literal(text, radix).map_err(refuse)?);
            edits.push((scan.tokens[i - 1].range.start..token.range.end, written));
            continue;
        }
        let written = match token.kind {
            TokenKind::Number => match number_of_radix(text).map_err(refuse)? {
                Some(number) => number,
                None => continue,
            },
            TokenKind::String => string_literal(&decode_literal(text).map_err(refuse)?),
            TokenKind::QuotedIdentifier if text.contains('\\') => {
                format!(
                    "\"{}\"",
                    decode_literal(text).map_err(refuse)?.replace('"', "\"\"")
                )
            }
            _ => continue,
        };
        if written != text {
            edits.push((token.range.clone(), written));
        }
    }
    Ok(edits)
}

/// Digits of a text such as `X'4142'` or `b'01000001'`: 16 or 2, where the token before it says so.
fn prefix_of_bytes(scan: &Scan<'_>, i: usize) -> Option<u32> {
    let token = &scan.tokens[i];
    let before = &scan.tokens[i.checked_sub(1)?];
    if token.kind != TokenKind::String
        || before.kind != TokenKind::Word
        || before.range.end != token.range.start
    {
        return None;
    }
    match scan.text(i - 1) {
        "x" | "X" => Some(16),
        "b" | "B" => Some(2),
        _ => None,
    }
}

/// The text whose bytes a literal's digits are.
fn bytes_literal(literal: &str, radix: u32) -> Result<String, &'static str> {
    let digits = &literal[1..literal.len() - 1];
    let per_byte = if radix == 16 { 2 } else { 8 };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err("these are no digits of bytes");
    }
    // The first byte may have fewer.
    let missing = (per_byte - digits.len() % per_byte) % per_byte;
    let digits = "0".repeat(missing) + digits;
    let bytes: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(per_byte)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).ok()?, radix).ok())
        .collect();
    let bytes = bytes.ok_or("these are no digits of bytes")?;
    if bytes.contains(&0) {
        return Err("a null byte cannot stand in a string");
    }
    String::from_utf8(bytes).map_err(|_| "the bytes of this string are no UTF-8")
}

/// A number of another base than ten, in decimal; `None` of one that `sqlparser` reads.
fn number_of_radix(text: &str) -> Result<Option<String>, &'static str> {
    const TOO_LARGE: &str = "this number has more than 64 bits";
    let plain = text.replace('_', "");
    if let Some(bits) = plain.strip_prefix("0b") {
        let number = u64::from_str_radix(bits, 2).map_err(|_| TOO_LARGE)?;
        return Ok(Some(number.to_string()));
    }
    let Some(hex) = plain.strip_prefix("0x") else {
        return Ok(None);
    };
    let Some((digits, exponent)) = hex.split_once(['p', 'P']) else {
        if hex.contains('.') {
            return Err("a hexadecimal fraction needs an exponent, as in 0x1.8p1");
        }
        return match u64::from_str_radix(hex, 16) {
            Ok(number) => Ok(Some(number.to_string())),
            Err(_) => Err(TOO_LARGE),
        };
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = u64::from_str_radix(&format!("{whole}{fraction}"), 16).map_err(|_| TOO_LARGE)?;
    let exponent: i32 = exponent.parse().map_err(|_| "this exponent is too large")?;
    let shift = exponent.saturating_sub(4 * i32::try_from(fraction.len()).unwrap_or(0));
    let value = mantissa as f64 * 2_f64.powi(shift);
    if !value.is_finite() {
        return Err("this number is too large");
    }
    Ok(Some(format!("{value:?}")))
}

/// The content of a text in quotes. `parseComplexEscapeSequence` of ClickHouse.
pub(crate) fn decode_literal(literal: &str) -> Result<String, &'static str> {
    let quote = literal.as_bytes()[0];
    let mut inner = literal.as_bytes()[1..literal.len() - 1].iter().copied();
    let mut bytes = Vec::with_capacity(literal.len());
    while let Some(byte) = inner.next() {
        if byte == quote {
            // The second of the two.
            inner.next();
        }
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match inner.next().unwrap_or(b'\\') {
            b'a' => bytes.push(0x07),
            b'b' => bytes.push(0x08),
            b'e' => bytes.push(0x1b),
            b'f' => bytes.push(0x0c),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(0x0b),
            b'0' => bytes.push(0),
            // NULL of the tab-separated format: nothing.
            b'N' => {}
            b'x' => {
                let mut digit = || inner.next().and_then(|byte| char::from(byte).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                    _ => return Err("`\\x` in this string needs two hexadecimal digits"),
                }
            }
            plain @ (b'\\' | b'\'' | b'"' | b'`' | b'/' | b'=' | 0..=0x1f) => bytes.push(plain),
            unknown => bytes.extend([b'\\', unknown]),
        }
    }
    if bytes.contains(&0) {
        return Err("a null byte cannot stand in a string");
    }
    String::from_utf8(bytes).map_err(|_| "the bytes of this string are no UTF-8")
}
