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
        let written = match token.kind {
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

/// The content of a text in quotes. `parseComplexEscapeSequence` of ClickHouse.
pub(super) fn decode_literal(literal: &str) -> Result<String, &'static str> {
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
