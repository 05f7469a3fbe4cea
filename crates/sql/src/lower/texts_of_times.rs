//! Texts that become times, by the rules of ClickHouse's `parseDateTimeBestEffort`, which
//! `toDateTime`, `toDateTime64` and CAST follow, too: dates with any of the usual separators, offsets
//! from UTC, names of months, `am` and `pm`, unix seconds.

use std::fmt::Write as _;

use super::{Lowering, quoted};
use crate::error::SqlError;
use crate::ir::Expr;
use crate::types::DataType;

/// A date and what may follow it, in named pieces. Offsets and `Z` count only behind a time.
const FULL: &str = r"^\s*(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[T ]+(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:\.(\d+))?)?)?)?\s*([AaPp][Mm])?\s*(Z|UTC|GMT|[-+]\d\d?(?::?\d\d)?)?\s*$";
/// The day first.
const DAY_FIRST: &str = r"^\s*(\d\d?)[-/.](\d\d?)[-/.](\d{4})(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d+))?)?)?\s*([AaPp][Mm])?\s*(Z|UTC|GMT|[-+]\d\d?(?::?\d\d)?)?\s*$";
/// The month by its name.
const NAMED: &str = r"^\s*(?:[A-Za-z]{3,9},?\s+)?(\d\d?)[- ]([A-Za-z]{3,9})[- ](\d{4})(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d+))?)?)?\s*([AaPp][Mm])?\s*(Z|UTC|GMT|[-+]\d\d?(?::?\d\d)?)?\s*$";
/// The month by its name, and first.
const MONTH_FIRST: &str = r"^\s*([A-Za-z]{3,9})\s+(\d\d?),?\s+(\d{4})(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d+))?)?)?\s*([AaPp][Mm])?\s*(Z|UTC|GMT|[-+]\d\d?(?::?\d\d)?)?\s*$";
/// Without separators: `YYYYMMDD`, `YYYYMMDDhhmmss`.
const DIGITS: &str = r"^(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)())?()(Z)?$";
/// A year and a month.
const MONTH: &str = r"^(\d{4})[-/.](\d\d?)$";

/// What a text becomes where it is no time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTime {
    Error,
    Null,
    Zero,
}

