//! Demo activity: what annotators and a CVAT server would have sent, made up.
//!
//! Knows the event model and nothing else of ours: neither how events are sent nor what stores them.
//!
//! Everything follows from a [`DemoConfig`]: the same one gives the same events, byte for
//! byte. Nothing here reads a clock. Working time is not made up: each annotator's page
//! queues its events and sends them as CVAT's page does, and the bodies go through
//! [`annoscope_events::ClientRequest`], as they would on the server.
//!
//! A plan (people, shifts, jobs) is made first and is small. Events are made from it while
//! they are asked for, so ten million take no more memory than ten thousand. Start reading at
//! [`generate`], then `plan.rs`.

mod annotator;
mod by_user;
mod calendar;
mod cast;
mod catalog;
mod chance;
mod clicks;
mod config;
mod happenings;
mod merge;
mod names;
mod page;
mod plan;
mod server_events;
mod units;
mod world;
mod write;

pub use by_user::BatchesByUser;
pub use config::{DemoConfig, DemoConfigError, EVENTS_PER_USER_DAY, natural_events};
pub use merge::{ClientCalls, Demo};
pub use page::ClientCall;
pub use write::{Batches, write_ndjson};

/// The events of `config`, in time order: as many as it says.
pub fn generate(config: &DemoConfig) -> Result<Demo, DemoConfigError> {
    Demo::new(config)
}

/// Bodies for `POST /api/events` with `n_events` events each, of the annotators of
/// `config`. Together they have fewer events than `config.events`, which counts the
/// server's events, too. No two events are alike, so one user may send all of them.
pub fn client_requests(
    config: &DemoConfig,
    n_events: usize,
) -> Result<ClientCalls, DemoConfigError> {
    ClientCalls::new(config, n_events)
}

#[cfg(test)]
mod tests;
