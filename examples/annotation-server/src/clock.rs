//! The only place that reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

use annoscope_events::Timestamp;

/// The current time, to the microsecond.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(since.as_micros() as i64)
}
