//! Parquet: the columns of an Arrow stream in row groups, each written as soon as it is full.

use std::ops::Range;

use annoscope_sql::ResultColumn;
use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::arrow_stream::Described;
use crate::encoder::{Encoder, FormatError, Stats};
use crate::style::Style;

/// Rows of a row group at most: what a reader must hold at once.
const GROUP_ROWS: usize = 100_000;

/// Memory of a row group at most, bytes. Payloads may be large.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// Rows of a piece: what it costs to hand them to the writer does not depend on how many they are.
const PIECE_ROWS: usize = 8192;

/// Writes row groups. The schema is that of the first batch.
pub(crate) struct ParquetEncoder {
    described: Described,
    writer: Option<ArrowWriter<Vec<u8>>>,
    loaded: Option<RecordBatch>,
}

impl ParquetEncoder {
    pub(crate) fn new(columns: Vec<ResultColumn>, style: &Style) -> ParquetEncoder {
        ParquetEncoder {
            described: Described::new(columns, style),
            writer: None,
            loaded: None,
        }
    }

    fn begun(&mut self, batch: &RecordBatch) -> Result<&mut ArrowWriter<Vec<u8>>, ParquetError> {
        if self.writer.is_none() {
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_max_row_group_row_count(Some(GROUP_ROWS))
                .set_created_by(concat!("annoscope ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
            self.writer = Some(writer);
        }
        Ok(self.writer.as_mut().expect("made above if there was none"))
    }
}

impl Encoder for ParquetEncoder {
    fn piece_rows(&self) -> usize {
        PIECE_ROWS
    }

    fn load(&mut self, batch: RecordBatch) -> Result<(), FormatError> {
        self.loaded = Some(self.described.batch(&batch)?);
        Ok(())
    }

    fn write(&mut self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let Some(batch) = &self.loaded else {
            return Ok(());
        };
        let piece = batch.slice(rows.start, rows.len());
        let writer = self.begun(&piece)?;
        writer.write(&piece)?;
        if writer.memory_size() > GROUP_BYTES {
            writer.flush()?;
        }
        out.append(writer.inner_mut());
        Ok(())
    }

    fn end(&mut self, _: &Stats, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let none = RecordBatch::new_empty(self.described.announced());
        self.begun(&none)?;
        if let Some(writer) = self.writer.take() {
            out.append(&mut writer.into_inner()?);
        }
        Ok(())
    }
}
