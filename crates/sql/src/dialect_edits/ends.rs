//! What stands at the end of a statement and is no part of the query: `;`, `SETTINGS`, `FORMAT`.

use super::literals::decode_literal;
use super::scan::{Edits, Scan};
use crate::FormatClause;
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;
use crate::settings::{self, Settings, Value};

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

/// What was said at the end of a statement, beside the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The settings that change the answer.
    pub settings: Settings,
    /// The format of the answer.
    pub format: Option<FormatClause>,
}

/// Takes `SETTINGS …` and the statement's `FORMAT …` away. `beside`: what is set elsewhere.
pub(super) fn clauses(scan: &Scan<'_>, beside: Settings) -> Result<(Edits, Ends), SqlError> {
    let mut edits = Vec::new();
    let mut ends = Ends {
        settings: beside,
        format: None,
    };
    let of_statement = clauses_of_statement(scan);
    let mut i = 1;
    while i < scan.tokens.len() {
        if scan.keyword(i, "INTO") && scan.word(i + 1, "OUTFILE") {
            return Err(scan.error(
                ErrorKind::Forbidden,
                i,
                "INTO OUTFILE is not allowed: a query writes no files",
            ));
        }
        let end = if begins_settings(scan, i) {
            let is_last = of_statement.contains(&i);
            Some(settings(scan, i + 1, is_last, &mut ends.settings)?)
        } else if of_statement.contains(&i) {
            ends.format = Some(FormatClause {
                name: scan.text(i + 1).to_owned(),
                position: scan.expanded.position(scan.start(i + 1)),
            });
            Some(i + 2)
        } else {
            None
        };
        match end {
            Some(end) => {
                edits.push((scan.bytes(&(i..end)), String::new()));
                i = end;
            }
            None => i += 1,
        }
    }
    Ok((edits, ends))
}

/// Where `SETTINGS` and `FORMAT` begin with which the statement ends: outside of parentheses, and
/// nothing else behind them.
fn clauses_of_statement(scan: &Scan<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next = Some(0);
    while let Some(i) = next {
        let end = if i > 0 && begins_settings(scan, i) {
            Some(list_end(scan, i + 1))
        } else {
            format_end(scan, i)
        };
        next = if let Some(end) = end {
            found.push(i);
            (end < scan.tokens.len()).then_some(end)
        } else {
            found.clear();
            scan.next(i)
        };
    }
    found
}

/// Whether `SETTINGS name = value` begins at `i`, or `SETTINGS name` with a name that is a setting's.
fn begins_settings(scan: &Scan<'_>, i: usize) -> bool {
    scan.keyword(i, "SETTINGS")
        && i.checked_sub(1)
            .is_some_and(|before| scan.ends_operand(before))
        && is_name(scan, i + 1)
        && (matches!(scan.text(i + 2), "=" | "==") || settings::is_known(scan.text(i + 1)))
}

fn is_name(scan: &Scan<'_>, i: usize) -> bool {
    matches!(scan.kind(i), TokenKind::Word | TokenKind::QuotedIdentifier)
}

/// The token after the value of the setting whose name is the token `name`, and that value.
fn value(scan: &Scan<'_>, name: usize) -> (usize, Value) {
    if !matches!(scan.text(name + 1), "=" | "==") {
        return (name + 1, Value::Bool(true));
    }
    let first = name + 2;
    let sign = usize::from(matches!(scan.text(first), "-" | "+"));
    let at = first + sign;
    let text = scan.text(at);
    let end = match text {
        "(" | "[" | "{" => scan.closing(at) + 1,
        _ => at + 1,
    };
    let end = end.min(scan.tokens.len());
    let value = match scan.kind(at) {
        TokenKind::String => Value::Text(decode_literal(text).unwrap_or_default()),
        TokenKind::Word if text.eq_ignore_ascii_case("DEFAULT") => Value::Default,
        TokenKind::Word if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        TokenKind::Word if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        TokenKind::Number => Value::Number(scan.slice(&(first..end)).to_owned()),
        _ => Value::Compound(scan.slice(&(first..end)).to_owned()),
    };
    (end, value)
}

/// The token after the list of settings whose first name is the token `name`.
fn list_end(scan: &Scan<'_>, mut name: usize) -> usize {
    loop {
        let (end, _) = value(scan, name);
        if scan.text(end) != "," || !is_name(scan, end + 1) {
            return end;
        }
        name = end + 1;
    }
}

/// Takes the settings of the list whose first name is the token `name`; the token after it.
fn settings(
    scan: &Scan<'_>,
    mut name: usize,
    of_statement: bool,
    settings: &mut Settings,
) -> Result<usize, SqlError> {
    loop {
        let written = scan.text(name).trim_matches(['"', '`']);
        let (end, value) = value(scan, name);
        settings
            .set(written, &value, of_statement)
            .map_err(|refused| refused.at(scan.expanded.position(scan.start(name))))?;
        if scan.text(end) != "," || !is_name(scan, end + 1) {
            return Ok(end);
        }
        name = end + 1;
    }
}

/// The token after `FORMAT name` at the statement's end, if that begins at `i`.
fn format_end(scan: &Scan<'_>, i: usize) -> Option<usize> {
    let is_clause = scan.keyword(i, "FORMAT")
        && i.checked_sub(1)
            .is_some_and(|before| scan.ends_operand(before))
        && scan.kind(i + 1) == TokenKind::Word
        && (i + 2 == scan.tokens.len() || begins_settings(scan, i + 2));
    is_clause.then_some(i + 2)
}
