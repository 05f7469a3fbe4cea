//! Points in time, as events carry them.

use std::fmt;

use jiff::civil;
use jiff::tz::Offset;

/// A point in time: microseconds since 1970-01-01T00:00:00 UTC.
///
/// Clients and servers send up to six fraction digits; the store keeps milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a date and time that CVAT's server would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time of the form YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")]
pub struct InvalidTimestamp;

/// Length of the longest text that [`Timestamp`] prints: `2024-07-01T12:00:00.123456Z`.
const MAX_TEXT_BYTES: usize = 27;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// 1900-01-01T00:00:00Z, the earliest time an event may have: the first that ClickHouse's
    /// `DateTime64(3)` holds.
    pub const EARLIEST: Timestamp = Timestamp(-2_208_988_800_000_000);

    /// 2299-12-31T23:59:59.999999Z, the last one.
    pub const LATEST: Timestamp = Timestamp(10_413_791_999_999_999);

    /// From microseconds since the epoch, UTC.
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// From milliseconds since the epoch, UTC. Saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.saturating_mul(1000))
    }

    /// Microseconds since the epoch, UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, UTC, rounded down as ClickHouse's
    /// `DateTime64(3)` does.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads a date and time as Django REST framework does.
    ///
    /// A `T` or a space between date and time; `Z`, `±HH`, `±HHMM`, `±HH:MM` or no
    /// offset, which means UTC; the seconds may be absent; fraction digits past the
    /// sixth are cut. The basic form (`20240701T120000Z`) and a date alone (midnight)
    /// are read as Python 3.11 does.
    pub fn parse_iso8601(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        parse(text.as_bytes()).ok_or(InvalidTimestamp)
    }

    /// The text of [`fmt::Display`], and how many of its bytes are used.
    pub(crate) fn ascii(self) -> ([u8; MAX_TEXT_BYTES], usize) {
        let clamped = self.0.clamp(FIRST_PRINTED_MICROS, LAST_PRINTED_MICROS);
        let timestamp = jiff::Timestamp::from_microsecond(clamped)
            .expect("years 1 to 9999 are in jiff's range");
        let datetime = Offset::UTC.to_datetime(timestamp);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put_digits(&mut text[0..4], i64::from(datetime.year()));
        put_digits(&mut text[5..7], i64::from(datetime.month()));
        put_digits(&mut text[8..10], i64::from(datetime.day()));
        put_digits(&mut text[11..13], i64::from(datetime.hour()));
        put_digits(&mut text[14..16], i64::from(datetime.minute()));
        put_digits(&mut text[17..19], i64::from(datetime.second()));
        let micros = clamped.rem_euclid(1_000_000);
        if micros == 0 {
            text[19] = b'Z';
            return (text, 20);
        }
        put_digits(&mut text[20..26], micros);
        (text, MAX_TEXT_BYTES)
    }
}

/// 0001-01-01T00:00:00Z: earlier times print as this one, as Python has no others.
const FIRST_PRINTED_MICROS: i64 = -62_135_596_800_000_000;
/// 9999-12-30T22:00:00Z, the end of jiff's range: later times print as this one.
const LAST_PRINTED_MICROS: i64 = 253_402_207_200_000_000;

/// As CVAT's replies print times: UTC with `Z`, and microseconds, all six digits, only
/// where they are not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, n_bytes) = self.ascii();
        f.pad(std::str::from_utf8(&text[..n_bytes]).expect("digits and separators are ASCII"))
    }
}

