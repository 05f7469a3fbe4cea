//! Rows of queries that this server asks itself, with the rights of who asked it.

use annoscope_events::Timestamp;
use annoscope_formats::TimeFormat;
use annoscope_query::{Access, Engine, QueryError, QueryRequest};
use annoscope_sql::Context;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

/// Asks for at most `limit` rows. All of them are held in memory.
pub(crate) async fn ask(
    engine: &Engine,
    sql: String,
    context: Context,
    limit: u64,
    access: &Access,
) -> Result<Vec<RecordBatch>, QueryError> {
    let now = Timestamp::from_millis(context.now_ms);
    let request = QueryRequest {
        sql,
        context,
        limit,
        time_format: TimeFormat::Text,
        ignores_format: true,
        may_use_cache: true,
        query_id: None,
        time_limit: None,
        has_byte_order_mark: false,
    };
    let mut run = engine.start(request, access, now).await?;
    let mut batches = Vec::new();
    while let Some(batch) = run.next().await? {
        run.sent(batch.num_rows());
        batches.push(batch);
    }
    run.finish();
    Ok(batches)
}

/// A value of a column of `Int64`; `None` for NULL.
pub(crate) fn integer(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let values = batch.column(column).as_primitive_opt::<Int64Type>()?;
    values.is_valid(row).then(|| values.value(row))
}

/// A value of a column of `String`; `None` for NULL.
pub(crate) fn text(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let values = batch.column(column).as_string_opt::<i32>()?;
    values.is_valid(row).then(|| values.value(row).to_owned())
}
