//! Buckets of time.

/// Begin of the bucket that has a time.
pub(super) fn floor(time_us: i64, width_us: i64) -> i64 {
    time_us.saturating_sub(time_us.rem_euclid(width_us))
}

/// Begin of the first bucket that does not begin before a time.
pub(super) fn ceil(time_us: i64, width_us: i64) -> i64 {
    let beyond = time_us.rem_euclid(width_us);
    if beyond == 0 {
        time_us
    } else {
        time_us.saturating_add(width_us - beyond)
    }
}
