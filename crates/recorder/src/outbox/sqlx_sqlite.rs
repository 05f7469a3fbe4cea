//! The outbox of a host whose database is `SQLite`, by sqlx.

use annoscope_events::StoredEvent;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};

use super::{
    COUNT, Outbox, OutboxError, SQLITE_FIRST, SQLITE_FORGET, SQLITE_TABLE, Waiting, json_of,
    list_of_ids,
};
use crate::Counters;

/// A table `annoscope_outbox` in the host's database. Clones are the same. The relay takes a connection of the pool for a
/// moment, and never while it waits for annoscope.
#[derive(Clone)]
pub struct SqlxSqliteOutbox {
    pool: SqlitePool,
    counters: Counters,
}

impl SqlxSqliteOutbox {
    /// Makes the table if it is not there.
    pub async fn open(pool: SqlitePool) -> sqlx::Result<SqlxSqliteOutbox> {
        sqlx::query(SQLITE_TABLE).execute(&pool).await?;
        Ok(SqlxSqliteOutbox {
            pool,
            counters: Counters::default(),
        })
    }

    /// Writes events in the host's transaction (`&mut *transaction`), which keeps or drops them. An error is the
    /// database's, such as a full disk; the host decides whether its change fails with it.
    pub async fn record(
        &self,
        transaction: &mut SqliteConnection,
        events: &[StoredEvent],
    ) -> sqlx::Result<()> {
        if self.counters.drops(events.len()) {
            return Ok(());
        }
        for event in events {
            sqlx::query("INSERT INTO annoscope_outbox (event) VALUES (?1)")
                .bind(json_of(event))
                .execute(&mut *transaction)
                .await?;
        }
        self.counters.written(events.len());
        Ok(())
    }

    /// What it counts, together with its relay.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

fn failed(error: sqlx::Error) -> OutboxError {
    OutboxError(error.into())
}

impl Outbox for SqlxSqliteOutbox {
    fn first(&self, n_events: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>> {
        async move {
            let rows = sqlx::query_as::<_, (i64, String)>(SQLITE_FIRST)
                .bind(i64::from(n_events))
                .fetch_all(&self.pool);
            let rows = rows.await.map_err(failed)?;
            let waiting = |(id, json)| Waiting { id, json };
            Ok(rows.into_iter().map(waiting).collect())
        }
        .boxed()
    }

    fn forget<'a>(&'a self, sent: &'a [Waiting]) -> BoxFuture<'a, Result<(), OutboxError>> {
        async move {
            let forget = sqlx::query(SQLITE_FORGET).bind(list_of_ids(sent));
            forget.execute(&self.pool).await.map_err(failed)?;
            Ok(())
        }
        .boxed()
    }

    fn set_aside<'a>(
        &'a self,
        waiting: &'a Waiting,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OutboxError>> {
        async move {
            let set_aside = sqlx::query("UPDATE annoscope_outbox SET refused = ?2 WHERE id = ?1")
                .bind(waiting.id)
                .bind(reason);
            set_aside.execute(&self.pool).await.map_err(failed)?;
            Ok(())
        }
        .boxed()
    }

    fn count(&self) -> BoxFuture<'_, Result<u64, OutboxError>> {
        async move {
            let count = sqlx::query_scalar::<_, i64>(COUNT).fetch_one(&self.pool);
            Ok(count.await.map_err(failed)? as u64)
        }
        .boxed()
    }

    fn write(&self, events: Vec<StoredEvent>) -> BoxFuture<'_, Result<(), OutboxError>> {
        async move {
            let mut transaction = self.pool.begin().await.map_err(failed)?;
            let record = self.record(&mut transaction, &events);
            record.await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        }
        .boxed()
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}
