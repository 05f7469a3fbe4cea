//! Rows of an INSERT: in batches that are known as wholes, so that rows alike stay.

use annoscope_events::{BatchName, EventHash, Mend, RejectedEvent, StoredEvent, batch_hash};
use annoscope_store::{EventBatch, Position};

use super::{Arrival, Ingest, IngestError, heavy_events};
use crate::metrics::Endpoint;

/// What a repeat of an INSERT is known by.
#[derive(Clone, Debug)]
pub struct InsertName {
    /// The account that sends it.
    pub account_id: i64,
    /// What it calls the INSERT for this purpose; then nothing else tells.
    pub token: Option<String>,
    /// What it calls the request.
    pub query_id: Option<String>,
    /// Hash of the rows as they were sent.
    pub content: [u8; 32],
}

/// A batch of rows of an INSERT.
#[derive(Debug, Default)]
pub struct InsertedBatch {
    /// Its place among them, from 0.
    pub index: u64,
    /// What is to be stored.
    pub events: Vec<StoredEvent>,
    /// What can never be.
    pub rejected: Vec<RejectedEvent>,
    /// How many of the events claimed hours that were not counted.
    pub n_claims: u64,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored, up to there.
    Stored(Position),
    /// It was stored before.
    Repeated,
    /// Another INSERT of the account has its query's id, and other rows.
    IdUsedTwice,
}

impl InsertName {
    /// What a batch is known by, and whether these are of a query's id without and with the content.
    fn hashes(&self, index: u64) -> Vec<EventHash> {
        let hash = |name| batch_hash(self.account_id, name, index);
        if let Some(token) = &self.token {
            return vec![hash(BatchName::Token(token))];
        }
        let mut hashes = vec![hash(BatchName::Content(&self.content))];
        if let Some(query_id) = &self.query_id {
            hashes.push(hash(BatchName::QueryWithContent(query_id, &self.content)));
            hashes.push(hash(BatchName::Query(query_id)));
        }
        hashes
    }
}

impl Ingest {
    /// Stores a batch, unless it was stored before. What can never be stored goes to the dead letters first:
    /// once the batch is known, it is not looked at again.
    pub async fn inserted(
        &self,
        name: &InsertName,
        batch: InsertedBatch,
        arrival: Arrival,
    ) -> Result<Inserted, IngestError> {
        let Arrival {
            received_at,
            request_id,
        } = arrival;
        let (store, metrics) = (&*self.store, &*self.metrics);
        let n_rows = batch.events.len() + batch.rejected.len();
        metrics.received(Endpoint::ClickHouse, n_rows);
        let reservation = store.reserve(name.hashes(batch.index)).await?;
        match *reservation.duplicates() {
            [false] | [false, false, false] => {}
            [false, false, true] => return Ok(Inserted::IdUsedTwice),
            _ => {
                metrics.deduplicated(Endpoint::ClickHouse, &vec![true; n_rows]);
                return Ok(Inserted::Repeated);
            }
        }
        let dead_lettered = self
            .dead_letter(Endpoint::ClickHouse, batch.rejected, arrival)
            .await?;
        let events = batch.events;
        let append = heavy_events(events.len(), || {
            store.append(EventBatch {
                events,
                received_at,
                request_id,
                reservation,
            })
        });
        let position = append.await?;
        dead_lettered.count(metrics);
        if batch.n_claims > 0 {
            let mends = [(Mend::ClaimedHours, batch.n_claims)];
            metrics.mended(Endpoint::ClickHouse, mends);
        }
        Ok(Inserted::Stored(position))
    }
}
