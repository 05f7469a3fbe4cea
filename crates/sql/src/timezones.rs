//! Names of time zones.

/// Changes of a clock since 1970 that are looked at. Rules without an end go on as they are.
const MAX_CHANGES: usize = 500;

/// Whether the name is one of the IANA database's. Names go into both stores' SQL as literals.
pub(crate) fn is_known(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}

/// By how many seconds the units of a zone, so many seconds long, begin later than those of UTC: ClickHouse
/// counts hours from when 1970 began there, and minutes only where that was no whole minute.
pub(crate) fn shift_of_units(name: &str, seconds: i64) -> i64 {
    let zone = jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC);
    let ahead = i64::from(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds());
    if seconds < 3_600 && ahead % seconds == 0 {
        0
    } else {
        ahead
    }
}

/// Whether hours began there when they did in UTC, ever since 1970.
pub(crate) fn has_hours_of_utc(name: &str) -> bool {
    let zone = jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC);
    let is_whole = |offset: jiff::tz::Offset| offset.seconds() % 3_600 == 0;
    is_whole(zone.to_offset(jiff::Timestamp::UNIX_EPOCH))
        && zone
            .following(jiff::Timestamp::UNIX_EPOCH)
            .take(MAX_CHANGES)
            .all(|change| is_whole(change.offset()))
}

/// The day that a calendar shows there at an instant, in days since the epoch.
pub(crate) fn day(name: &str, second: i64) -> i64 {
    let zone = jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC);
    let instant = jiff::Timestamp::from_second(second).unwrap_or_default();
    let ahead = i64::from(zone.to_offset(instant).seconds());
    (second + ahead).div_euclid(86_400)
}
