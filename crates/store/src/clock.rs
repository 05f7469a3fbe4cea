//! The only place of the stores that reads a clock, for durations and time limits.

use std::time::Instant;

/// Now, for measuring durations.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn monotonic() -> Instant {
    Instant::now()
}
