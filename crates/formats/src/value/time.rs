//! Dates and times: text as ClickHouse prints it, or ms since the epoch.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::number::write_integer;

const DAY_S: i64 = 86_400;

/// Where the clock on the wall hangs.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    Utc,
    Other(TimeZone),
}

impl Zone {
    /// The zone of that name; `None` if there is none.
    pub(super) fn of(name: Option<&str>) -> Option<Zone> {
        match name {
            None | Some("UTC" | "Etc/UTC" | "GMT") => Some(Zone::Utc),
            Some(name) => TimeZone::get(name).ok().map(Zone::Other),
        }
    }

    /// What the clock on the wall shows at an instant, in seconds.
    fn local_s(&self, second: i64) -> i64 {
        match self {
            Zone::Utc => second,
            Zone::Other(zone) => {
                // Past jiff's years, which ends with 9999, the last offset stays.
                let (min, max) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
                let known = Timestamp::from_second(second.clamp(min, max)).unwrap_or_default();
                second.saturating_add(i64::from(zone.to_offset(known).seconds()))
            }
        }
    }
}

/// Writes `2024-07-01`.
pub(super) fn write_date(out: &mut Vec<u8>, day: i64) {
    let (year, month, day) = civil(day);
    if year < 0 {
        out.push(b'-');
    }
    let year = year.unsigned_abs();
    if year > 9999 {
        write_integer(out, year);
    } else {
        write_digits(out, year, 4);
    }
    out.push(b'-');
    write_digits(out, month, 2);
    out.push(b'-');
    write_digits(out, day, 2);
}

/// Writes `2024-07-01 12:00:00.123` with `n_digits` digits after the point.
pub(super) fn write_time(
    out: &mut Vec<u8>,
    (second, nanos): (i64, u32),
    n_digits: u8,
    zone: &Zone,
) {
    let local = zone.local_s(second);
    write_date(out, local.div_euclid(DAY_S));
    let in_day = local.rem_euclid(DAY_S) as u64;
    out.push(b' ');
    write_digits(out, in_day / 3600, 2);
    out.push(b':');
    write_digits(out, in_day / 60 % 60, 2);
    out.push(b':');
    write_digits(out, in_day % 60, 2);
    let n_digits = usize::from(n_digits.min(9));
    if n_digits > 0 {
        out.push(b'.');
        let cut = 10_u64.pow(9 - n_digits as u32);
        write_digits(out, u64::from(nanos) / cut, n_digits);
    }
}

/// Writes `2024-07-01T12:00:00.123Z` with `n_digits` digits after the point.
pub(super) fn write_iso(out: &mut Vec<u8>, at: (i64, u32), n_digits: u8) {
    let start = out.len();
    write_time(out, at, n_digits, &Zone::Utc);
    if let Some(space) = out[start..].iter().position(|&byte| byte == b' ') {
        out[start + space] = b'T';
    }
    out.push(b'Z');
}

/// Writes seconds since the epoch with `n_digits` digits after the point.
pub(super) fn write_unix_seconds(out: &mut Vec<u8>, (second, nanos): (i64, u32), n_digits: u8) {
    let n_digits = u32::from(n_digits.min(9));
    let per_second = 10_i128.pow(n_digits);
    let ticks = i128::from(second) * per_second + i128::from(nanos) / 10_i128.pow(9 - n_digits);
    if ticks < 0 {
        out.push(b'-');
    }
    let ticks = ticks.unsigned_abs();
    let per_second = per_second.unsigned_abs();
    write_integer(out, (ticks / per_second) as u64);
    if n_digits > 0 {
        out.push(b'.');
        write_digits(out, (ticks % per_second) as u64, n_digits as usize);
    }
}

/// Writes whole ms since the epoch, rounded down.
pub(super) fn write_unix_ms(out: &mut Vec<u8>, (second, nanos): (i64, u32)) {
    let ms = second
        .saturating_mul(1000)
        .saturating_add(i64::from(nanos / 1_000_000));
    write_integer(out, ms);
}

/// Writes ms since the epoch of the beginning of a day.
pub(super) fn write_unix_ms_of_day(out: &mut Vec<u8>, day: i64) {
    write_integer(out, day * DAY_S * 1000);
}

/// Year, month and day of a day since the epoch, in the Gregorian calendar without end (Howard
/// Hinnant's `civil_from_days`): stores know years that jiff does not.
fn civil(day: i64) -> (i64, u64, u64) {
    // From 0000-03-01 on, so that the leap day is the last of its year.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u64, day_of_month as u64)
}

fn write_digits(out: &mut Vec<u8>, mut value: u64, n_digits: usize) {
    let start = out.len();
    out.resize(start + n_digits, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn days_have_dates() {
        let cases = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_905, "2024-07-01"),
            (19_782, "2024-02-29"),
            (11_016, "2000-02-29"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
            (2_932_896, "9999-12-31"),
            (-719_468, "0000-03-01"),
            (2_932_897, "10000-01-01"),
        ];
        for (day, expected) in cases {
            assert_eq!(text(|out| write_date(out, day)), expected, "{day}");
        }
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let noon = 1_719_835_200;
        let cases = [
            ((noon, 0), 0, None, "2024-07-01 12:00:00"),
            ((noon, 123_456_789), 3, None, "2024-07-01 12:00:00.123"),
            (
                (noon, 100_000_000),
                6,
                Some("Asia/Kolkata"),
                "2024-07-01 17:30:00.100000",
            ),
            ((noon, 0), 0, Some("Europe/Berlin"), "2024-07-01 14:00:00"),
            // The hour that comes twice.
            (
                (1_729_989_000, 0),
                0,
                Some("Europe/Berlin"),
                "2024-10-27 02:30:00",
            ),
            (
                (1_729_992_600, 0),
                0,
                Some("Europe/Berlin"),
                "2024-10-27 02:30:00",
            ),
            (
                (-1, 999_000_000),
                3,
                Some("Etc/UTC"),
                "1969-12-31 23:59:59.999",
            ),
            (
                (i64::MAX, 0),
                0,
                Some("Asia/Tokyo"),
                "292277026596-12-04 15:30:07",
            ),
        ];
        for (at, n_digits, zone, expected) in cases {
            let zone_of = Zone::of(zone).unwrap();
            let found = text(|out| write_time(out, at, n_digits, &zone_of));
            assert_eq!(found, expected, "{at:?} {zone:?}");
        }
        assert!(Zone::of(Some("Mars/Olympus")).is_none());
    }
}
