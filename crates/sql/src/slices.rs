//! Queries whose result can be put together from slices of time.
//!
//! Where a result is grouped by a bucket of the events' time, each row depends on the events
//! of its bucket alone. So a result that somebody keeps is made up to date by asking for the
//! buckets that are new or were changed, and nothing else.

mod bounds;
mod newest;
mod parts;

pub(crate) use bounds::{instant_us, window};
pub use newest::Newest;
pub(crate) use newest::find as find_newest;
pub use parts::Parts;
pub(crate) use parts::{Divided, NUMBER_MARK, ROWS_MARK, Texts, find as find_parts};

use std::ops::Range;

use crate::context::Context;
use crate::ir::{
    ColumnRef, Distinct, Expr, ExprKind, Fill, From, Grouping, Query, Select, Source, SourceKind,
};
use crate::time_arguments::bucket_width;
use crate::types::{DataType, IntervalUnit};

/// Stand for the ends of a slice in the lowered text. No name of a query contains them, and a
/// text in which a literal does is not sliced.
pub(crate) const FROM_MARK: &str = "__slice_from_us";
pub(crate) const TO_MARK: &str = "__slice_to_us";

/// The relation's column that says when an event happened: what the store knows to be changed.
pub(crate) const EVENT_TIME: &str = "timestamp";

/// How a query's result is put together from slices of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSlices {
    /// The result's column that holds the start of a row's bucket.
    pub column: usize,
    /// Width of a bucket, µs. Buckets begin at its multiples since the epoch.
    pub width_us: i64,
    /// The times that the query asks for, µs since the epoch; [`i64::MIN`] and [`i64::MAX`]
    /// where it names no end.
    pub range: Range<i64>,
    /// Whether the rows come in the order of their buckets; false: in the opposite one. Within
    /// a bucket they come in the order of the query.
    pub is_ascending: bool,
    /// Whether there are also rows for the buckets between without events (`WITH FILL`).
    pub fills_gaps: bool,
    /// DuckDB's text without the ends of the time range, and with the marks.
    template: String,
}

impl TimeSlices {
    /// Two queries with the same key differ at most in the range of time: the text, without it.
    pub fn key(&self) -> &str {
        &self.template
    }

    /// DuckDB's text for the events of `slice` alone, µs since the epoch.
    pub fn text(&self, slice: &Range<i64>) -> String {
        within(&self.template, slice)
    }
}

/// A lowered text with the ends of a slice in place of the marks.
fn within(template: &str, slice: &Range<i64>) -> String {
    // What make_timestamp takes; no event is outside of it.
    let [from, to] = [slice.start, slice.end].map(|us| us.clamp(-MAX_US, MAX_US));
    let text = template.replacen(FROM_MARK, &from.to_string(), 1);
    text.replacen(TO_MARK, &to.to_string(), 1)
}

/// The year 9999.
pub(crate) const MAX_US: i64 = 253_402_300_799_000_000;

/// A query that can be sliced, on its way to be lowered.
pub(crate) struct Sliceable {
    /// The query without the ends of its time range.
    pub query: Query,
    /// The source of the events, and their time in it.
    pub events: usize,
    pub time: Expr,
    column: usize,
    width_us: i64,
    range: Range<i64>,
    is_ascending: bool,
    fills_gaps: bool,
}

impl Sliceable {
    /// Takes the lowered text. `None` if a literal in it looks like a mark.
    pub fn with_text(self, template: String) -> Option<TimeSlices> {
        let once = |mark| template.matches(mark).count() == 1;
        (once(FROM_MARK) && once(TO_MARK)).then_some(TimeSlices {
            column: self.column,
            width_us: self.width_us,
            range: self.range,
            is_ascending: self.is_ascending,
            fills_gaps: self.fills_gaps,
            template,
        })
    }
}

/// Whether the query can be sliced, and how.
pub(crate) fn find(query: &Query, context: &Context) -> Option<Sliceable> {
    let Query::Select(select) = query else {
        return None;
    };
    let found = level(select, context)?;
    let time = &select.items[found.column].expr;
    let is_grouped = select.grouping == Grouping::Plain;
    let (is_ascending, is_in_order) = match select.order_by.first() {
        Some(key) => (!key.descending, key.expr == *time),
        None => (true, true),
    };
    let fill_works = !found.fills_gaps || is_ascending;
    (is_grouped && is_in_order && fill_works && !found.range.is_empty()).then_some(Sliceable {
        query: Query::Select(Box::new(found.select)),
        events: found.events,
        time: found.time,
        column: found.column,
        width_us: found.width_us,
        range: found.range,
        is_ascending,
        fills_gaps: found.fills_gaps,
    })
}

/// A select, each of whose rows belongs to one bucket.
struct Level {
    select: Select,
    /// The item that is the bucket.
    column: usize,
    width_us: i64,
    events: usize,
    time: Expr,
    range: Range<i64>,
    fills_gaps: bool,
}

