//! What browsers send.

use annoscope_events::{ClientRequest, Sender};
use annoscope_store::EventBatch;

use super::{Arrival, Ingest, IngestError, heavy_events};
use crate::metrics::Endpoint;

impl Ingest {
    /// Stores what a browser sent. Returns the body of the answer: the processed events.
    ///
    /// An event that cannot be stored goes to the dead letters, and is answered as the others are: the
    /// page would else send all of them again for ever.
    pub async fn client_events(
        &self,
        request: ClientRequest,
        sender: &Sender,
        arrival: Arrival,
    ) -> Result<Vec<u8>, IngestError> {
        let Arrival {
            received_at,
            request_id,
        } = arrival;
        let (store, metrics) = (&*self.store, &*self.metrics);
        let n_events = request.len();
        let (hashes, request) = heavy_events(n_events, || {
            (request.hashes(sender), request.correct(received_at))
        });
        metrics.older_than_dedup_window(Endpoint::Client, request.timestamps(), received_at);
        let reservation = store.reserve(hashes).await?;
        let duplicates = reservation.duplicates().to_vec();
        metrics.deduplicated(Endpoint::Client, &duplicates);
        let (rejected, mended) = heavy_events(n_events, || {
            (
                request.rejected(sender, &duplicates),
                request.mended(&duplicates),
            )
        });
        // Before the commit, which knows them again: a second try would not bring them.
        let dead_lettered = self
            .dead_letter(Endpoint::Client, rejected, arrival)
            .await?;
        let append = heavy_events(n_events, || {
            let events = request.accept(sender, request_id, &duplicates);
            store.append(EventBatch {
                events,
                received_at,
                request_id,
                reservation,
            })
        });
        append.await?;
        dead_lettered.count(metrics);
        metrics.mended(Endpoint::Client, mended);
        Ok(heavy_events(n_events, || {
            let mut reply = Vec::new();
            request.write_reply(sender, &mut reply);
            reply
        }))
    }
}
