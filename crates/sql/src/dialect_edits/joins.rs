//! Words of joins and of `IN`.

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;

/// Words that may stand before `JOIN`.
const WORDS: [&str; 13] = [
    "ALL", "ANTI", "ANY", "ASOF", "CROSS", "FULL", "GLOBAL", "INNER", "LEFT", "LOCAL", "OUTER",
    "RIGHT", "SEMI",
];

/// Takes `GLOBAL`, `LOCAL` and `ALL` away; `SEMI LEFT` becomes `LEFT SEMI`. A `GLOBAL`, which nothing else uses
/// then, marks what the parser has no word for: `GLOBAL JOIN`, `GLOBAL LEFT JOIN` and `GLOBAL RIGHT JOIN` are those of
/// `ANY`, `GLOBAL INNER JOIN`, `GLOBAL LEFT OUTER JOIN` and `GLOBAL RIGHT OUTER JOIN` those of `ASOF`.
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
    let has = |word| (first..join).any(|i| scan.keyword(i, word));
    if has("ASOF") || has("ANY") {
        return marked(scan, first, join, edits);
    }
    let strictness = |i: usize| scan.one_of(i, &["SEMI", "ANTI"]);
    let side = |i: usize| scan.one_of(i, &["LEFT", "RIGHT"]);
    for i in first..join {
        if let Some("ALL" | "GLOBAL" | "LOCAL") = scan.one_of(i, &WORDS) {
            edits.push((scan.bytes(&(i..i + 1)), String::new()));
        }
        if let (Some(strictness), Some(side)) = (strictness(i), side(i + 1)) {
            let swapped = format!("{side} {strictness}");
            edits.push((scan.bytes(&(i..i + 2)), swapped));
        }
    }
    Ok(())
}

/// `ANY` and `ASOF`, in the parser's words.
fn marked(scan: &Scan<'_>, first: usize, join: usize, edits: &mut Edits) -> Result<(), SqlError> {
    let has = |word| (first..join).any(|i| scan.keyword(i, word));
    let is_asof = has("ASOF");
    let others = ["SEMI", "ANTI", "CROSS"];
    let other = others.into_iter().find(|word| has(word));
    if let Some(other) = other.or((is_asof && has("ANY")).then_some("ANY")) {
        let strictness = if is_asof { "ASOF" } else { "ANY" };
        let message = format!("{strictness} JOIN beside {other} is not supported");
        return Err(scan.unsupported(first, &message, "use one of them"));
    }
    let words = match (is_asof, has("LEFT"), has("RIGHT"), has("FULL")) {
        (_, _, _, true) => "GLOBAL FULL",
        (true, true, ..) => "GLOBAL LEFT OUTER",
        (true, _, true, _) => "GLOBAL RIGHT OUTER",
        (true, ..) => "GLOBAL INNER",
        (false, true, ..) => "GLOBAL LEFT",
        (false, _, true, _) => "GLOBAL RIGHT",
        (false, ..) => "GLOBAL",
    };
    edits.push((scan.bytes(&(first..join)), words.to_owned()));
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