fn level(select: &Select, context: &Context) -> Option<Level> {
    if !is_plain(select) {
        return None;
    }
    let Some(From::Source(source)) = &select.from else {
        return None;
    };
    let mut select = select.clone();
    let (buckets, events, time, range, fills_below) = match &source.kind {
        SourceKind::Relation => {
            let (column, time, width_us) = first_bucket(&select)?;
            let range = match select.filter.take() {
                Some(filter) => {
                    let (rest, range) = bounds::taken_out(filter, &time, context);
                    select.filter = rest;
                    range
                }
                None => i64::MIN..i64::MAX,
            };
            ((column, width_us), source.id, time, range, false)
        }
        SourceKind::Query(inner) => {
            let Query::Select(inner) = &**inner else {
                return None;
            };
            let below = level(inner, context)?;
            let is_time = |expr: &Expr| matches!(&expr.kind, ExprKind::Column(ColumnRef { source: of, index, .. }) if *of == source.id && *index == below.column);
            let column = place_of_group(&select, is_time)?;
            // A row that fills a gap may pass a filter that the rows after it do not.
            if below.fills_gaps && (select.filter.is_some() || select.having.is_some()) {
                return None;
            }
            let query = Query::Select(Box::new(below.select));
            select.from = Some(From::Source(Source {
                id: source.id,
                kind: SourceKind::Query(Box::new(query)),
            }));
            (
                (column, below.width_us),
                below.events,
                below.time,
                below.range,
                below.fills_gaps,
            )
        }
        _ => return None,
    };
    let (column, width_us) = buckets;
    let fills_gaps = fill_of_gaps(&select, column, width_us)?;
    Some(Level {
        fills_gaps: fills_gaps || fills_below,
        select,
        column,
        width_us,
        events,
        time,
        range,
    })
}

/// Whether nothing in a select looks beyond the rows of one bucket.
fn is_plain(select: &Select) -> bool {
    let is_grouped = matches!(select.grouping, Grouping::None | Grouping::Plain);
    let clauses = select.qualify.is_none()
        && select.limit_by.is_none()
        && select.limit.is_none()
        && select.offset.is_none()
        && !select.with_ties
        && !matches!(select.distinct, Distinct::On(_));
    let items = select.items.iter().map(|item| &item.expr);
    let keys = select.order_by.iter().map(|key| &key.expr);
    let mut exprs = items
        .chain(keys)
        .chain(&select.filter)
        .chain(&select.group_by)
        .chain(&select.having);
    is_grouped && clauses && exprs.all(|expr| !expr.any(&mut looks_beyond))
}

fn looks_beyond(expr: &Expr) -> bool {
    let is_here = expr.is_query() || matches!(expr.kind, ExprKind::Window(_));
    is_here
        || match &expr.kind {
            ExprKind::Call { function, .. } => function.name.starts_with("running"),
            ExprKind::Aggregate(aggregate) => {
                let mut parameters = aggregate.parameters.iter();
                parameters.any(|parameter| parameter.any(&mut looks_beyond))
            }
            _ => false,
        }
}

/// The place of the item that holds, where rows are grouped also as a key.
fn place_of_group(select: &Select, is: impl Fn(&Expr) -> bool) -> Option<usize> {
    let is_key = |expr: &Expr| select.grouping == Grouping::None || select.group_by.contains(expr);
    let mut items = select.items.iter();
    items.position(|item| is(&item.expr) && is_key(&item.expr))
}

/// The first item that is a bucket of the events' time, the time and the width.
fn first_bucket(select: &Select) -> Option<(usize, Expr, i64)> {
    let column = place_of_group(select, |expr| bucket(expr).is_some())?;
    let (time, width_us) = bucket(&select.items[column].expr)?;
    Some((column, time.clone(), width_us))
}

/// A bucket whose starts are multiples of its width, in UTC.
fn bucket(expr: &Expr) -> Option<(&Expr, i64)> {
    let (function, arguments) = expr.as_call()?;
    let (amount, unit) = match function.name {
        "toDate" => (1, IntervalUnit::Day),
        _ => bucket_width(function.name, arguments)?,
    };
    let width_us = unit.bucket_us(amount)?;
    let is_interval = function.name == "toStartOfInterval";
    // A time zone or an origin beside it makes it another bucket.
    if arguments.len() != if is_interval { 2 } else { 1 } {
        return None;
    }
    let time = without_conversion(&arguments[0], width_us);
    let ExprKind::Column(column) = &time.kind else {
        return None;
    };
    let is_utc = matches!(&time.ty, DataType::DateTime64 { timezone: Some(zone), .. } if matches!(zone.as_str(), "UTC" | "Etc/UTC"));
    let is_time = column.name == EVENT_TIME && !column.or_default && is_utc;
    is_time.then_some((time, width_us))
}

/// Grafana's macros convert the time before they make a bucket of it; what is cut off there
/// is less than a bucket.
fn without_conversion(time: &Expr, width_us: i64) -> &Expr {
    let Some((function, arguments)) = time.as_call() else {
        return time;
    };
    let kept_us = match (function.name, arguments) {
        ("toDateTime", [_]) => 1_000_000,
        ("toDateTime64", [_, precision]) if precision.as_integer() == Some(3) => 1_000,
        _ => return time,
    };
    if width_us % kept_us == 0 {
        &arguments[0]
    } else {
        time
    }
}

/// Whether the select fills gaps of the bucket; `None` if it does so in a way that depends on
/// more than where its rows begin and end.
fn fill_of_gaps(select: &Select, column: usize, width_us: i64) -> Option<bool> {
    let mut fills = select.order_by.iter().filter(|key| key.fill.is_some());
    let Some(key) = fills.next() else {
        return Some(false);
    };
    let Fill {
        from: None,
        to: None,
        step: Some(step),
        interpolate,
    } = key.fill.as_ref()?
    else {
        return None;
    };
    let ExprKind::Interval { amount, unit } = &step.kind else {
        return None;
    };
    let is_step = unit.bucket_us(amount.as_integer()?) == Some(width_us);
    let is_time = key.expr == select.items[column].expr && !key.descending;
    let is_simple = interpolate.is_empty() && select.having.is_none() && fills.next().is_none();
    (is_step && is_time && is_simple).then_some(true)
}
