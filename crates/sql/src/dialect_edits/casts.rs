//! Casts: `sqlparser` knows few of ClickHouse's types, so types become strings.

use std::ops::Range;

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;
use crate::expand::string_literal;

/// `CAST(x AS Type)` and `CAST(x, 'Type')` become `"cast"(x, 'Type')`; `x::Type` becomes
/// `x::"Type"`, which `dialect` parses as the same call. A number before `::` is read as a text, as ClickHouse
/// does it: `-5::Int8` is `'-5'::Int8`.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn calls(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for i in 0..scan.tokens.len() {
        if scan.word(i, "CAST") && scan.text(i + 1) == "(" {
            edits.push((scan.bytes(&(i..i + 1)), "\"cast\"".to_owned()));
            edits.extend(cast_as(scan, i + 1));
        }
        if scan.text(i) == "::" && scan.kind(i + 1) == TokenKind::Word {
            let end = match scan.text(i + 2) {
                "(" => (scan.closing(i + 2) + 1).min(scan.tokens.len()),
                _ => i + 2,
            };
            let data_type = i + 1..end;
            let name = type_name(scan, data_type.clone()).replace('"', "\"\"");
            edits.push((scan.bytes(&data_type), format!("\"{name}\"")));
            if let Some(number) = number_before(scan, i) {
                let text = string_literal(scan.slice(&number));
                edits.push((scan.bytes(&number), text));
            }
        }
    }
    Ok(edits)
}

/// The number that ends before the token `i`, with its sign.
fn number_before(scan: &Scan<'_>, i: usize) -> Option<Range<usize>> {
    let number = i.checked_sub(1)?;
    if scan.kind(number) != TokenKind::Number {
        return None;
    }
    let is_sign = |sign: usize| {
        scan.text(sign) == "-" && !sign.checked_sub(1).is_some_and(|i| scan.ends_operand(i))
    };
    let sign = number.checked_sub(1).filter(|sign| is_sign(*sign));
    Some(sign.unwrap_or(number)..i)
}

/// A type as ClickHouse spells it: `Decimal(10, 2)`.
fn type_name(scan: &Scan<'_>, tokens: Range<usize>) -> String {
    let mut name = String::new();
    for i in tokens.clone() {
        let is_word = |i: usize| matches!(scan.kind(i), TokenKind::Word | TokenKind::Number);
        let text = scan.text(i);
        let is_after = i > tokens.start;
        if is_after && (scan.text(i - 1) == "," || (is_word(i) && is_word(i - 1))) {
            name.push(' ');
        }
        match text {
            "=" => name.push_str(" = "),
            text => name.push_str(text),
        }
    }
    name
}

/// The edit of `AS Type` before the closing bracket of `opening`, if there is one.
fn cast_as(scan: &Scan<'_>, opening: usize) -> Option<(Range<usize>, String)> {
    let closing = scan.closing(opening);
    let inside = opening + 1..closing;
    if scan.level(inside.clone()).any(|i| scan.text(i) == ",") {
        return None;
    }
    let last_as = scan.level(inside).filter(|i| scan.word(*i, "AS")).last()?;
    let data_type = last_as + 1..closing;
    if data_type.is_empty() || closing >= scan.tokens.len() {
        return None;
    }
    let text = string_literal(&type_name(scan, data_type));
    Some((
        scan.end_before(last_as)..scan.start(closing),
        format!(", {text}"),
    ))
}
