//! The contract of an event store: what the server may rely on, whichever database keeps the events.
//!
//! The crate knows no database, no users' rights and no HTTP. [`EventStore`] has the promises; beside it
//! is what every store needs to keep them: rows of a batch, the dedup window, the change log, streams of
//! rows. The functions of `annoscope_test_support::contract` hold each store to the promises.

mod backend;
mod batch;
mod changes;
pub mod clock;
mod columns;
mod dedup_window;
mod error;
mod filter;
mod query;
mod record;
mod rewrite;
mod stats;
mod stream;

use std::ops::Range;

use annoscope_events::{EventHash, StoredEvent, Timestamp};
use futures::future::BoxFuture;
use uuid::Uuid;

pub use backend::{Backend, BackendStats, Entry, ROW_GROUP, Restart, Restarts};
pub use batch::rows_of;
pub use changes::{Changes, MAX_RECENT};
pub use columns::{export_schema, positioned_schema, table_schema};
pub use dedup_window::{Day, DedupLimits, DedupStats, DedupWindow, Reservation};
pub use error::{BoxError, StoreError};
pub use filter::{EXCEPTION_SCOPE, EventFilter, Kinds, RECORDED_SOURCES};
pub use query::{MaterializedView, Query, Rows, RowsRead};
pub use record::{Record, RecordError};
pub use rewrite::{Rewrite, Rewritten, Scopes};
pub use stats::{Figure, Reading, StoreStats};
pub use stream::{BATCHES_AHEAD, RecordBatches, RowSender};

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

/// How far a store has come: the number of rows up to there, in the order in which they are kept. What
/// came without rows, or could not be stored, is counted, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// A home for events.
///
/// An append has two moments. It is *durable* when a crash cannot take it back: then its sender is
/// answered. It is *visible* when queries and exports find it. Some stores have both at once, others
/// write a journal first.
///
/// - What is durable becomes visible, in the order of positions, also after a restart.
/// - An event whose [`EventHash`] is durable and within the dedup window is a duplicate to
///   [`EventStore::reserve`], visible or not; one whose append is under way is waited for.
/// - Memory is bounded: the queue by bytes, a read by the batches in flight. Nothing that grows with the
///   data is read whole.
pub trait EventStore: Send + Sync + 'static {
    /// Asks which of the events are already stored, and keeps the others for this caller: until the
    /// [`Reservation`] is appended or dropped, no other request can store them. Waits while another
    /// request that holds one of them is being stored.
    fn reserve(&self, hashes: Vec<EventHash>) -> BoxFuture<'_, Result<Reservation, StoreError>>;

    /// Stores a batch, and says up to where the store is durable with it. After an error nothing of it
    /// is stored and its reservation is given back, but for [`StoreError::InDoubt`]: then sending it
    /// again tells. [`StoreError::QueueFull`] is immediate.
    fn append(&self, batch: EventBatch) -> BoxFuture<'_, Result<Position, StoreError>>;

    /// What keeps a large batch out now, as far as it is known without asking: looked at before a body is parsed,
    /// which would be in vain. Small batches may be taken all the same.
    fn check_room(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Up to where the store is durable: what was acknowledged before is in front of it.
    fn durable(&self) -> Position;

    /// Up to where queries see the store. Never goes back while the store is open.
    fn visible(&self) -> Position;

    /// Waits until queries see what [`EventStore::append`] gave the position of.
    /// [`StoreError::NotOpen`] if the store is closed before that.
    fn wait_until_visible(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Runs a read-only query in the store's own SQL and streams its result: of everything that was
    /// visible when it began, and of nothing else.
    fn query(&self, query: Query) -> Result<RecordBatches, StoreError>;

    /// The visible events that `filter` admits, oldest first, with the columns of
    /// [`EXPORT_COLUMNS`](annoscope_events::EXPORT_COLUMNS).
    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError>;

    /// The visible rows at these positions, whole, in the order of their positions, with the columns of
    /// [`positioned_schema`]. What is removed meanwhile may be missing.
    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError>;

    /// Changes rows that are stored; results that were kept are not true any more then. Blocks for seconds, in which
    /// nothing is stored and events wait.
    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError>;

    /// Which times appends have changed. `None` where events may become visible that this process did
    /// not append: then no result may be used a second time.
    fn changes(&self) -> Option<&Changes>;

    /// Whether a batch would be stored now: asked in the way that a batch goes, behind those that
    /// wait. What would keep it out is the error.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// When the oldest of what is durable and not yet visible arrived. Blocks for some ms.
    fn oldest_waiting(&self) -> Option<Timestamp>;

    /// Counters and sizes that any store has.
    fn stats(&self) -> StoreStats;

    /// Counters and sizes of this kind of store, for metrics. Blocks: the database may be asked, which
    /// takes some ms.
    fn figures(&self) -> Vec<Figure>;

    /// What the database lacks for each event to be there once, as sentences, where the settings let it run without.
    fn lacking(&self) -> Vec<String> {
        Vec::new()
    }

    /// The ends of the database's process that nobody asked for. None where it is in this process.
    fn restarts(&self) -> Restarts {
        Restarts::default()
    }

    /// Refuses new batches, makes durable what is queued and closes the store. Blocks; later calls
    /// do nothing.
    fn close(&self);
}
