//! Cached groups of slices of time, for queries that [`annoscope_sql::Parts`] divides.
//!
//! ```text
//! asked:   |-----------------------------------------------|
//! slices:  |-|-|--|----|--------|--------|--------|---|-|-|    narrow at the ends
//! later:     |---------------------------------------------|-|
//!            anew: the slice that the new start cuts, those that got events, what is new
//! ```
//!
//! The rows of cached slices go back to the store, which makes the result of them and of what is
//! missing. Only when much is missing, it is asked for first and cached. A query is divided when it
//! is asked for the second time: most are asked once.

use std::ops::Range;

use annoscope_sql::Parts;
use annoscope_store::{Changes, Rows};
use arrow::array::{AsArray, Int32Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch, kernels::cmp};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use super::buckets::floor;
use super::cache::{Divided, Entry, ResultCache, Slice};

/// Narrowest slice, µs: a quarter of an hour.
const NARROW_US: i64 = 900_000_000;

/// Most time that is read anew with each question, µs: a narrow slice at each end of a window.
const MUCH_US: i64 = 2 * NARROW_US;

/// Most slices that are.
const MANY: usize = 4;

/// A window has at least so many slices: an event of long ago makes one of them be asked anew.
const SLICES: i64 = 8;

/// Slices of a window that was moved on for long; then all are made anew.
const MAX_SLICES: usize = 96;

impl ResultCache {
    /// What to ask for a divided query now; `None`: all of it, undivided.
    pub(crate) fn slice_rows(&self, parts: &Parts, changes: &Changes) -> Option<SliceRows> {
        // Before anything is read: what comes later is new to the rows.
        let as_of = changes.latest();
        let key = key(parts);
        let cached = match self.get(&key).as_deref() {
            Some(Entry::Divided(Divided::TooLarge)) => return None,
            Some(Entry::Divided(Divided::Slices { slices, as_of })) => changes
                .since(*as_of)
                .map(|changed| still_true(slices, &parts.range, &changed)),
            Some(Entry::Divided(Divided::Asked)) => None,
            _ => {
                self.insert(key, Entry::Divided(Divided::Asked));
                return None;
            }
        };
        let cached = cached.unwrap_or_default();
        Some(SliceRows {
            missing: missing(&cached, &parts.range),
            n_cached: n_rows(&cached) as u64,
            cached,
            as_of,
            cache: self.clone(),
            key,
        })
    }
}

/// A window of another length is another query: it has other slices.
fn key(parts: &Parts) -> String {
    let Range { start, end } = parts.range;
    format!("{} {}", end - start, parts.key())
}

/// The rows that a divided query is made of.
pub(crate) struct SliceRows {
    cached: Vec<Slice>,
    /// Slices without rows yet.
    pub(crate) missing: Vec<Range<i64>>,
    /// Rows that had been cached before.
    pub(crate) n_cached: u64,
    as_of: u64,
    cache: ResultCache,
    key: String,
}

impl SliceRows {
    /// Whether the missing slices are worth to be cached, and not only to be read now.
    pub(crate) fn is_much_missing(&self) -> bool {
        let us: i64 = self
            .missing
            .iter()
            .map(|slice| slice.end - slice.start)
            .sum();
        us > MUCH_US || self.missing.len() > MANY
    }

    /// Takes the rows of [`SliceRows::missing`], which are none any more, and caches all slices.
    pub(crate) fn add(&mut self, fresh: &[RecordBatch]) -> Result<(), ArrowError> {
        let missing = std::mem::take(&mut self.missing);
        self.cached.extend(by_slice(&missing, fresh)?);
        self.cached.sort_by_key(|slice| slice.range.start);
        let divided = Divided::Slices {
            slices: self.cached.clone(),
            as_of: self.as_of,
        };
        let divided = if divided.bytes() > self.cache.max_bytes_of_one {
            Divided::TooLarge
        } else {
            divided
        };
        self.insert(divided);
        Ok(())
    }

    /// Next time the query is not divided.
    pub(crate) fn give_up(self) {
        self.insert(Divided::TooLarge);
    }

    /// The rows of all slices but the missing ones; `None` if there are none.
    pub(crate) fn rows(&self) -> Option<Rows> {
        let rows = self.cached.iter().filter_map(|slice| slice.rows.clone());
        let rows: Vec<RecordBatch> = rows.collect();
        (!rows.is_empty()).then(|| Rows::new(rows))
    }

    fn insert(&self, divided: Divided) {
        self.cache.insert(self.key.clone(), Entry::Divided(divided));
    }
}

fn n_rows(slices: &[Slice]) -> usize {
    let rows = slices.iter().filter_map(|slice| slice.rows.as_ref());
    rows.map(RecordBatch::num_rows).sum()
}

/// The slices that a window has whole and that nothing changed. A narrower one is left out,
/// unless it ends the window, so that windows that move on do not gather splinters.
fn still_true(slices: &[Slice], asked: &Range<i64>, changed: &[Range<i64>]) -> Vec<Slice> {
    let is_end = |time, end| time == end || time == floor(time, NARROW_US);
    let is_true = |slice: &&Slice| {
        let Range { start, end } = slice.range;
        let next = changed.partition_point(|span| span.end <= start);
        let is_changed = changed.get(next).is_some_and(|span| span.start < end);
        let is_within = asked.start <= start && end <= asked.end;
        is_within && !is_changed && is_end(start, asked.start) && is_end(end, asked.end)
    };
    let cached: Vec<Slice> = slices.iter().filter(is_true).cloned().collect();
    if cached.len() > MAX_SLICES {
        return Vec::new();
    }
    cached
}

/// What `cached` lacks of a window, in slices.
fn missing(cached: &[Slice], asked: &Range<i64>) -> Vec<Range<i64>> {
    let mut missing = Vec::new();
    let mut from = asked.start;
    for slice in cached {
        divide(from..slice.range.start, asked, &mut missing);
        from = slice.range.end;
    }
    divide(from..asked.end, asked, &mut missing);
    missing
}

/// Divides a span of a window: the nearer to an end of the window, the narrower.
fn divide(span: Range<i64>, asked: &Range<i64>, slices: &mut Vec<Range<i64>>) {
    let widest = (asked.end - asked.start) / SLICES;
    let mut start = span.start;
    while start < span.end {
        let to_an_end = (start - asked.start).min(asked.end - start);
        let mut width = NARROW_US;
        while width * 2 <= to_an_end.min(widest) {
            width *= 2;
        }
        let end = (floor(start, width) + width).min(span.end);
        slices.push(start..end);
        start = end;
    }
}

/// The rows of slices, told apart by the number in the first column.
fn by_slice(ranges: &[Range<i64>], batches: &[RecordBatch]) -> Result<Vec<Slice>, ArrowError> {
    let all = match batches.first() {
        Some(first) => Some(concat_batches(&first.schema(), batches)?),
        None => None,
    };
    let slices = (0..).zip(ranges).map(|(number, range)| {
        let rows = match &all {
            Some(all) => rows_of(number, all)?,
            None => None,
        };
        let range = range.clone();
        Ok(Slice { range, rows })
    });
    slices.collect()
}

fn rows_of(number: i32, all: &RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
    let numbers = all.column(0).as_primitive::<Int32Type>();
    let is_of_slice = cmp::eq(numbers, &Int32Array::new_scalar(number))?;
    if is_of_slice.true_count() == 0 {
        return Ok(None);
    }
    let columns: Vec<usize> = (1..all.num_columns()).collect();
    filter_record_batch(&all.project(&columns)?, &is_of_slice).map(Some)
}

#[cfg(test)]
mod tests;