/// Writes `value` right-aligned over the zeros in `digits`.
fn put_digits(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// A position in the text; every method takes what it accepts and leaves the rest.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn take(&mut self, accepted: impl Fn(u8) -> bool) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        accepted(first).then(|| {
            self.rest = rest;
            first
        })
    }

    fn digit(&mut self) -> Option<i64> {
        self.take(|byte| byte.is_ascii_digit())
            .map(|byte| i64::from(byte - b'0'))
    }

    /// A number of `min` to `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let mut value = 0;
        for n_digits in 0..max {
            match self.digit() {
                Some(digit) => value = value * 10 + digit,
                None if n_digits >= min => break,
                None => return None,
            }
        }
        Some(value)
    }

    /// `.` or `,` and digits, as microseconds; 0 where there is no fraction.
    fn fraction_micros(&mut self) -> Option<i64> {
        if self.take(|byte| matches!(byte, b'.' | b',')).is_none() {
            return Some(0);
        }
        let mut micros = self.digit()? * 100_000;
        let mut unit = 10_000;
        while let Some(digit) = self.digit() {
            micros += digit * unit;
            unit /= 10; // 0 from the seventh digit on, which cuts the rest.
        }
        Some(micros)
    }

    /// `Z`, `±HH`, `±HHMM`, `±HH:MM` or nothing, in seconds east of UTC.
    fn offset_seconds(&mut self) -> Option<i64> {
        while self.take(|byte| matches!(byte, b' ' | b'\t')).is_some() {}
        let Some(sign) = self.take(|byte| matches!(byte, b'Z' | b'+' | b'-')) else {
            return Some(0);
        };
        if sign == b'Z' {
            return Some(0);
        }
        let hours = self.number(2, 2)?;
        let has_colon = self.take(|byte| byte == b':').is_some();
        let minutes = if has_colon || !self.rest.is_empty() {
            self.number(2, 2)?
        } else {
            0
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        Some(if sign == b'-' { -seconds } else { seconds })
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let mut cursor = Cursor { rest: text };
    let year = cursor.number(4, 4)?;
    let (month, day) = if cursor.take(|byte| byte == b'-').is_some() {
        let month = cursor.number(1, 2)?;
        cursor.take(|byte| byte == b'-')?;
        (month, cursor.number(1, 2)?)
    } else {
        (cursor.number(2, 2)?, cursor.number(2, 2)?)
    };
    // jiff knows a year 0 (1 BC), Python does not.
    if year == 0 {
        return None;
    }
    let date = civil::Date::new(year as i16, month as i8, day as i8).ok()?;

    let (mut hour, mut minute, mut second, mut micros, mut offset_seconds) = (0, 0, 0, 0, 0);
    if !cursor.rest.is_empty() {
        cursor.take(|byte| matches!(byte, b'T' | b' '))?;
        hour = cursor.number(1, 2)?;
        if cursor.take(|byte| byte == b':').is_some() {
            minute = cursor.number(1, 2)?;
            if cursor.take(|byte| byte == b':').is_some() {
                second = cursor.number(1, 2)?;
                micros = cursor.fraction_micros()?;
            }
        } else {
            minute = cursor.number(2, 2)?;
            if cursor.rest.first().is_some_and(u8::is_ascii_digit) {
                second = cursor.number(2, 2)?;
                micros = cursor.fraction_micros()?;
            }
        }
        offset_seconds = cursor.offset_seconds()?;
        if !cursor.rest.is_empty() {
            return None;
        }
    }
    let time = civil::Time::new(hour as i8, minute as i8, second as i8, 0).ok()?;
    let seconds = Offset::UTC
        .to_timestamp(date.to_datetime(time))
        .ok()?
        .as_second();
    Some(Timestamp((seconds - offset_seconds) * 1_000_000 + micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: i64 = 1_719_835_200_000_000; // 2024-07-01T12:00:00Z

    #[test]
    fn reads_what_rest_framework_reads() {
        let cases: [(&str, i64); 25] = [
            ("2024-07-01T12:00:00Z", NOON),
            ("2024-07-01 12:00:00Z", NOON),
            ("2024-07-01T12:00:00", NOON),
            ("2024-07-01T12:00Z", NOON),
            ("2024-07-01T12:00", NOON),
            ("2024-07-01T14:00:00+02:00", NOON),
            ("2024-07-01T14:00:00+0200", NOON),
            ("2024-07-01T14:00:00+02", NOON),
            ("2024-07-01T06:30:00-05:30", NOON),
            ("2024-07-01T12:00:00 Z", NOON),
            ("2024-07-01T12:00:00.1Z", NOON + 100_000),
            ("2024-07-01T12:00:00.123Z", NOON + 123_000),
            ("2024-07-01T12:00:00,123Z", NOON + 123_000),
            ("2024-07-01T12:00:00.123456Z", NOON + 123_456),
            ("2024-07-01T12:00:00.1234569Z", NOON + 123_456),
            ("2024-07-01T12:00:00.123456789012345Z", NOON + 123_456),
            ("2024-07-01T12:00:00.000001", NOON + 1),
            ("2024-7-1T12:0:0Z", NOON),
            ("20240701T120000Z", NOON),
            ("20240701T1200", NOON),
            ("20240701T120000.5Z", NOON + 500_000),
            ("2024-07-01", NOON - 12 * 3_600_000_000),
            ("20240701", NOON - 12 * 3_600_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("0001-01-01T00:00:00Z", FIRST_PRINTED_MICROS),
        ];
        for (text, micros) in cases {
            assert_eq!(
                Timestamp::parse_iso8601(text),
                Ok(Timestamp(micros)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_the_rest() {
        let cases = [
            "",
            "2024",
            "2024-07",
            "2024-13-01",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-07-01T",
            "2024-07-01T12",
            "2024-07-01T24:00:00Z",
            "2024-07-01T12:60:00Z",
            "2024-07-01T12:00:60Z",
            "2024-07-01T12:00:00.Z",
            "2024-07-01T12:00:00+24:00",
            "2024-07-01T12:00:00+02:60",
            "2024-07-01T12:00:00+2",
            "2024-07-01T12:00:00Zjunk",
            " 2024-07-01T12:00:00Z",
            "2024-07-01T12:00:00ZZ",
            "0000-01-01T00:00:00Z",
            "12024-07-01T12:00:00Z",
            "1719835200",
            "now",
            "2024-07-01T12:00:00\u{a0}Z",
            "\u{662}024-07-01T12:00:00Z",
        ];
        for text in cases {
            assert_eq!(
                Timestamp::parse_iso8601(text),
                Err(InvalidTimestamp),
                "{text:?}"
            );
        }
    }

    #[test]
    fn prints_as_the_reply_does() {
        let cases = [
            (NOON, "2024-07-01T12:00:00Z"),
            (NOON + 123_000, "2024-07-01T12:00:00.123000Z"),
            (NOON + 1, "2024-07-01T12:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (i64::MIN, "0001-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-30T22:00:00Z"),
        ];
        for (micros, text) in cases {
            assert_eq!(Timestamp(micros).to_string(), text);
        }
        assert_eq!(Timestamp(-1).millis(), -1);
        assert_eq!(Timestamp(999).millis(), 0);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(micros in FIRST_PRINTED_MICROS..=LAST_PRINTED_MICROS) {
            let text = Timestamp(micros).to_string();
            prop_assert_eq!(Timestamp::parse_iso8601(&text), Ok(Timestamp(micros)));
        }
    }
}
