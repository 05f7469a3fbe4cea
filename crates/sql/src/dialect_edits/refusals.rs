//! What has no translation, and names that the other rules keep for themselves.

use super::literals::decode_literal;
use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;

/// Beginning of the name of a CTE that stands for `WITH expr AS name`.
pub(super) const WITH_EXPRESSION: &str = "with expression ";
/// Functions that stand for clauses and parameters.
const FUNCTIONS: [&str; 3] = ["limit by", "parameter", "with ties"];

/// Changes nothing.
pub(super) fn refuse(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    for i in 0..scan.tokens.len() {
        let is_call = scan.text(i + 1) == "(";
        // One alone is a call by now.
        if scan.text(i) == "?" {
            return Err(scan.unsupported(i, "`a ? b : c` is not supported", "write `if(a, b, c)`"));
        }
        if scan.word(i, "COLUMNS") && is_call && scan.kind(i + 2) == TokenKind::String {
            let message = "`COLUMNS('…')` is not supported";
            return Err(scan.unsupported(i, message, "name the columns"));
        }
        if scan.word(i, "view") && is_call && scan.word(i + 2, "SELECT") {
            let message = "the table function view is not allowed";
            return Err(scan.error(ErrorKind::Forbidden, i, message));
        }
        if scan.keyword(i, "APPLY") && i > 0 && applies(scan, i) {
            let message = "`APPLY` is not supported";
            return Err(scan.unsupported(i, message, "call the function on each column"));
        }
        if scan.kind(i) == TokenKind::QuotedIdentifier {
            let name = decode_literal(scan.text(i)).unwrap_or_default();
            if name.starts_with(WITH_EXPRESSION) || (is_call && FUNCTIONS.contains(&name.as_str()))
            {
                let message = format!("the name `{name}` is reserved");
                return Err(scan.error(ErrorKind::Unknown, i, message));
            }
        }
    }
    Ok(Vec::new())
}

/// `* APPLY f`, `COLUMNS(…) APPLY(f)`; and not a column that is called so.
fn applies(scan: &Scan<'_>, i: usize) -> bool {
    match scan.text(i - 1) {
        "*" => matches!(scan.kind(i + 1), TokenKind::Word) || scan.text(i + 1) == "(",
        ")" => scan.text(i + 1) == "(",
        _ => false,
    }
}
