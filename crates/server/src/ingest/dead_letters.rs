//! What cannot be stored.

use std::sync::Arc;

use annoscope_events::RejectedEvent;

use super::{Arrival, Ingest, IngestError};
use crate::dead_letter::{DeadLetterError, Share};
use crate::metrics::{Endpoint, Metrics};

/// Events that are not stored, once it is settled that they are not.
#[must_use]
pub struct DeadLettered {
    endpoint: Endpoint,
    /// The first field that is wrong of each.
    fields: Vec<String>,
    /// Whether they are in the file: a client's that have no room there are dropped.
    are_kept: bool,
}

impl DeadLettered {
    /// Counts them.
    pub fn count(self, metrics: &Metrics) {
        if self.are_kept {
            metrics.dead_lettered(self.endpoint, &self.fields);
        } else {
            metrics.dropped(self.endpoint, self.fields.len());
        }
    }
}

impl Ingest {
    /// Writes events that cannot be stored to the dead letters.
    ///
    /// Where these are full, a server gets an error and sends again. A client's are dropped, and the
    /// log says so: what one account has filled must not keep the others' hours out.
    pub async fn dead_letter(
        &self,
        endpoint: Endpoint,
        rejected: Vec<RejectedEvent>,
        arrival: Arrival,
    ) -> Result<DeadLettered, IngestError> {
        let Arrival {
            received_at,
            request_id,
        } = arrival;
        let field = |event: &RejectedEvent| event.reason.split(':').next().map(str::to_owned);
        let mut dead_lettered = DeadLettered {
            endpoint,
            fields: rejected.iter().filter_map(field).collect(),
            are_kept: true,
        };
        let Some(first) = rejected.first() else {
            return Ok(dead_lettered);
        };
        let (n_rejected, reason) = (rejected.len(), first.reason.clone());
        tracing::warn!(n_rejected, %reason, "events that cannot be stored go to the dead-letter file");
        let share = match endpoint {
            Endpoint::Client => Share::Half,
            Endpoint::Ingest | Endpoint::ClickHouse => Share::All,
        };
        let file = Arc::clone(&self.dead_letters);
        let written = tokio::task::spawn_blocking(move || {
            file.append(&rejected, received_at, request_id, share)
        });
        match written.await.map_err(|_| IngestError::ShuttingDown)? {
            Ok(()) => Ok(dead_lettered),
            Err(DeadLetterError::Full { .. }) if endpoint == Endpoint::Client => {
                tracing::error!(n_rejected, %reason, "the dead-letter file has no room: these events are dropped");
                dead_lettered.are_kept = false;
                Ok(dead_lettered)
            }
            Err(error) => {
                self.metrics.dead_letter_failed();
                Err(error.into())
            }
        }
    }
}