impl Lowering<'_> {
    /// The instant that a text tells, cut to `precision` digits of a second. `zone` is that of texts
    /// without an offset.
    pub(super) fn time_of_text(
        &mut self,
        value: &Expr,
        zone: Option<&str>,
        precision: Option<u8>,
        no_time: NoTime,
    ) -> Result<String, SqlError> {
        self.pass("texts of times");
        let has_nanoseconds = |text: &str| {
            let digits = text.rsplit_once('.').map_or("", |(_, behind)| behind);
            let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
            digits
                .get(6..)
                .is_some_and(|rest| rest.bytes().any(|digit| digit != b'0'))
        };
        if precision.is_some_and(|digits| digits > 6) && value.as_text().is_none_or(has_nanoseconds)
        {
            let hint = Some("take 6 digits");
            return Err(self.unsupported("a time in nanoseconds", hint, value.at));
        }
        let text = self.value(value)?;
        let is_64 = precision.is_some();
        let in_zone = |wall: String, this: &mut Self| match zone {
            Some(zone) if !matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT") => {
                this.instant(&wall, zone)
            }
            _ => wall,
        };
        let day_of = |year: &str, month: &str, day: &str| {
            // Of the year 0 ClickHouse makes the one that is going on.
            let this_year = jiff_year(self.context.now_ms);
            let year = format!("CASE {year} WHEN '0000' THEN '{this_year}' ELSE {year} END");
            format!("try_cast(({year}) || '-' || {month} || '-' || {day} AS DATE)")
        };
        let field = |place: usize| format!("_m[{place}]");
        let numbers = |place: usize| format!("coalesce(try_cast({} AS BIGINT), 0)", field(place));
        let rest = {
            // Hours of the afternoon, and of the first one of the day.
            let hour = format!(
                "CASE WHEN lower({am}) = 'pm' AND {h} < 12 THEN {h} + 12 WHEN lower({am}) = 'am' AND {h} = 12 THEN 0 ELSE {h} END",
                am = field(8),
                h = numbers(4)
            );
            let fraction = if is_64 {
                format!("CAST(rpad(left({f}, 6), 6, '0') AS BIGINT)", f = field(7))
            } else {
                "0".to_owned()
            };
            format!(
                "to_microseconds((({hour}) * 3600 + {} * 60 + {}) * 1000000 + {fraction})",
                numbers(5),
                numbers(6)
            )
        };
        // `+02:00`, `+2`, `-0330`, `Z`: seconds ahead of UTC.
        let offset = format!(
            "(CASE WHEN NOT regexp_matches({z}, '^[-+]') THEN 0 ELSE (CASE left({z}, 1) WHEN '-' THEN -1 ELSE 1 END) * \
             (CAST(regexp_extract({z}, '^[-+](\\d\\d?)', 1) AS BIGINT) * 3600 + coalesce(try_cast(regexp_extract({z}, '^[-+]\\d\\d?:?(\\d\\d)$', 1) AS BIGINT), 0) * 60) END)",
            z = field(9)
        );
        let month_of_name = "list_position(['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], lower(left(_n, 3)))";
        let named = |place: usize| month_of_name.replace("_n", &field(place));
        let swapped = (
            format!(
                "(CASE WHEN {} > 12 THEN {} ELSE {} END)",
                numbers(2),
                field(1),
                field(2)
            ),
            format!(
                "(CASE WHEN {} > 12 THEN {} ELSE {} END)",
                numbers(2),
                field(2),
                field(1)
            ),
        );
        let forms = [
            (FULL, day_of(&field(1), &field(2), &field(3))),
            (DIGITS, day_of(&field(1), &field(2), &field(3))),
            (DAY_FIRST, day_of(&field(3), &swapped.0, &swapped.1)),
            (NAMED, day_of(&field(3), &named(2), &field(1))),
            (MONTH_FIRST, day_of(&field(3), &named(1), &field(2))),
        ];
        let mut cases = String::new();
        for (pattern, day) in forms {
            // Of all groups at once; what is not there is ''.
            let pieces: Vec<String> = (1..=9)
                .map(|group| format!("regexp_extract(_t, '{pattern}', {group})"))
                .collect();
            let wall = format!("({day} + {rest})");
            let local = in_zone(wall.clone(), self);
            let read = format!(
                "list_transform([[{}]], lambda _m: CASE WHEN {} = '' THEN {local} ELSE {wall} - to_seconds({offset}) END)[1]",
                pieces.join(", "),
                field(9)
            );
            let _ = write!(cases, " WHEN regexp_matches(_t, '{pattern}') THEN {read}");
        }
        let month = in_zone(
            format!(
                "CAST(try_cast(regexp_replace(_t, '{MONTH}', '\\1-\\2-01') AS DATE) AS TIMESTAMP)"
            ),
            self,
        );
        let _ = write!(cases, " WHEN regexp_matches(_t, '{MONTH}') THEN {month}");
        let ms = if is_64 { "1000" } else { "1000000 // 1000" };
        let seconds = if is_64 {
            "make_timestamp(CAST(CAST(_t AS DECIMAL(28, 6)) * 1000000 AS BIGINT))"
        } else {
            "make_timestamp(CAST(regexp_extract(_t, '^\\d+') AS BIGINT) * 1000000)"
        };
        let digits = if is_64 {
            r"^\d{9,10}(\.\d*)?$"
        } else {
            r"^\d{9,10}$"
        };
        let _ = write!(
            cases,
            " WHEN regexp_matches(_t, '{digits}') THEN {seconds} WHEN regexp_matches(_t, '^\\d{{13}}$') THEN make_timestamp(CAST(_t AS BIGINT) // 1000 * 1000000 + CAST(_t AS BIGINT) % 1000 * {ms} * {})",
            if is_64 { "1" } else { "0" }
        );
        let otherwise = match no_time {
            NoTime::Null => "NULL".to_owned(),
            NoTime::Zero => "TIMESTAMP '1970-01-01 00:00:00'".to_owned(),
            NoTime::Error => format!(
                "CAST(error({} || _t) AS TIMESTAMP)",
                quoted("Cannot parse as a time: ")
            ),
        };
        let time = match precision {
            // A DateTime is of 32 bits: what is beyond is its end.
            None => "least(greatest(_x, TIMESTAMP '1970-01-01 00:00:00'), TIMESTAMP '2106-02-07 06:28:15')".to_owned(),
            Some(digits) if digits < 6 => {
                let step = 10_i64.pow(6 - u32::from(digits));
                format!("time_bucket(to_microseconds({step}), _x, TIMESTAMP '1970-01-01')")
            }
            Some(_) => "_x".to_owned(),
        };
        Ok(format!(
            "list_transform([{text}], lambda _t: list_transform([CASE{cases} END], lambda _x: \
             CASE WHEN _t IS NULL THEN NULL WHEN _x IS NULL THEN {otherwise} ELSE {time} END)[1])[1]"
        ))
    }

    /// `parseDateTimeBestEffort`, its forms for `DateTime64` and those that do not fail.
    pub(super) fn parse_time(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let no_time = match name {
            name if name.ends_with("OrNull") => NoTime::Null,
            name if name.ends_with("OrZero") => NoTime::Zero,
            _ => NoTime::Error,
        };
        let precision = match expr.ty.inner() {
            DataType::DateTime64 { precision, .. } => Some(*precision),
            _ => None,
        };
        let zone = expr
            .ty
            .timezone()
            .or(self.session_zone())
            .map(str::to_owned);
        self.time_of_text(&arguments[0], zone.as_deref(), precision, no_time)
    }
}

