//! Arrow's IPC stream: the store's own columns under the result's names.

use std::ops::Range;
use std::sync::Arc;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use serde_json::Value;

use super::{Encoder, check_width};
use crate::queries::error::QueryError;
use crate::queries::run::Stats;

/// Writes an Arrow stream. The schema is that of the first batch.
pub(super) struct ArrowEncoder {
    columns: Vec<ResultColumn>,
    writer: Option<StreamWriter<Vec<u8>>>,
    loaded: Option<RecordBatch>,
}

impl ArrowEncoder {
    pub(super) fn new(columns: Vec<ResultColumn>) -> ArrowEncoder {
        ArrowEncoder {
            columns,
            writer: None,
            loaded: None,
        }
    }

    /// The store's types under the result's names.
    fn named(&self, schema: &Schema) -> SchemaRef {
        let pairs = schema.fields().iter().zip(&self.columns);
        let fields = pairs.map(|(field, column)| field.as_ref().clone().with_name(&column.name));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    /// The schema of a result without rows.
    fn announced(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(&column.data_type), true));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    fn writer(&mut self, schema: &SchemaRef) -> Result<&mut StreamWriter<Vec<u8>>, ArrowError> {
        if self.writer.is_none() {
            self.writer = Some(StreamWriter::try_new(Vec::new(), schema)?);
        }
        Ok(self.writer.as_mut().expect("made above if there was none"))
    }
}

fn internal(error: ArrowError) -> QueryError {
    QueryError::Internal(error.into())
}

impl Encoder for ArrowEncoder {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn load(&mut self, batch: RecordBatch) -> Result<(), QueryError> {
        check_width(&batch, &self.columns)?;
        let schema = self.named(batch.schema_ref());
        let batch = RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(internal)?;
        self.loaded = Some(batch);
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), QueryError> {
        let Some(batch) = &self.loaded else {
            return Ok(());
        };
        let piece = batch.slice(rows.start, rows.len());
        let writer = self.writer(&piece.schema()).map_err(internal)?;
        writer.write(&piece).map_err(internal)?;
        out.append(writer.get_mut());
        Ok(())
    }

    fn end(&mut self, _: &Stats, out: &mut Vec<u8>) -> Result<(), QueryError> {
        let schema = self.announced();
        let writer = self.writer(&schema).map_err(internal)?;
        writer.finish().map_err(internal)?;
        out.append(writer.get_mut());
        Ok(())
    }

    fn fail(&mut self, _: &Value, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// What the store gives for a type ([`annoscope_sql::Prepared::duckdb`]).
fn arrow_type(data_type: &DataType) -> ArrowType {
    match data_type {
        DataType::UInt8 => ArrowType::UInt8,
        DataType::UInt16 => ArrowType::UInt16,
        DataType::UInt32 => ArrowType::UInt32,
        DataType::UInt64 => ArrowType::UInt64,
        DataType::Int8 => ArrowType::Int8,
        DataType::Int16 => ArrowType::Int16,
        DataType::Int32 | DataType::Nothing => ArrowType::Int32,
        DataType::Int64 | DataType::Interval(_) => ArrowType::Int64,
        DataType::Float32 => ArrowType::Float32,
        DataType::Float64 => ArrowType::Float64,
        &DataType::Decimal { precision, scale } => {
            ArrowType::Decimal128(precision, scale.cast_signed())
        }
        DataType::Bool => ArrowType::Boolean,
        DataType::String | DataType::JsonType => ArrowType::Utf8,
        DataType::Date | DataType::Date32 => ArrowType::Date32,
        DataType::DateTime(_) => ArrowType::Timestamp(TimeUnit::Second, None),
        DataType::DateTime64 {
            precision: 0..=3, ..
        } => ArrowType::Timestamp(TimeUnit::Millisecond, None),
        DataType::DateTime64 { .. } => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Nullable(inner) => arrow_type(inner),
        DataType::Array(item) => ArrowType::new_list(arrow_type(item), true),
        DataType::Tuple(items) => {
            let fields = (1..)
                .zip(items)
                .map(|(i, item): (usize, _)| Field::new(i.to_string(), arrow_type(item), true));
            ArrowType::Struct(fields.collect::<Fields>())
        }
    }
}
