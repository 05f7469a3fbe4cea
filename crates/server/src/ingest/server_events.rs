//! What servers send.

use annoscope_events::{EventHash, EventId, Mend, ServerEvent};
use annoscope_store::{EventBatch, StoreError};

use super::{Arrival, Ingest, heavy_events};
use crate::metrics::Endpoint;

/// What becomes of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stored,
    /// It is stored already.
    Duplicate,
    /// Another event with its id is; the hash is that of its id and content.
    IdUsedTwice(EventHash),
}

impl Ingest {
    /// Stores what a server sent. `sender` is the account that sent it, where the port asks for one.
    ///
    /// Returns those whose id is another event's, which are not stored.
    pub async fn server_events(
        &self,
        events: Vec<ServerEvent>,
        sender: Option<i64>,
        arrival: Arrival,
    ) -> Result<Vec<EventId>, StoreError> {
        let Arrival {
            received_at,
            request_id,
        } = arrival;
        let (store, metrics) = (&*self.store, &*self.metrics);
        let timestamps = events.iter().map(|event| event.stored.event.timestamp);
        metrics.older_than_dedup_window(Endpoint::Ingest, timestamps, received_at);
        let hashes = heavy_events(events.len(), || hashes(&events, sender));
        let mut reservation = store.reserve(hashes).await?;
        let fates = fates(&events, sender, reservation.duplicates());
        let duplicates = fates.iter().map(|fate| *fate == Fate::Duplicate);
        metrics.deduplicated(Endpoint::Ingest, &duplicates.collect::<Vec<_>>());
        // Else a repeat would be taken for stored.
        reservation.forgo(&used_twice(&fates));
        let (append, ids) = heavy_events(events.len(), || {
            let (events, ids) = parted(events, &fates);
            let n_claims = events.iter().filter(|event| event.claims_hours).count() as u64;
            if n_claims > 0 {
                metrics.mended(Endpoint::Ingest, [(Mend::ClaimedHours, n_claims)]);
            }
            let events = events.into_iter().map(|event| event.stored).collect();
            let append = store.append(EventBatch {
                events,
                received_at,
                request_id,
                reservation,
            });
            (append, ids)
        });
        append.await?;
        metrics.event_ids_used_twice(ids.len());
        Ok(ids)
    }
}

/// Two for an event with an id, one for another; none where nothing tells it from others.
fn hashes(events: &[ServerEvent], sender: Option<i64>) -> Vec<EventHash> {
    let mut hashes = Vec::with_capacity(events.len());
    for event in events {
        match &event.id {
            Some(id) => {
                let named = id.hashes(sender);
                hashes.extend([named.id, named.content]);
            }
            None => hashes.extend(event.hash),
        }
    }
    hashes
}

/// `are_known` is of [`hashes`].
fn fates(events: &[ServerEvent], sender: Option<i64>, are_known: &[bool]) -> Vec<Fate> {
    let mut are_known = are_known.iter().copied();
    let mut is_known = || are_known.next().expect("there is one for each hash");
    let fate = |event: &ServerEvent| match (&event.id, event.hash) {
        (Some(id), _) => {
            let is_id_known = is_known();
            if is_known() {
                Fate::Duplicate
            } else if is_id_known {
                Fate::IdUsedTwice(id.hashes(sender).content)
            } else {
                Fate::Stored
            }
        }
        (None, Some(_)) if is_known() => Fate::Duplicate,
        (None, _) => Fate::Stored,
    };
    events.iter().map(fate).collect()
}

fn used_twice(fates: &[Fate]) -> Vec<EventHash> {
    let hash = |fate: &Fate| match fate {
        Fate::IdUsedTwice(hash) => Some(*hash),
        Fate::Stored | Fate::Duplicate => None,
    };
    fates.iter().filter_map(hash).collect()
}

/// What is stored, in the memory that the events are in, and the ids that were used twice.
fn parted(events: Vec<ServerEvent>, fates: &[Fate]) -> (Vec<ServerEvent>, Vec<EventId>) {
    let mut ids = Vec::new();
    let stored = events
        .into_iter()
        .zip(fates)
        .filter_map(|(event, fate)| match fate {
            Fate::Stored => Some(event),
            Fate::Duplicate => None,
            Fate::IdUsedTwice(_) => {
                ids.extend(event.id);
                None
            }
        });
    (stored.collect(), ids)
}
