//! What the value of a field of a server's event is read as.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::event::Interval;
use crate::field::{Field, RawFields};
use crate::json::{InvalidJson, Kind, Scanner, kind, unquote_mended};
use crate::search;
use crate::time::Timestamp;

/// Intervals that one element may carry.
pub const MAX_INTERVALS: usize = 10_000;

/// Why an element is rejected; starts with the name of the field.
#[derive(Debug)]
pub(super) struct Reason(pub String);

impl Reason {
    fn new(field: Field, what: impl std::fmt::Display) -> Reason {
        Reason(format!("{}: {what}", field.name()))
    }
}

/// Text as sent; a number, a literal, a list or an object becomes its JSON text. Of a lone
/// surrogate, which no database takes, there is U+FFFD.
pub(super) fn text<'a>(fields: &RawFields<'a>, field: Field) -> Option<Cow<'a, str>> {
    let raw = fields.get(field)?;
    match kind(raw) {
        Kind::Null => None,
        Kind::String => Some(unquote_mended(raw).0),
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => Some(Cow::Borrowed(raw)),
    }
}

/// The first characters of an escape that may be of a lone surrogate: few texts have any.
static ESCAPES: LazyLock<AhoCorasick> = LazyLock::new(|| search::any_of(["\\ud", "\\uD"]));

/// The JSON text of a field's value if [`text`] had to mend it.
pub(super) fn mended<'a>(fields: &RawFields<'a>, field: Field) -> Option<&'a str> {
    let raw = fields.get(field)?;
    let is_suspect = kind(raw) == Kind::String && ESCAPES.is_match(raw);
    (is_suspect && unquote_mended(raw).1).then_some(raw)
}

/// An integer from 0 to `max`: a number without a fraction but zeros, its text, or
/// true and false as 1 and 0.
pub(super) fn integer(
    fields: &RawFields<'_>,
    field: Field,
    max: i64,
) -> Result<Option<i64>, Reason> {
    let Some(raw) = fields.get(field) else {
        return Ok(None);
    };
    let text = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::Bool => Cow::Borrowed(if raw == "true" { "1" } else { "0" }),
        Kind::Number => Cow::Borrowed(raw),
        Kind::String => unquote_mended(raw).0,
        Kind::Array | Kind::Object => return Err(Reason::new(field, "not an integer")),
    };
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text.as_ref(),
    };
    match whole.parse::<i128>() {
        Ok(value) => match i64::try_from(value) {
            Ok(value) if (0..=max).contains(&value) => Ok(Some(value)),
            _ => Err(Reason::new(field, format_args!("not from 0 to {max}"))),
        },
        Err(_) => Err(Reason::new(field, "not an integer")),
    }
}

/// ISO 8601, or unix seconds as a number or as text; `None` where there is no time.
pub(super) fn timestamp(fields: &RawFields<'_>) -> Result<Option<Timestamp>, Reason> {
    let field = Field::Timestamp;
    let Some(raw) = fields.get(field) else {
        return Ok(None);
    };
    let timestamp = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::Number => number_of_seconds(raw),
        Kind::String => {
            let text = unquote_mended(raw).0;
            unix_seconds(&text).or_else(|| Timestamp::parse_iso8601(&text).ok())
        }
        Kind::Bool | Kind::Array | Kind::Object => None,
    };
    let Some(timestamp) = timestamp else {
        return Err(Reason::new(field, "neither ISO 8601 nor unix seconds"));
    };
    if !(Timestamp::EARLIEST..=Timestamp::LATEST).contains(&timestamp) {
        return Err(Reason::new(field, "not from 1900-01-01 to 2299-12-31"));
    }
    Ok(Some(timestamp))
}

/// A JSON number of seconds, which may have an exponent.
fn number_of_seconds(raw: &str) -> Option<Timestamp> {
    let Some((mantissa, exponent)) = raw.split_once(['e', 'E']) else {
        return unix_seconds(raw);
    };
    // Beyond these, every number is 0 or no time; digits alone may still overflow.
    let exponent = exponent.parse::<i64>().ok()?.clamp(-400, 400);
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let zeros = "0".repeat(exponent.unsigned_abs() as usize);
    let digits = if exponent < 0 {
        format!("{zeros}{whole}{fraction}")
    } else {
        format!("{whole}{fraction}{zeros}")
    };
    let point = if exponent < 0 {
        whole.len()
    } else {
        whole.len() + zeros.len()
    };
    let (whole, fraction) = digits.split_at(point);
    unix_seconds(&format!("{sign}{whole}.{fraction}0"))
}

/// Digits, and a fraction whose digits past the sixth are cut. Exact: not through a float,
/// which would move a microsecond now and then. Eight digits are seconds, too, and not a
/// date. Saturates.
fn unix_seconds(text: &str) -> Option<Timestamp> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // Only digits: a failure is an overflow.
    let seconds: i64 = whole.parse().unwrap_or(i64::MAX);
    let fraction_micros = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'));
    let micros = seconds
        .saturating_mul(1_000_000)
        .saturating_add(fraction_micros);
    Some(Timestamp::from_micros(if is_negative {
        -micros
    } else {
        micros
    }))
}

/// `[[start_ms, end_ms], …]`: in time order, not overlapping. Missing and null are none.
pub(super) fn intervals(raw: Option<&str>) -> Result<Vec<Interval>, Reason> {
    let Some(raw) = raw.filter(|raw| kind(raw) != Kind::Null) else {
        return Ok(Vec::new());
    };
    let form = || Reason("intervals: not a list of [start_ms, end_ms] in time order".to_owned());
    let mut scanner = Scanner::new(raw);
    if scanner.peek() != Some(b'[') {
        return Err(form());
    }
    scanner.bump();
    let mut intervals: Vec<Interval> = Vec::new();
    // The scanner has passed this text before, so an error can only be one of form.
    while scanner
        .next_element(intervals.is_empty())
        .map_err(|_| form())?
    {
        if intervals.len() == MAX_INTERVALS {
            return Err(Reason(format!("intervals: more than {MAX_INTERVALS}")));
        }
        let interval = pair(&mut scanner).ok().flatten().ok_or_else(form)?;
        let earliest_ms = intervals
            .last()
            .map_or(Timestamp::EARLIEST.millis(), |previous| previous.end_ms);
        if !(earliest_ms..=interval.end_ms).contains(&interval.start_ms)
            || interval.end_ms > Timestamp::LATEST.millis()
        {
            return Err(form());
        }
        intervals.push(interval);
    }
    Ok(intervals)
}

/// `[start_ms, end_ms]`; `None` where it is something else.
fn pair(scanner: &mut Scanner<'_>) -> Result<Option<Interval>, InvalidJson> {
    if scanner.peek() != Some(b'[') {
        return Ok(None);
    }
    scanner.bump();
    let mut ends = [0_i64; 2];
    for (index, end) in ends.iter_mut().enumerate() {
        if !scanner.next_element(index == 0)? {
            return Ok(None);
        }
        match scanner.value()?.parse() {
            Ok(value) => *end = value,
            Err(_) => return Ok(None),
        }
    }
    let has_more = scanner.next_element(false)?;
    Ok((!has_more).then_some(Interval {
        start_ms: ends[0],
        end_ms: ends[1],
    }))
}
