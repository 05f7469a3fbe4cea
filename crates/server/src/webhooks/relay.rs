//! From the webhooks' file to the store.

use std::time::Duration;

use super::{WebhookError, Webhooks, outbox};
use crate::control::Moving;
use crate::ingest::{Ingest, RecordedError};

/// How often it is looked for events that nothing told of: those of an earlier run, or that the store refused.
const PERIOD: Duration = Duration::from_secs(1);

/// Events that are moved at once.
const BATCH: u32 = 1_000;

/// Takes events of webhooks to the store.
#[derive(Clone)]
pub struct Relay {
    /// Held while events move.
    pub moving: Moving,
    /// Where they wait.
    pub webhooks: Webhooks,
    /// Where they go.
    pub ingest: Ingest,
}

/// Why events wait.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The webhooks' file cannot be read or written.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// They cannot be stored.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
}

impl Relay {
    /// Moves what waits to the store, until it is dropped.
    pub async fn keep_moving(self) {
        let mut is_failing = false;
        loop {
            let told = self.webhooks.inner.waiting.notified();
            // Told or not: what an earlier run left waits, too.
            let _ = tokio::time::timeout(PERIOD, told).await;
            match self.move_all().await {
                Ok(()) => is_failing = false,
                // Said once: the store says itself what is wrong with it.
                Err(error) if !is_failing => {
                    is_failing = true;
                    tracing::warn!(%error, "events of webhooks wait for the store");
                }
                Err(_) => {}
            }
        }
    }

    /// Moves all that waits.
    pub async fn move_all(&self) -> Result<(), RelayError> {
        let first = |webhooks: &Webhooks| webhooks.read(|c| outbox::first(c, BATCH));
        loop {
            let _moving = self.moving.lock().await;
            let Some((last, body)) = self.webhooks.blocking(first).await? else {
                return Ok(());
            };
            self.ingest.recorded_events(&body).await?;
            let remove = move |webhooks: &Webhooks| webhooks.write(|tx| outbox::remove(tx, last));
            self.webhooks.blocking(remove).await?;
        }
    }
}
