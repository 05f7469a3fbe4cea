//! What servers send.

use annoscope_events::{Mend, ServerEvent};
use annoscope_store::{EventBatch, StoreError};

use super::{Arrival, Ingest, heavy_events};
use crate::metrics::Door;

impl Ingest {
    /// Stores what a server sent.
    pub async fn server_events(
        &self,
        events: Vec<ServerEvent>,
        arrival: Arrival,
    ) -> Result<(), StoreError> {
        let Arrival {
            received_at,
            request_id,
        } = arrival;
        let (store, metrics) = (&*self.store, &*self.metrics);
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
}

/// Events without a hash cannot be told from others and always count as new.
fn only_new(events: Vec<ServerEvent>, repeated: &[bool]) -> Vec<ServerEvent> {
    let mut repeated = repeated.iter();
    events
        .into_iter()
        .filter(|event| event.hash.is_none() || repeated.next() == Some(&false))
        .collect()
}
