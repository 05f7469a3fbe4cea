//! Rows in the order of their positions, cut by month into files that never change.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annoscope_store::positioned_schema;
use arrow::array::{ArrayRef, AsArray, PrimitiveArray, RecordBatch, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::error::BackupError;
use crate::files::Hashed;
use crate::manifest::Piece;
use crate::month::Month;

/// Rows of a file at most: what a restore that was interrupted reads again.
const PIECE_ROWS: u64 = 1_000_000;

/// Rows of a row group at most: what a reader holds at once.
const GROUP_ROWS: usize = 100_000;

/// Months that are written at the same time. A restore reads as many files at once.
const MAX_OPEN: usize = 12;

/// Memory of the rows that wait for the end of their row group, of all files together, bytes.
const WAITING_BYTES: usize = 64 << 20;

/// Writes pieces into a directory.
pub(crate) struct Pieces {
    dir: PathBuf,
    schema: SchemaRef,
    open: BTreeMap<Month, OpenPiece>,
    /// Counts batches, so that it is known which month had none for longest.
    n_batches: u64,
    done: Vec<(Piece, PathBuf)>,
}

struct OpenPiece {
    parquet: ArrowWriter<Hashed<File>>,
    path: PathBuf,
    first: u64,
    end: u64,
    n_events: u64,
    /// The last batch that had rows of the month.
    used: u64,
}

impl Pieces {
    pub(crate) fn new(dir: &Path) -> Pieces {
        Pieces {
            dir: dir.to_owned(),
            schema: file_schema(),
            open: BTreeMap::new(),
            n_batches: 0,
            done: Vec::new(),
        }
    }

    /// Takes rows with the columns of [`positioned_schema`], in the order of their positions and behind those before.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), BackupError> {
        let batch = with_schema(batch, &self.schema)?;
        self.n_batches += 1;
        for (month, rows) in by_month(&batch)? {
            self.write_month(month, &rows)?;
        }
        self.bound_memory()
    }

    fn write_month(&mut self, month: Month, rows: &RecordBatch) -> Result<(), BackupError> {
        if !self.open.contains_key(&month) && self.open.len() == MAX_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, piece)| piece.used);
            let oldest = *oldest.expect("some are open").0;
            self.close(oldest)?;
        }
        let positions = rows.column(rows.num_columns() - 1);
        let positions = positions.as_primitive::<Int64Type>().values();
        let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
            return Ok(());
        };
        if !self.open.contains_key(&month) {
            let piece = self.begin(month, first.cast_unsigned())?;
            self.open.insert(month, piece);
        }
        let piece = self.open.get_mut(&month).expect("it is open by now");
        piece.parquet.write(rows)?;
        piece.end = last.cast_unsigned() + 1;
        piece.n_events += rows.num_rows() as u64;
        piece.used = self.n_batches;
        if piece.n_events >= PIECE_ROWS {
            self.close(month)?;
        }
        Ok(())
    }

    fn begin(&self, month: Month, first: u64) -> Result<OpenPiece, BackupError> {
        let path = self.dir.join(format!("{month}-{first}.parquet"));
        let doing = format!("writing {}", path.display());
        let file = File::create(&path).map_err(BackupError::io(doing))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(concat!("annoscope ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let parquet = ArrowWriter::try_new(
            Hashed::new(file),
            Arc::clone(&self.schema),
            Some(properties),
        )?;
        Ok(OpenPiece {
            parquet,
            path,
            first,
            end: first,
            n_events: 0,
            used: self.n_batches,
        })
    }

    fn bound_memory(&mut self) -> Result<(), BackupError> {
        let waiting = |piece: &OpenPiece| piece.parquet.memory_size();
        while self.open.values().map(waiting).sum::<usize>() > WAITING_BYTES {
            let largest = self.open.values_mut().max_by_key(|piece| waiting(piece));
            largest.expect("something waits").parquet.flush()?;
        }
        Ok(())
    }

    fn close(&mut self, month: Month) -> Result<(), BackupError> {
        let Some(piece) = self.open.remove(&month) else {
            return Ok(());
        };
        let (_, digested) = piece.parquet.into_inner()?.finish();
        let (first, end) = (piece.first, piece.end);
        self.done.push((
            Piece {
                path: format!("events/{month}/{first:012}-{end:012}.parquet"),
                month: month.to_string(),
                first,
                end,
                n_events: piece.n_events,
                n_bytes: digested.n_bytes,
                sha256: digested.sha256,
            },
            piece.path,
        ));
        Ok(())
    }

    /// What is closed by now, with where it lies.
    pub(crate) fn take_done(&mut self) -> Vec<(Piece, PathBuf)> {
        std::mem::take(&mut self.done)
    }

    /// Closes what is open.
    pub(crate) fn finish(mut self) -> Result<Vec<(Piece, PathBuf)>, BackupError> {
        while let Some((&month, _)) = self.open.first_key_value() {
            self.close(month)?;
        }
        Ok(self.done)
    }
}

/// The columns of [`positioned_schema`], with times that say that they are UTC: readers take others for times without a
/// zone.
fn file_schema() -> SchemaRef {
    let mark = |field: &Arc<Field>| match field.data_type() {
        DataType::Timestamp(..) => {
            let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            Arc::new(field.as_ref().clone().with_data_type(utc))
        }
        _ => Arc::clone(field),
    };
    let schema = positioned_schema();
    let fields: Vec<_> = schema.fields().iter().map(mark).collect();
    Arc::new(Schema::new(fields))
}

/// The columns of a schema by their names.
pub(crate) fn with_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, BackupError> {
    let columns = schema.fields().iter().map(|field| {
        let column = batch.column(batch.schema_ref().index_of(field.name())?);
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        match (column.as_primitive_opt(), field.data_type()) {
            (Some(times), DataType::Timestamp(_, zone)) => Ok(in_zone(times, zone.clone())),
            _ => cast(column, field.data_type()),
        }
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The same times with another mark of their zone, or none.
pub(crate) fn in_zone(
    times: &PrimitiveArray<TimestampMicrosecondType>,
    zone: Option<Arc<str>>,
) -> ArrayRef {
    Arc::new(times.clone().with_timezone_opt(zone))
}

/// The rows of each month, in their order.
fn by_month(batch: &RecordBatch) -> Result<Vec<(Month, RecordBatch)>, BackupError> {
    let times = batch
        .column_by_name("timestamp")
        .expect("events have a time");
    let times = times.as_primitive::<TimestampMicrosecondType>().values();
    let mut rows: BTreeMap<Month, Vec<u64>> = BTreeMap::new();
    for (row, time) in (0..).zip(times) {
        rows.entry(Month::of(*time)).or_default().push(row);
    }
    if let (1, Some((&month, _))) = (rows.len(), rows.first_key_value()) {
        return Ok(vec![(month, batch.clone())]);
    }
    let of_month = |(month, rows): (Month, Vec<u64>)| {
        let rows = take_record_batch(batch, &UInt64Array::from(rows))?;
        Ok((month, rows))
    };
    rows.into_iter().map(of_month).collect()
}
