//! What stands at the end of a statement and means nothing here: `;`, `SETTINGS`, `FORMAT`.

use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;

/// Settings that change which rows a query sees: without them its answer would be another.
const FILTERS: [&str; 2] = ["additional_table_filters", "additional_result_filter"];

/// Takes the final `;` away; nothing may follow it.
pub(super) fn one_statement(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let is_end = |i: usize| scan.text(i) == ";";
    let n_tokens = scan.tokens.len();
    let Some(first) = (0..n_tokens).find(|i| is_end(*i)) else {
        return Ok(Vec::new());
    };
    match (first..n_tokens).find(|i| !is_end(*i)) {
        None => Ok(vec![(
            scan.start(first)..scan.expanded.text.len(),
            String::new(),
        )]),
        Some(second) => Err(scan.error(ErrorKind::Forbidden, second, "one statement only")),
    }
}

/// Takes `SETTINGS …` and the statement's `FORMAT …` away.
pub(super) fn clauses(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    let mut i = 1;
    while i < scan.tokens.len() {
        if scan.keyword(i, "INTO") && scan.word(i + 1, "OUTFILE") {
            return Err(scan.error(
                ErrorKind::Forbidden,
                i,
                "INTO OUTFILE is not allowed: a query writes no files",
            ));
        }
        let end = settings_end(scan, i)?.or_else(|| format_end(scan, i));
        match end {
            Some(end) => {
                edits.push((scan.bytes(&(i..end)), String::new()));
                i = end;
            }
            None => i += 1,
        }
    }
    Ok(edits)
}

/// The token after `SETTINGS name = value, …`, if that begins at `i`.
fn settings_end(scan: &Scan<'_>, i: usize) -> Result<Option<usize>, SqlError> {
    let is_name = |i| matches!(scan.kind(i), TokenKind::Word | TokenKind::QuotedIdentifier);
    let begins = scan.keyword(i, "SETTINGS")
        && scan.ends_operand(i - 1)
        && is_name(i + 1)
        && matches!(scan.text(i + 2), "=" | "==");
    if !begins {
        return Ok(None);
    }
    let mut name = i + 1;
    loop {
        let setting = scan.text(name).trim_matches(['"', '`']);
        if FILTERS.contains(&setting) {
            let message = format!("a query may not set `{setting}`");
            return Err(SqlError {
                hint: Some("write the condition into WHERE".to_owned()),
                ..scan.error(ErrorKind::Forbidden, name, message)
            });
        }
        let mut end = name + 1;
        if matches!(scan.text(end), "=" | "==") {
            end += 1 + usize::from(matches!(scan.text(end + 1), "-" | "+"));
            end = match scan.text(end) {
                "(" | "[" | "{" => scan.closing(end) + 1,
                _ => end + 1,
            };
        }
        if scan.text(end) != "," || !is_name(end + 1) {
            return Ok(Some(end.min(scan.tokens.len())));
        }
        name = end + 1;
    }
}

/// The token after `FORMAT name` at the statement's end, if that begins at `i`.
fn format_end(scan: &Scan<'_>, i: usize) -> Option<usize> {
    let is_clause = scan.keyword(i, "FORMAT")
        && scan.ends_operand(i - 1)
        && scan.kind(i + 1) == TokenKind::Word
        && (i + 2 == scan.tokens.len() || scan.word(i + 2, "SETTINGS"));
    is_clause.then_some(i + 2)
}
