//! Keeps events and gives them back: durable appends, deduplication, streamed reads.
//!
//! The crate knows no users' rights and no HTTP. What it promises:
//!
//! - [`EventStore::append`] returns after the batch is on the disk (fsync), whole or not at all.
//! - An event whose [`EventHash`] was committed within the dedup window is reported by
//!   [`EventStore::reserve`], also while its commit is still under way.
//! - Memory is bounded: the queue by bytes, a read by the batches in flight, the database by
//!   its own limit. Nothing that grows with the data is read whole.
//!
//! Start reading at [`EventStore`]; its embedded home is [`DuckDbStore`].

mod batch;
mod changes;
mod clock;
mod columns;
mod dedup;
mod duckdb;
mod error;
mod filter;
mod lock;
mod stats;

use annoscope_events::{EventHash, StoredEvent, Timestamp};
use futures::future::BoxFuture;
use uuid::Uuid;

pub use changes::Changes;
pub use columns::{EVENT_COLUMNS, HAS_PAYLOAD, PAYLOAD_IS_JSON, events_schema};
pub use dedup::Reservation;
pub use duckdb::{DuckDbStore, LastResort, StoreConfig};
pub use error::StoreError;
pub use filter::EventFilter;
pub use lock::{DirLock, LockHolder};
pub use stats::StoreStats;

pub use crate::duckdb::{Query, RecordBatches, Repair, Rows, RowsRead, repair};

/// What one request brings: stored whole or not at all.
pub struct EventBatch {
    /// Rows in the order in which they are to be kept.
    pub events: Vec<StoredEvent>,
    /// When the request arrived.
    pub received_at: Timestamp,
    /// Id of the request, for rows whose payload names none.
    pub request_id: Uuid,
    /// The events of the request that are seen for the first time.
    pub reservation: Reservation,
}

/// A home for events.
pub trait EventStore: Send + Sync + 'static {
    /// Asks which of the events are already stored, and keeps the others for this caller:
    /// until the [`Reservation`] is appended or dropped, nobody else can store them. Waits
    /// while another request that holds one of them is being committed.
    fn reserve(&self, hashes: Vec<EventHash>) -> BoxFuture<'_, Result<Reservation, StoreError>>;

    /// Stores a batch. It is durable when this returns `Ok`; after an error nothing of it is
    /// stored and its reservation is given back, but for [`StoreError::InDoubt`]: then sending
    /// it again tells. [`StoreError::QueueFull`] is immediate.
    fn append(&self, batch: EventBatch) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Runs a read-only query in the store's own SQL and streams its result.
    fn query(&self, query: Query) -> Result<RecordBatches, StoreError>;

    /// The events that `filter` admits, oldest first, with the columns of [`EVENT_COLUMNS`].
    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError>;

    /// Which times were changed by appends.
    fn changes(&self) -> &Changes;

    /// Whether a batch would be stored now: asked in the way that a batch goes, behind those that
    /// wait. What would keep it out is the error.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Counters and sizes, for metrics.
    fn stats(&self) -> StoreStats;

    /// Memory that the store holds for queries, appends and cached blocks together, in bytes.
    /// Asks the store, which takes some ms; `None` while it does not answer.
    fn memory_bytes(&self) -> Option<u64>;

    /// Refuses new batches, commits what is queued and closes the store. Blocks; later calls
    /// do nothing.
    fn close(&self);
}
