//! Rows that no table of annoscope's holds: kept in a file, so that nobody has to look for them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

use crate::error::CopyError;

/// A file of JSON lines, made with the first row.
pub(crate) struct SetAside {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    n_rows: u64,
}

impl SetAside {
    pub(crate) fn new(path: PathBuf) -> SetAside {
        SetAside {
            path,
            file: None,
            n_rows: 0,
        }
    }

    /// Adds rows as they came, after those of an earlier copy.
    pub(crate) fn push(&mut self, rows: &RecordBatch) -> Result<(), CopyError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.n_rows += rows.num_rows() as u64;
        self.write(rows).map_err(|source| CopyError::File {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?;
                none.insert(BufWriter::new(file))
            }
        };
        let columns = rows.columns().iter().map(without_zone);
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>();
        let columns = columns.map_err(io::Error::other)?;
        for row in 0..rows.num_rows() {
            let mut object = Map::new();
            for (field, column) in rows.schema().fields().iter().zip(&columns) {
                if column.is_valid(row) {
                    let text = array_value_to_string(column, row).map_err(io::Error::other)?;
                    object.insert(field.name().clone(), Value::String(text));
                }
            }
            serde_json::to_writer(&mut *file, &object)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }

    /// How many there were.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }
}

/// Times are UTC; the printer knows no zones by name.
fn without_zone(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(column, &DataType::Timestamp(*unit, None)),
        _ => Ok(Arc::clone(column)),
    }
}
