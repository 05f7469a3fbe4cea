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

/// Stands for what [`Parts::of_rows`] reads from. As [`FROM_MARK`], it is in no name of a query.
pub(crate) const ROWS_MARK: &str = "__slice_rows";

/// Stands for the number of a row's slice.
pub(crate) const NUMBER_MARK: &str = "__slice_number";

/// How a query's result is put together from aggregates of slices of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The times that the query asks for, µs since the epoch.
    pub range: Range<i64>,
    texts: Texts,
}

/// Lowered texts with marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    /// The rows of one slice.
    pub partial: String,
    /// The rows of slices that are next to each other, behind the number of its slice each.
    pub numbered: String,
    /// The events' time within both.
    pub time: String,
    /// The types of the rows' columns.
    pub types: Vec<String>,
    /// The result, of rows that stand where the events stood.
    pub whole: String,
}

impl Parts {
    /// Two queries with the same key have the same rows of a slice.
    pub fn key(&self) -> &str {
        &self.texts.partial
    }

    /// DuckDB's text for the rows of slices, µs since the epoch and in order: behind the number
    /// of its slice each. The order of rows means nothing.
    pub fn of_slices(&self, slices: &[Range<i64>]) -> String {
        let Texts { numbered, time, .. } = &self.texts;
        let mut number = 0;
        // Each scan skips what lies between two of them, which one for all would not.
        let scans = slices.chunk_by(|a, b| a.end == b.start).map(|scan| {
            let expression = number_of(time, number, scan);
            number += scan.len();
            let span = scan[0].start..scan[scan.len() - 1].end;
            within(numbered, &span).replacen(NUMBER_MARK, &expression, 1)
        });
        scans.collect::<Vec<_>>().join(" UNION ALL ")
    }

    /// DuckDB's text for the result. `kept` gives, in FROM, the rows of slices, without the
    /// slices' numbers; `read` are the slices that are read now. Together they are
    /// [`Parts::range`].
    pub fn of_rows(&self, kept: Option<&str>, read: &[Range<i64>]) -> String {
        let Texts {
            partial,
            types,
            whole,
            ..
        } = &self.texts;
        let names: Vec<String> = (0..types.len()).map(|i| format!("s{i}")).collect();
        let names = names.join(", ");
        let casts = types.iter().enumerate();
        let casts: Vec<String> = casts
            .map(|(i, ty)| format!("CAST(s{i} AS {ty}) AS s{i}"))
            .collect();
        let kept = kept.map(|kept| format!("SELECT {} FROM {kept}", casts.join(", ")));
        // Without a row the result would be one of nothing, in place of one of no events.
        let nothing = (kept.is_none() && read.is_empty()).then_some(0..0);
        let read = read.iter().chain(&nothing);
        let read = read.map(|slice| format!("FROM ({}) AS read({names})", within(partial, slice)));
        let rows: Vec<String> = kept.into_iter().chain(read).collect();
        whole.replacen(ROWS_MARK, &rows.join(" UNION ALL "), 1)
    }
}

/// Which of `slices`, the first of which has the number `first`, a time lies in. Found by halves:
/// a comparison for each would be too many for each row.
fn number_of(time: &str, first: usize, slices: &[Range<i64>]) -> String {
    let middle = slices.len() / 2;
    if middle == 0 {
        // As a literal it would be the place of a column.
        return format!("CAST({first} AS INTEGER)");
    }
    let (left, right) = slices.split_at(middle);
    format!(
        "CASE WHEN {time} < make_timestamp({}) THEN {} ELSE {} END",
        right[0].start,
        number_of(time, first, left),
        number_of(time, first + middle, right)
    )
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
    pub fn with_texts(self, texts: Texts) -> Option<Parts> {
        let once = |text: &str, mark| text.matches(mark).count() == 1;
        let is_slice = |text: &str| once(text, FROM_MARK) && once(text, TO_MARK);
        let are_marked = is_slice(&texts.partial)
            && is_slice(&texts.numbered)
            && once(&texts.numbered, NUMBER_MARK)
            && once(&texts.whole, ROWS_MARK);
        are_marked.then_some(Parts {
            range: self.range,
            texts,
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
