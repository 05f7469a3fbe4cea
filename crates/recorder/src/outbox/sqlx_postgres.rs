//! The outbox of a host whose database is PostgreSQL, by sqlx.

use annoscope_events::StoredEvent;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::{COUNT, Outbox, OutboxError, Waiting, json_of};
use crate::Counters;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS annoscope_outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event TEXT NOT NULL,
    refused TEXT
)";

/// In the order of the ids, which is that of the inserts, not of the commits.
const FIRST: &str =
    "SELECT id, event FROM annoscope_outbox WHERE refused IS NULL ORDER BY id LIMIT $1";

/// A table `annoscope_outbox` in the host's database. Clones are the same. The relay takes a connection of the pool for a
/// moment, and never while it waits for annoscope. Several processes of a host may each have a relay on the one table: some
/// events are sent twice then, and stored once.
#[derive(Clone)]
pub struct SqlxPostgresOutbox {
    pool: PgPool,
    counters: Counters,
}

impl SqlxPostgresOutbox {
    /// Makes the table if it is not there.
    pub async fn open(pool: PgPool) -> sqlx::Result<SqlxPostgresOutbox> {
        sqlx::query(TABLE).execute(&pool).await?;
        Ok(SqlxPostgresOutbox {
            pool,
            counters: Counters::default(),
        })
    }

    /// Writes events in the host's transaction (`&mut *transaction`), which keeps or drops them. An error is the
    /// database's, such as a full disk; the host decides whether its change fails with it.
    pub async fn record(
        &self,
        transaction: &mut PgConnection,
        events: &[StoredEvent],
    ) -> sqlx::Result<()> {
        if self.counters.drops(events.len()) {
            return Ok(());
        }
        for event in events {
            sqlx::query("INSERT INTO annoscope_outbox (event) VALUES ($1)")
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

impl Outbox for SqlxPostgresOutbox {
    fn first(&self, n_events: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>> {
        async move {
            let rows = sqlx::query_as::<_, (i64, String)>(FIRST)
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
            let ids: Vec<i64> = sent.iter().map(|waiting| waiting.id).collect();
            let forget =
                sqlx::query("DELETE FROM annoscope_outbox WHERE refused IS NULL AND id = ANY($1)")
                    .bind(ids);
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
            let set_aside = sqlx::query("UPDATE annoscope_outbox SET refused = $2 WHERE id = $1")
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
