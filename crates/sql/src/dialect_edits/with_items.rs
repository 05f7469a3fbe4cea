//! `WITH expr AS name`: ClickHouse's names for expressions, which `sqlparser` has not.

use std::ops::Range;

use super::literals::decode_literal;
use super::refusals::WITH_EXPRESSION;
use super::scan::{Edits, Scan};
use crate::error::SqlError;
use crate::expand::lexer::TokenKind;

/// Words after which a query may begin, apart from `(` and the statement's beginning.
const BEFORE_QUERY: [&str; 12] = [
    "EXPLAIN",
    "SYNTAX",
    "PLAN",
    "AST",
    "PIPELINE",
    "ESTIMATE",
    "TREE",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "ALL",
    "DISTINCT",
];
/// Words after which `WITH` begins no list of names.
const OTHER_WITH: [&str; 5] = ["TIES", "FILL", "TOTALS", "ROLLUP", "CUBE"];

/// Items whose left side is an expression become CTEs: `"with expression x" AS (SELECT expr)`.
pub(super) fn ctes(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for i in 0..scan.tokens.len() {
        let begins = scan.word(i, "WITH")
            && (i == 0
                || scan.text(i - 1) == "("
                || BEFORE_QUERY.iter().any(|word| scan.word(i - 1, word)))
            && !OTHER_WITH.iter().any(|word| scan.word(i + 1, word));
        if !begins {
            continue;
        }
        let recursive = scan.word(i + 1, "RECURSIVE") && !scan.word(i + 2, "AS");
        let mut first = i + 1 + usize::from(recursive);
        loop {
            let item = scan.until(first, |j| scan.text(j) == "," || scan.keyword(j, "SELECT"));
            edits.extend(item_edits(scan, &item)?);
            if scan.text(item.end) != "," {
                break;
            }
            first = item.end + 1;
            if scan.keyword(first, "SELECT") {
                edits.push((scan.bytes(&(item.end..first)), String::new()));
                break;
            }
        }
    }
    Ok(edits)
}

fn item_edits(scan: &Scan<'_>, item: &Range<usize>) -> Result<Edits, SqlError> {
    if item.is_empty() || is_cte(scan, item) {
        return Ok(Edits::new());
    }
    let is_name = matches!(
        scan.kind(item.end - 1),
        TokenKind::Word | TokenKind::QuotedIdentifier
    );
    if item.len() < 3 || !is_name || !scan.word(item.end - 2, "AS") {
        let message = "an expression of WITH has no name";
        return Err(scan.unsupported(item.start, message, "write `WITH expression AS name`"));
    }
    let name = match scan.kind(item.end - 1) {
        TokenKind::Word => scan.text(item.end - 1).to_owned(),
        _ => decode_literal(scan.text(item.end - 1)).unwrap_or_default(),
    };
    let start = scan.start(item.start);
    let cte = format!(
        "\"{WITH_EXPRESSION}{}\" AS (SELECT ",
        name.replace('"', "\"\"")
    );
    Ok(vec![
        (start..start, cte),
        (
            scan.end_before(item.end - 2)..scan.end_before(item.end),
            ")".to_owned(),
        ),
    ])
}

/// `name AS (SELECT …)`, `name (columns) AS (SELECT …)`, and with `[NOT] MATERIALIZED`.
fn is_cte(scan: &Scan<'_>, item: &Range<usize>) -> bool {
    if !matches!(
        scan.kind(item.start),
        TokenKind::Word | TokenKind::QuotedIdentifier
    ) {
        return false;
    }
    let mut i = item.start + 1;
    if scan.text(i) == "(" {
        i = scan.closing(i) + 1;
    }
    if !scan.word(i, "AS") {
        return false;
    }
    i += 1;
    i += usize::from(scan.word(i, "NOT"));
    i += usize::from(scan.word(i, "MATERIALIZED"));
    scan.text(i) == "(" && scan.closing(i) + 1 == item.end
}
