//! Arrow's IPC stream: the store's own columns under the result's names, times with their time zone
//! and parts of tuples with their numbers, as ClickHouse names them.

use std::ops::Range;
use std::sync::Arc;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::{Array, ArrayRef, AsArray, ListArray, PrimitiveArray, RecordBatch, StructArray};
use arrow::datatypes::{
    ArrowTimestampType, DataType as ArrowType, Field, Fields, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use crate::encoder::{Encoder, FormatError, Stats, check_width};
use crate::style::Style;

/// The time zone of times whose type names none.
const SERVERS_ZONE: &str = "UTC";

/// The store's batches under the result's names, with what ClickHouse's types say.
pub(crate) struct Described {
    columns: Vec<ResultColumn>,
    /// Of times whose type names none.
    zone: String,
}

impl Described {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> Described {
        let zone = style.timezone.as_deref().unwrap_or(SERVERS_ZONE);
        Described {
            columns,
            zone: zone.to_owned(),
        }
    }

    /// The fields of columns of these types under the result's names.
    fn schema(&self, types: impl Iterator<Item = ArrowType>) -> SchemaRef {
        let pairs = self.columns.iter().zip(types);
        let fields = pairs.map(|(column, data_type)| Field::new(&column.name, data_type, true));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    /// The schema of a result without rows.
    pub(crate) fn announced(&self) -> SchemaRef {
        let columns = self.columns.iter();
        self.schema(columns.map(|column| arrow_type(&column.data_type, &self.zone)))
    }

    /// A batch of the store.
    pub(crate) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, FormatError> {
        check_width(batch, &self.columns)?;
        let pairs = batch.columns().iter().zip(&self.columns);
        let columns = pairs.map(|(array, column)| described(array, &column.data_type, &self.zone));
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let schema = self.schema(columns.iter().map(|array| array.data_type().clone()));
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

/// Writes an Arrow stream. The schema is that of the first batch.
pub(crate) struct ArrowEncoder {
    described: Described,
    writer: Option<StreamWriter<Vec<u8>>>,
    loaded: Option<RecordBatch>,
}

impl ArrowEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> ArrowEncoder {
        ArrowEncoder {
            described: Described::new(columns, style),
            writer: None,
            loaded: None,
        }
    }

    fn writer(&mut self, schema: &SchemaRef) -> Result<&mut StreamWriter<Vec<u8>>, ArrowError> {
        if self.writer.is_none() {
            self.writer = Some(StreamWriter::try_new(Vec::new(), schema)?);
        }
        Ok(self.writer.as_mut().expect("made above if there was none"))
    }
}

impl Encoder for ArrowEncoder {
    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = Some(self.described.batch(&batch)?);
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let Some(batch) = &self.loaded else {
            return Ok(());
        };
        let piece = batch.slice(rows.start, rows.len());
        let writer = self.writer(&piece.schema())?;
        writer.write(&piece)?;
        out.append(writer.get_mut());
        Ok(())
    }

    fn end(&mut self, _: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let schema = self.described.announced();
        let writer = self.writer(&schema)?;
        writer.finish()?;
        out.append(writer.get_mut());
        Ok(())
    }
}

/// The store's array with what its type does not say by itself: time zones, and the names of parts.
fn described(array: &ArrayRef, data_type: &DataType, zone: &str) -> Result<ArrayRef, ArrowError> {
    Ok(match (data_type, array.data_type()) {
        (DataType::Nullable(inner), _) => described(array, inner, zone)?,
        (
            DataType::DateTime(own) | DataType::DateTime64 { timezone: own, .. },
            ArrowType::Timestamp(unit, _),
        ) => {
            let zone = own.as_deref().unwrap_or(zone);
            match unit {
                TimeUnit::Second => zoned::<TimestampSecondType>(array, zone),
                TimeUnit::Millisecond => zoned::<TimestampMillisecondType>(array, zone),
                TimeUnit::Microsecond => zoned::<TimestampMicrosecondType>(array, zone),
                TimeUnit::Nanosecond => zoned::<TimestampNanosecondType>(array, zone),
            }
        }
        (DataType::Array(item), ArrowType::List(_)) => {
            let lists: &ListArray = array.as_list();
            let items = described(lists.values(), item, zone)?;
            let field = Field::new_list_field(items.data_type().clone(), true);
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Arc::new(ListArray::try_new(Arc::new(field), offsets, items, nulls)?)
        }
        (DataType::Tuple(types), ArrowType::Struct(fields)) if fields.len() == types.len() => {
            let tuple = array.as_struct();
            let parts = tuple.columns().iter().zip(types);
            let parts = parts.map(|(part, data_type)| described(part, data_type, zone));
            let parts = parts.collect::<Result<Vec<ArrayRef>, _>>()?;
            let fields = part_fields(parts.iter().map(|part| part.data_type().clone()));
            Arc::new(StructArray::try_new(fields, parts, tuple.nulls().cloned())?)
        }
        _ => array.clone(),
    })
}

/// The same instants with their time zone; a cast would take them for its wall clock.
fn zoned<T: ArrowTimestampType>(array: &ArrayRef, zone: &str) -> ArrayRef {
    let instants: &PrimitiveArray<T> = array.as_primitive();
    Arc::new(instants.clone().with_timezone(zone))
}

/// The fields of a tuple's parts, which ClickHouse numbers.
fn part_fields(types: impl Iterator<Item = ArrowType>) -> Fields {
    let fields = (1..)
        .zip(types)
        .map(|(i, data_type): (usize, _)| Field::new(i.to_string(), data_type, true));
    fields.collect()
}

/// What the store gives for a type ([`annoscope_sql::Prepared::duckdb`]), described. `zone`: of times
/// whose type names none.
fn arrow_type(data_type: &DataType, zone: &str) -> ArrowType {
    let timestamp = |unit, own: &Option<String>| {
        ArrowType::Timestamp(unit, Some(own.as_deref().unwrap_or(zone).into()))
    };
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
        DataType::DateTime(own) => timestamp(TimeUnit::Second, own),
        DataType::DateTime64 {
            precision,
            timezone,
        } => match precision {
            0..=3 => timestamp(TimeUnit::Millisecond, timezone),
            _ => timestamp(TimeUnit::Microsecond, timezone),
        },
        DataType::Nullable(inner) => arrow_type(inner, zone),
        DataType::Array(item) => ArrowType::new_list(arrow_type(item, zone), true),
        DataType::Tuple(items) => {
            ArrowType::Struct(part_fields(items.iter().map(|item| arrow_type(item, zone))))
        }
    }
}
