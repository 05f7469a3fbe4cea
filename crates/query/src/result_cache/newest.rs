//! Cached newest rows, for queries that are [`annoscope_sql::Newest`].
//!
//! The next window needs the rows from the end of the last one on, or from the first change on
//! if that was earlier; before that the cached ones follow, as many as find room.

use std::ops::Range;

use annoscope_sql::Newest;
use annoscope_store::Changes;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::cache::{Entry, NewestRows, ResultCache};

/// Where the last events are no help, parts of a window that are looked at in turn, until there are
/// enough rows: of a week twenty minutes, three hours, a day, all. A look in vain takes a tenth of
/// one at all of a window; where the lists of its filters are long, as much as one in success.
const PARTS: [i64; 4] = [512, 64, 8, 1];

/// A query for the newest rows on its way.
pub(crate) struct Search<'a> {
    newest: &'a Newest,
    /// Where to look: at the end of the window.
    slice: Range<i64>,
    /// Rows before that.
    cached: Option<RecordBatch>,
    /// From where on all rows are known when the slice is.
    known_from: i64,
    as_of: u64,
    /// Where to cache the rows.
    cache: Option<ResultCache>,
}

impl ResultCache {
    /// How to look for the newest rows now; what was cached is used if it may be.
    pub(crate) fn search<'a>(
        &self,
        newest: &'a Newest,
        changes: &Changes,
        may_use_cache: bool,
    ) -> Result<Search<'a>, ArrowError> {
        let mut search = Search {
            newest,
            cached: None,
            known_from: newest.range.start,
            slice: newest.range.clone(),
            // Before anything is read: what comes later is new to the rows.
            as_of: changes.latest(),
            cache: may_use_cache.then(|| self.clone()),
        };
        let entry = self.get(&key(newest)).filter(|_| may_use_cache);
        if let Some(Entry::Newest(known)) = entry.as_deref()
            && let Some(changed) = changes.since(known.as_of)
        {
            search.begin_with(known, &changed)?;
        } else {
            search.slice = first(newest, changes);
            search.known_from = search.slice.start;
        }
        Ok(search)
    }
}

/// Where to look first: at twice as many events as rows are wanted, as filters leave some out.
fn first(newest: &Newest, changes: &Changes) -> Range<i64> {
    let Range { start, end } = newest.range;
    let n_events = usize::try_from(newest.n_rows.saturating_mul(2)).unwrap_or(usize::MAX);
    match changes.n_newest_from(n_events, end) {
        Some(from) => from.max(start)..end,
        None => part(newest, PARTS[0]),
    }
}

/// The end of a window.
fn part(newest: &Newest, part: i64) -> Range<i64> {
    let Range { start, end } = newest.range;
    end - (end - start) / part..end
}

/// A window of another length is another query: it may have other rows.
fn key(newest: &Newest) -> String {
    let Range { start, end } = newest.range;
    format!("{} {}", end - start, newest.key())
}

impl Search<'_> {
    fn begin_with(&mut self, known: &NewestRows, changed: &[Range<i64>]) -> Result<(), ArrowError> {
        let next = changed.partition_point(|span| span.end <= known.range.start);
        let change = changed.get(next).map_or(i64::MAX, |span| span.start);
        let end = self.newest.range.end;
        let from = known.range.end.min(change).min(end);
        if let Some(rows) = &known.rows {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
            let times = cast(rows.column(self.newest.column), &micros)?;
            let times = times.as_primitive::<TimestampMicrosecondType>().values();
            let begin = times.partition_point(|time| *time >= from);
            let end = times.partition_point(|time| *time >= self.newest.range.start);
            self.cached = Some(rows.slice(begin, end.max(begin) - begin));
        }
        self.slice = from.max(self.newest.range.start)..end;
        self.known_from = known.range.start;
        Ok(())
    }

    /// The statement for the slice; none if nothing can be new.
    pub(crate) fn statement(&self) -> Option<String> {
        (!self.slice.is_empty()).then(|| self.newest.text(&self.slice))
    }

    /// Looks further back, without what was cached.
    pub(crate) fn widen(&mut self) {
        let wider = PARTS.map(|n| part(self.newest, n));
        let wider = wider
            .into_iter()
            .find(|wider| wider.start < self.known_from);
        self.slice = wider.unwrap_or_else(|| self.newest.range.clone());
        self.known_from = self.slice.start;
        self.cached = None;
    }

    /// The result, with the rows of the slice; and how many rows of it had been cached. `None` if
    /// older rows belong to it.
    pub(crate) fn finish(
        &self,
        fresh: &[RecordBatch],
    ) -> Result<Option<(Vec<RecordBatch>, u64)>, ArrowError> {
        let n_most = self.newest.n_rows as usize;
        let n_fresh: usize = fresh.iter().map(RecordBatch::num_rows).sum();
        let cached = self.cached.iter().map(|cached| {
            let n_left = n_most.saturating_sub(n_fresh);
            cached.slice(0, cached.num_rows().min(n_left))
        });
        let cached: Vec<RecordBatch> = cached.filter(|rows| rows.num_rows() > 0).collect();
        let n_cached_rows: usize = cached.iter().map(RecordBatch::num_rows).sum();
        if n_fresh + n_cached_rows < n_most && self.known_from > self.newest.range.start {
            return Ok(None);
        }
        let rows = [fresh, &cached].concat();
        self.insert(&rows)?;
        Ok(Some((rows, n_cached_rows as u64)))
    }

    /// Caches the rows of a result.
    fn insert(&self, rows: &[RecordBatch]) -> Result<(), ArrowError> {
        let Some(cache) = &self.cache else {
            return Ok(());
        };
        let rows = match rows.first() {
            Some(first) => Some(concat_batches(&first.schema(), rows)?),
            None => None,
        };
        let mut range = self.newest.range.clone();
        if let Some(rows) = &rows
            && rows.num_rows() as u64 >= self.newest.n_rows
        {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
            let last = rows.slice(rows.num_rows() - 1, 1);
            let last = cast(last.column(self.newest.column), &micros)?;
            range.start = last.as_primitive::<TimestampMicrosecondType>().value(0) + 1;
        }
        let newest = NewestRows {
            rows,
            range,
            as_of: self.as_of,
        };
        if newest.bytes() <= cache.max_bytes_of_one {
            cache.insert(key(self.newest), Entry::Newest(newest));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
