//! What the value of a field of a server's event is read as.

use std::borrow::Cow;

use crate::event::Interval;
use crate::field::{Field, RawFields};
use crate::json::{InvalidJson, Kind, LoneSurrogate, Scanner, kind, unquote};
use crate::payload::Payload;
use crate::time::Timestamp;

/// Intervals that one element may carry.
pub const MAX_INTERVALS: usize = 10_000;

/// Last second that ClickHouse's `DateTime` holds: 2106-02-07T06:28:15Z.
const MAX_SECONDS: i64 = u32::MAX as i64;

/// Why an element is rejected; starts with the name of the field.
#[derive(Debug)]
pub(super) struct Reason(pub String);

impl Reason {
    fn new(field: Field, what: impl std::fmt::Display) -> Reason {
        Reason(format!("{}: {what}", field.name()))
    }
}

/// Text as sent; a number, a literal, a list or an object becomes its JSON text.
pub(super) fn text<'a>(
    fields: &RawFields<'a>,
    field: Field,
) -> Result<Option<Cow<'a, str>>, Reason> {
    let Some(raw) = fields.get(field) else {
        return Ok(None);
    };
    let text = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::String => unescaped(field, raw)?,
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => Cow::Borrowed(raw),
    };
    if text.contains('\0') {
        return Err(Reason::new(field, "null characters are not allowed"));
    }
    Ok(Some(text))
}

fn unescaped(field: Field, raw: &str) -> Result<Cow<'_, str>, Reason> {
    unquote(raw).map_err(|LoneSurrogate(unit)| {
        Reason::new(field, format_args!("lone surrogate U+{unit:X}"))
    })
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
        Kind::String => unescaped(field, raw)?,
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
        Kind::Number => unix_seconds(raw),
        Kind::String => {
            let text = unescaped(field, raw)?;
            unix_seconds(&text).or_else(|| Timestamp::parse_iso8601(&text).ok())
        }
        Kind::Bool | Kind::Array | Kind::Object => None,
    };
    let Some(timestamp) = timestamp else {
        return Err(Reason::new(field, "neither ISO 8601 nor unix seconds"));
    };
    if timestamp < Timestamp::EPOCH || timestamp.micros() / 1_000_000 > MAX_SECONDS {
        return Err(Reason::new(field, "not from 1970-01-01 to 2106-02-07"));
    }
    Ok(Some(timestamp))
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

/// Text that holds JSON, or JSON itself; null and empty text are no payload.
pub(super) fn payload(fields: &RawFields<'_>) -> Result<Option<Payload>, Reason> {
    let field = Field::Payload;
    let Some(raw) = fields.get(field) else {
        return Ok(None);
    };
    let text = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::String => unescaped(field, raw)?,
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => Cow::Borrowed(raw),
    };
    if text.is_empty() {
        return Ok(None);
    }
    match Payload::parse(&text) {
        Ok(payload) => Ok(Some(payload)),
        Err(error) => Err(Reason::new(field, format_args!("not valid JSON: {error}"))),
    }
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
        let earliest_ms = intervals.last().map_or(0, |previous| previous.end_ms);
        let latest_ms = MAX_SECONDS * 1000 + 999;
        if !(earliest_ms..=interval.end_ms).contains(&interval.start_ms)
            || interval.end_ms > latest_ms
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
