//! Casts: `sqlparser` knows few of ClickHouse's types, so types become strings.

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;
use crate::expand::string_literal;

/// `CAST(x AS Type)` and `CAST(x, 'Type')` become `"cast"(x, 'Type')`; `x::Type` becomes
/// `x::"Type"`, which [`crate::dialect`] parses as the same call.
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
            let name = scan.slice(&data_type).replace('"', "\"\"");
            edits.push((scan.bytes(&data_type), format!("\"{name}\"")));
        }
    }
    Ok(edits)
}

/// The edit of `AS Type` before the closing bracket of `opening`, if there is one.
fn cast_as(scan: &Scan<'_>, opening: usize) -> Option<(std::ops::Range<usize>, String)> {
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
    let text = string_literal(scan.slice(&data_type));
    Some((
        scan.end_before(last_as)..scan.start(closing),
        format!(", {text}"),
    ))
}
