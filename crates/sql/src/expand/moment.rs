//! Dates in the letters of Moment.js, which Grafana's date formats are written in. In UTC.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A part of a format that is not known: of a locale, or a mistake.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub String);

/// The letters, longer ones first.
const LETTERS: [&str; 38] = [
    "YYYY", "MMMM", "DDDD", "dddd", "MMM", "DDD", "ddd", "SSS", "YY", "MM", "Do", "DD", "dd", "HH",
    "hh", "kk", "mm", "ss", "SS", "WW", "ZZ", "GGGG", "Q", "M", "D", "d", "E", "H", "h", "k", "m",
    "s", "S", "W", "A", "a", "X", "x",
];

/// The instant in such a format; none for an instant beyond the calendar.
pub(super) fn format(ms: i64, format: &str) -> Result<Option<String>, Unknown> {
    let Ok(instant) = Timestamp::from_millisecond(ms) else {
        return Ok(None);
    };
    let time = instant.to_zoned(TimeZone::UTC);
    let mut text = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('[')
            && let Some(end) = quoted.find(']')
        {
            text.push_str(&quoted[..end]);
            rest = &quoted[end + 1..];
            continue;
        }
        if !first.is_ascii_alphabetic() {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let known = LETTERS.iter().find(|letters| rest.starts_with(**letters));
        if let Some(letters) = known {
            text.push_str(&part(&time, ms, letters));
            rest = &rest[letters.len()..];
        } else if let Some(after) = rest.strip_prefix('Z') {
            text.push_str("+00:00");
            rest = after;
        } else {
            let end = rest.find(|c: char| c != first).unwrap_or(rest.len());
            return Err(Unknown(rest[..end].to_owned()));
        }
    }
    Ok(Some(text))
}

fn part(time: &Zoned, ms: i64, letters: &str) -> String {
    let of_strftime = |pattern: &str| time.strftime(pattern).to_string();
    let hour_of_12 = (time.hour() + 11) % 12 + 1;
    let hour_from_1 = if time.hour() == 0 { 24 } else { time.hour() };
    match letters {
        "YYYY" => of_strftime("%Y"),
        "YY" => of_strftime("%y"),
        "GGGG" => of_strftime("%G"),
        "Q" => ((time.month() + 2) / 3).to_string(),
        "MMMM" => of_strftime("%B"),
        "MMM" => of_strftime("%b"),
        "MM" => of_strftime("%m"),
        "M" => time.month().to_string(),
        "DDDD" => of_strftime("%j"),
        "DDD" => time.day_of_year().to_string(),
        "DD" => of_strftime("%d"),
        "Do" => ordinal(time.day()),
        "D" => time.day().to_string(),
        "dddd" => of_strftime("%A"),
        "ddd" => of_strftime("%a"),
        "dd" => of_strftime("%a").chars().take(2).collect(),
        "d" => of_strftime("%w"),
        "E" => of_strftime("%u"),
        "WW" => of_strftime("%V"),
        "W" => of_strftime("%V").trim_start_matches('0').to_owned(),
        "HH" => of_strftime("%H"),
        "H" => time.hour().to_string(),
        "hh" => format!("{hour_of_12:02}"),
        "h" => hour_of_12.to_string(),
        "kk" => format!("{hour_from_1:02}"),
        "k" => hour_from_1.to_string(),
        "mm" => of_strftime("%M"),
        "m" => time.minute().to_string(),
        "ss" => of_strftime("%S"),
        "s" => time.second().to_string(),
        "SSS" => format!("{:03}", time.millisecond()),
        "SS" => format!("{:02}", time.millisecond() / 10),
        "S" => (time.millisecond() / 100).to_string(),
        "A" => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "a" => if time.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "X" => ms.div_euclid(1000).to_string(),
        "x" => ms.to_string(),
        _ => "+0000".to_owned(),
    }
}

fn ordinal(day: i8) -> String {
    let suffix = match (day % 10, day / 10) {
        (1, 0 | 2 | 3) => "st",
        (2, 0 | 2) => "nd",
        (3, 0 | 2) => "rd",
        _ => "th",
    };
    format!("{day}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        // 2026-06-02T00:05:09.070Z, a Tuesday.
        let ms = 1_780_358_709_070;
        let cases = [
            ("YYYY-MM", Ok("2026-06")),
            ("YYYY-MM-DD HH:mm:ss.SSS", Ok("2026-06-02 00:05:09.070")),
            ("YYYY-MM-DDTHH:mm:ss", Err("T")),
            ("YYYY-MM-DD[T]HH:mm:ssZ", Ok("2026-06-02T00:05:09+00:00")),
            ("M/D/YY h:mm A", Ok("6/2/26 12:05 AM")),
            ("dddd, MMMM Do", Ok("Tuesday, June 2nd")),
            ("Q DDD W E", Ok("2 153 23 2")),
            ("X x", Ok("1780358709 1780358709070")),
            ("LLL", Err("LLL")),
        ];
        for (pattern, expected) in cases {
            let found = format(ms, pattern);
            let expected = expected
                .map(|text: &str| Some(text.to_owned()))
                .map_err(|part: &str| Unknown(part.to_owned()));
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
