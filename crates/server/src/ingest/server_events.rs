//! What servers send.

use annoscope_events::{Mend, ServerEvent};
use annoscope_store::{EventBatch, StoreError};

use super::{Arrival, Ingest, heavy_events};
use crate::metrics::Endpoint;

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
        metrics.older_than_dedup_window(Endpoint::Ingest, timestamps, received_at);
        let hashes = events.iter().filter_map(|event| event.hash).collect();
        let reservation = store.reserve(hashes).await?;
        metrics.deduplicated(Endpoint::Ingest, reservation.duplicates());
        let append = heavy_events(events.len(), || {
            let events = only_new(events, reservation.duplicates());
            let n_claims = events.iter().filter(|event| event.claims_hours).count() as u64;
            if n_claims > 0 {
                metrics.mended(Endpoint::Ingest, [(Mend::ClaimedHours, n_claims)]);
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
fn only_new(events: Vec<ServerEvent>, duplicates: &[bool]) -> Vec<ServerEvent> {
    let mut duplicates = duplicates.iter();
    events
        .into_iter()
        .filter(|event| event.hash.is_none() || duplicates.next() == Some(&false))
        .collect()
}
