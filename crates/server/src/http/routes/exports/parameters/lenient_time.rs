//! Times as people type them into `from` and `to`.
//!
//! CVAT reads them with Python's dateutil, which guesses. We take what it takes without
//! guessing: ISO 8601 with more freedom than elsewhere, RFC 2822, and a few forms that
//! cannot be mistaken. No offset means UTC. `01/07/2024` is refused: it is two dates.

use annoscope_events::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::Offset;

/// Dates with a time, and dates alone, which are midnight.
const DATE_TIMES: [&str; 8] = [
    "%Y-%m-%dT%H",
    "%Y-%m-%d %H",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%b %d %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
];
const DATES: [&str; 7] = [
    "%Y/%m/%d",
    "%d %b %Y",
    "%b %d %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d %Y",
    "%B %d, %Y",
];

/// Reads a time; `None` if it is none, or could be two.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_utc = ["UTC", "GMT", "z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone));
    let without_zone = in_utc.map_or(text, str::trim_end);
    Timestamp::parse_iso8601(text)
        .or_else(|_| Timestamp::parse_iso8601(without_zone))
        .ok()
        .or_else(|| parse_rfc2822(text))
        .or_else(|| parse_civil(without_zone))
}

fn parse_rfc2822(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let parsed = parser.parse_timestamp(text).ok()?;
    Some(Timestamp::from_micros(parsed.as_microsecond()))
}

fn parse_civil(text: &str) -> Option<Timestamp> {
    let date_time = DATE_TIMES
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok());
    let date = || {
        DATES
            .iter()
            .find_map(|form| Date::strptime(form, text).ok())
    };
    let civil = date_time.or_else(|| date().map(|date| date.at(0, 0, 0, 0)))?;
    let parsed = Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp::from_micros(parsed.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_unambiguous() {
        let noon = Some("2024-07-01T12:00:00Z");
        let midnight = Some("2024-07-01T00:00:00Z");
        let cases = [
            ("2024-07-01T12:00:00Z", noon),
            ("2024-07-01T12:00:00z", noon),
            (" 2024-07-01 12:00 ", noon),
            ("2024-07-01T12", noon),
            ("2024-07-01 12:00:00 UTC", noon),
            ("2024-07-01T14:00:00+02:00", noon),
            (
                "2024-07-01T12:00:00.123456+00:00",
                Some("2024-07-01T12:00:00.123456Z"),
            ),
            ("20240701T120000Z", noon),
            ("2024-07-01", midnight),
            ("20240701", midnight),
            ("2024/07/01", midnight),
            ("2024/07/01 12:00", noon),
            ("1 Jul 2024", midnight),
            ("Jul 1 2024", midnight),
            ("July 1, 2024", midnight),
            ("Mon, 01 Jul 2024 12:00:00 +0000", noon),
            ("Mon, 1 Jul 2024 14:00:00 +0200", noon),
            ("Mon Jul 1 12:00:00 2024", noon),
            ("1 Jul 2024 12:00:00 GMT", noon),
            ("1970-01-01", Some("1970-01-01T00:00:00Z")),
            ("", None),
            ("now", None),
            ("yesterday", None),
            ("1719835200", None),
            ("01/07/2024", None),
            ("2024-13-01", None),
            ("2024-02-30", None),
            ("2024-07-01T25:00", None),
            // An offset whose plus sign was not escaped in the URL.
            ("2024-07-01T14:00:00 02:00", None),
        ];
        for (text, expected) in cases {
            let read = parse(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
    }
}
