//! The only place of the stores that reads a clock, for durations and time limits.

use std::time::{Duration, Instant};

/// Now, for measuring durations.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// How long ago that was.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn since(point: Instant) -> Duration {
    point.elapsed()
}
