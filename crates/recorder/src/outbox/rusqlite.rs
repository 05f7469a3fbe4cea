//! The outbox of a host whose database is `SQLite`, by rusqlite.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annoscope_events::StoredEvent;
use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::{Connection, Result, params};

use super::{
    COUNT, Outbox, OutboxError, SQLITE_FIRST, SQLITE_FORGET, SQLITE_TABLE, Waiting, json_of,
    list_of_ids,
};
use crate::Counters;

/// How long the relay waits for the host's writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A table `annoscope_outbox` in the host's file. Clones are the same.
///
/// The relay has a connection of its own, and writes for a moment after each batch: a host that writes gives its connections
/// a `busy_timeout`, as any host with two connections does, and WAL.
#[derive(Clone)]
pub struct RusqliteOutbox {
    connection: Arc<Mutex<Connection>>,
    counters: Counters,
}

impl RusqliteOutbox {
    /// Opens the host's file a second time, and makes the table if it is not there. Blocks.
    pub fn open(path: &Path) -> Result<RusqliteOutbox> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // The host waits for no sync of the relay's: what is forgotten and comes back after a power cut is sent again, and
        // stored once.
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(SQLITE_TABLE)?;
        Ok(RusqliteOutbox {
            connection: Arc::new(Mutex::new(connection)),
            counters: Counters::default(),
        })
    }

    /// Writes events in the host's transaction, which keeps or drops them. Blocks as any statement does. An error is the
    /// database's, such as a full disk; the host decides whether its change fails with it.
    pub fn record(&self, transaction: &Connection, events: &[StoredEvent]) -> Result<()> {
        if self.counters.drops(events.len()) {
            return Ok(());
        }
        let mut insert =
            transaction.prepare_cached("INSERT INTO annoscope_outbox (event) VALUES (?1)")?;
        for event in events {
            insert.execute([json_of(event)])?;
        }
        self.counters.written(events.len());
        Ok(())
    }

    /// What it counts, together with its relay.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn blocking<T, F>(&self, work: F) -> BoxFuture<'_, std::result::Result<T, OutboxError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let work = tokio::task::spawn_blocking(move || {
            // A transaction that a panic interrupted was rolled back.
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        async move {
            let done = work.await.map_err(|error| OutboxError(error.into()))?;
            done.map_err(|error| OutboxError(error.into()))
        }
        .boxed()
    }
}

impl Outbox for RusqliteOutbox {
    fn first(
        &self,
        n_events: u32,
    ) -> BoxFuture<'_, std::result::Result<Vec<Waiting>, OutboxError>> {
        self.blocking(move |connection| {
            let mut first = connection.prepare_cached(SQLITE_FIRST)?;
            let waiting = first.query_map(params![i64::from(n_events)], |row| {
                Ok(Waiting {
                    id: row.get(0)?,
                    json: row.get(1)?,
                })
            })?;
            waiting.collect()
        })
    }

    fn forget<'a>(
        &'a self,
        sent: &'a [Waiting],
    ) -> BoxFuture<'a, std::result::Result<(), OutboxError>> {
        let ids = list_of_ids(sent);
        self.blocking(move |connection| {
            connection.execute(SQLITE_FORGET, [ids])?;
            Ok(())
        })
    }

    fn set_aside<'a>(
        &'a self,
        waiting: &'a Waiting,
        reason: &'a str,
    ) -> BoxFuture<'a, std::result::Result<(), OutboxError>> {
        let (id, reason) = (waiting.id, reason.to_owned());
        self.blocking(move |connection| {
            let sql = "UPDATE annoscope_outbox SET refused = ?2 WHERE id = ?1";
            connection.execute(sql, params![id, reason])?;
            Ok(())
        })
    }

    fn count(&self) -> BoxFuture<'_, std::result::Result<u64, OutboxError>> {
        self.blocking(|connection| {
            connection.query_row(COUNT, [], |row| row.get::<_, i64>(0).map(|n| n as u64))
        })
    }

    fn write(
        &self,
        events: Vec<StoredEvent>,
    ) -> BoxFuture<'_, std::result::Result<(), OutboxError>> {
        let outbox = self.clone();
        self.blocking(move |connection| {
            let transaction = connection.transaction()?;
            outbox.record(&transaction, &events)?;
            transaction.commit()
        })
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}
