//! A checked statement and what is asked of the store for it.

use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::{DataType, Prepared, ResultColumn, StatementKind};
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
    /// Whether the viewer may know how many events there are.
    pub(super) sees_all: bool,
}

impl Statement<'_> {
    /// Its rows, as soon as they come.
    pub(super) async fn open(&self) -> Result<Opened, QueryError> {
        match self.prepared.kind {
            StatementKind::ExplainSyntax => {
                let lines = lines_batch(self.prepared.clickhouse.lines());
                Ok(Opened::ready(stream::iter([Ok(lines)]).boxed()))
            }
            StatementKind::Explain => {
                let sql = format!("EXPLAIN {}", self.prepared.duckdb);
                let opened = self.run_in_store(vec![sql], None, None).await?;
                let sees_all = self.sees_all;
                Ok(opened.map(|plan| {
                    let lines =
                        plan.map(move |batch| batch.map(|plan| plan_lines(&plan, sees_all)));
                    lines.boxed()
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
                let place = self.queries.inner.places.take().await;
                place.map_err(|_| QueryError::Store(StoreError::NotOpen))?
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

/// The lines of DuckDB's plan, which is text in the last column. How many rows there are in the
/// store, which the plan estimates, only who sees all events is told.
fn plan_lines(plan: &RecordBatch, sees_all: bool) -> RecordBatch {
    let texts = plan
        .columns()
        .last()
        .map(|texts| cast(texts, &ArrowType::Utf8));
    let Some(Ok(texts)) = texts else {
        return lines_batch(std::iter::empty());
    };
    let texts = texts.as_string::<i32>();
    let lines = texts.iter().flatten().flat_map(str::lines);
    if sees_all {
        return lines_batch(lines);
    }
    let lines: Vec<String> = lines.map(without_estimates).collect();
    lines_batch(lines.iter().map(String::as_str))
}

/// A line of a plan with dots in place of the digits of `~1,234 rows`.
fn without_estimates(line: &str) -> String {
    let mut is_estimate = false;
    let hidden = line.chars().map(|char| {
        is_estimate = char == '~' || (is_estimate && (char.is_ascii_digit() || char == ','));
        if is_estimate && char != '~' {
            '·'
        } else {
            char
        }
    });
    hidden.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_lines() {
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["physical_plan"]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["┌──┐\n│a ~1,234 rows 5│\n"]));
        let plan = RecordBatch::try_from_iter([("explain_key", keys), ("explain_value", texts)]);
        let plan = plan.unwrap();
        let cases = [
            (true, ["┌──┐", "│a ~1,234 rows 5│"]),
            (false, ["┌──┐", "│a ~····· rows 5│"]),
        ];
        for (sees_all, expected) in cases {
            let lines = plan_lines(&plan, sees_all);
            let lines: Vec<_> = lines
                .column(0)
                .as_string::<i32>()
                .iter()
                .flatten()
                .collect();
            assert_eq!(lines, expected);
        }
    }
}
