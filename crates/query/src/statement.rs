//! A checked statement and what is asked of the store for it.

use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::{Dialect, Prepared};
use annoscope_store::{
    EventStore, MaterializedView, Query, RecordBatches, Rows, RowsRead, StoreError,
};
use futures::{StreamExt, TryStreamExt};

use crate::error::QueryError;
use crate::json_types;
use crate::result_cache::cache::ResultCache;
use crate::run::{Batches, Opened};
use crate::slots::{QuerySlot, QuerySlots};

/// How often a query that has a slot asks again for a connection: the one before it may need
/// some ms to give its own back.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// What statements run with.
pub(crate) struct Resources {
    pub(crate) store: Arc<dyn EventStore>,
    /// The store's SQL.
    pub(crate) dialect: Dialect,
    pub(crate) slots: QuerySlots,
    pub(crate) cache: ResultCache,
    /// How long a statement waits for others to end.
    pub(crate) max_wait: Duration,
    pub(crate) max_visibility_wait: Duration,
    /// How long it runs at most.
    pub(crate) time_limit: Duration,
}

/// A statement on its way to the store.
pub(crate) struct Statement<'a> {
    pub(crate) resources: &'a Resources,
    pub(crate) prepared: &'a Prepared,
    /// Whether rows of the result cache may be used.
    pub(crate) may_use_cache: bool,
    /// How long it runs.
    pub(crate) time_limit: Duration,
    pub(crate) rows_read: &'a RowsRead,
    /// Whose it is.
    pub(crate) account_id: i64,
    /// Whether the user sees all events, and so may know what the store says of them.
    pub(crate) sees_all: bool,
}

impl Statement<'_> {
    /// What the store runs.
    pub(crate) fn text(&self) -> &str {
        self.prepared.text(self.resources.dialect)
    }

    /// Waits for a slot unless it has one, then starts the statements in the store.
    pub(crate) async fn run_in_store(
        &self,
        statements: Vec<String>,
        rows: Option<Rows>,
        slot: Option<QuerySlot>,
    ) -> Result<Opened, QueryError> {
        self.run(statements, Vec::new(), rows, slot).await
    }

    /// As [`Statement::run_in_store`], all of its text, with the views that it names.
    pub(crate) async fn run_whole(&self, slot: Option<QuerySlot>) -> Result<Opened, QueryError> {
        let Some(materialized) = self.prepared.materialized(self.resources.dialect) else {
            let statements = vec![self.text().to_owned()];
            return self.run_in_store(statements, None, slot).await;
        };
        let views = materialized.views.iter().map(|view| MaterializedView {
            name: view.name.clone(),
            select: view.select.clone(),
            scopes: view.scopes.iter().map(|&scope| scope.to_owned()).collect(),
        });
        let statements = vec![materialized.text.clone()];
        self.run(statements, views.collect(), None, slot).await
    }

    async fn run(
        &self,
        statements: Vec<String>,
        views: Vec<MaterializedView>,
        rows: Option<Rows>,
        slot: Option<QuerySlot>,
    ) -> Result<Opened, QueryError> {
        let query = Query {
            statements,
            views,
            time_limit: self.time_limit,
            rows,
            rows_read: self.rows_read.clone(),
        };
        let start = async {
            let slot = if let Some(slot) = slot {
                slot
            } else {
                self.resources.slots.take(self.account_id).await
            };
            loop {
                let (store, query) = (Arc::clone(&self.resources.store), query.clone());
                // The store opens itself again within this call, should it have to.
                let started = tokio::task::spawn_blocking(move || store.query(query)).await;
                match started.map_err(|panic| QueryError::Internal(panic.into()))? {
                    Ok(batches) => {
                        return Ok(Opened {
                            slot: Some(slot),
                            ..Opened::ready(self.watched(batches))
                        });
                    }
                    Err(StoreError::Busy { .. }) => tokio::time::sleep(ASK_AGAIN).await,
                    Err(error) => {
                        self.resources.slots.confine_for(self.account_id, &error);
                        return Err(error.into());
                    }
                }
            }
        };
        let started = tokio::time::timeout(self.resources.max_wait, start).await;
        started.unwrap_or_else(|_| {
            let limit = self.resources.slots.n();
            Err(QueryError::Store(StoreError::Busy { limit }))
        })
    }

    /// The batches; the account answers for the one that ends the database.
    fn watched(&self, batches: RecordBatches) -> Batches {
        let (slots, account_id) = (self.resources.slots.clone(), self.account_id);
        let watched = batches.inspect_err(move |error| slots.confine_for(account_id, error));
        let places = json_types::places(&self.prepared.columns);
        if self.resources.dialect == Dialect::DuckDb || places.is_empty() {
            return watched.boxed();
        }
        let named = watched.map(move |rows| {
            let named = json_types::named(&rows?, &places);
            named.map_err(|error| StoreError::Failed(error.into()))
        });
        named.boxed()
    }
}
