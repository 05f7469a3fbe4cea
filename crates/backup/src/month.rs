//! Months of event times, in UTC.

use std::fmt;

use serde::{Serialize, Serializer};

const DAY_US: i64 = 86_400_000_000;

/// A month of the calendar, before our era, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i64,
    month: u8,
}

impl Month {
    /// Of a time in µs since the epoch.
    pub fn of(time_us: i64) -> Month {
        // Days are counted from the first of March of a year 0, so that a leap day is the last of its year, and in
        // eras of 400 years, which all have as many days.
        let days = time_us.div_euclid(DAY_US) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Month {
            year: year_of_era + 400 * era + i64::from(month <= 2),
            month: month as u8,
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let cases = [
            ("1969-12-31T23:59:59.999Z", "1969-12"),
            ("1970-01-01T00:00:00Z", "1970-01"),
            ("2000-02-29T12:00:00Z", "2000-02"),
            ("2000-03-01T00:00:00Z", "2000-03"),
            ("2024-02-29T23:59:59.999Z", "2024-02"),
            ("2024-12-31T23:59:59.999Z", "2024-12"),
            ("2026-11-30T10:00:00Z", "2026-11"),
            ("2100-02-28T23:59:59Z", "2100-02"),
            ("2100-03-01T00:00:00Z", "2100-03"),
        ];
        for (time, month) in cases {
            let time: jiff::Timestamp = time.parse().unwrap();
            assert_eq!(Month::of(time.as_microsecond()).to_string(), month);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_month_is_jiffs(second in -62_135_596_800_i64..253_402_300_799) {
            let time = jiff::Timestamp::from_second(second).unwrap();
            let expected = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m").to_string();
            proptest::prop_assert_eq!(Month::of(second * 1_000_000).to_string(), expected);
        }
    }
}
