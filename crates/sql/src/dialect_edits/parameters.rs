//! Typed parameters.

use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;
use crate::expand::string_literal;

/// `{name:Type}` becomes `"parameter"('name', 'Type')`.
#[expect(clippy::unnecessary_wraps, reason = "all rules have one type")]
pub(super) fn calls(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let parameter = |i: usize| {
        let closing = scan.closing(i);
        let is_parameter = scan.text(i) == "{"
            && scan.kind(i + 1) == TokenKind::Word
            && scan.text(i + 2) == ":"
            && (i + 4..scan.tokens.len()).contains(&closing);
        is_parameter.then(|| {
            let name = string_literal(scan.text(i + 1));
            let data_type = string_literal(scan.slice(&(i + 3..closing)));
            let call = format!("\"parameter\"({name}, {data_type})");
            (scan.bytes(&(i..closing + 1)), call)
        })
    };
    Ok((0..scan.tokens.len()).filter_map(parameter).collect())
}
