//! The events of a data directory: of the server that runs on it, or of its files.

use std::sync::Arc;

use annoscope_backup::BackupError;
use annoscope_store::{EventStore, Position, StoreError};
use arrow::array::RecordBatch;
use tokio::runtime::Runtime;

use super::BackupCommandError;
use crate::config::Config;
use crate::control::{Client, Hold};
use crate::dead_letter::DeadLetter;
use crate::dir_lock::{DirLock, LockHolder};
use crate::{server, store};

/// Where events come from.
pub(super) enum Source {
    /// A server runs.
    Serving(Client),
    /// Nobody does.
    Own(Box<Own>),
}

/// A store that this process has opened.
pub(super) struct Own {
    store: Arc<dyn EventStore>,
    runtime: Runtime,
    /// Held until the store is closed.
    _lock: (DirLock, LockHolder),
}

/// While it lives nothing moves from an outbox to the store.
pub(super) enum Held {
    Serving(Hold),
    Own(Position),
}

impl Held {
    /// What was acknowledged when it began.
    pub(super) fn position(&self) -> Position {
        match self {
            Held::Serving(hold) => hold.position,
            Held::Own(position) => *position,
        }
    }
}

impl Source {
    pub(super) fn open(config: &Config) -> Result<Source, BackupCommandError> {
        if DirLock::holder(&config.data_dir)?.is_some() {
            return Ok(Source::Serving(Client::new(&config.data_dir)));
        }
        let lock = server::lock(config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(BackupCommandError::io("starting threads"))?;
        let dead_letters = DeadLetter::open(&config.data_dir, config.ingest.dead_letter_max_bytes)
            .map_err(BackupCommandError::io("opening the dead letters"))?;
        let store = store::open(config, Arc::new(dead_letters), &lock.0)?;
        Ok(Source::Own(Box::new(Own {
            store,
            runtime,
            _lock: lock,
        })))
    }

    pub(super) fn hold(&self) -> Result<Held, BackupCommandError> {
        Ok(match self {
            Source::Serving(client) => Held::Serving(client.hold()?),
            Source::Own(own) => Held::Own(own.store.durable()),
        })
    }

    /// The rows at these positions, in order.
    pub(super) fn rows(
        &self,
        from: Position,
        until: Position,
    ) -> Result<Box<dyn Iterator<Item = Result<RecordBatch, BackupError>>>, BackupCommandError>
    {
        match self {
            Source::Serving(client) => {
                let rows = client.rows(from, until)?;
                let failed = |error| StoreError::Failed(Box::new(error)).into();
                Ok(Box::new(rows.map(move |batch| batch.map_err(failed))))
            }
            Source::Own(own) => {
                let visible = own.store.wait_until_visible(until);
                own.runtime.block_on(visible)?;
                let mut rows = own.store.rows_at(from..until)?;
                let rows = std::iter::from_fn(move || rows.blocking_next());
                Ok(Box::new(rows.map(|batch| batch.map_err(BackupError::from))))
            }
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.store.close();
    }
}
