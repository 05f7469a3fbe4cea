//! Hours, days, and numbers and ids of things as events carry them.

/// An hour, in ms.
pub const HOUR_MS: i64 = 3_600_000;
/// A day, in ms.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An index or a number of things, as events carry numbers.
pub fn number(n: usize) -> i64 {
    i64::try_from(n).expect("nothing here comes near 2^63 things")
}

/// Ids of the demo are above it: an installation of its own has accounts and jobs with small ones.
pub const FIRST_ID: i64 = 1_000_000;

/// The id of the thing with that index, among its like.
pub fn id(index: usize) -> i64 {
    FIRST_ID + number(index) + 1
}
