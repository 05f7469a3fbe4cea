//! Rows on their way to ClickHouse and back: both sides speak Arrow, and differ in some types.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use annoscope_events::{COLUMNS, ColumnType};
use annoscope_store::{Entry, Position, RecordError, StoreError};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListArray, RecordBatch, StringArray, StructArray,
    UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{
    DataType, Field, Fields, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType,
};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use uuid::Uuid;

use crate::ddl::{POSITION, TIMESTAMP};
use crate::error::Error;

/// A month of UTC: year and month as one number, as ClickHouse's `toYYYYMM` has it.
pub(crate) type Month = i32;

/// Repeats itself in rows of one request; a higher level takes the processor more than it spares the network.
const ZSTD_LEVEL: i32 = 1;

/// Rows of entries, in the form of our tables, and their positions.
pub(crate) struct Placed {
    rows: RecordBatch,
    positions: Vec<u64>,
}

impl Placed {
    /// The rows of entries at these positions.
    pub(crate) fn decode(entries: &[Entry], within: Range<u64>) -> Result<Placed, Error> {
        let (mut batches, mut positions) = (Vec::new(), Vec::new());
        for entry in entries {
            let first = entry.from.0.max(within.start);
            let rows = entry.rows(Position(first)..Position(within.end));
            let rows = rows.map_err(|error| match error {
                RecordError::NewerVersion { .. } => StoreError::Failed(error.into()),
                error => StoreError::Rejected(error.to_string()),
            })?;
            positions.extend(first..first + rows.num_rows() as u64);
            batches.push(rows);
        }
        let rows = concat_batches(&annoscope_store::table_schema(), &batches)?;
        Ok(Placed { rows, positions })
    }

    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// How many of them lie before a position.
    pub(crate) fn n_before(&self, position: u64) -> usize {
        self.positions.partition_point(|at| *at < position)
    }

    /// Some of them, by their places.
    pub(crate) fn slice(&self, places: Range<usize>) -> Placed {
        Placed {
            rows: self.rows.slice(places.start, places.len()),
            positions: self.positions[places].to_vec(),
        }
    }

    /// Those that are not at `present` positions, which are sorted, by month: each as an INSERT has them. The
    /// same rows give the same bytes.
    pub(crate) fn inserts(&self, present: &[u64]) -> Result<BTreeMap<Month, Encoded>, Error> {
        let mut months: BTreeMap<Month, Vec<u64>> = BTreeMap::new();
        let time = self.rows.schema().index_of(TIMESTAMP)?;
        let times = self
            .rows
            .column(time)
            .as_primitive::<TimestampMicrosecondType>();
        for (place, position) in self.positions.iter().enumerate() {
            if present.binary_search(position).is_err() {
                let month = month(times.value(place));
                months.entry(month).or_default().push(place as u64);
            }
        }
        let insert = |(month, places): (Month, Vec<u64>)| {
            let positions = places.iter().map(|place| self.positions[*place as usize]);
            let positions = UInt64Array::from_iter_values(positions);
            let rows = take_record_batch(&self.rows, &UInt64Array::from(places))?;
            Ok((month, Encoded::of(&bytes_of(&rows, positions)?)?))
        };
        months.into_iter().map(insert).collect()
    }
}

/// Rows of one INSERT as they are sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Encoded {
    /// Compressed by zstd.
    pub(crate) body: Bytes,
    /// Of what was compressed: the same rows have the same one, whatever zstd makes of them.
    pub(crate) hash: blake3::Hash,
}

impl Encoded {
    fn of(stream: &[u8]) -> Result<Encoded, Error> {
        let body = zstd::bulk::compress(stream, ZSTD_LEVEL);
        let body = body.map_err(|source| StoreError::Io {
            doing: "compressing rows".to_owned(),
            source,
        })?;
        Ok(Encoded {
            body: Bytes::from(body),
            hash: blake3::hash(stream),
        })
    }
}

/// Rows as they are sent, made before their turn.
pub(crate) struct Prepared {
    /// Of the rows at these positions.
    pub(crate) within: Range<u64>,
    pub(crate) n_rows: usize,
    pub(crate) inserts: BTreeMap<Month, Encoded>,
}

