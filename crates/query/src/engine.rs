//! The entrance: queries are checked, started, listed and ended here.

use std::sync::Arc;
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_formats::{CsvStart, Format, Style};
use annoscope_sql::{Context, Dialect, Prepared, StatementKind};
use annoscope_store::EventStore;
use uuid::Uuid;

use crate::error::QueryError;
use crate::explain;
use crate::incremental;
use crate::metrics::QueryMetrics;
use crate::registry::{Registry, Running, RunningQuery};
use crate::relation::{self, RowFilter};
use crate::request::{Access, QueryRequest};
use crate::result_cache::cache::ResultCache;
use crate::run::{Limits, Opened, ResultLimit, Run, Shape};
use crate::slots::QuerySlots;
use crate::statement::{Resources, Statement};

/// What all queries together may use.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Queries that run at the same time; others wait.
    pub max_concurrent: usize,
    /// How long a query waits for others to end.
    pub max_wait: Duration,
    /// How long a query runs.
    pub time_limit: Duration,
    /// How long a query waits to see the events that were acknowledged before it was asked.
    pub max_visibility_wait: Duration,
    /// Bytes of the result cache; 0 is none.
    pub cache_bytes: u64,
}

/// The queries over a store. Clones share them.
#[derive(Clone)]
pub struct Engine {
    registry: Registry,
    resources: Arc<Resources>,
}

impl Engine {
    /// Queries over `store`, whose SQL is `dialect`.
    pub fn new(
        store: Arc<dyn EventStore>,
        dialect: Dialect,
        config: EngineConfig,
        metrics: Arc<dyn QueryMetrics>,
    ) -> Engine {
        Engine {
            registry: Registry::new(metrics),
            resources: Arc::new(Resources {
                store,
                dialect,
                slots: QuerySlots::new(config.max_concurrent),
                cache: ResultCache::new(config.cache_bytes),
                max_wait: config.max_wait,
                max_visibility_wait: config.max_visibility_wait,
                time_limit: config.time_limit,
            }),
        }
    }

    /// What the check makes of a query, without running it.
    pub async fn prepare(
        &self,
        mut request: QueryRequest,
        access: &Access,
    ) -> Result<Prepared, QueryError> {
        request.context.asker = Some(access.user.clone());
        prepare(request.sql, request.context, access.rows).await
    }

    /// Starts a query and waits for its first rows, so that most failures are known before an
    /// answer begins. Dropping the future ends it.
    pub async fn start(
        &self,
        request: QueryRequest,
        access: &Access,
        now: Timestamp,
    ) -> Result<Run, QueryError> {
        let (run, _) = self.start_prepared(request, access, now).await?;
        Ok(run)
    }

    /// As [`Engine::start`], and what was made of the text.
    pub(crate) async fn start_prepared(
        &self,
        mut request: QueryRequest,
        access: &Access,
        now: Timestamp,
    ) -> Result<(Run, Prepared), QueryError> {
        request.context.asker = Some(access.user.clone());
        let query_id = request.query_id.take();
        let mut running = self.registry.enter(access, &request.sql, query_id, now)?;
        let most = self.resources.time_limit;
        let time_limit = request.time_limit.map_or(most, |limit| limit.min(most));
        let opened = async {
            let prepared = prepare(request.sql, request.context, access.rows).await?;
            // A format that there is not is an error before the query runs.
            let format = prepared.format.as_ref().map(Format::named).transpose()?;
            let is_behind = self.wait_for_acknowledged().await;
            let opened = self
                .open(&prepared, request.may_use_cache, time_limit, &running)
                .await?;
            Ok((prepared, format, opened, is_behind))
        };
        let opened = tokio::select! {
            opened = opened => opened,
            () = running.cancel().cancelled() => Err(QueryError::Cancelled),
        };
        let (prepared, format, opened, is_behind) =
            opened.inspect_err(|error| running.failed(error))?;
        let columns = match prepared.kind {
            StatementKind::Select => prepared.columns.clone(),
            StatementKind::Explain | StatementKind::ExplainSyntax => vec![explain::column()],
        };
        let limits = Limits {
            n_rows: request.limit,
            of_result: ResultLimit::of(&prepared.settings),
            time: time_limit,
        };
        let opened = Opened {
            is_behind,
            ..opened
        };
        let shape = Shape {
            columns,
            format: format.filter(|_| !request.ignores_format),
            style: Style {
                csv_start: if request.has_byte_order_mark {
                    CsvStart::ByteOrderMark
                } else {
                    CsvStart::Rows
                },
                ..Style::of(&prepared.settings, request.time_format)
            },
        };
        Ok((Run::start(shape, opened, running, limits)?, prepared))
    }

