//! The only place of the server that reads the clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use annoscope_events::Timestamp;

/// The time of day in whole milliseconds, UTC. A clock before 1970 reads as 1970.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// How long ago a time of day was, s; 0 for one to come.
pub fn age_seconds(time: Timestamp) -> f64 {
    let millis = now().millis().saturating_sub(time.millis());
    millis.max(0) as f64 / 1000.0
}

/// A point for measuring durations.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// How long ago a point was.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn since(point: Instant) -> Duration {
    point.elapsed()
}
