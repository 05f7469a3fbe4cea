//! What is asked for, and what of it is possible.

use annoscope_events::Timestamp;

use crate::units::DAY_MS;

/// What to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoConfig {
    /// Number of events: exactly so many are made. See [`natural_events`].
    pub events: u64,
    /// Days of activity, up to `end`.
    pub days: u32,
    /// Everything random follows from it.
    pub seed: u64,
    /// Number of annotators; `None` lets it follow from the events and the days, at
    /// [`EVENTS_PER_USER_DAY`].
    pub users: Option<u32>,
    /// No event is later.
    pub end: Timestamp,
}

/// Why a [`DemoConfig`] cannot be made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemoConfigError {
    /// No days, or more than a calendar can take.
    #[error("{days} days: from 1 to {MAX_DAYS} are possible")]
    Days {
        /// What was asked for.
        days: u32,
    },
    /// No users, or too many.
    #[error("{users} users: from 1 to {MAX_USERS} are possible")]
    Users {
        /// What was asked for, or what follows from events and days.
        users: u64,
    },
    /// The period begins before 1970.
    #[error("the period begins before 1970: choose a later end or fewer days")]
    Before1970,
    /// Nobody works that fast.
    #[error(
        "{events} events are too many for {users} users in {days} days: ask for more of either"
    )]
    TooDense {
        /// What was asked for.
        events: u64,
        /// What was asked for.
        users: u32,
        /// What was asked for.
        days: u32,
    },
}

/// Events of one annotator and day on the average, free days included: 200 users make 10
/// million in 90 days, the data set of our measurements.
pub const EVENTS_PER_USER_DAY: u64 = 556;

/// Ten years.
const MAX_DAYS: u32 = 3653;

/// All are created in the first two minutes, a millisecond each.
const MAX_USERS: u64 = 100_000;

/// Fewer would not be an organization; only for periods with very few events.
const MIN_DEFAULT_USERS: u64 = 4;

/// Events of one user and day beyond which a shift has less than some 100 ms for each.
const MAX_EVENTS_PER_USER_DAY: u64 = 100_000;

/// Events of so many annotators in so many days, at [`EVENTS_PER_USER_DAY`].
pub fn natural_events(users: u32, days: u32) -> u64 {
    u64::from(users) * u64::from(days) * EVENTS_PER_USER_DAY
}

impl DemoConfig {
    /// Number of annotators, asked for or following from events and days.
    pub fn n_users(&self) -> Result<u32, DemoConfigError> {
        if !(1..=MAX_DAYS).contains(&self.days) {
            return Err(DemoConfigError::Days { days: self.days });
        }
        let days = u64::from(self.days);
        let natural = self
            .events
            .div_euclid(days * EVENTS_PER_USER_DAY)
            .max(MIN_DEFAULT_USERS);
        let users = self.users.map_or(natural, u64::from);
        if !(1..=MAX_USERS).contains(&users) {
            return Err(DemoConfigError::Users { users });
        }
        let n_users = users as u32; // 100,000 at most
        if self.events
            > users
                .saturating_mul(days)
                .saturating_mul(MAX_EVENTS_PER_USER_DAY)
        {
            return Err(DemoConfigError::TooDense {
                events: self.events,
                users: n_users,
                days: self.days,
            });
        }
        if self.end.millis() < i64::from(self.days) * DAY_MS {
            return Err(DemoConfigError::Before1970);
        }
        Ok(n_users)
    }
}
