//! The only place of the journal that reads a clock, for durations.

use std::time::{Duration, Instant};

/// Now, for measuring durations.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// How long ago that was.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn since(point: Instant) -> Duration {
    point.elapsed()
}
