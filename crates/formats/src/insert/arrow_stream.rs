//! Arrow's IPC stream: record batches, whose columns are found by their names.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;

use super::cell::{Cell, ticks_ms};
use super::error::{InsertError, InsertErrorCode};
use super::target::{Place, Places, Target};
use super::wire_type::WireType;
use super::{RowReader, RowSink};

/// Reads rows.
pub(super) struct ArrowStreamReader {
    targets: Vec<Target>,
    decoder: StreamDecoder,
    /// Bytes that have come since the last batch.
    n_pending: usize,
    max_bytes: usize,
    n_rows: u64,
}

impl ArrowStreamReader {
    pub(super) fn new(targets: Vec<Target>, max_bytes: usize) -> ArrowStreamReader {
        ArrowStreamReader {
            targets,
            decoder: StreamDecoder::new(),
            n_pending: 0,
            max_bytes,
            n_rows: 0,
        }
    }

    fn give_rows(
        &mut self,
        batch: &RecordBatch,
        rows: &mut RowSink<'_>,
    ) -> Result<(), InsertError> {
        let mut places = Places::of(&self.targets);
        let mut columns = Vec::new();
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            if let Place::Target(index) = places.place(field.name())? {
                let column = Column::of(array, &self.targets[index])
                    .map_err(|error| error.in_column(field.name()))?;
                columns.push((index, column));
            }
        }
        for batch_row in 0..batch.num_rows() {
            let mut row = Target::defaults(&self.targets);
            for (index, column) in &columns {
                let value = self.targets[*index].value(column.cell(batch_row));
                row[*index] = value.map_err(|error| error.in_row(self.n_rows + 1))?;
            }
            self.n_rows += 1;
            rows(row).map_err(|error| error.in_row(self.n_rows))?;
        }
        Ok(())
    }
}

impl RowReader for ArrowStreamReader {
    fn push(&mut self, bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        let mut piece = Buffer::from(bytes);
        while !piece.is_empty() {
            let n_before = piece.len();
            // The decoder checks what it reads, and is not ours: a panic in it would be no error of the body's
            // sender otherwise.
            let decoded = catch_unwind(AssertUnwindSafe(|| self.decoder.decode(&mut piece)));
            let decoded = decoded.map_err(|_| incorrect("a batch that cannot be read"))?;
            self.n_pending += n_before - piece.len();
            match decoded.map_err(|error| broken(&error))? {
                Some(batch) => {
                    self.n_pending = 0;
                    self.give_rows(&batch, rows)?;
                }
                None if self.n_pending > self.max_bytes => {
                    let message = format!("A record batch is larger than {} bytes", self.max_bytes);
                    return Err(InsertError::new(
                        InsertErrorCode::TooLargeStringSize,
                        message,
                    ));
                }
                None if n_before == piece.len() => {
                    return Err(incorrect("bytes behind its end"));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut RowSink<'_>) -> Result<(), InsertError> {
        self.decoder.finish().map_err(|_| {
            let message = "Cannot read all data: the stream ends within a record batch";
            InsertError::new(InsertErrorCode::CannotReadAllData, message)
        })
    }
}

/// A column in one of the few types that cells are made of.
enum Column {
    Bytes(ArrayRef),
    Signed(ArrayRef),
    Unsigned(ArrayRef),
    Float(ArrayRef),
    Bool(ArrayRef),
    /// Ticks since the epoch, with so many digits after the second.
    Time(ArrayRef, u32),
    Integers(ArrayRef),
    Null,
}

impl Column {
    /// Refuses a type that the target does not take.
    fn of(array: &ArrayRef, target: &Target) -> Result<Column, InsertError> {
        let (wire_type, to, column): Conversion = match inner(array.data_type()) {
            DataType::Null => return Ok(Column::Null),
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => (WireType::String, DataType::Binary, Column::Bytes),
            DataType::Boolean => (WireType::Bool, DataType::Boolean, Column::Bool),
            data_type if data_type.is_signed_integer() => {
                (integer(true), DataType::Int64, Column::Signed)
            }
            data_type if data_type.is_unsigned_integer() => {
                (integer(false), DataType::UInt64, Column::Unsigned)
            }
            data_type if data_type.is_floating() => {
                (WireType::Float64, DataType::Float64, Column::Float)
            }
            DataType::Timestamp(TimeUnit::Second, _) => time(|array| Column::Time(array, 0)),
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => {
                time(|array| Column::Time(array, 3))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => time(|array| Column::Time(array, 6)),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => time(|array| Column::Time(array, 9)),
            DataType::List(item) | DataType::LargeList(item) if item.data_type().is_integer() => {
                let item = item.as_ref().clone().with_data_type(DataType::Int64);
                let list = DataType::List(item.into());
                (
                    WireType::Array(Box::new(integer(true))),
                    list,
                    Column::Integers,
                )
            }
            other => {
                let message =
                    format!("Unknown data type, or one that no column here takes: {other}");
                return Err(InsertError::new(InsertErrorCode::UnknownType, message));
            }
        };
        target.check(&wire_type, &array.data_type().to_string())?;
        Ok(column(cast(array, &to).map_err(|error| broken(&error))?))
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        let array = match self {
            Column::Null => return Cell::Null,
            Column::Bytes(array)
            | Column::Signed(array)
            | Column::Unsigned(array)
            | Column::Float(array)
            | Column::Bool(array)
            | Column::Time(array, _)
            | Column::Integers(array) => array,
        };
        if array.is_null(row) {
            return Cell::Null;
        }
        match self {
            Column::Null => Cell::Null,
            Column::Bytes(array) => Cell::Bytes(array.as_binary::<i32>().value(row)),
            Column::Signed(array) => {
                Cell::Integer(array.as_primitive::<Int64Type>().value(row).into())
            }
            Column::Unsigned(array) => {
                Cell::Integer(array.as_primitive::<UInt64Type>().value(row).into())
            }
            Column::Float(array) => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
            Column::Bool(array) => Cell::Bool(array.as_boolean().value(row)),
            Column::Time(array, precision) => {
                let ticks = array.as_primitive::<Int64Type>().value(row);
                Cell::TimeMs(ticks_ms(ticks, *precision))
            }
            Column::Integers(array) => {
                let items = array.as_list::<i32>().value(row);
                let items = items.as_primitive::<Int64Type>();
                // NULL within an array is ClickHouse's default, as for a row's own values.
                Cell::Integers(items.iter().map(|item| item.unwrap_or(0).into()).collect())
            }
        }
    }
}

/// The type by ClickHouse's name, Arrow's type of the cells, and what the column is then.
type Conversion = (WireType, DataType, fn(ArrayRef) -> Column);

/// Times as ticks: Arrow's own conversion cuts towards 1970.
fn time(column: fn(ArrayRef) -> Column) -> Conversion {
    (WireType::DateTime64(3), DataType::Int64, column)
}

/// The type of a dictionary's values.
fn inner(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

fn integer(is_signed: bool) -> WireType {
    WireType::Integer {
        n_bytes: 8,
        is_signed,
    }
}

fn broken(error: &ArrowError) -> InsertError {
    incorrect(&error.to_string())
}

fn incorrect(what: &str) -> InsertError {
    let message = format!("Incorrect data in an Arrow stream: {what}");
    InsertError::new(InsertErrorCode::IncorrectData, message)
}
