//! The columns that are copied, and rows of any origin brought into their form.

use std::sync::{Arc, LazyLock};

use annoscope_events::{COLUMNS, Column, ColumnAccess, ColumnType};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::{cast, filter_record_batch, not, or};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};

use crate::error::CopyError;

/// Beside CVAT's seventeen, those that newer CVATs have.
const NEWER: [&str; 2] = ["access_token_id", "remote_addr"];

/// Times are in µs, as the writers of files take them; no zone is UTC.
const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// What is copied, in the order of CVAT's table.
pub(crate) fn copied() -> impl Iterator<Item = &'static Column> {
    COLUMNS
        .iter()
        .filter(|column| column.access == ColumnAccess::Listed || NEWER.contains(&column.name))
}

/// Whether tables of older CVATs lack it.
pub(crate) fn is_newer(name: &str) -> bool {
    NEWER.contains(&name)
}

/// The type of a column in every batch of this crate.
pub(crate) fn arrow_type(column: &Column) -> DataType {
    match column.data_type {
        ColumnType::Text | ColumnType::Uuid => DataType::Utf8,
        ColumnType::DateTime64 => TIME,
        _ => DataType::Int64,
    }
}

/// The schema of every batch of this crate.
pub(crate) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let field = |column: &Column| Field::new(column.name, arrow_type(column), true);
        Arc::new(Schema::new(copied().map(field).collect::<Vec<_>>()))
    });
    Arc::clone(&SCHEMA)
}

/// Rows in the form of this crate, and those that no store of events takes.
pub(crate) struct Normalized {
    pub(crate) rows: RecordBatch,
    pub(crate) refused: RecordBatch,
}

/// Brings rows into the columns of [`schema`], by name: a column that is missing is NULL, others are left out. A row
/// without a time or a scope, or with a number beyond 2^63 - 1, is refused, because annoscope's tables do not hold it.
pub(crate) fn normalize(batch: &RecordBatch) -> Result<Normalized, CopyError> {
    let n_rows = batch.num_rows();
    let mut columns = Vec::new();
    let mut is_refused = BooleanArray::from(vec![false; n_rows]);
    for column in copied() {
        let data_type = arrow_type(column);
        let Some(found) = batch.column_by_name(column.name) else {
            columns.push(filled(column, &new_null_array(&data_type, n_rows)));
            continue;
        };
        // Some writers leave texts as bytes; what is no UTF-8 is NULL then, and the row refused.
        let converted = cast(found, &data_type).map_err(|source| CopyError::Type {
            column: column.name,
            found: found.data_type().to_string(),
            source,
        })?;
        is_refused = or(&is_refused, &lost(found, &converted))?;
        columns.push(filled(column, &converted));
    }
    let rows = RecordBatch::try_new(schema(), columns)?;
    is_refused = or(&is_refused, &is_blank(&rows, "scope"))?;
    is_refused = or(&is_refused, &is_missing(&rows, "timestamp"))?;
    if is_refused.true_count() == 0 {
        return Ok(Normalized {
            rows,
            refused: RecordBatch::new_empty(batch.schema()),
        });
    }
    Ok(Normalized {
        rows: filter_record_batch(&rows, &not(&is_refused)?)?,
        refused: filter_record_batch(batch, &is_refused)?,
    })
}

/// Where a value was, and is none any more: no column of ours holds it.
fn lost(before: &ArrayRef, after: &ArrayRef) -> BooleanArray {
    let was = |row| before.is_valid(row) && after.is_null(row);
    (0..before.len()).map(|row| Some(was(row))).collect()
}

/// NULL is ClickHouse's default in a column that has none.
fn filled(column: &Column, array: &ArrayRef) -> ArrayRef {
    if column.is_nullable || array.null_count() == 0 {
        return Arc::clone(array);
    }
    match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>().iter();
            Arc::new(
                texts
                    .map(|text| Some(text.unwrap_or("")))
                    .collect::<StringArray>(),
            )
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>().iter();
            Arc::new(
                numbers
                    .map(|number| Some(number.unwrap_or(0)))
                    .collect::<Int64Array>(),
            )
        }
        // A time has no default.
        _ => Arc::clone(array),
    }
}

fn is_blank(rows: &RecordBatch, name: &str) -> BooleanArray {
    let texts = text(rows, name);
    texts
        .iter()
        .map(|text| Some(text.is_none_or(|text| text.trim().is_empty())))
        .collect()
}

fn is_missing(rows: &RecordBatch, name: &str) -> BooleanArray {
    let array = rows
        .column_by_name(name)
        .expect("every batch has the schema");
    (0..array.len())
        .map(|row| Some(array.is_null(row)))
        .collect()
}

/// A column of texts of a batch in the form of this crate.
pub(crate) fn text<'a>(rows: &'a RecordBatch, name: &str) -> &'a StringArray {
    rows.column_by_name(name)
        .expect("every batch has the schema")
        .as_string()
}
