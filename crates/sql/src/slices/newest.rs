//! Queries for the newest rows of a window: of its newest part, where that has enough of them.

use std::ops::Range;

use super::{EVENT_TIME, FROM_MARK, TO_MARK, bounds, looks_beyond, within};
use crate::context::Context;
use crate::ir::{ColumnRef, Distinct, Expr, ExprKind, From, Grouping, Query, SourceKind};

/// Most rows of such a query: they are gathered before they are sent.
const MAX_ROWS: u64 = 10_000;

/// How the newest rows are found without a look at the older ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The times that the query asks for, µs since the epoch.
    pub range: Range<i64>,
    /// How many rows.
    pub n_rows: u64,
    /// The result's column that holds the time of a row.
    pub column: usize,
    template: String,
}

impl Newest {
    /// Two queries with the same key differ at most in the range of time.
    pub fn key(&self) -> &str {
        &self.template
    }

    /// DuckDB's text for the rows of `slice`, µs since the epoch, the newest first. When there
    /// are [`Newest::n_rows`] of them and the slice ends with the range, they are the result.
    pub fn text(&self, slice: &Range<i64>) -> String {
        within(&self.template, slice)
    }
}

/// A query for the newest rows, on its way to be lowered.
pub(crate) struct OfNewest {
    /// The query without the ends of its time range.
    pub query: Query,
    /// The source of the events, and their time in it.
    pub events: usize,
    pub time: Expr,
    column: usize,
    range: Range<i64>,
    n_rows: u64,
}

impl OfNewest {
    /// Takes the lowered text. `None` if a literal in it looks like a mark.
    pub fn with_text(self, template: String) -> Option<Newest> {
        let once = |mark| template.matches(mark).count() == 1;
        (once(FROM_MARK) && once(TO_MARK)).then_some(Newest {
            range: self.range,
            n_rows: self.n_rows,
            column: self.column,
            template,
        })
    }
}

/// Whether the query is one for the newest rows.
pub(crate) fn find(query: &Query, context: &Context) -> Option<OfNewest> {
    let Query::Select(select) = query else {
        return None;
    };
    let Some(From::Source(source)) = &select.from else {
        return None;
    };
    let time = &select.order_by.first().filter(|key| key.descending)?.expr;
    let is_time = matches!(&time.kind, ExprKind::Column(ColumnRef { source: of, name, .. }) if *of == source.id && name == EVENT_TIME);
    let is_plain = source.kind == SourceKind::Relation
        && select.grouping == Grouping::None
        && select.distinct == Distinct::No
        && select.qualify.is_none()
        && select.limit_by.is_none()
        && select.offset.is_none()
        && select.order_by.iter().all(|key| key.fill.is_none())
        && !select.with_ties;
    let mut exprs = select.clauses().into_iter().chain(&select.filter);
    if !is_time || !is_plain || exprs.any(|expr| expr.any(&mut looks_beyond)) {
        return None;
    }
    let n_rows = u64::try_from(select.limit.as_ref()?.as_integer()?).ok()?;
    let column = select.items.iter().position(|item| item.expr == *time)?;
    let (filter, range) = bounds::taken_out(select.filter.clone()?, time, context);
    let is_bounded = range.start > i64::MIN && range.end < i64::MAX && !range.is_empty();
    let mut without_range = select.clone();
    without_range.filter = filter;
    (is_bounded && (1..=MAX_ROWS).contains(&n_rows)).then(|| OfNewest {
        query: Query::Select(without_range),
        events: source.id,
        time: time.clone(),
        column,
        range,
        n_rows,
    })
}