    /// The queries under way, oldest first.
    pub fn list(&self) -> Vec<RunningQuery> {
        self.registry.list()
    }

    /// Whose query that is; `None` if there is no such query under way.
    pub fn owner_id(&self, id: Uuid) -> Option<i64> {
        self.registry.owner_id(id)
    }

    /// Ends a query. Returns whether there was one.
    pub fn end(&self, id: Uuid) -> bool {
        self.registry.end(id)
    }

    /// Ends the account's query of that name. Returns whether there was one.
    pub fn end_named(&self, account_id: i64, query_id: &str) -> bool {
        self.registry.end_named(account_id, query_id)
    }

    /// Waits until queries see what is acknowledged now, or for the configured time. Returns whether there is
    /// something that they do not see yet.
    async fn wait_for_acknowledged(&self) -> bool {
        let store = &self.resources.store;
        let acknowledged = store.durable();
        if store.visible() < acknowledged {
            let visible = store.wait_until_visible(acknowledged);
            // Late or closed: the query is answered with what there is, or fails by itself.
            let _ = tokio::time::timeout(self.resources.max_visibility_wait, visible).await;
        }
        store.visible() < acknowledged
    }

    /// The rows that a statement asks for, of which the first are there. A query that finds no memory
    /// beside others tries once more: the others' part is no fault of its own.
    async fn open(
        &self,
        prepared: &Prepared,
        may_use_cache: bool,
        time_limit: Duration,
        running: &Running,
    ) -> Result<Opened, QueryError> {
        let open = || self.open_once(prepared, may_use_cache, time_limit, running);
        let opened = open().await;
        if !matches!(opened, Err(QueryError::MemoryLimit { .. })) || !running.had_company() {
            return opened;
        }
        let slots = &self.resources.slots;
        match slots.second_try(self.resources.max_wait).await {
            Some(_turn) => open().await,
            None => opened,
        }
    }

    async fn open_once(
        &self,
        prepared: &Prepared,
        may_use_cache: bool,
        time_limit: Duration,
        running: &Running,
    ) -> Result<Opened, QueryError> {
        let statement = Statement {
            resources: &self.resources,
            prepared,
            may_use_cache,
            time_limit,
            rows_read: running.rows_read(),
            account_id: running.account_id(),
            sees_all: running.sees_all(),
        };
        let opened = match prepared.kind {
            StatementKind::ExplainSyntax => explain::open_syntax(&statement),
            StatementKind::Explain => explain::open_plan(&statement).await?,
            StatementKind::Select => incremental::open(&statement).await?,
        };
        opened.with_first_rows(time_limit).await
    }
}

/// Checks a query on a thread that may take its time: a text may have a megabyte.
async fn prepare(sql: String, context: Context, rows: RowFilter) -> Result<Prepared, QueryError> {
    let prepared = tokio::task::spawn_blocking(move || {
        annoscope_sql::prepare(&sql, &context, &relation::events(rows))
    });
    let prepared = prepared.await;
    Ok(prepared.map_err(|panic| QueryError::Internal(panic.into()))??)
}

#[cfg(test)]
mod tests;
