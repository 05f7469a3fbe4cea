//! The rows of a backup in the order of their positions, as entries that a database takes.
//!
//! Pieces of several months may lie side by side in that order, as many as were open when they were written.
//! Memory is theirs: a batch of each, and one group.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use annoscope_events::Timestamp;
use annoscope_store::{Entry, Position, ROW_GROUP, Record, table_schema};
use arrow::array::{ArrayRef, AsArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use uuid::Uuid;

use crate::error::BackupError;
use crate::manifest::{Manifest, Piece};
use crate::pieces::in_zone;
use crate::place::{Fetched, Place};

/// Rows that are read of a file at once.
const BATCH_ROWS: usize = 4096;

/// Bytes of a group at most: it is in memory as a whole, more than once.
const GROUP_BYTES: usize = 48 << 20;

/// Rows that are given to a database at once.
pub struct Group {
    /// They follow one another; between them may be positions without rows.
    pub entries: Vec<Entry>,
    /// The position behind the last row.
    pub until: Position,
    /// Number of rows.
    pub n_events: u64,
}

/// Reads groups of rows from a position on.
pub struct History<'a> {
    place: &'a Place,
    /// In the order of their first positions.
    pending: VecDeque<Piece>,
    open: Vec<OpenPiece>,
    /// Where the last row was.
    from: u64,
    /// Rows behind the last group.
    rest: Option<Rows>,
}

struct OpenPiece {
    reader: ParquetRecordBatchReader,
    rows: Rows,
    /// Dropped behind the reader.
    _file: Fetched,
}

/// Rows with the columns of [`table_schema`], and their positions, one or more.
#[derive(Clone)]
struct Rows {
    rows: RecordBatch,
    positions: Int64Array,
}

impl<'a> History<'a> {
    /// The rows of a backup at positions from `from` on.
    pub fn new(place: &'a Place, manifest: &Manifest, from: Position) -> History<'a> {
        let mut pieces: Vec<Piece> = manifest.events.clone();
        pieces.retain(|piece| piece.end > from.0);
        pieces.sort_by_key(|piece| piece.first);
        History {
            place,
            pending: pieces.into(),
            open: Vec::new(),
            from: from.0,
            rest: None,
        }
    }

    /// The next rows: exactly as many as a database stores best, but for the last group and for very large rows.
    pub fn next_group(&mut self) -> Result<Option<Group>, BackupError> {
        let mut gathered: Vec<Rows> = Vec::new();
        let (mut n_rows, mut n_bytes) = (0, 0);
        while n_rows < ROW_GROUP && n_bytes < GROUP_BYTES {
            let next = match self.rest.take() {
                Some(rest) => Some(rest),
                None => self.next_rows()?,
            };
            let Some(mut rows) = next else { break };
            if n_rows + rows.len() > ROW_GROUP {
                let (now, later) = rows.split(ROW_GROUP - n_rows);
                self.rest = Some(later);
                rows = now;
            }
            n_rows += rows.len();
            n_bytes += rows.bytes();
            gathered.push(rows);
        }
        if gathered.is_empty() {
            return Ok(None);
        }
        group(&gathered).map(Some)
    }

    /// Rows that follow one another, of one piece.
    fn next_rows(&mut self) -> Result<Option<Rows>, BackupError> {
        // Whatever may hold the next position is open.
        while let Some(piece) = self.pending.front() {
            let least = self.open.iter().map(|open| open.rows.first()).min();
            if least.is_some_and(|least| least < piece.first) {
                break;
            }
            let piece = self.pending.pop_front().expect("there is one");
            self.open.extend(open(self.place, &piece, self.from)?);
        }
        let least = (0..self.open.len()).min_by_key(|index| self.open[*index].rows.first());
        let Some(index) = least else { return Ok(None) };
        let others = self.open.iter().enumerate();
        let others = others.filter(|(other, _)| *other != index);
        let others = others.map(|(_, open)| open.rows.first());
        let limit = others.chain(self.pending.front().map(|piece| piece.first));
        let limit = limit.min().unwrap_or(u64::MAX);
        let piece = &mut self.open[index];
        let n_rows = piece.rows.n_before(limit);
        if n_rows == 0 || piece.rows.first() < self.from {
            let position = piece.rows.first();
            let text = format!("position {position} is there twice");
            return Err(ArrowError::ParseError(text).into());
        }
        let rows = if n_rows < piece.rows.len() {
            let (now, later) = piece.rows.split(n_rows);
            piece.rows = later;
            now
        } else {
            match next_of(&mut piece.reader, self.from)? {
                Some(next) => std::mem::replace(&mut piece.rows, next),
                None => self.open.swap_remove(index).rows,
            }
        };
        self.from = rows.last() + 1;
        Ok(Some(rows))
    }
}

fn open(place: &Place, piece: &Piece, from: u64) -> Result<Option<OpenPiece>, BackupError> {
    let file = place.local(&piece.path)?;
    let doing = format!("reading {}", piece.path);
    let opened = File::open(&file.path).map_err(BackupError::io(doing))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)?;
    let mut reader = builder.with_batch_size(BATCH_ROWS).build()?;
    let rows = next_of(&mut reader, from)?;
    Ok(rows.map(|rows| OpenPiece {
        reader,
        rows,
        _file: file,
    }))
}

