//! Times in text: ClickHouse's forms of DateTime64(3), and those that its "best effort" reads.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// From here on a whole number is ms, and before it seconds (ClickHouse: 10^9 s, with the digits of the
/// precision).
const SMALLEST_MS: i64 = 1_000_000_000_000;

/// Ms since the epoch, in UTC where the text names no offset. `None` where it is no time.
pub(super) fn ms(text: &str) -> Option<i64> {
    digits_ms(text)
        .or_else(|| unix_ms(text))
        .or_else(|| iso_ms(text))
}

/// `20240701`, `20240701120000`: as many digits as no time in seconds or ms has.
fn digits_ms(text: &str) -> Option<i64> {
    let is_date = matches!(text.len(), 8 | 14) && text.bytes().all(|byte| byte.is_ascii_digit());
    let spelled = |date: &str, clock: &str| {
        let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
        match clock {
            "" => date,
            _ => format!("{date} {}:{}:{}", &clock[..2], &clock[2..4], &clock[4..]),
        }
    };
    is_date.then(|| iso_ms(&spelled(&text[..8], &text[8..])))?
}

/// `1719835200`, `1719835200.123456`, and `1719835200123`, which is ms.
fn unix_ms(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole)
        || !fraction.is_none_or(|fraction| fraction.is_empty() || is_digits(fraction))
    {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let ms = match fraction {
        None if whole >= SMALLEST_MS => whole,
        _ => whole
            .checked_mul(1000)?
            .checked_add(fraction_ms(fraction.unwrap_or("")))?,
    };
    Some(if is_negative { -ms } else { ms })
}

/// `2024-07-01`, `2024-07-01 12:00`, `2024-07-01T12:00:00.123456Z`, `2024-07-01 12:00:00+02:00`.
fn iso_ms(text: &str) -> Option<i64> {
    let date = civil_date(text.get(..10)?)?;
    let rest = &text[10..];
    if rest.is_empty() {
        return civil_ms(date.to_datetime(Time::midnight()), 0);
    }
    let rest = rest.strip_prefix([' ', 'T', 't'])?;
    let (clock, offset_s) = split_offset(rest)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), two_digits)?;
    if parts.next().is_some() {
        return None;
    }
    let time = Time::new(hour, minute, second, 0).ok()?;
    let ms = civil_ms(date.to_datetime(time), offset_s)?;
    ms.checked_add(fraction_ms(fraction))
}

fn civil_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (century, year) = year.split_at_checked(2)?;
    let year = i16::from(two_digits(century)?) * 100 + i16::from(two_digits(year)?);
    Date::new(year, two_digits(month)?, two_digits(day)?).ok()
}

fn civil_ms(civil: DateTime, offset_s: i64) -> Option<i64> {
    let instant = TimeZone::UTC.to_timestamp(civil).ok()?;
    instant.as_millisecond().checked_sub(offset_s * 1000)
}

/// The clock, and the seconds that it is ahead of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits: String = offset[1..].split(':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "00"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let seconds = i64::from(two_digits(hours)?) * 3600 + i64::from(two_digits(minutes)?) * 60;
    Some((clock, sign * seconds))
}

fn two_digits(text: &str) -> Option<i8> {
    let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_two.then(|| text.parse().ok())?
}

/// The first three digits after the point.
fn fraction_ms(digits: &str) -> i64 {
    let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(3);
    digits.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_clickhouses_forms() {
        let noon = 1_719_835_200_000;
        let cases = [
            ("2024-07-01 12:00:00", Some(noon)),
            ("2024-07-01 12:00:00.123", Some(noon + 123)),
            ("2024-07-01 12:00:00.1239999", Some(noon + 123)),
            ("2024-07-01T12:00:00.5Z", Some(noon + 500)),
            ("2024-07-01T14:00:00+02:00", Some(noon)),
            ("2024-07-01T14:00:00+0200", Some(noon)),
            ("2024-07-01 07:00:00-05", Some(noon)),
            ("2024-07-01 12:00", Some(noon)),
            ("2024-07-01", Some(noon - 43_200_000)),
            ("1969-12-31 23:59:59.999", Some(-1)),
            ("1719835200", Some(noon)),
            ("1719835200.0", Some(noon)),
            ("1719835200.123456", Some(noon + 123)),
            ("1719835200123", Some(noon + 123)),
            ("20240701", Some(noon - 43_200_000)),
            ("20240701120000", Some(noon)),
            ("-1.5", Some(-1500)),
            ("0", Some(0)),
            ("", None),
            (".5", None),
            ("-", None),
            ("abc", None),
            ("2024-07-01 ", None),
            ("2024-13-01 12:00:00", None),
            ("2024-07-01 24:00:00", None),
            ("2024-07-01 12:00:00 ", None),
            ("2024-07-01x12:00:00", None),
            ("2024-07-01 12:00:00+2", None),
            ("2024-07-01 12:00:00+0ä", None),
            ("ä024-07-01", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(ms(text), expected, "{text}");
        }
    }
}
