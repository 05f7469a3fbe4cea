//! The second text stage: spells what `sqlparser` 0.64 cannot parse so that it can.
//!
//! What comes out is parsed with `dialect::QueryDialect`. Shapes that stand for
//! something else, and that no query of a user can contain (rule `refuse`):
//!
//! | ClickHouse | shape |
//! |---|---|
//! | `WITH expr AS x` | CTE `"with expression x" AS (SELECT expr)` |
//! | `LIMIT n BY k1, k2` | `LIMIT ALL BY "limit by"(n, 0, k1, k2)`: one BY expression |
//! | `LIMIT o, n BY k`, `LIMIT n OFFSET o BY k` | `LIMIT ALL BY "limit by"(n, o, k)` |
//! | `LIMIT n BY k LIMIT m OFFSET p` | `LIMIT m BY "limit by"(n, 0, k) OFFSET p` |
//! | `LIMIT m WITH TIES` | `LIMIT "with ties"(m)`, also before BY |
//! | `{name:Type}` | `"parameter"('name', 'Type')` |
//! | `CAST(x AS Type)`, `CAST(x, 'Type')`, `x::Type` | `"cast"(x, 'Type')` |
//! | `ANY LEFT JOIN t`, `LEFT ANY JOIN t` | `GLOBAL LEFT JOIN t`: `Join::global` is "any" |
//! | `SEMI LEFT JOIN t` | `LEFT SEMI JOIN t` |
//! | `minus(a, b)`, `any(x)` | `"minus"(a, b)`, `"any"(x)` |
//! | `ARRAY JOIN [a, b]` | `ARRAY JOIN "array"(a, b)` |
//! | `a ? b : c` | `if(a , b , c)` |
//! | `(expr AS name)` | `"nested"(expr AS name)` |
//! | `INTERVAL '2 days'`, `INTERVAL 2 dd` | `INTERVAL 2 day` |
//!
//! `ALL` and the true `GLOBAL` of joins and of `IN` and the final `;` are taken away, and so are
//! `SETTINGS` and `FORMAT`, which the answer then follows ([`Ends`]). String literals have only the escapes `\\` and `''` afterwards.

mod casts;
mod catalog;
mod ends;
mod intervals;
mod joins;
mod keywords;
mod limits;
mod literals;
mod parameters;
mod refusals;
mod scan;
mod ternary;
mod with_items;

#[cfg(test)]
mod tests;

pub(crate) use self::catalog::{DATABASES, is_events};
pub(crate) use self::ends::Ends;
pub(crate) use self::literals::decode_literal;

use self::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::Expanded;
use crate::relation::Relation;
use crate::settings::Settings;

/// One rule: what it changes in the text. Each sees the text that the one before it left.
type Rule = fn(&Scan<'_>) -> Result<Edits, SqlError>;

const FIRST_RULES: [Rule; 2] = [
    // First: after it the next ones may copy text between quotes without looking into it.
    literals::decode,
    ends::one_statement,
];

const RULES: [Rule; 12] = [
    ternary::calls,
    // Before the first rule that makes such shapes.
    refusals::refuse,
    parameters::calls,
    casts::calls,
    intervals::units,
    with_items::ctes,
    limits::limit_by,
    joins::words,
    joins::using,
    keywords::functions,
    keywords::joined_arrays,
    keywords::aliases,
];

/// Applies all rules; and what stood at the statement's end, with the settings that were given beside it.
pub(crate) fn edit(
    expanded: Expanded,
    relation: &Relation,
    beside: Settings,
) -> Result<(Expanded, Ends), SqlError> {
    let expanded = apply(expanded, &FIRST_RULES)?;
    let (edits, ends) = ends::clauses(&Scan::new(&expanded)?, beside)?;
    let expanded = catalog::edit(expanded.edit(edits), relation)?;
    Ok((apply(expanded, &RULES)?, ends))
}

/// The text of a view, which has neither settings nor tables of `system`.
pub(crate) fn edit_view(text: &str) -> Result<Expanded, SqlError> {
    apply(apply(crate::expand::own(text)?, &FIRST_RULES)?, &RULES)
}

fn apply(mut expanded: Expanded, rules: &[Rule]) -> Result<Expanded, SqlError> {
    let mut rules = rules.iter();
    while let Some(edits) = next_edits(&expanded, &mut rules)? {
        expanded = expanded.edit(edits);
    }
    Ok(expanded)
}

/// The edits of the next rule that has some. A text is scanned once for all rules that leave it as
/// it is: most do, and long lists of values take their time.
fn next_edits(
    expanded: &Expanded,
    rules: &mut std::slice::Iter<'_, Rule>,
) -> Result<Option<Edits>, SqlError> {
    let scan = Scan::new(expanded)?;
    for rule in rules {
        let mut edits = rule(&scan)?;
        if edits.is_empty() {
            continue;
        }
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        if let Some([_, (range, _)]) = edits
            .array_windows()
            .find(|[(range, _), (next, _)]| range.end > next.start)
        {
            let message = "these clauses stand within each other in a way that is not supported";
            return Err(expanded.error(ErrorKind::Unsupported, range.start, message));
        }
        return Ok(Some(edits));
    }
    Ok(None)
}
