//! Names of time zones.

/// Whether the name is one of the IANA database's. Names go into both stores' SQL as literals.
pub(crate) fn is_known(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}
