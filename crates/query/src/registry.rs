//! Queries under way: whose they are, how far they are, and how to end them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_events::Timestamp;
use annoscope_store::{RowsRead, clock};
use tokio_util::sync::CancellationToken;
use tracing::Span;
use uuid::Uuid;

use crate::error::QueryError;
use crate::metrics::{QueryMetrics, QueryOutcome};
use crate::relation::RowFilter;
use crate::request::Access;

/// How much of a query's text is kept, characters: it is for people to recognize it.
const MAX_SQL_CHARS: usize = 10_000;

/// The queries under way. Clones share them.
#[derive(Clone)]
pub(crate) struct Registry {
    entries: Arc<Mutex<BTreeMap<Uuid, Arc<Entry>>>>,
    /// How many have ever been on the list.
    n_entered: Arc<AtomicU64>,
    metrics: Arc<dyn QueryMetrics>,
}

struct Entry {
    id: Uuid,
    /// How its sender calls it.
    query_id: Option<String>,
    user_id: i64,
    user: String,
    sql: String,
    started_at: Timestamp,
    started: Instant,
    /// Sent so far.
    n_rows: AtomicU64,
    rows_read: RowsRead,
    cancel: CancellationToken,
}

/// A query under way, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningQuery {
    /// Names it in `DELETE /api/queries/{id}`.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: i64,
    /// The account's name.
    pub user: String,
    /// The user's text, cut.
    pub sql: String,
    /// When it came.
    pub started_at: Timestamp,
    /// How long it has been here.
    pub elapsed: Duration,
    /// Rows sent so far.
    pub n_rows: u64,
}

/// A query from its arrival to its end, which is the drop of this: then it leaves the list, and
/// is counted and logged.
pub(crate) struct Running {
    entry: Arc<Entry>,
    /// Whether there were others on the list when it came.
    found_others: bool,
    sees_all: bool,
    /// The how manieth it is.
    number: u64,
    registry: Registry,
    outcome: QueryOutcome,
    /// Of the request: rows go out, and the query ends, after the request's handler.
    span: Span,
}

impl Registry {
    pub(crate) fn new(metrics: Arc<dyn QueryMetrics>) -> Registry {
        Registry {
            entries: Arc::default(),
            n_entered: Arc::default(),
            metrics,
        }
    }

    /// Puts a query on the list, unless the account has one of that name there.
    pub(crate) fn enter(
        &self,
        access: &Access,
        sql: &str,
        query_id: Option<String>,
        now: Timestamp,
    ) -> Result<Running, QueryError> {
        let Access { user, rows } = access;
        let cut = sql.char_indices().nth(MAX_SQL_CHARS);
        let entry = Arc::new(Entry {
            id: Uuid::new_v4(),
            query_id,
            user_id: user.id,
            user: user.login.clone(),
            sql: sql[..cut.map_or(sql.len(), |(end, _)| end)].to_owned(),
            started_at: now,
            started: clock::monotonic(),
            n_rows: AtomicU64::new(0),
            rows_read: RowsRead::default(),
            cancel: CancellationToken::new(),
        });
        let mut entries = self.lock();
        if let Some(query_id) = &entry.query_id
            && entries
                .values()
                .any(|other| other.is_named(user.id, query_id))
        {
            let query_id = query_id.clone();
            return Err(QueryError::SameQueryId { query_id });
        }
        self.metrics.query_started();
        let found_others = !entries.is_empty();
        let number = self.n_entered.fetch_add(1, Ordering::Relaxed) + 1;
        entries.insert(entry.id, Arc::clone(&entry));
        drop(entries);
        Ok(Running {
            entry,
            found_others,
            sees_all: *rows == RowFilter::default(),
            number,
            registry: self.clone(),
            outcome: QueryOutcome::Abandoned,
            span: Span::current(),
        })
    }

    /// The queries under way, oldest first.
    pub(crate) fn list(&self) -> Vec<RunningQuery> {
        let mut queries: Vec<RunningQuery> = self.lock().values().map(|e| e.shown()).collect();
        queries.sort_by_key(|query| (query.started_at, query.id));
        queries
    }

    /// Whose query that is.
    pub(crate) fn owner_id(&self, id: Uuid) -> Option<i64> {
        self.lock().get(&id).map(|entry| entry.user_id)
    }

    /// Ends a query. Returns whether there was one.
    pub(crate) fn end(&self, id: Uuid) -> bool {
        let entry = self.lock().get(&id).cloned();
        entry.inspect(|entry| entry.cancel.cancel()).is_some()
    }

    /// Ends the account's query of that name. Returns whether there was one.
    pub(crate) fn end_named(&self, account_id: i64, query_id: &str) -> bool {
        let entries = self.lock();
        let named = entries
            .values()
            .find(|entry| entry.is_named(account_id, query_id));
        named.inspect(|entry| entry.cancel.cancel()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_named(&self, account_id: i64, query_id: &str) -> bool {
        self.user_id == account_id && self.query_id.as_deref() == Some(query_id)
    }

    fn shown(&self) -> RunningQuery {
        RunningQuery {
            id: self.id,
            user_id: self.user_id,
            user: self.user.clone(),
            sql: self.sql.clone(),
            started_at: self.started_at,
            elapsed: clock::since(self.started),
            n_rows: self.n_rows.load(Ordering::Relaxed),
        }
    }
}

impl Running {
    /// What [`Registry::end`] cancels.
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.entry.cancel
    }

    /// Whose query it is.
    pub(crate) fn account_id(&self) -> i64 {
        self.entry.user_id
    }

    pub(crate) fn elapsed(&self) -> Duration {
        clock::since(self.entry.started)
    }

    /// Whether there were others meanwhile.
    pub(crate) fn had_company(&self) -> bool {
        let n_entered = self.registry.n_entered.load(Ordering::Relaxed);
        self.found_others || n_entered > self.number
    }

    /// Rows went to the client.
    pub(crate) fn sent(&self, n_rows: usize) {
        let n_rows = n_rows as u64;
        self.entry.n_rows.fetch_add(n_rows, Ordering::Relaxed);
        self.registry.metrics.query_rows_sent(n_rows);
    }

    /// Counts what the store reads for it.
    pub(crate) fn rows_read(&self) -> &RowsRead {
        &self.entry.rows_read
    }

    /// Whether its user sees all events. Others do not learn what counts events that are not
    /// theirs.
    pub(crate) fn sees_all(&self) -> bool {
        self.sees_all
    }

    pub(crate) fn n_rows(&self) -> u64 {
        self.entry.n_rows.load(Ordering::Relaxed)
    }

    /// What log lines about it belong to.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// It ended; without this, its client went away.
    pub(crate) fn ended(&mut self, outcome: QueryOutcome) {
        self.outcome = outcome;
    }

    /// It failed.
    pub(crate) fn failed(&mut self, error: &QueryError) {
        self.outcome = error.outcome();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _in_span = self.span.enter();
        let entry = &self.entry;
        self.registry.lock().remove(&entry.id);
        let (took, n_rows) = (self.elapsed(), self.n_rows());
        self.registry.metrics.query_ended(self.outcome, took);
        tracing::info!(
            query.id = %entry.id,
            query.outcome = self.outcome.as_str(),
            user.id = entry.user_id,
            n_rows,
            duration_ms = took.as_millis() as u64,
            "query ended"
        );
    }
}
