//! `a ? b : c` is `if(a, b, c)`.

use super::scan::{Edits, Scan};
use crate::error::SqlError;

/// Words that an expression ends before, or begins behind.
const BOUNDS: [&str; 26] = [
    "ALL",
    "AS",
    "ASC",
    "BY",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "LIMIT",
    "ON",
    "ORDER",
    "PREWHERE",
    "SELECT",
    "THEN",
    "UNION",
    "USING",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "SETTINGS",
];

/// Writes the call. It binds weaker than every other operator, so that its parts reach as far as their
/// expressions do; of two in one expression each is left to be refused.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn calls(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let n_tokens = scan.tokens.len();
    let mut edits = Vec::new();
    if !(0..n_tokens).any(|i| scan.text(i) == "?") {
        return Ok(edits);
    }
    let brackets = (0..n_tokens).filter(|&i| matches!(scan.text(i), "(" | "["));
    let within = brackets.map(|i| i + 1..scan.closing(i));
    for level in std::iter::once(0..n_tokens).chain(within) {
        let tokens: Vec<usize> = scan.level(level.clone()).collect();
        let is_bound = |&i: &usize| scan.text(i) == "," || scan.one_of(i, &BOUNDS).is_some();
        for expression in tokens.split(is_bound) {
            let [first, .., last] = expression else {
                continue;
            };
            let places = |sign| {
                let found = expression.iter().filter(move |&&i| scan.text(i) == sign);
                found.copied().collect::<Vec<usize>>()
            };
            let (questions, colons) = (places("?"), places(":"));
            let ([question], [colon]) = (&questions[..], &colons[..]) else {
                continue;
            };
            if first == question || colon == last || question >= colon {
                continue;
            }
            let behind = match scan.text(*last) {
                "(" | "[" | "{" => scan.closing(*last) + 1,
                _ => last + 1,
            };
            let end = scan.end_before(behind.min(n_tokens));
            let begin = scan.start(*first);
            edits.push((begin..begin, "if(".to_owned()));
            edits.push((scan.bytes(&(*question..question + 1)), ",".to_owned()));
            edits.push((scan.bytes(&(*colon..colon + 1)), ",".to_owned()));
            edits.push((end..end, ")".to_owned()));
        }
    }
    Ok(edits)
}
