//! What EXPLAIN answers: lines, of the query as it is understood or of the store's plan.

use std::sync::Arc;

use annoscope_sql::{DataType, Dialect, ErrorKind, ResultColumn, SqlError};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use futures::{StreamExt, stream};

use crate::error::QueryError;
use crate::run::Opened;
use crate::statement::Statement;

/// EXPLAIN SYNTAX: the query as it is understood.
pub(crate) fn open_syntax(statement: &Statement<'_>) -> Opened {
    let lines = lines_batch(statement.prepared.text(Dialect::ClickHouse).lines());
    Opened::ready(stream::iter([Ok(lines)]).boxed())
}

/// EXPLAIN: the store's plan.
pub(crate) async fn open_plan(statement: &Statement<'_>) -> Result<Opened, QueryError> {
    // It says what the store knows of all rows: how many there are, their least and greatest values.
    if !statement.sees_all {
        return Err(QueryError::Sql(SqlError {
            kind: ErrorKind::Forbidden,
            message: "the store's plan is for those who see all events".to_owned(),
            hint: Some("EXPLAIN SYNTAX shows how the query is understood".to_owned()),
            position: None,
        }));
    }
    let sql = format!("EXPLAIN {}", statement.text());
    let opened = statement.run_in_store(vec![sql], None, None).await?;
    Ok(opened.map(|plan| {
        plan.map(|batch| batch.map(|plan| plan_lines(&plan)))
            .boxed()
    }))
}

/// The one column of both kinds of EXPLAIN.
pub(crate) fn column() -> ResultColumn {
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