/// The year that is going on, in UTC.
fn jiff_year(now_ms: i64) -> i16 {
    jiff::Timestamp::from_millisecond(now_ms)
        .map_or(1970, |now| now.to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// Whether a text is `2026-01-31`, with or without ` 12:00:00` and a fraction, of a year that the type has.
pub(super) fn is_plain_time(text: &str, is_64: bool) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let (clock, fraction) = shape.split_once('.').unwrap_or((&shape, ""));
    let is_shape = matches!(
        clock,
        "0000-00-00" | "0000-00-00 00:00:00" | "0000-00-00T00:00:00"
    );
    let years = if is_64 { 1900..=2261 } else { 1971..=2105 };
    let is_civil = text
        .get(..19)
        .unwrap_or(text)
        .replace(' ', "T")
        .parse::<jiff::civil::DateTime>()
        .is_ok();
    is_shape
        && is_civil
        && fraction.bytes().all(|digit| digit == b'0')
        && fraction.len() <= 6
        && (clock.len() > 10 || fraction.is_empty() && !shape.contains('.'))
        && text[..4]
            .parse()
            .is_ok_and(|year: i32| years.contains(&year))
}

/// The instant of a midnight that a clock of the zone leaves out: ClickHouse takes the time that the clock
/// shows before it is put forward.
pub(super) fn midnight_in_gap(text: &str, zone: Option<&str>) -> Option<String> {
    let (date, clock) = text.split_at_checked(10)?;
    if !clock.is_empty() && clock.get(1..9)? != "00:00:00" {
        return None;
    }
    let midnight = date.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0);
    let zone = jiff::tz::TimeZone::get(zone?).ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(midnight);
    let jiff::tz::AmbiguousOffset::Gap { .. } = ambiguous.offset() else {
        return None;
    };
    let us = ambiguous.earlier().ok()?.as_microsecond();
    Some(format!("make_timestamp({us})"))
}

/// Whether a text that is no date is NULL.
#[derive(Clone, Copy)]
pub(super) enum OrNull {
    Yes,
    No,
}

/// A text as a date: a day of a month that is too short for it is one of the next, what a Date does not
/// hold is its end. What is no date is an error, or NULL.
pub(super) fn date_of_text(text: &str, to: &DataType, or_null: OrNull) -> String {
    let form = r"^(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[ T]\d\d:\d\d:\d\d(?:\.\d+)?)?$";
    // A time follows numbers of two digits only.
    let is_whole = r"^(.{1,9}|.{10}(?:[ T].*)?)$";
    let digits = r"^(\d{4})(\d\d)(\d\d)$";
    let day = |pattern: &str| {
        let piece = |n: u8| format!("regexp_extract(_t, '{pattern}', {n})");
        format!(
            "try_cast({} || '-' || {} || '-01' AS DATE) + CAST(CASE WHEN CAST({d} AS INTEGER) BETWEEN 1 AND 31 THEN CAST({d} AS INTEGER) - 1 END AS INTEGER)",
            piece(1),
            piece(2),
            d = piece(3)
        )
    };
    // A day that no month has is the first of the type.
    let (held, first) = match to.inner() {
        DataType::Date => (
            "least(greatest(_x, DATE '1970-01-01'), DATE '2149-06-06')",
            "DATE '1970-01-01'",
        ),
        _ => ("_x", "DATE '1900-01-01'"),
    };
    let fails = match or_null {
        OrNull::Yes => "NULL",
        OrNull::No => "CAST(error('Cannot parse as Date: ' || _t) AS DATE)",
    };
    format!(
        "list_transform([{text}], lambda _t: list_transform([CASE WHEN regexp_matches(_t, '{form}') AND regexp_matches(_t, '{is_whole}') THEN coalesce({}, {first}) WHEN regexp_matches(_t, '{digits}') THEN coalesce({}, {first}) END], \
         lambda _x: CASE WHEN _t IS NULL THEN NULL WHEN _x IS NULL THEN {fails} ELSE {held} END)[1])[1]",
        day(form),
        day(digits)
    )
}
