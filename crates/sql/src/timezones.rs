//! Names of time zones.

/// Whether the name is one of the IANA database's. Names go into both stores' SQL as literals.
pub(crate) fn is_known(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}

/// What a clock there was ahead of UTC when 1970 began, in seconds. ClickHouse counts hours and
/// minutes from then.
pub(crate) fn offset_in_1970(name: &str) -> i64 {
    let zone = jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC);
    zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds().into()
}
