//! Words and forms that `sqlparser` takes for something else.

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;

/// Words before which a parenthesis opens an expression, not a call's arguments.
const BEFORE_EXPRESSIONS: [&str; 14] = [
    "SELECT", "DISTINCT", "WHERE", "PREWHERE", "HAVING", "BY", "ON", "AND", "OR", "NOT", "WHEN",
    "THEN", "ELSE", "BETWEEN",
];

/// Words that may stand behind the arrays of ARRAY JOIN.
const AFTER_TABLES: [&str; 18] = [
    "JOIN", "LEFT", "INNER", "RIGHT", "FULL", "CROSS", "ANY", "ASOF", "WHERE", "PREWHERE", "GROUP",
    "HAVING", "ORDER", "LIMIT", "OFFSET", "WINDOW", "QUALIFY", "SETTINGS",
];

/// `minus(a, b)` is a call, though MINUS is a set operation of other dialects; so is `any(x)` behind a
/// comparison, where others compare with any row of a subquery. And of `substr` the parser would make `substring`.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn functions(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let is_query = |i| scan.word(i, "SELECT") || scan.word(i, "WITH");
    let is_call = |i: &usize| {
        let is_any = scan.text(*i) == "any" && !is_query(i + 2);
        let is_call = is_any || scan.text(*i) == "minus" || scan.word(*i, "substr");
        is_call && scan.text(i + 1) == "("
    };
    let calls = (0..scan.tokens.len()).filter(is_call);
    Ok(calls
        .map(|i| (scan.bytes(&(i..i + 1)), format!("\"{}\"", scan.text(i))))
        .collect())
}

/// `ARRAY JOIN [1, 2], [3, 4]` becomes `ARRAY JOIN "array"(1, 2), "array"(3, 4)`: the parser wants tables there.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn joined_arrays(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for join in 1..scan.tokens.len() {
        if !(scan.word(join, "JOIN") && scan.word(join - 1, "ARRAY")) {
            continue;
        }
        let ends = |i: usize| scan.one_of(i, &AFTER_TABLES).is_some();
        let arrays = scan.until(join + 1, ends);
        for i in scan.level(arrays) {
            let closing = scan.closing(i);
            let begins = i == join + 1 || scan.text(i - 1) == ",";
            if scan.text(i) == "[" && begins && closing < scan.tokens.len() {
                edits.push((scan.bytes(&(i..i + 1)), "\"array\"(".to_owned()));
                edits.push((scan.bytes(&(closing..closing + 1)), ")".to_owned()));
            }
        }
    }
    Ok(edits)
}

/// `(expr AS name)` becomes `"nested"(expr AS name)`: aliases are parsed within calls only.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn aliases(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for i in 0..scan.tokens.len() {
        let closing = scan.closing(i);
        let is_aliased = scan.text(i) == "("
            && closing < scan.tokens.len()
            && closing > i + 3
            && scan.word(closing - 2, "AS")
            && !scan.word(i + 1, "SELECT")
            && !scan.word(i + 1, "WITH");
        if !is_aliased {
            continue;
        }
        let is_expression = match i.checked_sub(1) {
            None => false,
            Some(before) => match scan.kind(before) {
                TokenKind::Word => BEFORE_EXPRESSIONS
                    .iter()
                    .any(|word| scan.word(before, word)),
                TokenKind::Punctuation => !matches!(scan.text(before), ")" | "]"),
                _ => false,
            },
        };
        if is_expression {
            edits.push((scan.start(i)..scan.start(i), "\"nested\"".to_owned()));
        }
    }
    Ok(edits)
}
