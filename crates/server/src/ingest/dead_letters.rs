//! What cannot be stored.

use std::sync::Arc;

use annoscope_events::RejectedEvent;

use super::{Arrival, Ingest, IngestError};
use crate::dead_letter::{DeadLetterError, Share};
use crate::metrics::{Door, Metrics};

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

impl Ingest {
    /// Writes events that cannot be stored to the dead letters.
    ///
    /// Where these are full, a server gets an error and sends again. A client's are dropped, and the
    /// log says so: what one account has filled must not keep the others' hours out.
    pub async fn bury(
        &self,
        door: Door,
        rejected: Vec<RejectedEvent>,
        arrival: Arrival,
    ) -> Result<Buried, IngestError> {
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
        let file = Arc::clone(&self.dead_letter);
        let written = tokio::task::spawn_blocking(move || {
            file.append(&rejected, received_at, request_id, share)
        });
        match written.await.map_err(|_| IngestError::ShuttingDown)? {
            Ok(()) => Ok(buried),
            Err(DeadLetterError::Full { .. }) if door == Door::Client => {
                tracing::error!(n_rejected, %reason, "the dead-letter file has no room: these events are dropped");
                buried.are_kept = false;
                Ok(buried)
            }
            Err(error) => {
                self.metrics.dead_letter_failed();
                Err(error.into())
            }
        }
    }
}
