//! Rows in the order of their buckets, and how two sets of them become one.

use std::ops::Range;

use annoscope_sql::TimeSlices;
use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{cast, concat_batches, interleave_record_batch, take_record_batch};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::buckets::floor;

/// Rows of a result, in the order of their buckets and within a bucket in that of the query.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    batch: RecordBatch,
    /// Start of the bucket of each row, µs since the epoch.
    starts: Vec<i64>,
}

impl Rows {
    /// The rows of a query. `None` if there are none, or one without a bucket.
    pub(super) fn of(
        batches: &[RecordBatch],
        slices: &TimeSlices,
    ) -> Result<Option<Rows>, ArrowError> {
        let Some(first) = batches.first() else {
            return Ok(None);
        };
        let batch = concat_batches(&first.schema(), batches)?;
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let starts = cast(batch.column(slices.column), &micros)?;
        if starts.null_count() > 0 || starts.is_empty() {
            return Ok(None);
        }
        let starts = starts.as_primitive::<TimestampMicrosecondType>().values();
        let mut order: Vec<usize> = (0..starts.len()).collect();
        order.sort_by_key(|row| starts[*row]);
        let rows = UInt64Array::from_iter_values(order.iter().map(|row| *row as u64));
        Ok(Some(Rows {
            batch: take_record_batch(&batch, &rows)?,
            starts: order.iter().map(|row| starts[*row]).collect(),
        }))
    }

    /// None of the rows, but their columns.
    pub(super) fn none(&self) -> Rows {
        Rows {
            batch: self.batch.slice(0, 0),
            starts: Vec::new(),
        }
    }

    /// How many they are.
    pub(super) fn n_rows(&self) -> usize {
        self.starts.len()
    }

    /// Start of the first bucket that has a row.
    pub(super) fn first(&self) -> Option<i64> {
        self.starts.first().copied()
    }

    /// Start of the last bucket that has a row.
    pub(super) fn last(&self) -> Option<i64> {
        self.starts.last().copied()
    }

    /// Whether the bucket of `time_us` has a row.
    pub(super) fn has_bucket_of(&self, time_us: i64, width_us: i64) -> bool {
        self.starts.binary_search(&floor(time_us, width_us)).is_ok()
    }

    /// The rows whose buckets begin within a range.
    pub(super) fn within(&self, range: &Range<i64>) -> Rows {
        let from = self.starts.partition_point(|start| *start < range.start);
        let to = self.starts.partition_point(|start| *start < range.end);
        let to = to.max(from);
        Rows {
            batch: self.batch.slice(from, to - from),
            starts: self.starts[from..to].to_vec(),
        }
    }

    /// What they occupy, in bytes.
    pub(super) fn bytes(&self) -> usize {
        bytes(&self.batch) + size_of_val(&self.starts[..])
    }

    /// All rows, the buckets in this or in the opposite order.
    pub(super) fn in_order(&self, is_ascending: bool) -> Result<RecordBatch, ArrowError> {
        if is_ascending {
            return Ok(self.batch.clone());
        }
        let mut order = Vec::with_capacity(self.starts.len());
        let mut end = self.starts.len();
        while end > 0 {
            let start = self.starts[end - 1];
            let begin = self.starts.partition_point(|other| *other < start);
            order.extend(begin as u64..end as u64);
            end = begin;
        }
        take_record_batch(&self.batch, &UInt64Array::from(order))
    }
}

/// The cached rows with the fresh ones in place of those of the same buckets, and without those
/// of times that were asked for anew. A row that fills a gap stays where nothing fresh came.
pub(super) fn merge(
    cached: &Rows,
    fresh: &Rows,
    asked_anew: &[Range<i64>],
    fills_gaps: bool,
) -> Result<Rows, ArrowError> {
    let is_gone = |start: i64| {
        let next = asked_anew.partition_point(|span| span.end <= start);
        let is_within = asked_anew.get(next).is_some_and(|span| span.start <= start);
        is_within && !(fills_gaps && fresh.starts.binary_search(&start).is_err())
    };
    let mut order = Vec::with_capacity(cached.starts.len() + fresh.starts.len());
    let mut starts = Vec::with_capacity(order.capacity());
    let mut n_fresh = 0;
    let mut push = |source: usize, row: usize, start: i64| {
        order.push((source, row));
        starts.push(start);
    };
    for (row, &start) in cached.starts.iter().enumerate() {
        while let Some(&other) = fresh.starts.get(n_fresh).filter(|other| **other <= start) {
            push(1, n_fresh, other);
            n_fresh += 1;
        }
        if !is_gone(start) {
            push(0, row, start);
        }
    }
    for (row, &start) in fresh.starts.iter().enumerate().skip(n_fresh) {
        push(1, row, start);
    }
    let batch = interleave_record_batch(&[&cached.batch, &fresh.batch], &order)?;
    Ok(Rows { batch, starts })
}

/// What a batch's own rows occupy, in bytes; not those around a slice.
pub(super) fn bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    let sizes = columns.map(|column| column.to_data().get_slice_memory_size());
    // Not known of few kinds of arrays: then of all that it holds on to.
    sizes
        .sum::<Result<usize, ArrowError>>()
        .unwrap_or_else(|_| batch.get_array_memory_size())
}
