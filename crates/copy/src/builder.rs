//! Rows in the form of this crate, put together from single values.

use std::sync::Arc;

use annoscope_events::Timestamp;
use arrow::array::{
    ArrayRef, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;

use crate::columns::{arrow_type, copied, schema};
use crate::error::CopyError;

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 8192;

/// A value of a row.
pub(crate) enum Value<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
    Time(Timestamp),
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

/// Gathers rows; a value of another kind than its column's is NULL.
pub(crate) struct RowBuilder {
    columns: Vec<Builder>,
    n_rows: usize,
}

impl RowBuilder {
    pub(crate) fn new() -> RowBuilder {
        let builder = |column| match arrow_type(column) {
            DataType::Utf8 => Builder::Text(StringBuilder::new()),
            DataType::Int64 => Builder::Integer(Int64Builder::new()),
            _ => Builder::Time(TimestampMicrosecondBuilder::new()),
        };
        RowBuilder {
            columns: copied().map(builder).collect(),
            n_rows: 0,
        }
    }

    /// Adds a row: a value for each of the columns, in their order.
    pub(crate) fn push<'a>(&mut self, values: impl IntoIterator<Item = Value<'a>>) {
        let mut values = values.into_iter();
        for column in &mut self.columns {
            match (column, values.next().unwrap_or(Value::Null)) {
                (Builder::Text(texts), Value::Text(text)) => texts.append_value(text),
                (Builder::Text(texts), _) => texts.append_null(),
                (Builder::Integer(numbers), Value::Integer(number)) => numbers.append_value(number),
                (Builder::Integer(numbers), _) => numbers.append_null(),
                (Builder::Time(times), Value::Time(time)) => times.append_value(time.micros()),
                (Builder::Time(times), _) => times.append_null(),
            }
        }
        self.n_rows += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.n_rows >= BATCH_ROWS
    }

    /// The rows so far; begins anew.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, CopyError> {
        let finish = |column: &mut Builder| -> ArrayRef {
            match column {
                Builder::Text(texts) => Arc::new(texts.finish()),
                Builder::Integer(numbers) => Arc::new(numbers.finish()),
                Builder::Time(times) => Arc::new(times.finish()),
            }
        };
        self.n_rows = 0;
        let columns = self.columns.iter_mut().map(finish).collect();
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}
