//! Demo activity: what annotators and a CVAT server would have sent, made up.
//!
//! Everything follows from a [`DemoConfig`]: the same one gives the same events, byte for
//! byte. Nothing here reads a clock. Working time is not made up: each annotator's page
//! queues its events and sends them as CVAT's page does, and the bodies go through
//! [`annoscope_events::ClientRequest`], as they would on the server.
//!
//! A plan (people, shifts, jobs) is made first and is small. Events are made from it while
//! they are asked for, so ten million take no more memory than ten thousand.

mod annotator;
mod calendar;
mod cast;
mod catalog;
mod chance;
mod clicks;
mod merge;
mod names;
mod page;
mod plan;
mod send;
mod server_events;
mod world;
mod write;

use annoscope_events::Timestamp;

pub use merge::{ClientCalls, Demo};
pub use page::ClientCall;
pub use send::{Progress, SendError, Sent, send};
pub use write::{BATCH_EVENTS, Batches, write_ndjson};

/// What to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoConfig {
    /// Number of events: exactly so many are made.
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
        if self.end.millis() < i64::from(self.days) * calendar::DAY_MS {
            return Err(DemoConfigError::Before1970);
        }
        Ok(n_users)
    }
}

/// The events of `config`, in time order: as many as it says.
pub fn generate(config: &DemoConfig) -> Result<Demo, DemoConfigError> {
    Demo::new(config)
}

/// Bodies for `POST /api/events` with `n_events` events each, of the annotators of
/// `config`. Together they have fewer events than `config.events`, which counts the
/// server's events, too.
pub fn client_requests(
    config: &DemoConfig,
    n_events: usize,
) -> Result<ClientCalls, DemoConfigError> {
    ClientCalls::new(config, n_events)
}

/// An index or a number of things, as events carry numbers.
fn number(n: usize) -> i64 {
    i64::try_from(n).expect("nothing here comes near 2^63 things")
}

#[cfg(test)]
mod tests;
