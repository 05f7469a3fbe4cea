//! Words of joins and of `IN`.

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;

/// Words that may stand before `JOIN`.
const WORDS: [&str; 13] = [
    "ALL", "ANTI", "ANY", "ASOF", "CROSS", "FULL", "GLOBAL", "INNER", "LEFT", "LOCAL", "OUTER",
    "RIGHT", "SEMI",
];

/// Takes `GLOBAL`, `LOCAL` and `ALL` away; `ANY` becomes `GLOBAL` at the beginning, which
/// nothing else uses then; `SEMI LEFT` becomes `LEFT SEMI`.
pub(super) fn words(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for i in 0..scan.tokens.len() {
        let is_in = scan.word(i + 1, "IN") || (scan.word(i + 1, "NOT") && scan.word(i + 2, "IN"));
        if scan.keyword(i, "GLOBAL") && is_in {
            edits.push((scan.bytes(&(i..i + 1)), String::new()));
        }
        if scan.keyword(i, "JOIN") {
            join_edits(scan, i, &mut edits)?;
        }
    }
    Ok(edits)
}

fn join_edits(scan: &Scan<'_>, join: usize, edits: &mut Edits) -> Result<(), SqlError> {
    let mut first = join;
    // The table's name comes before them, so the statement's first word is none of them.
    while first > 1 && scan.one_of(first - 1, &WORDS).is_some() {
        first -= 1;
    }
    if first > 0 && scan.keyword(first - 1, "PASTE") {
        return Err(scan.unsupported(first - 1, "PASTE JOIN is not supported", "join by a key"));
    }
    let strictness = |i: usize| scan.one_of(i, &["SEMI", "ANTI"]);
    let side = |i: usize| scan.one_of(i, &["LEFT", "RIGHT"]);
    for i in first..join {
        let token = scan.bytes(&(i..i + 1));
        match scan.one_of(i, &WORDS) {
            Some("ASOF") => {
                let hint = "join by a key, and choose the row by `argMax`";
                return Err(scan.unsupported(i, "ASOF JOIN is not supported", hint));
            }
            Some("ALL" | "GLOBAL" | "LOCAL" | "ANY") => edits.push((token, String::new())),
            _ => {}
        }
        if let (Some(strictness), Some(side)) = (strictness(i), side(i + 1)) {
            let swapped = format!("{side} {strictness}");
            edits.push((scan.bytes(&(i..i + 2)), swapped));
        }
    }
    if (first..join).any(|i| scan.keyword(i, "ANY")) {
        let start = scan.start(first);
        edits.push((start..start, "GLOBAL ".to_owned()));
    }
    Ok(())
}

/// `USING a, b` becomes `USING (a, b)`.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn using(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    let is_name = |i: usize| matches!(scan.kind(i), TokenKind::Word | TokenKind::QuotedIdentifier);
    for i in 1..scan.tokens.len() {
        if !scan.keyword(i, "USING") || !scan.ends_operand(i - 1) || !is_name(i + 1) {
            continue;
        }
        let mut end = i + 2;
        while scan.text(end) == "," && is_name(end + 1) {
            end += 2;
        }
        let columns = scan.bytes(&(i + 1..end));
        edits.push((columns.start..columns.start, "(".to_owned()));
        edits.push((columns.end..columns.end, ")".to_owned()));
    }
    Ok(edits)
}
