//! Days of receipt.

use annoscope_events::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// A day of receipt: days since the epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of a time.
    pub fn of(time: Timestamp) -> Day {
        Day(time.millis().div_euclid(DAY_MS))
    }
}
