//! From parsed events to durable ones: both doors meet here.
//!
//! seen before? ─ clock correction ─ working time ─ store. Nothing is answered with success
//! before [`EventStore::append`] returned.

use annoscope_events::{ClientRequest, Sender, ServerEvent, StoredEvent, Timestamp};
use annoscope_store::{EventBatch, EventStore, StoreError};
use uuid::Uuid;

use crate::error::ApiError;
use crate::metrics::{Door, Metrics};

/// Work on more than this many bytes takes longer than an async thread may be kept: parsing
/// runs at some 100 bytes a µs.
const HEAVY_BYTES: usize = 32 * 1024;

/// The same bound in events, for work after parsing.
const HEAVY_EVENTS: usize = 100;

/// When and as what a request came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Time of receipt, in whole ms, so that whole-ms client times stay whole.
    pub received_at: Timestamp,
    /// Id of the request.
    pub request_id: Uuid,
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

/// Stores what a browser sent. Returns the body of the answer: the processed events.
pub async fn client_events(
    store: &dyn EventStore,
    request: ClientRequest,
    sender: &Sender,
    arrival: Arrival,
    metrics: &Metrics,
) -> Result<Vec<u8>, ApiError> {
    let Arrival {
        received_at,
        request_id,
    } = arrival;
    let n_events = request.len();
    let (hashes, request) = heavy_events(n_events, || {
        let hashes = request.hashes(sender);
        request
            .correct(received_at)
            .map(|request| (hashes, request))
    })?;
    metrics.older_than_window(Door::Client, request.timestamps(), received_at);
    let reservation = store.reserve(hashes).await?;
    metrics.repeated(Door::Client, reservation.repeated());
    let append = heavy_events(n_events, || {
        let events = request.accept(sender, request_id, reservation.repeated());
        store.append(EventBatch {
            events,
            received_at,
            request_id,
            reservation,
        })
    });
    append.await?;
    Ok(heavy_events(n_events, || {
        let mut reply = Vec::new();
        request.write_reply(sender, &mut reply);
        reply
    }))
}

/// Stores what a server sent.
pub async fn server_events(
    store: &dyn EventStore,
    events: Vec<ServerEvent>,
    arrival: Arrival,
    metrics: &Metrics,
) -> Result<(), StoreError> {
    let Arrival {
        received_at,
        request_id,
    } = arrival;
    let timestamps = events.iter().map(|event| event.stored.event.timestamp);
    metrics.older_than_window(Door::Ingest, timestamps, received_at);
    let hashes = events.iter().filter_map(|event| event.hash).collect();
    let reservation = store.reserve(hashes).await?;
    metrics.repeated(Door::Ingest, reservation.repeated());
    let append = heavy_events(events.len(), || {
        let events = only_new(events, reservation.repeated());
        store.append(EventBatch {
            events,
            received_at,
            request_id,
            reservation,
        })
    });
    append.await
}

/// Events without a hash cannot be told from others and always count as new.
fn only_new(events: Vec<ServerEvent>, repeated: &[bool]) -> Vec<StoredEvent> {
    let mut repeated = repeated.iter();
    events
        .into_iter()
        .filter(|event| event.hash.is_none() || repeated.next() == Some(&false))
        .map(|event| event.stored)
        .collect()
}
