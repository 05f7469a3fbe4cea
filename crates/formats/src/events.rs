//! Events as files, written from the first to the last: CVAT's CSV, and Parquet.

mod csv;
mod parquet;

use std::io;

use ::parquet::errors::ParquetError;
use arrow::error::ArrowError;

pub use csv::CsvWriter;
pub use parquet::ParquetWriter;

/// Why a file of events cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It takes no more.
    #[error(transparent)]
    Io(io::Error),
    /// Parquet cannot hold what came.
    #[error(transparent)]
    Parquet(ParquetError),
    /// Other columns came than those of the schema.
    #[error(transparent)]
    Columns(#[from] ArrowError),
}

impl From<::csv::Error> for FileError {
    fn from(error: ::csv::Error) -> FileError {
        FileError::Io(match error.into_kind() {
            ::csv::ErrorKind::Io(error) => error,
            // The others are about reading, or about rows of unequal length.
            kind => io::Error::other(format!("{kind:?}")),
        })
    }
}

/// What the file answered comes out as it went in.
impl From<ParquetError> for FileError {
    fn from(error: ParquetError) -> FileError {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => FileError::Io(*error),
                Err(inner) => FileError::Parquet(ParquetError::External(inner)),
            },
            error => FileError::Parquet(error),
        }
    }
}

/// The columns of events, as the store gives them to an export.
#[cfg(test)]
fn test_schema() -> arrow::datatypes::SchemaRef {
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

    let field = |name: &str| {
        let data_type = match name {
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "count" | "duration" => DataType::Int64,
            id if id.ends_with("_id") => DataType::Int64,
            _ => DataType::Utf8,
        };
        Field::new(name, data_type, true)
    };
    let fields: Vec<Field> = annoscope_events::EVENT_COLUMNS.map(field).into();
    std::sync::Arc::new(Schema::new(fields))
}
