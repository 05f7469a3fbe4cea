//! From parsed events to durable ones: both endpoints meet here.
//!
//! seen before? ─ clock correction ─ working time ─ store. Nothing is answered with success
//! before [`EventStore::append`] returned, and what cannot be stored is in the dead letters.

mod client_events;
mod dead_letters;
mod inserted;
mod recorded;
mod server_events;

use std::sync::Arc;

use annoscope_events::Timestamp;
use annoscope_store::{EventStore, StoreError};
use uuid::Uuid;

use crate::dead_letter::{DeadLetter, DeadLetterError};
use crate::metrics::Metrics;

pub use inserted::{InsertName, Inserted, InsertedBatch};
pub use recorded::RecordedError;

/// Work on more than this many bytes takes longer than an async thread may be kept: parsing
/// runs at some 100 bytes a µs.
const HEAVY_BYTES: usize = 32 * 1024;

/// The same bound in events, for work after parsing.
const HEAVY_EVENTS: usize = 100;

/// The way of events to the store. Clones share it.
#[derive(Clone)]
pub struct Ingest {
    /// Where events live.
    pub store: Arc<dyn EventStore>,
    /// What could not be stored, for a person to look at.
    pub dead_letters: Arc<DeadLetter>,
    /// What came, and what became of it.
    pub metrics: Arc<Metrics>,
}

/// When and as what a request came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Time of receipt, in whole ms, so that whole-ms client times stay whole.
    pub received_at: Timestamp,
    /// Id of the request.
    pub request_id: Uuid,
}

/// Why events of a request are not stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The store does not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What cannot be stored could not be set aside.
    #[error(transparent)]
    DeadLetter(#[from] DeadLetterError),
    /// The server ends.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl Ingest {
    /// Refuses a body of `n_bytes` that the store has no room for, before it is parsed: else a server that is behind
    /// would spend on what it refuses what the database needs to catch up.
    pub fn check_room(&self, n_bytes: usize) -> Result<(), StoreError> {
        if n_bytes > HEAVY_BYTES {
            self.store.check_room()
        } else {
            Ok(())
        }
    }
}

/// Runs work on `n_bytes`; when it is much, the async runtime moves its other tasks away.
pub fn heavy<T>(n_bytes: usize, work: impl FnOnce() -> T) -> T {
    if n_bytes > HEAVY_BYTES {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

fn heavy_events<T>(n_events: usize, work: impl FnOnce() -> T) -> T {
    if n_events > HEAVY_EVENTS {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}