/// The next rows of a piece at positions from `from` on.
fn next_of(reader: &mut ParquetRecordBatchReader, from: u64) -> Result<Option<Rows>, BackupError> {
    for batch in reader {
        let rows = Rows::of(&batch?)?;
        let n_before = rows.n_before(from);
        if n_before < rows.len() {
            return Ok(Some(rows.split(n_before).1));
        }
    }
    Ok(None)
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Rows, BackupError> {
        let schema = table_schema();
        let columns = schema.fields().iter().map(|field| {
            // A column that came later has no values in an older backup.
            let Some(column) = batch.column_by_name(field.name()) else {
                let n_rows = batch.num_rows();
                return Ok(arrow::array::new_null_array(field.data_type(), n_rows));
            };
            match (field.data_type(), column.as_primitive_opt()) {
                (DataType::FixedSizeBinary(_), _) => ids(column),
                (DataType::Timestamp(..), Some(times)) => Ok(in_zone(times, None)),
                (data_type, _) => cast(column, data_type),
            }
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        let positions = batch.column_by_name("position");
        let positions = positions
            .and_then(|positions| positions.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| ArrowError::SchemaError("rows without positions".to_owned()))?;
        Ok(Rows {
            rows: RecordBatch::try_new(schema, columns)?,
            positions: positions.clone(),
        })
    }

    fn len(&self) -> usize {
        self.positions.len()
    }

    fn bytes(&self) -> usize {
        let columns = self.rows.columns().iter();
        let bytes = columns.map(|column| {
            let data = column.to_data();
            data.get_slice_memory_size().unwrap_or_default()
        });
        bytes.sum()
    }

    fn first(&self) -> u64 {
        self.positions.value(0).cast_unsigned()
    }

    fn last(&self) -> u64 {
        self.positions.value(self.len() - 1).cast_unsigned()
    }

    /// How many are before a position.
    fn n_before(&self, position: u64) -> usize {
        let positions = self.positions.values();
        positions.partition_point(|one| one.cast_unsigned() < position)
    }

    fn split(&self, at: usize) -> (Rows, Rows) {
        let slice = |from: usize, n_rows: usize| Rows {
            rows: self.rows.slice(from, n_rows),
            positions: self.positions.slice(from, n_rows),
        };
        (slice(0, at), slice(at, self.len() - at))
    }
}

/// Ids of requests as a store has them.
fn ids(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts = cast(column, &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string();
    let ids = texts.iter().map(|text| {
        let id = text.map(Uuid::parse_str).transpose();
        let id = id.map_err(|error| ArrowError::ParseError(error.to_string()))?;
        Ok(id.map(Uuid::into_bytes))
    });
    let ids = ids.collect::<Result<Vec<_>, ArrowError>>()?;
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids.into_iter(), 16)?;
    Ok(Arc::new(ids))
}

/// Entries of rows that follow one another; one for each run of positions without a gap.
fn group(gathered: &[Rows]) -> Result<Group, BackupError> {
    let rows: Vec<&RecordBatch> = gathered.iter().map(|rows| &rows.rows).collect();
    let rows = concat_batches(&table_schema(), rows)?;
    let positions: Vec<u64> = gathered
        .iter()
        .flat_map(|rows| rows.positions.values().iter().map(|p| p.cast_unsigned()))
        .collect();
    let mut entries = Vec::new();
    let mut begin = 0;
    for run in positions.chunk_by(|a, b| a + 1 == *b) {
        let record = Record {
            rows: rows.slice(begin, run.len()),
            hashes: Vec::new(),
            // Rows have their own.
            received_at: Timestamp::from_millis(0),
            request_id: Uuid::nil(),
        };
        entries.push(Entry {
            from: Position(run[0]),
            record: record.encode().into(),
        });
        begin += run.len();
    }
    let last = positions.last().expect("there are rows");
    Ok(Group {
        entries,
        until: Position(last + 1),
        n_events: rows.num_rows() as u64,
    })
}
