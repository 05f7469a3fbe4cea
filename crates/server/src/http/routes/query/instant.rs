//! Ends of a time range as clients write them: ms since the epoch, RFC 3339, or relative to
//! now as in Grafana (`now-6h`, `now-1d/d`).

use annoscope_events::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, ToSpan};

/// Which end of the range a text stands for: `now/d` is the beginning of the day as the first
/// and its last millisecond as the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `from`.
    First,
    /// `to`.
    Last,
}

/// What [`parse`] takes, for messages.
pub const FORMS: &str =
    "milliseconds since the epoch, a time such as 2024-07-01T12:00:00Z, or now-6h";

/// Reads one end of a range; `None` if the text is no time. Relative times count in UTC, and
/// weeks begin on Monday.
pub fn parse(text: &str, end: End, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    if let Some(steps) = text.strip_prefix("now") {
        return relative(steps, end, now);
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

/// `-6h`, `/d`, and any number of these after each other.
fn relative(mut steps: &str, end: End, now: Timestamp) -> Option<i64> {
    let now = jiff::Timestamp::from_millisecond(now.millis()).ok()?;
    let mut at = Offset::UTC.to_datetime(now);
    while let Some(operator) = steps.chars().next() {
        steps = &steps[operator.len_utf8()..];
        let n_digits = steps.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, rest) = steps.split_at(n_digits);
        let unit = Unit::of(rest.chars().next()?)?;
        steps = &rest[1..];
        let amount = match amount {
            "" => 1,
            digits => digits.parse().ok()?,
        };
        at = match operator {
            '+' => at.checked_add(unit.times(amount)?).ok()?,
            '-' => at.checked_sub(unit.times(amount)?).ok()?,
            '/' if n_digits == 0 => unit.round(at, end)?,
            _ => return None,
        };
    }
    let at = Offset::UTC.to_timestamp(at).ok()?;
    Some(at.as_millisecond())
}

#[derive(Clone, Copy)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    fn of(letter: char) -> Option<Unit> {
        Some(match letter {
            's' => Unit::Second,
            'm' => Unit::Minute,
            'h' => Unit::Hour,
            'd' => Unit::Day,
            'w' => Unit::Week,
            'M' => Unit::Month,
            'y' => Unit::Year,
            _ => return None,
        })
    }

    fn times(self, amount: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Unit::Second => span.try_seconds(amount),
            Unit::Minute => span.try_minutes(amount),
            Unit::Hour => span.try_hours(amount),
            Unit::Day => span.try_days(amount),
            Unit::Week => span.try_weeks(amount),
            Unit::Month => span.try_months(amount),
            Unit::Year => span.try_years(amount),
        }
        .ok()
    }

    fn round(self, at: DateTime, end: End) -> Option<DateTime> {
        let date = at.date();
        let start = match self {
            Unit::Second => date.at(at.hour(), at.minute(), at.second(), 0),
            Unit::Minute => date.at(at.hour(), at.minute(), 0, 0),
            Unit::Hour => date.at(at.hour(), 0, 0, 0),
            Unit::Day => date.at(0, 0, 0, 0),
            Unit::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(since_monday.days()).ok()?.at(0, 0, 0, 0)
            }
            Unit::Month => date.first_of_month().at(0, 0, 0, 0),
            Unit::Year => date.first_of_year().at(0, 0, 0, 0),
        };
        match end {
            End::First => Some(start),
            End::Last => {
                let next = start.checked_add(self.times(1)?).ok()?;
                next.checked_sub(1.millisecond()).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_instants() {
        // A Wednesday.
        let now = Timestamp::parse_iso8601("2024-07-31T12:34:56.789Z").unwrap();
        let cases = [
            ("1719835200000", End::First, Some("2024-07-01T12:00:00Z")),
            ("-1", End::First, Some("1969-12-31T23:59:59.999Z")),
            (
                "2024-07-01T12:00:00Z",
                End::First,
                Some("2024-07-01T12:00:00Z"),
            ),
            (
                "2024-07-01T14:00:00.5+02:00",
                End::First,
                Some("2024-07-01T12:00:00.5Z"),
            ),
            ("now", End::First, Some("2024-07-31T12:34:56.789Z")),
            ("now-6h", End::First, Some("2024-07-31T06:34:56.789Z")),
            ("now-90s", End::Last, Some("2024-07-31T12:33:26.789Z")),
            ("now+1d", End::Last, Some("2024-08-01T12:34:56.789Z")),
            ("now-1M", End::First, Some("2024-06-30T12:34:56.789Z")),
            ("now-h", End::First, Some("2024-07-31T11:34:56.789Z")),
            ("now/d", End::First, Some("2024-07-31T00:00:00Z")),
            ("now/d", End::Last, Some("2024-07-31T23:59:59.999Z")),
            ("now-1d/d", End::First, Some("2024-07-30T00:00:00Z")),
            ("now-1d/d", End::Last, Some("2024-07-30T23:59:59.999Z")),
            ("now/w", End::First, Some("2024-07-29T00:00:00Z")),
            ("now/w", End::Last, Some("2024-08-04T23:59:59.999Z")),
            ("now/M", End::First, Some("2024-07-01T00:00:00Z")),
            ("now-1M/M", End::Last, Some("2024-06-30T23:59:59.999Z")),
            ("now/y", End::First, Some("2024-01-01T00:00:00Z")),
            ("now-1y/y", End::Last, Some("2023-12-31T23:59:59.999Z")),
            ("now-1d/d+8h", End::First, Some("2024-07-30T08:00:00Z")),
            ("now/m", End::First, Some("2024-07-31T12:34:00Z")),
            ("now/h", End::Last, Some("2024-07-31T12:59:59.999Z")),
            ("", End::First, None),
            ("yesterday", End::First, None),
            ("now-", End::First, None),
            ("now-6", End::First, None),
            ("now-6x", End::First, None),
            ("now*6h", End::First, None),
            ("now/2d", End::First, None),
            ("now-6ä", End::First, None),
            ("now-99999999999999999999y", End::First, None),
            ("now-999999999y", End::First, None),
            ("2024-07-01", End::First, None),
            ("2024-07-01T12:00:00", End::First, None),
        ];
        for (text, end, expected) in cases {
            let found = parse(text, end, now);
            let expected: Option<jiff::Timestamp> = expected.map(|text| text.parse().unwrap());
            let expected = expected.map(jiff::Timestamp::as_millisecond);
            assert_eq!(found, expected, "{text:?} {end:?}");
        }
    }
}
