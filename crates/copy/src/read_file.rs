//! Files of events, read from the first row to the last.

mod csv;
mod ndjson;
mod parquet;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use crate::error::CopyError;
use crate::place::FileKind;

/// Takes the batches of a file, whatever their schema.
pub(crate) type Sink<'a> = dyn FnMut(RecordBatch) -> Result<(), CopyError> + 'a;

/// Reads a file, or of Parquet all files below a folder, and gives their rows to `sink`.
pub(crate) fn read_file(path: &Path, kind: FileKind, sink: &mut Sink<'_>) -> Result<(), CopyError> {
    for path in files(path)? {
        let open = |path: &Path| {
            File::open(path).map_err(|source| CopyError::File {
                path: path.to_owned(),
                source,
            })
        };
        match kind {
            FileKind::Csv => csv::read(&path, open(&path)?, sink)?,
            FileKind::NdJson => ndjson::read(&path, open(&path)?, sink)?,
            FileKind::Parquet => parquet::read(&path, open(&path)?, sink)?,
        }
    }
    Ok(())
}

/// The file itself, or the Parquet files below a folder by their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, CopyError> {
    let failed = |source| CopyError::File {
        path: path.to_owned(),
        source,
    };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        if entry.is_dir() {
            found.extend(files(&entry)?);
        } else if entry.extension().is_some_and(|ending| ending == "parquet") {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}
