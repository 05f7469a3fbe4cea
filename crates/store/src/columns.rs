//! The Arrow schemas of the events' columns.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use annoscope_events::{COLUMNS, Column, ColumnType, EXPORT_COLUMNS};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

static TABLE_SCHEMA: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>())));

/// Integers are signed: databases throw on unsigned arithmetic where ClickHouse widens.
fn field(column: &Column) -> Field {
    let data_type = match column.data_type {
        ColumnType::Text => DataType::Utf8,
        ColumnType::UInt16 | ColumnType::UInt32 | ColumnType::UInt64 | ColumnType::Int64 => {
            DataType::Int64
        }
        // Milliseconds are what ClickHouse's DateTime64(3) keeps; the type has microseconds.
        ColumnType::DateTime64 => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Uuid => DataType::FixedSizeBinary(16),
        ColumnType::Bool => DataType::Boolean,
        ColumnType::ArrayOfInt64 => {
            DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)))
        }
    };
    let field = Field::new(column.name, data_type, column.is_nullable);
    if column.data_type == ColumnType::Uuid {
        // Arrow's mark of a UUID; 16 bytes that repeat within a request take a quarter of what
        // their text takes.
        let mark = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
        return field.with_metadata(HashMap::from([mark]));
    }
    field
}

/// Arrow schema of an append: all columns.
pub fn table_schema() -> SchemaRef {
    Arc::clone(&TABLE_SCHEMA)
}

/// Arrow schema of an export: [`EXPORT_COLUMNS`], in their order.
pub fn export_schema() -> SchemaRef {
    let places = EXPORT_COLUMNS.map(|name| TABLE_SCHEMA.index_of(name));
    let places: Result<Vec<usize>, _> = places.into_iter().collect();
    let schema = places.and_then(|places| TABLE_SCHEMA.project(&places));
    Arc::new(schema.expect("they are columns of the table"))
}

/// Arrow schema of rows that are kept outside of a store: all columns, ids of requests as text, and behind them the
/// row's position.
pub fn positioned_schema() -> SchemaRef {
    let fields = COLUMNS.iter().map(|column| match column.data_type {
        ColumnType::Uuid => Field::new(column.name, DataType::Utf8, column.is_nullable),
        _ => field(column),
    });
    let position = Field::new("position", DataType::Int64, false);
    Arc::new(Schema::new(
        fields.chain(std::iter::once(position)).collect::<Vec<_>>(),
    ))
}
