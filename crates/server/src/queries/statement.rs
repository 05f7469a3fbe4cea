//! A checked statement and what is asked of the store for it.

use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::{
    DataType, Dialect, ErrorKind, Prepared, ResultColumn, SqlError, StatementKind,
};
use annoscope_store::{Query, Rows, RowsRead, StoreError};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use futures::{StreamExt, stream};

use super::Queries;
use super::error::QueryError;
use super::places::Place;
use super::run::Opened;

/// How often a query that has a place asks again for a connection: the one before it may need
/// some ms to give its own back.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// A statement on its way to the store.
pub(super) struct Statement<'a> {
    pub(super) queries: &'a Queries,
    pub(super) prepared: &'a Prepared,
    /// Whether kept rows may be used.
    pub(super) may_reuse: bool,
    pub(super) rows_read: &'a RowsRead,
    /// Whose it is.
    pub(super) account_id: i64,
    /// Whether the viewer may know what there is beside the rows that are there to be seen.
    pub(super) sees_all: bool,
}

impl Statement<'_> {
    /// What the store runs.
    pub(super) fn text(&self) -> &str {
        self.prepared.text(self.queries.inner.dialect)
    }

    /// Its rows, as soon as they come.
    pub(super) async fn open(&self) -> Result<Opened, QueryError> {
        match self.prepared.kind {
            StatementKind::ExplainSyntax => {
                let lines = lines_batch(self.prepared.text(Dialect::ClickHouse).lines());
                Ok(Opened::ready(stream::iter([Ok(lines)]).boxed()))
            }
            // It says what the store knows of all rows: how many there are, their least and
            // greatest values.
            StatementKind::Explain if !self.sees_all => Err(QueryError::Sql(SqlError {
                kind: ErrorKind::Forbidden,
                message: "the store's plan is for those who see all events".to_owned(),
                hint: Some("EXPLAIN SYNTAX shows how the query is understood".to_owned()),
                position: None,
            })),
            StatementKind::Explain => {
                let sql = format!("EXPLAIN {}", self.text());
                let opened = self.run_in_store(vec![sql], None, None).await?;
                Ok(opened.map(|plan| {
                    plan.map(|batch| batch.map(|plan| plan_lines(&plan)))
                        .boxed()
                }))
            }
            StatementKind::Select => self.open_select().await,
        }
    }

    /// Waits for a place unless it has one, then starts the statements in the store.
    pub(super) async fn run_in_store(
        &self,
        statements: Vec<String>,
        rows: Option<Rows>,
        place: Option<Place>,
    ) -> Result<Opened, QueryError> {
        let query = Query {
            statements,
            time_limit: self.queries.time_limit(),
            rows,
            rows_read: self.rows_read.clone(),
        };
        let start = async {
            let place = if let Some(place) = place {
                place
            } else {
                self.queries.inner.places.take(self.account_id).await
            };
            loop {
                let (store, query) = (Arc::clone(&self.queries.inner.store), query.clone());
                // The store opens itself again within this call, should it have to.
                let started = tokio::task::spawn_blocking(move || store.query(query)).await;
                match started.map_err(|panic| QueryError::Internal(panic.into()))? {
                    Ok(batches) => {
                        return Ok(Opened {
                            place: Some(place),
                            ..Opened::ready(batches.boxed())
                        });
                    }
                    Err(StoreError::Busy { .. }) => tokio::time::sleep(ASK_AGAIN).await,
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let started = tokio::time::timeout(self.queries.max_wait(), start).await;
        started.unwrap_or_else(|_| {
            let limit = self.queries.inner.config.max_concurrent as usize;
            Err(QueryError::Store(StoreError::Busy { limit }))
        })
    }
}

/// The one column of both kinds of EXPLAIN.
pub(super) fn explain_column() -> ResultColumn {
    ResultColumn {
        name: "explain".to_owned(),
        data_type: DataType::String,
    }
}

fn lines_batch<'a>(lines: impl Iterator<Item = &'a str>) -> RecordBatch {
    // Gathered first: Arrow wants to know how many there are.
    let lines: Vec<&str> = lines.collect();
    let lines: ArrayRef = Arc::new(StringArray::from(lines));
    let schema = Schema::new(vec![Field::new("explain", ArrowType::Utf8, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![lines]).expect("one column of the schema's type")
}

/// The lines of DuckDB's plan, which is text in the last column.
fn plan_lines(plan: &RecordBatch) -> RecordBatch {
    let texts = plan
        .columns()
        .last()
        .map(|texts| cast(texts, &ArrowType::Utf8));
    let Some(Ok(texts)) = texts else {
        return lines_batch(std::iter::empty());
    };
    let texts = texts.as_string::<i32>();
    lines_batch(texts.iter().flatten().flat_map(str::lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_lines() {
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["physical_plan"]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["┌──┐\n│a ~1,234 rows 5│\n"]));
        let plan = RecordBatch::try_from_iter([("explain_key", keys), ("explain_value", texts)]);
        let lines = plan_lines(&plan.unwrap());
        let lines: Vec<_> = lines
            .column(0)
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect();
        assert_eq!(lines, ["┌──┐", "│a ~1,234 rows 5│"]);
    }
}
