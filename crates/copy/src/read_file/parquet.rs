//! The columns of the table by their names, as annoscope's exports and backups and ClickHouse write them.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Sink;
use crate::builder::BATCH_ROWS;
use crate::error::CopyError;

pub(super) fn read(path: &Path, file: File, sink: &mut Sink<'_>) -> Result<(), CopyError> {
    let wrong = |reason: String| CopyError::Content {
        path: path.to_owned(),
        place: "as Parquet".to_owned(),
        reason,
    };
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| wrong(error.to_string()))?;
    for name in ["scope", "timestamp"] {
        if builder.schema().field_with_name(name).is_err() {
            return Err(wrong(format!(
                "there is no column {name}, so it holds no events"
            )));
        }
    }
    let reader = builder.with_batch_size(BATCH_ROWS).build();
    for batch in reader.map_err(|error| wrong(error.to_string()))? {
        sink(batch.map_err(|error| wrong(error.to_string()))?)?;
    }
    Ok(())
}
