//! From parsed events to durable ones: both doors meet here.
//!
//! seen before? ─ clock correction ─ working time ─ store. Nothing is answered with success
//! before [`EventStore::append`] returned, and what cannot be stored is in the dead letters.

use std::sync::Arc;

use annoscope_events::{ClientRequest, Mend, RejectedEvent, Sender, ServerEvent, Timestamp};
use annoscope_store::{EventBatch, EventStore, StoreError};
use uuid::Uuid;

use crate::dead_letter::{DeadLetter, DeadLetterError, Share};
use crate::error::ApiError;
use crate::metrics::{Door, Metrics};
use crate::state::AppState;

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
///
/// An event that cannot be stored goes to the dead letters, and is answered as the others are: the
/// page would else send all of them again for ever.
pub async fn client_events(
    state: &AppState,
    request: ClientRequest,
    sender: &Sender,
    arrival: Arrival,
) -> Result<Vec<u8>, ApiError> {
    let Arrival {
        received_at,
        request_id,
    } = arrival;
    let (store, metrics) = (&*state.store, &*state.metrics);
    let n_events = request.len();
    let (hashes, request) = heavy_events(n_events, || {
        (request.hashes(sender), request.correct(received_at))
    });
    metrics.older_than_window(Door::Client, request.timestamps(), received_at);
    let reservation = store.reserve(hashes).await?;
    let repeated = reservation.duplicates().to_vec();
    metrics.repeated(Door::Client, &repeated);
    let (rejected, mended) = heavy_events(n_events, || {
        (
            request.rejected(sender, &repeated),
            request.mended(&repeated),
        )
    });
    // Before the commit, which knows them again: a second try would not bring them.
    let buried = bury(&state.dead_letter, Door::Client, rejected, arrival, metrics).await?;
    let append = heavy_events(n_events, || {
        let events = request.accept(sender, request_id, &repeated);
        store.append(EventBatch {
            events,
            received_at,
            request_id,
            reservation,
        })
    });
    append.await?;
    buried.count(metrics);
    metrics.mended(Door::Client, mended);
    Ok(heavy_events(n_events, || {
        let mut reply = Vec::new();
        request.write_reply(sender, &mut reply);
        reply
    }))
}

/// Events that are not stored, once it is settled that they are not.
#[must_use]
pub struct Buried {
    door: Door,
    /// The first field that is wrong of each.
    fields: Vec<String>,
    /// Whether they are in the file: a client's that have no room there are dropped.
    are_kept: bool,
}

impl Buried {
    /// Counts them.
    pub fn count(self, metrics: &Metrics) {
        if self.are_kept {
            metrics.buried(self.door, &self.fields);
        } else {
            metrics.dropped(self.door, self.fields.len());
        }
    }
}

/// Writes events that cannot be stored to the dead letters.
///
/// Where these are full, a server gets an error and sends again. A client's are dropped, and the
/// log says so: what one account has filled must not keep the others' hours out.
pub async fn bury(
    dead_letter: &Arc<DeadLetter>,
    door: Door,
    rejected: Vec<RejectedEvent>,
    arrival: Arrival,
    metrics: &Metrics,
) -> Result<Buried, ApiError> {
    let Arrival {
        received_at,
        request_id,
    } = arrival;
    let field = |event: &RejectedEvent| event.reason.split(':').next().map(str::to_owned);
    let mut buried = Buried {
        door,
        fields: rejected.iter().filter_map(field).collect(),
        are_kept: true,
    };
    let Some(first) = rejected.first() else {
        return Ok(buried);
    };
    let (n_rejected, reason) = (rejected.len(), first.reason.clone());
    tracing::warn!(n_rejected, %reason, "events that cannot be stored go to the dead-letter file");
    let share = match door {
        Door::Client => Share::Half,
        Door::Ingest => Share::All,
    };
    let file = Arc::clone(dead_letter);
    let written =
        tokio::task::spawn_blocking(move || file.append(&rejected, received_at, request_id, share));
    match written.await.map_err(|_| ApiError::ShuttingDown)? {
        Ok(()) => Ok(buried),
        Err(DeadLetterError::Full { .. }) if door == Door::Client => {
            tracing::error!(n_rejected, %reason, "the dead-letter file has no room: these events are dropped");
            buried.are_kept = false;
            Ok(buried)
        }
        Err(error) => {
            metrics.dead_letter_failed();
            Err(error.into())
        }
    }
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
    metrics.repeated(Door::Ingest, reservation.duplicates());
    let append = heavy_events(events.len(), || {
        let events = only_new(events, reservation.duplicates());
        let n_claims = events.iter().filter(|event| event.claims_hours).count() as u64;
        if n_claims > 0 {
            metrics.mended(Door::Ingest, [(Mend::ClaimedHours, n_claims)]);
        }
        let events = events.into_iter().map(|event| event.stored).collect();
        store.append(EventBatch {
            events,
            received_at,
            request_id,
            reservation,
        })
    });
    append.await?;
    Ok(())
}

/// Events without a hash cannot be told from others and always count as new.
fn only_new(events: Vec<ServerEvent>, repeated: &[bool]) -> Vec<ServerEvent> {
    let mut repeated = repeated.iter();
    events
        .into_iter()
        .filter(|event| event.hash.is_none() || repeated.next() == Some(&false))
        .collect()
}
