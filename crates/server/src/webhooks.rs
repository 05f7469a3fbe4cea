//! Webhooks of other tools: whose they are, what is known of their resources, and their events on the way to the store.
//!
//! All three are in `webhooks.sqlite` of the data directory: a delivery's events and the states that the next one is compared
//! with are one transaction, and an answer of success comes after its sync. [`Relay`] then takes the events to the store,
//! through the endpoint of servers' events; one that was taken twice is recognized as a repeat.
//!
//! **Invariant:** a kill keeps both a state and its events, or neither
//! (`test_a_kill_keeps_states_and_events` in `tests/ingest/test_webhooks.py`).

mod error;
mod outbox;
mod relay;
mod schema;
mod sources;
mod states;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_webhooks::{Delivery, Receipt};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Notify;

pub use error::{RefusedSource, WebhookError};
pub use relay::Relay;
pub use sources::{Source, SourceSummary};

use crate::durable_file::create_private;

/// The database's name within the data directory.
pub const FILE: &str = "webhooks.sqlite";

/// How long one process waits for another one's write.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The webhooks of one data directory. Clones share the connection.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Mutex<Connection>,
    /// Told when events wait.
    waiting: Notify,
}

impl Webhooks {
    /// Opens the file, makes it if it is not there, and brings its schema up to date. Blocks.
    pub fn open(data_dir: &Path) -> Result<Webhooks, WebhookError> {
        let path = data_dir.join(FILE);
        create_private(data_dir, &path).map_err(|source| WebhookError::Create {
            path: path.clone(),
            source,
        })?;
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL: a delivery that was answered survives a power cut.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Webhooks {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                waiting: Notify::new(),
            }),
        })
    }

    /// Takes an authentic delivery of a source: returns once its events and states are on the disk. Blocks.
    pub fn receive(
        &self,
        source: &Source,
        delivery: &Delivery,
        received_at: Timestamp,
    ) -> Result<Receipt, WebhookError> {
        let receipt = self.write(|tx| {
            outbox::check_room(tx)?;
            let known = |key: &_| states::get(tx, source.id, key);
            let changes = delivery.changes(&source.name, received_at, known)?;
            outbox::push(tx, &changes.events)?;
            states::put(tx, source.id, changes.states)?;
            sources::delivered(tx, source.id, received_at)?;
            Ok(changes.receipt)
        })?;
        if receipt.changed > 0 {
            self.inner.waiting.notify_one();
        }
        Ok(receipt)
    }

    /// Does what blocks on a blocking thread.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, WebhookError>
    where
        T: Send + 'static,
        F: FnOnce(&Webhooks) -> Result<T, WebhookError> + Send + 'static,
    {
        let webhooks = self.clone();
        tokio::task::spawn_blocking(move || work(&webhooks))
            .await
            .map_err(WebhookError::Stopped)?
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, WebhookError>,
    ) -> Result<T, WebhookError> {
        read(&self.lock())
    }

    /// One transaction; immediate, so that it never fails half-way for want of the lock.
    fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, WebhookError>,
    ) -> Result<T, WebhookError> {
        let mut connection = self.lock();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = write(&tx)?;
        tx.commit()?;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic interrupted was rolled back when it was dropped.
        let connection = self.inner.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner)
    }
}
