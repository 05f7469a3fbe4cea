//! A file of events that is written anew: under another name until it is whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use annoscope_events::{EVENT_COLUMNS, Timestamp};
use annoscope_formats::{CsvWriter, FileError, ParquetWriter};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use serde_json::{Map, Value};
use tempfile::{NamedTempFile, TempPath};

use crate::columns::schema;
use crate::error::CopyError;
use crate::place::FileKind;

/// A file under way.
pub(crate) struct FileWriter {
    path: PathBuf,
    part: TempPath,
    writer: Writer,
}

enum Writer {
    /// CVAT's seventeen columns alone, as its own export has them.
    Csv(Box<CsvWriter<BufWriter<File>>>),
    NdJson(BufWriter<File>),
    Parquet(Box<ParquetWriter<BufWriter<File>>>),
}

impl FileWriter {
    /// Refuses a file that is there already.
    pub(crate) fn create(path: &Path, kind: FileKind) -> Result<FileWriter, CopyError> {
        let failed = |source| CopyError::File {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let part = NamedTempFile::new_in(dir.unwrap_or(Path::new("."))).map_err(failed)?;
        let (file, part) = part.into_parts();
        let file = BufWriter::with_capacity(1 << 20, file);
        let writer = match kind {
            FileKind::Csv => {
                let seventeen = schema().project(&csv_places())?;
                CsvWriter::new(file, &seventeen).map(|writer| Writer::Csv(Box::new(writer)))
            }
            FileKind::NdJson => Ok(Writer::NdJson(file)),
            FileKind::Parquet => {
                ParquetWriter::new(file, &schema()).map(|writer| Writer::Parquet(Box::new(writer)))
            }
        };
        Ok(FileWriter {
            path: path.to_owned(),
            part,
            writer: writer.map_err(|error| content(path, &error))?,
        })
    }

    /// Adds rows in the form of this crate.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), CopyError> {
        match &mut self.writer {
            Writer::Csv(csv) => csv
                .write(&rows.project(&csv_places())?)
                .map_err(|error| content(&self.path, &error)),
            Writer::Parquet(parquet) => parquet
                .write(rows)
                .map_err(|error| content(&self.path, &error)),
            Writer::NdJson(lines) => write_lines(rows, lines).map_err(|source| CopyError::File {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Gives the whole file its name, when it is on the disk.
    pub(crate) fn finish(self) -> Result<(), CopyError> {
        let path = self.path;
        let written = match self.writer {
            Writer::Csv(csv) => csv.finish(),
            Writer::NdJson(lines) => Ok(lines),
            Writer::Parquet(parquet) => parquet.finish(),
        };
        let file = written.map_err(|error| content(&path, &error))?;
        let failed = |source| CopyError::File {
            path: path.clone(),
            source,
        };
        let file = file
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        self.part
            .persist_noclobber(&path)
            .map_err(|error| failed(error.error))
    }
}

fn csv_places() -> Vec<usize> {
    (0..EVENT_COLUMNS.len()).collect()
}

fn content(path: &Path, error: &FileError) -> CopyError {
    CopyError::Content {
        path: path.to_owned(),
        place: "while it was written".to_owned(),
        reason: error.to_string(),
    }
}

/// A line for each row: the columns that are not NULL.
fn write_lines(rows: &RecordBatch, out: &mut impl Write) -> std::io::Result<()> {
    for row in 0..rows.num_rows() {
        let mut object = Map::new();
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            if column.is_valid(row) {
                object.insert(field.name().clone(), value(column, row));
            }
        }
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn value(column: &dyn Array, row: usize) -> Value {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Timestamp::from_micros(micros).to_string().into()
        }
        _ => column.as_primitive::<Int64Type>().value(row).into(),
    }
}
