//! Queries whose groups can be put together from those of slices of time.
//!
//! ```text
//! the query:             SELECT user_id, avg(duration) FROM events WHERE … GROUP BY user_id
//! of a slice:            SELECT user_id, sum(duration), count() FROM events WHERE … GROUP BY user_id
//! of all slices' rows:   SELECT user_id, sum(sum) / sum(count) FROM rows GROUP BY user_id
//! ```

mod groups;

use std::ops::Range;

use super::{EVENT_TIME, FROM_MARK, TO_MARK, bounds, looks_beyond, within};
use crate::context::Context;
use crate::ir::{Expr, ExprKind, From, Query, Select, SourceKind};
use groups::Groups;

/// Stands for what [`Parts::whole`] reads from. As [`FROM_MARK`], it is in no name of a query.
pub(crate) const ROWS_MARK: &str = "__slice_rows";

/// How a query's result is put together from aggregates of slices of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The times that the query asks for, µs since the epoch.
    pub range: Range<i64>,
    partial: String,
    n_columns: usize,
    whole: String,
}

impl Parts {
    /// Two queries with the same key have the same rows of a slice.
    pub fn key(&self) -> &str {
        &self.partial
    }

    /// DuckDB's text for the rows of slices, µs since the epoch: behind the number of its slice
    /// each. The order of rows means nothing.
    pub fn of_slices(&self, slices: &[Range<i64>]) -> String {
        let texts = slices.iter().enumerate().map(|(number, slice)| {
            let rows = within(&self.partial, slice);
            format!("SELECT {number} AS slice, * FROM ({rows})")
        });
        texts.collect::<Vec<_>>().join(" UNION ALL ")
    }

    /// DuckDB's text for the result. `rows` gives, in FROM, the rows of slices that together
    /// are [`Parts::range`], without the slices' numbers.
    pub fn of_rows(&self, rows: &str) -> String {
        self.whole.replacen(ROWS_MARK, rows, 1)
    }

    /// DuckDB's text for the result of no rows at all.
    pub fn of_no_rows(&self) -> String {
        let names: Vec<String> = (0..self.n_columns).map(|i| format!("s{i}")).collect();
        let rows = within(&self.partial, &(0..0));
        self.of_rows(&format!("({rows}) AS no_rows({})", names.join(", ")))
    }
}

/// A query that can be divided, on its way to be lowered.
pub(crate) struct Divided {
    /// What is asked of a slice, without the ends of the time range.
    pub partial: Query,
    /// The query over the rows of all slices, which stand where the events stood.
    pub whole: Query,
    /// The source of the events, and their time in it.
    pub events: usize,
    pub time: Expr,
    range: Range<i64>,
}

impl Divided {
    /// Takes the lowered texts. `None` if a literal in them looks like a mark.
    pub fn with_texts(self, partial: String, whole: String) -> Option<Parts> {
        let once = |text: &str, mark| text.matches(mark).count() == 1;
        let are_marked =
            once(&partial, FROM_MARK) && once(&partial, TO_MARK) && once(&whole, ROWS_MARK);
        are_marked.then(|| Parts {
            range: self.range,
            n_columns: self.partial.columns().len(),
            partial,
            whole,
        })
    }
}

/// Whether the query can be divided, and how.
pub(crate) fn find(query: &Query, context: &Context) -> Option<Divided> {
    let mut whole = query.clone();
    let select = select_of_events(&mut whole)?;
    let Some(From::Source(source)) = &select.from else {
        return None;
    };
    let events = source.id;
    let filter = select.filter.take()?;
    let time = time_in(&filter, events)?;
    let (filter, range) = bounds::taken_out(filter, &time, context);
    let is_bounded = range.start > i64::MIN && range.end < i64::MAX && !range.is_empty();
    let looks_beyond = |expr: &Expr| expr.any(&mut looks_beyond);
    if !is_bounded
        || filter.as_ref().is_some_and(looks_beyond)
        || select.clauses().into_iter().any(looks_beyond)
    {
        return None;
    }
    let mut groups = Groups::of(select, events)?;
    for clause in select.clauses_mut() {
        groups.rewrite(clause)?;
    }
    let partial = groups.partial(select.from.clone(), filter);
    Some(Divided {
        partial: Query::Select(Box::new(partial)),
        whole,
        events,
        time,
        range,
    })
}

/// The select that reads the events, below selects that read nothing but the one below.
fn select_of_events(query: &mut Query) -> Option<&mut Select> {
    let Query::Select(select) = query else {
        return None;
    };
    let reads_elsewhere = |expr: &Expr| expr.any(&mut Expr::is_query);
    let elsewhere = select.filter.as_ref().is_some_and(reads_elsewhere)
        || select.clauses().into_iter().any(reads_elsewhere);
    match &select.from {
        Some(From::Source(source)) if source.kind == SourceKind::Relation => return Some(select),
        Some(From::Source(_)) if !elsewhere => {}
        _ => return None,
    }
    match &mut select.from {
        Some(From::Source(source)) => match &mut source.kind {
            SourceKind::Query(inner) => select_of_events(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The events' time as a filter names it.
fn time_in(filter: &Expr, events: usize) -> Option<Expr> {
    match &filter.kind {
        ExprKind::Column(column) if column.source == events && column.name == EVENT_TIME => {
            Some(filter.clone())
        }
        _ => {
            let mut children = filter.children().into_iter();
            children.find_map(|child| time_in(child, events))
        }
    }
}
