//! Events that this process recorded in a file of its own before they go to the store.

use annoscope_events::{ClientHours, InvalidDocument, parse_server_body};
use annoscope_store::StoreError;
use uuid::Uuid;

use super::{Arrival, Ingest};
use crate::clock;

/// Why recorded events stay where they are.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// They are no list of events.
    #[error(transparent)]
    Document(#[from] InvalidDocument),
    /// The store does not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ingest {
    /// Stores a JSON array of events in the form of servers. Those that are stored already are recognized.
    pub async fn recorded_events(&self, body: &str) -> Result<(), RecordedError> {
        let arrival = Arrival {
            received_at: clock::now(),
            request_id: Uuid::new_v4(),
        };
        let (mut events, mut rejected) = (Vec::new(), Vec::new());
        for element in
            parse_server_body(body.as_bytes(), arrival.received_at, ClientHours::Claimed)?
        {
            match element {
                Ok(event) => events.push(event),
                Err(event) => rejected.push(event),
            }
        }
        // Ours have no ids.
        self.server_events(events, None, arrival).await?;
        if let Some(first) = rejected.first() {
            tracing::error!(n = rejected.len(), reason = %first.reason, "an event of ours cannot be stored");
        }
        Ok(())
    }
}
