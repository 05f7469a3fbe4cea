//! The only place of the benchmarks that reads the clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use annoscope_events::Timestamp;

/// A point for measuring durations.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn now() -> Instant {
    Instant::now()
}

/// How long ago a point was.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn since(point: Instant) -> Duration {
    point.elapsed()
}

/// The time of day, UTC.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn time_of_day() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
