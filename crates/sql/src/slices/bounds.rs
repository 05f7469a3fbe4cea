//! The ends of the time range within a WHERE.

use std::ops::Range;

use super::EVENT_TIME;
use crate::context::Context;
use crate::ir::{ColumnRef, Expr, ExprKind};

/// The window of time that a filter names for the events of a source, µs since the epoch.
pub(crate) fn window(filter: &Expr, events: usize, context: &Context) -> Range<i64> {
    let mut time = None;
    filter.any(&mut |expr| {
        let is_time = matches!(&expr.kind, ExprKind::Column(ColumnRef { source, name, .. }) if *source == events && name == EVENT_TIME);
        if is_time {
            time = Some(expr.clone());
        }
        is_time
    });
    match time {
        Some(time) => taken_out(filter.clone(), &time, context).1,
        None => i64::MIN..i64::MAX,
    }
}

/// Takes the comparisons of `time` with constants out of a filter: what is left, and the
/// range that they name, µs since the epoch. What is no such comparison stays.
pub(super) fn taken_out(
    filter: Expr,
    time: &Expr,
    context: &Context,
) -> (Option<Expr>, Range<i64>) {
    let mut range = i64::MIN..i64::MAX;
    let rest = narrowed(filter, time, context, &mut range);
    (rest, range)
}

fn narrowed(filter: Expr, time: &Expr, context: &Context, range: &mut Range<i64>) -> Option<Expr> {
    if let Some(bound) = bound(&filter, time, context) {
        range.start = range.start.max(bound.start);
        range.end = range.end.min(bound.end);
        return None;
    }
    let Expr { kind, ty, at } = filter;
    let kind = match kind {
        ExprKind::Call {
            function,
            name,
            arguments,
        } if function.name == "and" => {
            let parts = arguments.into_iter();
            let mut parts: Vec<Expr> = parts
                .filter_map(|part| narrowed(part, time, context, range))
                .collect();
            if parts.len() < 2 {
                return parts.pop();
            }
            ExprKind::Call {
                function,
                name,
                arguments: parts,
            }
        }
        other => other,
    };
    Some(Expr { kind, ty, at })
}

/// The range that a comparison leaves.
fn bound(filter: &Expr, time: &Expr, context: &Context) -> Option<Range<i64>> {
    let (function, arguments) = filter.as_call()?;
    let [left, right] = arguments else {
        return None;
    };
    let (constant, operator) = if left == time {
        (right, function.name)
    } else if right == time {
        let turned = match function.name {
            "less" => "greater",
            "lessOrEquals" => "greaterOrEquals",
            "greater" => "less",
            "greaterOrEquals" => "lessOrEquals",
            _ => return None,
        };
        (left, turned)
    } else {
        return None;
    };
    let us = instant_us(constant, context.now_ms)?;
    Some(match operator {
        "greaterOrEquals" => us..i64::MAX,
        "greater" => us.checked_add(1)?..i64::MAX,
        "less" => i64::MIN..us,
        "lessOrEquals" => i64::MIN..us.checked_add(1)?,
        _ => return None,
    })
}

/// A constant time as Grafana's macros and people write it, µs since the epoch.
pub(crate) fn instant_us(expr: &Expr, now_ms: i64) -> Option<i64> {
    let (function, arguments) = expr.as_call()?;
    match (function.name, arguments) {
        ("toDateTime", [seconds]) => {
            // Beyond 2106 it begins anew.
            let seconds = whole_number(seconds).filter(|s| *s <= i64::from(u32::MAX))?;
            Some(seconds * 1_000_000)
        }
        ("fromUnixTimestamp64Milli", [ms]) => whole_number(ms)?.checked_mul(1_000),
        ("now", []) => now_ms.div_euclid(1000).checked_mul(1_000_000),
        ("minus" | "plus", [time, interval]) => {
            let ExprKind::Interval { amount, unit } = &interval.kind else {
                return None;
            };
            let offset = amount.as_integer()?.checked_mul(unit.fixed_us()?)?;
            let time = instant_us(time, now_ms)?;
            if function.name == "minus" {
                time.checked_sub(offset)
            } else {
                time.checked_add(offset)
            }
        }
        _ => None,
    }
}

fn whole_number(expr: &Expr) -> Option<i64> {
    integer(expr).filter(|value| *value >= 0)
}

/// A number, or what is computed of such: `2 * $__from - $__to` is the beginning of the period before.
fn integer(expr: &Expr) -> Option<i64> {
    if let Some(value) = expr.as_integer() {
        return Some(value);
    }
    let (function, arguments) = expr.as_call()?;
    match (function.name, arguments) {
        ("toInt64", [value]) => integer(value),
        ("plus", [left, right]) => integer(left)?.checked_add(integer(right)?),
        ("minus", [left, right]) => integer(left)?.checked_sub(integer(right)?),
        ("multiply", [left, right]) => integer(left)?.checked_mul(integer(right)?),
        _ => None,
    }
}
