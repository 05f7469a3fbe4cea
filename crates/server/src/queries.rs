//! Queries: from the text that somebody typed to rows that go out while they are found.
//!
//! ```text
//! request ─ prepare (annoscope_sql) ─ a place ─ EventStore::query ─ Run ─ Answer (JSON, CSV, Arrow)
//!                                                                     └── frames (Grafana)
//! ```
//!
//! **Invariant:** memory is bounded: one batch of rows an answer, and what the store has ahead.
//! Only Grafana's frames are gathered whole, within `query.max_result_bytes`.
//!
//! **Invariant:** what a query occupies is free again soon after its client is gone, also while
//! it waits for its first row (`query/test_running_queries.py`).
//!
//! Knows no HTTP but the `Accept` header. Start reading at [`Queries::start`].

mod answer;
mod error;
mod execution;
mod grafana;
mod instant;
mod kept;
mod places;
mod registry;
mod relation;
mod request;
mod reuse;
mod run;
mod statement;

use std::sync::Arc;
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_formats::{CsvStart, Format, Style};
use annoscope_sql::{Asker, Context, Dialect, Prepared, StatementKind};
use annoscope_store::EventStore;
use uuid::Uuid;

use crate::config::QueryConfig;
use crate::identity::Viewer;
use crate::identity::rights::RowFilter;
use crate::metrics::Metrics;

use kept::KeptResults;
use places::Places;
use registry::{Registry, Running};
use run::{Limits, Opened, ResultLimit, Shape};
use statement::{Statement, explain_column};

pub use answer::Answer;
pub use error::QueryError;
pub use grafana::{FrameRequest, Frames};
pub use registry::RunningQuery;
pub use request::{InvalidBody, QueryRequest};
pub use run::Run;

/// The queries of a server. Clones share them.
#[derive(Clone)]
pub struct Queries {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn EventStore>,
    /// The store's SQL.
    dialect: Dialect,
    registry: Registry,
    config: QueryConfig,
    kept: KeptResults,
    places: Places,
}

impl Queries {
    /// Queries over `store`, whose SQL is `dialect`.
    pub fn new(
        store: Arc<dyn EventStore>,
        dialect: Dialect,
        config: QueryConfig,
        metrics: Arc<Metrics>,
    ) -> Queries {
        Queries {
            inner: Arc::new(Inner {
                store,
                dialect,
                registry: Registry::new(metrics),
                kept: KeptResults::new(config.cache_bytes),
                places: Places::new(config.max_concurrent as usize),
                config,
            }),
        }
    }

    /// What the check makes of a query, without running it.
    pub async fn explain(
        &self,
        mut request: QueryRequest,
        viewer: &Viewer,
    ) -> Result<Prepared, QueryError> {
        request.context.asker = Some(asker(viewer));
        prepare(request.sql, request.context, viewer.rows).await
    }

    /// Starts a query and waits for its first rows, so that most failures are known before an
    /// answer begins. Dropping the future ends it.
    pub async fn start(
        &self,
        request: QueryRequest,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Result<Run, QueryError> {
        let (run, _) = self.start_prepared(request, viewer, now).await?;
        Ok(run)
    }

    /// As [`Queries::start`], and what was made of the text.
    async fn start_prepared(
        &self,
        request: QueryRequest,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Result<(Run, Prepared), QueryError> {
        let mut request = request;
        request.context.asker = Some(asker(viewer));
        let mut running = self.inner.registry.enter(viewer, &request.sql, now);
        let opened = async {
            let prepared = prepare(request.sql, request.context, viewer.rows).await?;
            // A format that there is not is an error before the query runs.
            let format = prepared.format.as_ref().map(Format::named).transpose()?;
            let opened = self.open(&prepared, request.may_reuse, &running).await?;
            Ok((prepared, format, opened))
        };
        let opened = tokio::select! {
            opened = opened => opened,
            () = running.cancel().cancelled() => Err(QueryError::Cancelled),
        };
        let (prepared, format, opened) = opened.inspect_err(|error| running.failed(error))?;
        let columns = match prepared.kind {
            StatementKind::Select => prepared.columns.clone(),
            StatementKind::Explain | StatementKind::ExplainSyntax => vec![explain_column()],
        };
        let limits = Limits {
            n_rows: request.limit,
            of_result: ResultLimit::of(&prepared.settings),
            time: self.time_limit(),
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
        self.inner.registry.list()
    }

    /// Whose query that is; `None` if there is no such query under way.
    pub fn owner_id(&self, id: Uuid) -> Option<i64> {
        self.inner.registry.owner_id(id)
    }

    /// Ends a query. Returns whether there was one.
    pub fn end(&self, id: Uuid) -> bool {
        self.inner.registry.end(id)
    }

    fn max_wait(&self) -> Duration {
        Duration::from_millis(self.inner.config.max_wait_ms)
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(self.inner.config.timeout_ms)
    }

    /// The rows that a statement asks for, of which the first are there. Who finds no memory
    /// beside others tries once more: the others' part is no fault of its own.
    async fn open(
        &self,
        prepared: &Prepared,
        may_reuse: bool,
        running: &Running,
    ) -> Result<Opened, QueryError> {
        let opened = self.open_once(prepared, may_reuse, running).await;
        if !matches!(opened, Err(QueryError::MemoryLimit { .. })) || !running.had_company() {
            return opened;
        }
        match self.inner.places.second_try(self.max_wait()).await {
            Some(_turn) => self.open_once(prepared, may_reuse, running).await,
            None => opened,
        }
    }

    async fn open_once(
        &self,
        prepared: &Prepared,
        may_reuse: bool,
        running: &Running,
    ) -> Result<Opened, QueryError> {
        let statement = Statement {
            queries: self,
            prepared,
            may_reuse,
            rows_read: running.rows_read(),
            account_id: running.account_id(),
            sees_all: running.sees_all(),
        };
        let opened = statement.open().await?;
        opened.with_first_rows(self.time_limit()).await
    }
}

/// What a query may say of who asks.
fn asker(viewer: &Viewer) -> Asker {
    let principal = &viewer.principal;
    let organization = principal.organization.as_ref();
    Asker {
        id: principal.user.id,
        login: principal.user.name.clone(),
        email: principal.user.email.clone(),
        organization: organization.map(|of| (of.id, of.slug.clone())),
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
