//! Events as Parquet: the columns of the CSV, typed, times marked as UTC.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::FileError;

/// Rows of a row group at most: what a reader must hold at once.
const GROUP_ROWS: usize = 100_000;

/// Memory of a row group at most, bytes. Payloads may be large.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// Writes batches of events as Parquet.
pub struct ParquetWriter<W: Write + Send> {
    parquet: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins the file.
    pub fn new(to: W, schema: &Schema) -> Result<ParquetWriter<W>, FileError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(concat!("annoscope ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = utc_schema(schema);
        let parquet = ArrowWriter::try_new(to, Arc::clone(&schema), Some(properties))?;
        Ok(ParquetWriter { parquet, schema })
    }

    /// Writes the rows of a batch whose columns are those of the schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), FileError> {
        let columns = batch.columns().iter().map(marked_utc).collect();
        self.parquet
            .write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        if self.parquet.memory_size() > GROUP_BYTES {
            self.parquet.flush()?;
        }
        Ok(())
    }

    /// Writes what is gathered, and the footer.
    pub fn finish(self) -> Result<W, FileError> {
        Ok(self.parquet.into_inner()?)
    }
}

const UTC: &str = "UTC";

fn utc_schema(schema: &Schema) -> SchemaRef {
    let mark = |field: &Arc<Field>| match field.data_type() {
        DataType::Timestamp(..) => {
            let utc = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
            Arc::new(field.as_ref().clone().with_data_type(utc))
        }
        _ => Arc::clone(field),
    };
    let fields: Vec<_> = schema.fields().iter().map(mark).collect();
    Arc::new(Schema::new(fields))
}

/// Without the mark, readers take a time for one without a zone.
fn marked_utc(column: &ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => Arc::new(times.clone().with_timezone(UTC)),
        None => Arc::clone(column),
    }
}

#[cfg(test)]
mod tests;
