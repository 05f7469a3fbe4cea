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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use annoscope_sql::DataType;
    use arrow::array::{ArrayRef, UInt64Array};
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    #[test]
    fn row_groups_go_out_when_they_are_full() {
        let column = ResultColumn {
            name: "n".to_owned(),
            data_type: DataType::UInt64,
        };
        let mut encoder = ParquetEncoder::new(vec![column], &Style::default());
        let mut out = Vec::new();
        let n_rows = 2 * GROUP_ROWS + 5;
        for start in (0..n_rows).step_by(50_000) {
            let end = n_rows.min(start + 50_000);
            let numbers = UInt64Array::from_iter_values(start as u64..end as u64);
            let array: ArrayRef = Arc::new(numbers);
            let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
            encoder.load(batch).unwrap();
            encoder.write(0..end - start, &mut out).unwrap();
        }
        assert!(out.len() > GROUP_ROWS);
        let stats = Stats {
            n_rows: n_rows as u64,
            n_read: None,
            n_cached: 0,
            elapsed: Duration::ZERO,
            is_truncated: false,
            is_behind: false,
        };
        encoder.end(&stats, &mut out).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(out)).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 3);
        assert_eq!(reader.schema().field(0).name(), "n");
        let batches = reader.build().unwrap();
        let n_read: usize = batches.map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(n_read, n_rows);
    }
}