impl Prepared {
    /// What entries become where none of their rows is stored.
    pub(crate) fn of(entries: &[Entry], within: Range<u64>) -> Result<Prepared, Error> {
        let rows = Placed::decode(entries, within.clone())?;
        Ok(Prepared {
            within,
            n_rows: rows.len(),
            inserts: rows.inserts(&[])?,
        })
    }
}

fn month(time_us: i64) -> Month {
    let time = jiff::Timestamp::from_microsecond(time_us).unwrap_or_default();
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    i32::from(date.year()) * 100 + i32::from(date.month())
}

/// An Arrow stream of one batch, which ClickHouse takes as one block.
fn bytes_of(rows: &RecordBatch, positions: UInt64Array) -> Result<Vec<u8>, Error> {
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (column, values) in COLUMNS.iter().zip(rows.columns()) {
        let values = to_clickhouse(column.data_type, values)?;
        fields.push(Field::new(column.name, values.data_type().clone(), true));
        columns.push(values);
    }
    fields.push(Field::new(POSITION, DataType::UInt64, false));
    columns.push(Arc::new(positions));
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&rows)?;
    Ok(writer.into_inner()?)
}

/// Values in a type that ClickHouse reads as that of its column. Integers are of the range of theirs.
fn to_clickhouse(data_type: ColumnType, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match data_type {
        ColumnType::DateTime64 => cast(values, &DataType::Timestamp(TimeUnit::Millisecond, None))?,
        ColumnType::Uuid => {
            let ids = values.as_fixed_size_binary().iter();
            let text = |id: &[u8]| Uuid::from_slice(id).map(|id| id.to_string()).ok();
            let ids: StringArray = ids.map(|id| id.and_then(text)).collect();
            Arc::new(ids)
        }
        // An array cannot be NULL there.
        ColumnType::ArrayOfInt64 => {
            let (field, offsets, values, _) = values.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(field, offsets, values, None)?)
        }
        _ => Arc::clone(values),
    })
}

/// Rows of ours as they come back, with the columns and types of `schema`.
pub(crate) fn of_clickhouse(
    rows: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().zip(rows.columns());
    let columns = columns.map(|(field, values)| match field.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let times = values.as_primitive_opt::<TimestampMillisecondType>();
            let times = times.ok_or_else(|| {
                ArrowError::CastError(format!("{} is {}", field.name(), values.data_type()))
            })?;
            let micros = times.unary::<_, TimestampMicrosecondType>(|millis| millis * 1000);
            Ok(Arc::new(micros) as ArrayRef)
        }
        DataType::List(item) => {
            let lists = values.as_list_opt::<i32>();
            let lists = lists.ok_or_else(|| {
                ArrowError::CastError(format!("{} is {}", field.name(), values.data_type()))
            })?;
            // What was counted is NULL where it is nothing.
            let is_there = lists
                .iter()
                .map(|list| list.is_some_and(|list| !list.is_empty()));
            let is_there: NullBuffer = is_there.collect();
            let items = cast(lists.values(), item.data_type())?;
            let lists = ListArray::try_new(
                Arc::clone(item),
                lists.offsets().clone(),
                items,
                Some(is_there),
            )?;
            Ok(Arc::new(lists) as ArrayRef)
        }
        data_type => cast(values, data_type),
    });
    let columns = columns.collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// A result with texts in place of bytes: ClickHouse's String may hold any. What is no UTF-8 gets marks, as in its JSON.
pub(crate) fn with_texts(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().map(texts);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let schema = rows.schema();
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, values)| {
        let field = field.as_ref().clone();
        field.with_data_type(values.data_type().clone())
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
}

fn texts(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match values.data_type() {
        DataType::Binary => Arc::new(text(values.as_binary::<i32>())),
        DataType::List(field) => {
            let lists = values.as_list::<i32>();
            let items = texts(lists.values())?;
            let field = field.as_ref().clone();
            let field = field.with_data_type(items.data_type().clone());
            Arc::new(ListArray::try_new(
                Arc::new(field),
                lists.offsets().clone(),
                items,
                lists.nulls().cloned(),
            )?)
        }
        DataType::Struct(fields) => {
            let parts = values.as_struct();
            let columns = parts.columns().iter().map(texts);
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let fields = fields.iter().zip(&columns).map(|(field, values)| {
                let field = field.as_ref().clone();
                field.with_data_type(values.data_type().clone())
            });
            let fields: Fields = fields.collect();
            Arc::new(StructArray::try_new(
                fields,
                columns,
                parts.nulls().cloned(),
            )?)
        }
        _ => Arc::clone(values),
    })
}

