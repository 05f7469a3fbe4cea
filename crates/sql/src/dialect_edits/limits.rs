//! `LIMIT n BY …` beside `LIMIT m`: `sqlparser` has one clause for both.

use std::ops::Range;

use super::scan::{Edits, Scan};
use crate::error::SqlError;

/// Words that end an expression of a LIMIT.
const ENDS: [&str; 12] = [
    "BY",
    "OFFSET",
    "LIMIT",
    "WITH",
    "SETTINGS",
    "FORMAT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "FETCH",
    "INTO",
    "WINDOW",
];

/// The parts of one LIMIT, as ranges of tokens.
struct Limit {
    n: Range<usize>,
    offset: Option<Range<usize>>,
    /// The token after them.
    end: usize,
}

/// `LIMIT n BY k LIMIT m` becomes `LIMIT m BY "limit by"(n, 0, k)`, and `LIMIT m WITH TIES`
/// becomes `LIMIT "with ties"(m)`.
pub(super) fn limit_by(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    let mut done = 0;
    for i in 1..scan.tokens.len() {
        if i < done || !is_limit(scan, i) {
            continue;
        }
        let inner = parse(scan, i);
        if inner.n.is_empty() {
            continue;
        }
        if scan.keyword(inner.end, "BY") {
            done = by_edits(scan, &inner, &mut edits)?;
        } else if has_ties(scan, inner.end) {
            let n = scan.bytes(&inner.n);
            edits.push((n.start..n.start, "\"with ties\"(".to_owned()));
            edits.push((n.end..n.end, ")".to_owned()));
            let ties = scan.bytes(&(inner.end..inner.end + 2));
            edits.push((ties, String::new()));
        }
    }
    Ok(edits)
}

/// The edits of one LIMIT BY; the token after the outer LIMIT.
fn by_edits(scan: &Scan<'_>, inner: &Limit, edits: &mut Edits) -> Result<usize, SqlError> {
    let by = inner.end;
    let keys = scan.until(by + 1, |i| i > by + 1 && scan.one_of(i, &ENDS).is_some());
    if keys.is_empty() || (keys.len() == 1 && scan.word(keys.start, "ALL")) {
        return Err(scan.unsupported(
            by,
            "LIMIT BY without keys is not supported",
            "name the keys",
        ));
    }
    let mut limit = "ALL".to_owned();
    let mut tail = String::new();
    let mut end = keys.end;
    if scan.keyword(keys.end, "LIMIT") {
        let outer = parse(scan, keys.end);
        scan.slice(&outer.n).clone_into(&mut limit);
        end = outer.end;
        if has_ties(scan, end) {
            limit = format!("\"with ties\"({limit})");
            end += 2;
        }
        if let Some(offset) = outer.offset {
            tail = format!(" OFFSET {}", scan.slice(&offset));
        }
    }
    let n = scan.slice(&inner.n);
    let offset = inner
        .offset
        .as_ref()
        .map_or("0", |offset| scan.slice(offset));
    let offset_start = inner
        .offset
        .as_ref()
        .map_or(usize::MAX, |offset| scan.start(offset.start));
    let head = scan.start(inner.n.start).min(offset_start)..scan.end_before(by + 1);
    edits.push((head, format!("{limit} BY \"limit by\"({n}, {offset},")));
    edits.push((
        scan.end_before(keys.end)..scan.end_before(end),
        format!("){tail}"),
    ));
    Ok(end)
}

/// What follows the `LIMIT` at `i`: `n`, `o, n` or `n OFFSET o`.
fn parse(scan: &Scan<'_>, i: usize) -> Limit {
    let is_end = |j: usize| scan.text(j) == "," || scan.one_of(j, &ENDS).is_some();
    let first = scan.until(i + 1, is_end);
    if scan.text(first.end) == "," {
        let n = scan.until(first.end + 1, is_end);
        let end = n.end;
        return Limit {
            n,
            offset: Some(first),
            end,
        };
    }
    let mut end = first.end;
    let mut offset = None;
    if scan.keyword(end, "OFFSET") {
        let tokens = scan.until(end + 1, is_end);
        end = tokens.end;
        offset = Some(tokens);
    }
    Limit {
        n: first,
        offset,
        end,
    }
}

/// A clause and no column of this name.
fn is_limit(scan: &Scan<'_>, i: usize) -> bool {
    scan.keyword(i, "LIMIT") && scan.ends_operand(i - 1)
}

fn has_ties(scan: &Scan<'_>, i: usize) -> bool {
    scan.keyword(i, "WITH") && scan.word(i + 1, "TIES")
}
