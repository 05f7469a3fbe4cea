//! The only place of the recorder that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use annoscope_events::Timestamp;

/// The time of day, UTC. A clock before 1970 reads as 1970.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// The same in milliseconds since 1970.
#[cfg(feature = "queue")]
pub fn now_ms() -> u64 {
    u64::try_from(now().millis()).unwrap_or_default()
}
