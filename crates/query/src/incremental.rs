//! Queries that are put together from slices of time, some of which may be in the result cache: what is
//! asked of the store, and what is made of it.

use annoscope_sql::{Division, Newest, Parts, TimeSlices};
use annoscope_store::{Changes, Rows, StoreError};
use arrow::array::RecordBatch;
use futures::{StreamExt, stream};

use crate::error::QueryError;
use crate::result_cache::by_time::{Plan, Refresh};
use crate::run::Opened;
use crate::slots::QuerySlot;
use crate::statement::Statement;

/// Most bytes of rows that are gathered before the first is sent.
const MAX_GATHERED_BYTES: usize = 8 << 20;

/// Rows of a statement.
enum Gathered {
    /// All of them, and the slot that the statement had.
    All(Vec<RecordBatch>, Option<QuerySlot>),
    /// Too many to wait for.
    Beyond(Opened),
}

/// The rows of a SELECT.
pub(crate) async fn open(statement: &Statement<'_>) -> Result<Opened, QueryError> {
    statement.open_select().await
}

impl Statement<'_> {
    async fn open_select(&self) -> Result<Opened, QueryError> {
        let dialect = self.resources.dialect;
        let changes = self.resources.store.changes();
        let divided = match (self.prepared.division(dialect), changes) {
            (Some(Division::ByTime(slices)), Some(changes)) if self.may_use_cache => {
                return self.open_by_time(slices, changes).await;
            }
            (Some(Division::Newest(newest)), Some(changes)) => {
                return self.open_newest(newest, changes).await;
            }
            (Some(Division::Parts(parts)), Some(changes)) if self.may_use_cache => {
                self.open_parts(parts, changes).await?
            }
            // Without a change log nothing is known of what was cached.
            _ => None,
        };
        match divided {
            Some(opened) => Ok(opened),
            None => self.open_whole(None).await,
        }
    }

    /// All rows, from the store.
    async fn open_whole(&self, slot: Option<QuerySlot>) -> Result<Opened, QueryError> {
        self.run_whole(slot).await
    }

    async fn open_by_time(
        &self,
        slices: &TimeSlices,
        changes: &Changes,
    ) -> Result<Opened, QueryError> {
        match self.resources.cache.plan(slices, changes) {
            Plan::Whole(writer) => {
                let opened = self.open_whole(None).await?;
                Ok(opened.map(|batches| writer.watch(batches)))
            }
            Plan::Slices(refresh) => match self.refresh(refresh).await? {
                Some(opened) => Ok(opened),
                None => self.open_whole(None).await,
            },
        }
    }

    /// Asks the store for new and changed slices; `None` if they do not give the result.
    async fn refresh(&self, mut refresh: Refresh) -> Result<Option<Opened>, QueryError> {
        let read = async {
            let mut slices = self.run_in_store(refresh.statements(), None, None).await?;
            while let Some(batch) = slices.batches.next().await {
                if !refresh.take(batch?) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if !self.within_the_limit(read).await? {
            refresh.forget();
            return Ok(None);
        }
        let refreshed = refresh.finish()?;
        Ok(refreshed.map(|refreshed| Opened {
            n_cached: refreshed.n_cached,
            ..Opened::ready(refreshed.batches)
        }))
    }

    /// Looks at the end of the window first, and further back until there are enough rows.
    async fn open_newest(&self, newest: &Newest, changes: &Changes) -> Result<Opened, QueryError> {
        let cache = &self.resources.cache;
        let mut search = cache.search(newest, changes, self.may_use_cache)?;
        let mut slot = None;
        loop {
            let mut fresh = Vec::new();
            if let Some(statement) = search.statement() {
                match self.gather(statement, slot).await? {
                    Gathered::All(rows, of_statement) => (fresh, slot) = (rows, of_statement),
                    Gathered::Beyond(opened) => {
                        return self.open_whole(opened.slot).await;
                    }
                }
            }
            if let Some((rows, n_cached)) = search.finish(&fresh)? {
                return Ok(Opened {
                    n_cached,
                    ..ready(rows)
                });
            }
            search.widen();
        }
    }

    /// Asks the store for the result of all slices' rows. Missing ones are read for it, unless they
    /// are too much to be read each time: then they are asked for first, to be cached. `None` where
    /// the query is asked whole.
    async fn open_parts(
        &self,
        parts: &Parts,
        changes: &Changes,
    ) -> Result<Option<Opened>, QueryError> {
        let Some(mut slices) = self.resources.cache.slice_rows(parts, changes) else {
            return Ok(None);
        };
        let mut slot = None;
        if slices.is_much_missing() {
            let statement = parts.of_slices(&slices.missing);
            match self.gather(statement, None).await? {
                Gathered::All(fresh, of_statement) => {
                    slices.add(&fresh)?;
                    slot = of_statement;
                }
                Gathered::Beyond(_) => {
                    slices.give_up();
                    return Ok(None);
                }
            }
        }
        let n_cached = slices.n_cached;
        let rows = slices.rows();
        let source = rows.as_ref().map(|_| Rows::SOURCE);
        let statement = parts.of_rows(source, &slices.missing);
        let opened = self.run_in_store(vec![statement], rows, slot).await?;
        Ok(Some(Opened { n_cached, ..opened }))
    }

    /// Waits for all rows of a statement, unless they become too many.
    async fn gather(
        &self,
        statement: String,
        slot: Option<QuerySlot>,
    ) -> Result<Gathered, QueryError> {
        let read = async {
            let mut opened = self.run_in_store(vec![statement], None, slot).await?;
            let (mut rows, mut n_bytes) = (Vec::new(), 0);
            while let Some(batch) = opened.batches.next().await {
                let batch = batch?;
                n_bytes += batch.get_array_memory_size();
                rows.push(batch);
                if n_bytes > MAX_GATHERED_BYTES {
                    let first = stream::iter(rows.into_iter().map(Ok));
                    return Ok(Gathered::Beyond(
                        opened.map(|rest| first.chain(rest).boxed()),
                    ));
                }
            }
            Ok(Gathered::All(rows, opened.slot))
        };
        self.within_the_limit(read).await
    }

    /// Lets several statements together take the time of one.
    async fn within_the_limit<T>(
        &self,
        read: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let limit = self.time_limit;
        let read = tokio::time::timeout(self.resources.max_wait + limit, read).await;
        read.map_err(|_| QueryError::TimeLimit { limit })?
    }
}

/// Rows that were gathered.
fn ready(rows: Vec<RecordBatch>) -> Opened {
    let rows = rows.into_iter().map(Ok::<RecordBatch, StoreError>);
    Opened::ready(stream::iter(rows).boxed())
}
