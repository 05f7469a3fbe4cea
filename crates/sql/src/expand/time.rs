//! The time range and the width of a bucket, as Grafana writes them.

use jiff::Timestamp;

use crate::context::{Context, TimeRange};

/// What is missing, with a hint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub message: &'static str,
    pub hint: &'static str,
}

/// The chosen range.
pub(super) fn range(context: &Context) -> Result<TimeRange, Missing> {
    context.range.ok_or(Missing {
        message: "needs a time range",
        hint: "set the request's fields `from` and `to`",
    })
}

/// Width of a bucket in ms: as asked for, or what gives about 1,000 buckets, rounded to a
/// width that a person would choose.
pub(super) fn interval_ms(context: &Context) -> Result<u64, Missing> {
    if let Some(interval_ms) = context.interval_ms {
        return Ok(interval_ms);
    }
    let TimeRange { from_ms, to_ms } = range(context)?;
    let width_ms = u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0);
    Ok(round_interval(width_ms / 1000))
}

/// Unix seconds, milliseconds cut off.
pub(super) fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000)
}

/// `YYYY-MM-DD` in UTC; `None` for an instant outside of the years -9999 to 9999.
pub(super) fn date(ms: i64) -> Option<String> {
    let timestamp = Timestamp::from_millisecond(ms).ok()?;
    Some(timestamp.strftime("%Y-%m-%d").to_string())
}

/// `2026-06-01T12:00:00.000Z`, as JavaScript writes it.
pub(super) fn iso(ms: i64) -> Option<String> {
    let timestamp = Timestamp::from_millisecond(ms).ok()?;
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// The largest whole unit of an interval: `1m` for 90,000 (Grafana's `secondsToHms`).
pub(super) fn interval_text(interval_ms: u64) -> String {
    const UNITS_MS: [(u64, &str); 6] = [
        (31_536_000_000, "y"),
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let interval_ms = interval_ms.max(1);
    let unit = UNITS_MS.iter().find(|(unit_ms, _)| interval_ms >= *unit_ms);
    unit.map_or_else(String::new, |(unit_ms, name)| {
        format!("{}{name}", interval_ms / unit_ms)
    })
}

/// Grafana's `roundInterval`: (below this, that), both in ms.
fn round_interval(interval_ms: u64) -> u64 {
    const STEPS_MS: [(u64, u64); 28] = [
        (10, 1),
        (15, 10),
        (35, 20),
        (75, 50),
        (150, 100),
        (350, 200),
        (750, 500),
        (1_500, 1_000),
        (3_500, 2_000),
        (7_500, 5_000),
        (12_500, 10_000),
        (17_500, 15_000),
        (25_000, 20_000),
        (45_000, 30_000),
        (90_000, 60_000),
        (210_000, 120_000),
        (450_000, 300_000),
        (750_000, 600_000),
        (1_050_000, 900_000),
        (1_500_000, 1_200_000),
        (2_700_000, 1_800_000),
        (5_400_000, 3_600_000),
        (9_000_000, 7_200_000),
        (16_200_000, 10_800_000),
        (32_400_000, 21_600_000),
        (86_400_000, 43_200_000),
        (604_800_000, 86_400_000),
        (1_814_400_000, 604_800_000),
    ];
    let step = STEPS_MS.iter().find(|(below, _)| interval_ms < *below);
    match step {
        Some((_, rounded)) => *rounded,
        None if interval_ms < 3_628_800_000 => 2_592_000_000,
        None => 31_536_000_000,
    }
}

/// A duration in Go's form (`1h30m`), also with the days, weeks and years that Grafana's
/// intervals have; in whole seconds, rounded as the data source does.
pub(super) fn duration_seconds(text: &str) -> Option<u64> {
    const UNITS_MS: [(&str, f64); 9] = [
        ("ms", 1.0),
        ("us", 1e-3),
        ("ns", 1e-6),
        ("s", 1e3),
        ("m", 6e4),
        ("h", 3.6e6),
        ("d", 8.64e7),
        ("w", 6.048e8),
        ("y", 3.1536e10),
    ];
    let mut rest = text.trim_matches(['\'', '"', ' ']);
    let mut sum_ms = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..number_end].parse().ok()?;
        rest = &rest[number_end..];
        let (unit, unit_ms) = UNITS_MS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        sum_ms += number * unit_ms;
        rest = &rest[unit.len()..];
    }
    let seconds = (sum_ms / 1000.0).round();
    // A century is no bucket, and keeps the number well inside of ClickHouse's intervals.
    (1.0..3.2e9).contains(&seconds).then_some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_in_grafanas_units() {
        let cases = [
            (0, "1ms"),
            (500, "500ms"),
            (1_000, "1s"),
            (30_000, "30s"),
            (60_000, "1m"),
            (90_000, "1m"),
            (7_200_000, "2h"),
            (86_400_000, "1d"),
            (604_800_000, "7d"),
            (31_536_000_000, "1y"),
        ];
        for (interval_ms, text) in cases {
            assert_eq!(interval_text(interval_ms), text, "{interval_ms}");
        }
    }

    #[test]
    fn the_default_interval_is_round() {
        let hour_ms = 3_600_000;
        let cases = [
            (hour_ms, 5_000),
            (6 * hour_ms, 20_000),
            (24 * hour_ms, 60_000),
            (30 * 24 * hour_ms, 2_700_000 - 900_000),
            (0, 1),
        ];
        for (to_ms, rounded_ms) in cases {
            let range = Some(TimeRange { from_ms: 0, to_ms });
            let context = Context {
                range,
                ..Context::default()
            };
            assert_eq!(interval_ms(&context), Ok(rounded_ms), "{to_ms}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("'1d'", Some(86_400)),
            ("1.5s", Some(2)),
            ("1500ms", Some(2)),
            ("1400ms", Some(1)),
            ("500ms", Some(1)),
            ("499ms", None),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 m", None),
            ("9999999999y", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration_seconds(text), seconds, "{text}");
        }
    }
}
