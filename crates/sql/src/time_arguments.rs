//! What the names and arguments of calls say about time: units, time zones, widths of buckets.

use crate::functions::{Class, Function};
use crate::ir::{Expr, ExprKind};
use crate::types::IntervalUnit;

/// The unit of an interval, in any case, singular or plural.
pub(crate) fn unit_named(name: &str) -> Option<IntervalUnit> {
    let name = name.to_ascii_lowercase();
    Some(match name.strip_suffix('s').unwrap_or(&name) {
        "millisecond" => IntervalUnit::Millisecond,
        "second" => IntervalUnit::Second,
        "minute" => IntervalUnit::Minute,
        "hour" => IntervalUnit::Hour,
        "day" => IntervalUnit::Day,
        "week" => IntervalUnit::Week,
        "month" => IntervalUnit::Month,
        "quarter" => IntervalUnit::Quarter,
        "year" => IntervalUnit::Year,
        _ => return None,
    })
}

/// The unit that `addDays` and its kin add.
pub(crate) fn added_unit(name: &str) -> Option<IntervalUnit> {
    let unit = name
        .strip_prefix("add")
        .or_else(|| name.strip_prefix("subtract"))?;
    unit_named(unit)
}

/// The time zone that is the last argument, where there is one.
pub(crate) fn timezone_argument(function: &Function, arguments: &[Expr]) -> Option<String> {
    let index = function
        .arguments
        .iter()
        .rposition(|argument| argument.is_optional && argument.class == Class::Text)?;
    let is_time = function.arguments[..index]
        .iter()
        .any(|argument| matches!(argument.class, Class::Time | Class::DateTime))
        || matches!(
            function.name,
            "toDate"
                | "toDateTime"
                | "toDateTime64"
                | "toString"
                | "now"
                | "now64"
                | "fromUnixTimestamp64Milli"
        )
        || function.name.starts_with("parseDateTime");
    is_time.then(|| arguments.get(index)?.as_text().map(str::to_owned))?
}

/// Width of the buckets that a function makes; `None` if it makes none, or if the width is no
/// literal.
pub(crate) fn bucket_width(name: &str, arguments: &[Expr]) -> Option<(i64, IntervalUnit)> {
    Some(match name {
        "toStartOfSecond" => (1, IntervalUnit::Second),
        "toStartOfMinute" => (1, IntervalUnit::Minute),
        "toStartOfFiveMinutes" | "toStartOfFiveMinute" => (5, IntervalUnit::Minute),
        "toStartOfTenMinutes" => (10, IntervalUnit::Minute),
        "toStartOfFifteenMinutes" => (15, IntervalUnit::Minute),
        "timeSlot" => (30, IntervalUnit::Minute),
        "toStartOfHour" => (1, IntervalUnit::Hour),
        "toStartOfDay" => (1, IntervalUnit::Day),
        "toStartOfInterval" => match &arguments.get(1)?.kind {
            ExprKind::Interval { amount, unit } => {
                let amount = amount.as_integer();
                (amount.filter(|n| (1..=1_000_000_000).contains(n))?, *unit)
            }
            _ => return None,
        },
        _ => return None,
    })
}