fn text(bytes: &BinaryArray) -> StringArray {
    StringArray::try_from_binary(bytes.clone()).unwrap_or_else(|_| {
        let texts = bytes.iter().map(|bytes| bytes.map(with_marks));
        texts.collect()
    })
}

/// One U+FFFD for bytes in a row that are no text, as ClickHouse's JSON has it.
fn with_marks(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (place, chunk) in bytes.utf8_chunks().enumerate() {
        let goes_on = place > 0 && chunk.valid().is_empty();
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !goes_on {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use annoscope_store::positioned_schema;
    use annoscope_test_support::{event, record};
    use arrow::array::Int64Array;

    use super::*;

    fn placed(n: i64) -> Placed {
        // A day each, so that some lie in another month.
        let events: Vec<_> = (0..n).map(|i| event(i * 86_400, i)).collect();
        let entry = Entry {
            from: Position(10),
            record: record(&events).encode().into(),
        };
        Placed::decode(&[entry], 10..1000).unwrap()
    }

    #[test]
    fn each_month_is_an_insert_and_the_same_rows_are_the_same_bytes() {
        let placed = placed(40);
        let inserts = placed.inserts(&[]).unwrap();
        let months: Vec<_> = inserts.keys().copied().collect();
        assert_eq!(months, [202_407, 202_408]);
        assert_eq!(placed.inserts(&[]).unwrap(), inserts);
        let july: Vec<u64> = (10..41).collect();
        let rest = placed.inserts(&july).unwrap();
        assert_eq!(rest.keys().copied().collect::<Vec<_>>(), [202_408]);
        assert_eq!(rest[&202_408], inserts[&202_408]);
    }

    #[test]
    fn months_are_those_of_utc() {
        let cases = [
            (0, 197_001),
            (-1, 196_912),
            (1_767_225_599_999_999, 202_512),
        ];
        for (time_us, expected) in cases {
            assert_eq!(month(time_us), expected, "{time_us}");
        }
    }

    #[test]
    fn rows_come_back_as_they_went() {
        let rows = record(&[event(0, 1), event(1, 2)]).rows;
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (column, values) in COLUMNS.iter().zip(rows.columns()) {
            columns.push(to_clickhouse(column.data_type, values).unwrap());
        }
        columns.push(Arc::new(UInt64Array::from(vec![3, 4])));
        let fields = columns.iter().zip(0..);
        let fields =
            fields.map(|(values, i)| Field::new(format!("c{i}"), values.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let sent = RecordBatch::try_new(schema, columns).unwrap();
        let back = of_clickhouse(&sent, &positioned_schema()).unwrap();
        for (place, column) in COLUMNS.iter().enumerate() {
            if column.data_type != ColumnType::Uuid {
                assert_eq!(back.column(place), rows.column(place), "{}", column.name);
            }
        }
        let positions: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
        assert_eq!(back.columns().last(), Some(&positions));
    }

    #[test]
    fn bytes_are_texts_wherever_they_lie() {
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"a\xff\xc3b\xab"[..], b"b"]));
        let field = Arc::new(Field::new("t", DataType::Binary, false));
        let both = StructArray::try_new(vec![field].into(), vec![Arc::clone(&bytes)], None);
        let both: ArrayRef = Arc::new(both.unwrap());
        let rows = RecordBatch::try_from_iter([("a", bytes), ("b", both)]).unwrap();
        let rows = with_texts(&rows).unwrap();
        let expected: ArrayRef = Arc::new(StringArray::from(vec!["a\u{fffd}b\u{fffd}", "b"]));
        assert_eq!(rows.column(0), &expected);
        assert_eq!(rows.column(1).as_struct().column(0), &expected);
    }
}
