//! The name under which a browser saves an export. It goes into a header and onto other
//! people's disks, so only harmless characters pass.

use annoscope_events::Timestamp;
use jiff::tz::Offset;

use crate::exports::Format;

/// Longest name, in bytes: what common file systems take, with one to spare (cvat-sdk's rule).
const MAX_BYTES: usize = 254;

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFileName {
    /// More than [`MAX_BYTES`].
    #[error("must not be longer than {MAX_BYTES} characters")]
    TooLong,
    /// Characters with a meaning in paths or headers, or outside of ASCII.
    #[error("may hold letters, digits, '_', '-', '.' and spaces only")]
    Character,
    /// A hidden file.
    #[error("must not begin with a dot")]
    LeadingDot,
    /// No extension.
    #[error("must have an extension, such as .csv")]
    NoExtension,
}

/// Checks a name by the rule of cvat-sdk, which refuses to save other ones.
pub(super) fn check(name: &str) -> Result<(), InvalidFileName> {
    let is_harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-. ".contains(&b);
    if name.len() > MAX_BYTES {
        Err(InvalidFileName::TooLong)
    } else if !name.bytes().all(is_harmless) {
        Err(InvalidFileName::Character)
    } else if name.starts_with('.') {
        Err(InvalidFileName::LeadingDot)
    } else {
        match name.rsplit_once('.') {
            Some((_, extension)) if !extension.trim().is_empty() => Ok(()),
            _ => Err(InvalidFileName::NoExtension),
        }
    }
}

/// `logs_YYYY_MM_DD_HH_MM_SS.csv`, in UTC.
pub(super) fn default(now: Timestamp, format: Format) -> String {
    let at = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default();
    let at = Offset::UTC.to_datetime(at);
    let stamp = at.strftime("%Y_%m_%d_%H_%M_%S");
    format!("logs_{stamp}.{}", format.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_names_pass() {
        use InvalidFileName::{Character, LeadingDot, NoExtension, TooLong};
        let longest = format!("{}.csv", "x".repeat(250));
        let too_long = format!("{}.csv", "x".repeat(251));
        let cases: [(&str, Result<(), InvalidFileName>); 22] = [
            ("a.csv", Ok(())),
            ("hours of 2024-07_final.v2.csv", Ok(())),
            ("a.parquet", Ok(())),
            ("a.b", Ok(())),
            ("a..csv", Ok(())),
            (&longest, Ok(())),
            (&too_long, Err(TooLong)),
            ("", Err(NoExtension)),
            ("logs", Err(NoExtension)),
            ("logs.", Err(NoExtension)),
            ("logs. ", Err(NoExtension)),
            (".csv", Err(LeadingDot)),
            ("..", Err(LeadingDot)),
            ("../a.csv", Err(Character)),
            ("a/b.csv", Err(Character)),
            ("a\\b.csv", Err(Character)),
            ("a\".csv", Err(Character)),
            ("a;b.csv", Err(Character)),
            ("a\r\nSet-Cookie: x.csv", Err(Character)),
            ("a\0.csv", Err(Character)),
            ("ä.csv", Err(Character)),
            ("a%2e.csv", Err(Character)),
        ];
        for (name, expected) in cases {
            assert_eq!(check(name), expected, "{name:?}");
        }
    }

    #[test]
    fn the_default_name_is_the_time_in_utc_and_passes_the_rule() {
        let at = Timestamp::parse_iso8601("2024-07-01T02:03:04.567+02:00").unwrap();
        let cases = [
            (Format::Csv, "logs_2024_07_01_00_03_04.csv"),
            (Format::Parquet, "logs_2024_07_01_00_03_04.parquet"),
        ];
        for (format, expected) in cases {
            assert_eq!(default(at, format), expected);
            assert_eq!(check(expected), Ok(()));
        }
    }
}
