//! The time that a select asks of a view, handed on into the view's text, where the store can leave out rows by it.
//!
//! A view's text may have `{from_ms:Int64}` and `{until_ms:Int64}`: what lies before the one or from the other on is
//! not asked for. They come from comparisons with constants in the WHERE of the select that names the view, which
//! stays as it is: the bounds may be wider, and without them the result is the same.
//!
//! A row that several events are behind, as a session is, begins before some of them. For these a text has
//! `{wide_from_ms:Int64}` and `{wide_until_ms:Int64}`, which leave as much time as no such row takes ([`WIDER_MS`]).

use std::ops::Range;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::Binder;
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, From, JoinKind, Literal, Select, SourceKind, Strictness};
use crate::slices;
use crate::views::View;

/// Bounds that leave out nothing, ms since the epoch: the years 1900 to 2299, which ClickHouse's `DateTime64(3)` has.
pub(crate) const ALL_TIME_MS: Range<i64> = -2_208_988_800_000..10_413_792_000_000;

const DAY_MS: i64 = 86_400_000;

/// No session and no request lasts so long: people sleep, and CVAT ends a request's job after a day.
const WIDER_MS: i64 = 2 * DAY_MS;

/// What a view's text is given for its bounds.
pub(crate) fn parameters(asked_ms: &Range<i64>) -> [(&'static str, i64); 4] {
    let wide_from_ms = (asked_ms.start - WIDER_MS).max(ALL_TIME_MS.start);
    let wide_until_ms = (asked_ms.end + WIDER_MS).min(ALL_TIME_MS.end);
    [
        ("from_ms", asked_ms.start),
        ("until_ms", asked_ms.end),
        ("wide_from_ms", wide_from_ms),
        ("wide_until_ms", wide_until_ms),
    ]
}

/// A view that a select reads.
#[derive(Clone, Copy)]
pub(super) struct NamedView {
    /// The source that it is.
    pub source: usize,
    pub view: &'static View,
    /// Where it is named.
    pub at: usize,
}

/// What a column says of when something was.
#[derive(Clone, Copy)]
enum TimeColumn {
    /// A day of the query's time zone.
    Day,
    /// A time.
    Instant,
    /// Milliseconds since the epoch.
    Milliseconds,
}

/// Columns of views that say when something was, by name.
fn time_column(name: &str) -> Option<TimeColumn> {
    match name {
        "day" => Some(TimeColumn::Day),
        "at" | "started" | "ended" => Some(TimeColumn::Instant),
        "started_ms" | "ended_ms" => Some(TimeColumn::Milliseconds),
        _ => None,
    }
}

impl Binder<'_> {
    /// Binds each view of a select anew whose text takes bounds and of which the WHERE asks a part.
    pub(super) fn bound_views(
        &mut self,
        select: &mut Select,
        first: usize,
    ) -> Result<(), SqlError> {
        let named = self.named_views.split_off(first);
        let (Some(from), Some(filter)) = (&mut select.from, &select.filter) else {
            return Ok(());
        };
        for NamedView { source, view, at } in named {
            if !view.text.contains("from_ms:Int64}") || !may_leave_out(from, source) {
                continue;
            }
            let asked = asked_of(filter, source, self.context.now_ms);
            if asked == ALL_TIME_MS {
                continue;
            }
            let query = self.view(view, at, &asked)?;
            put(from, source, &SourceKind::Query(Box::new(query)));
        }
        Ok(())
    }
}

/// Whether rows of a source that WHERE would drop can go before the joins.
fn may_leave_out(from: &From, source: usize) -> bool {
    match from {
        From::Source(own) => own.id == source,
        From::ArrayJoin(join) => may_leave_out(&join.input, source),
        From::Join(join) if join.strictness == Strictness::All => {
            let (left, right) = match join.kind {
                JoinKind::Inner | JoinKind::Cross => (true, true),
                JoinKind::Left => (true, false),
                JoinKind::Right => (false, true),
                _ => (false, false),
            };
            left && may_leave_out(&join.left, source) || right && may_leave_out(&join.right, source)
        }
        From::Join(_) => false,
    }
}

fn put(from: &mut From, source: usize, kind: &SourceKind) {
    match from {
        From::Source(own) if own.id == source => own.kind = kind.clone(),
        From::Source(_) => {}
        From::ArrayJoin(join) => put(&mut join.input, source, kind),
        From::Join(join) => {
            put(&mut join.left, source, kind);
            put(&mut join.right, source, kind);
        }
    }
}

/// The bounds that a filter has for a source, ms since the epoch.
fn asked_of(filter: &Expr, source: usize, now_ms: i64) -> Range<i64> {
    let Some((function, arguments)) = filter.as_call() else {
        return ALL_TIME_MS;
    };
    if function.name == "and" {
        let parts = arguments.iter().map(|part| asked_of(part, source, now_ms));
        return parts.fold(ALL_TIME_MS, |all, part| {
            all.start.max(part.start)..all.end.min(part.end)
        });
    }
    let [left, right] = arguments else {
        return ALL_TIME_MS;
    };
    let of_source = |expr: &Expr| match &expr.kind {
        ExprKind::Column(column) if column.source == source => time_column(&column.name),
        _ => None,
    };
    let (column, constant, is_turned) = match (of_source(left), of_source(right)) {
        (Some(column), None) => (column, right, false),
        (None, Some(column)) => (column, left, true),
        _ => return ALL_TIME_MS,
    };
    let Some(Range { start, end }) = span_ms(column, constant, now_ms) else {
        return ALL_TIME_MS;
    };
    let (has_start, has_end) = match (function.name, is_turned) {
        ("equals", _) => (true, true),
        ("greater" | "greaterOrEquals", false) | ("less" | "lessOrEquals", true) => (true, false),
        ("less" | "lessOrEquals", false) | ("greater" | "greaterOrEquals", true) => (false, true),
        _ => (false, false),
    };
    let all = ALL_TIME_MS;
    let start = if has_start {
        start.max(all.start)
    } else {
        all.start
    };
    let end = if has_end { end.min(all.end) } else { all.end };
    start..end
}

/// What a constant of a time column stands for: no earlier and no later moment is equal to it.
fn span_ms(column: TimeColumn, constant: &Expr, now_ms: i64) -> Option<Range<i64>> {
    match column {
        TimeColumn::Milliseconds => {
            let ms = whole_number(constant)?;
            Some(ms..ms.checked_add(1)?)
        }
        TimeColumn::Instant => {
            let us = slices::instant_us(constant, now_ms).or_else(|| {
                let text = text_of(constant)?;
                let time: DateTime = text.parse().ok()?;
                Some(
                    time.to_zoned(TimeZone::UTC)
                        .ok()?
                        .timestamp()
                        .as_microsecond(),
                )
            })?;
            let ms = us.div_euclid(1000);
            Some(ms..ms.checked_add(2)?)
        }
        // Wider by a day: no zone's is further from that of UTC.
        TimeColumn::Day => {
            let day = day_ms(constant, now_ms)?;
            Some(day.checked_sub(DAY_MS)?..day.checked_add(2 * DAY_MS)?)
        }
    }
}

/// The beginning of a constant day in UTC, ms since the epoch.
fn day_ms(constant: &Expr, now_ms: i64) -> Option<i64> {
    if let Some(text) = text_of(constant) {
        let day: Date = text.parse().ok()?;
        return Some(
            day.to_zoned(TimeZone::UTC)
                .ok()?
                .timestamp()
                .as_millisecond(),
        );
    }
    let (function, arguments) = constant.as_call()?;
    match (function.name, arguments) {
        ("today", _) => Some(now_ms.div_euclid(DAY_MS) * DAY_MS),
        ("toDate", [inner]) => {
            let us = slices::instant_us(inner, now_ms);
            let ms = us.map(|us| us.div_euclid(1000).div_euclid(DAY_MS) * DAY_MS);
            ms.or_else(|| day_ms(inner, now_ms))
        }
        ("minus" | "plus", [day, days]) => {
            let days = match &days.kind {
                ExprKind::Interval { amount, unit } => {
                    amount.as_integer()?.checked_mul(unit.fixed_us()? / 1000)?
                }
                _ => days.as_integer()?.checked_mul(DAY_MS)?,
            };
            let day = day_ms(day, now_ms)?;
            match function.name {
                "minus" => day.checked_sub(days),
                _ => day.checked_add(days),
            }
        }
        _ => None,
    }
}

/// The text of a literal, also of one that is cast to a time.
fn text_of(constant: &Expr) -> Option<&str> {
    match &constant.kind {
        ExprKind::Cast { value, .. } => text_of(value),
        _ => constant.as_text(),
    }
}

fn whole_number(constant: &Expr) -> Option<i64> {
    match &constant.kind {
        ExprKind::Cast { value, .. } => whole_number(value),
        ExprKind::Literal(Literal::String(text)) => text.parse().ok(),
        _ => constant.as_integer(),
    }
}
