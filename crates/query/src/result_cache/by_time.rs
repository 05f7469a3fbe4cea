//! Cached rows of results by time: of whole buckets, since the first and the last bucket of a range are cut
//! off by it.

use std::ops::Range;

use annoscope_sql::TimeSlices;
use annoscope_store::{Changes, StoreError};
use arrow::array::RecordBatch;
use futures::stream::{self, StreamExt};

use super::buckets::{ceil, floor};
use super::cache::{Entry, ResultCache, WholeBuckets};
use super::merge::{self, Rows};
use crate::error::QueryError;
use crate::run::Batches;

/// Most slices that are asked for one by one; those nearest to each other become one.
const MAX_SLICES: usize = 4;

/// How a query is answered.
pub(crate) enum Plan {
    /// In the store, whole; what caches its rows watches them pass.
    Whole(CacheWriter),
    /// Together with cached rows.
    Slices(Refresh),
}

impl ResultCache {
    /// How to answer a query now.
    pub(crate) fn plan(&self, slices: &TimeSlices, changes: &Changes) -> Plan {
        // Before anything is read: what comes later is new to the rows.
        let as_of = changes.latest();
        let writer = CacheWriter {
            cache: self.clone(),
            slices: slices.clone(),
            as_of,
            batches: Vec::new(),
            n_bytes: 0,
        };
        let entry = self.get(slices.key());
        let Some(Entry::ByTime(cached)) = entry.as_deref() else {
            return Plan::Whole(writer);
        };
        match missing(cached, slices, changes) {
            Some(missing) => Plan::Slices(Refresh {
                cached: cached.rows.clone(),
                missing,
                writer,
            }),
            None => Plan::Whole(writer),
        }
    }
}

/// Collects the rows of a query to cache them, unless they become too many.
pub(crate) struct CacheWriter {
    cache: ResultCache,
    slices: TimeSlices,
    as_of: u64,
    batches: Vec<RecordBatch>,
    n_bytes: usize,
}

impl CacheWriter {
    /// Hands the rows on. They are cached when the last one came.
    pub(crate) fn watch(self, batches: Batches) -> Batches {
        let state = (batches, Some(self));
        stream::unfold(state, |(mut batches, writer)| async move {
            let batch = batches.next().await;
            let writer = match (&batch, writer) {
                (Some(Ok(batch)), Some(mut writer)) => writer.take(batch.clone()).then_some(writer),
                (None, Some(writer)) => {
                    writer.insert_whole();
                    None
                }
                // What comes before an error is no whole result.
                (Some(Err(_)), _) | (_, None) => None,
            };
            Some((batch?, (batches, writer)))
        })
        .boxed()
    }

    /// False when they became too many.
    fn take(&mut self, batch: RecordBatch) -> bool {
        self.n_bytes += merge::bytes(&batch);
        self.batches.push(batch);
        self.n_bytes <= self.cache.max_bytes_of_one
    }

    fn insert_whole(self) {
        match Rows::of(&self.batches, &self.slices) {
            Ok(Some(rows)) => self.insert(&rows),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a result could not be cached"),
        }
    }

    fn insert(self, rows: &Rows) {
        let range = whole_buckets(&self.slices);
        let rows = rows.within(&range);
        if range.is_empty() || rows.bytes() > self.cache.max_bytes_of_one {
            return;
        }
        let key = self.slices.key().to_owned();
        let buckets = WholeBuckets {
            rows,
            range,
            asked_end: self.slices.range.end,
            as_of: self.as_of,
        };
        self.cache.insert(key, Entry::ByTime(buckets));
    }
}

/// A query whose cached rows are completed by slices.
pub(crate) struct Refresh {
    cached: Rows,
    missing: Vec<Range<i64>>,
    writer: CacheWriter,
}

impl Refresh {
    /// The statements for the slices.
    pub(crate) fn statements(&self) -> Vec<String> {
        let slices = self.missing.iter();
        slices.map(|slice| self.writer.slices.text(slice)).collect()
    }

    /// Takes rows of a slice. False when they became too many.
    pub(crate) fn take(&mut self, batch: RecordBatch) -> bool {
        self.writer.take(batch)
    }

    /// The slices became more than can be cached: next time they would again.
    pub(crate) fn forget(self) {
        let CacheWriter { cache, slices, .. } = &self.writer;
        cache.forget(slices.key());
    }

    /// The whole result, which is cached in place of the old one. `None` if the slices do not
    /// tell what the result is.
    pub(crate) fn finish(self) -> Result<Option<Refreshed>, QueryError> {
        let slices = &self.writer.slices;
        let cached = self.cached.within(&whole_buckets(slices));
        let fresh = if self.writer.batches.is_empty() {
            Some(cached.none())
        } else {
            Rows::of(&self.writer.batches, slices)?
        };
        let Some(fresh) = fresh else {
            return Ok(None);
        };
        let start = slices.range.start;
        if slices.fills_gaps && start > i64::MIN && !fresh.has_bucket_of(start, slices.width_us) {
            // The first cached rows may fill a gap that is none any more.
            return Ok(None);
        }
        let rows = merge::merge(&cached, &fresh, &self.missing, slices.fills_gaps)?;
        let batch = rows.in_order(slices.is_ascending)?;
        let n_cached = (batch.num_rows() - fresh.n_rows()) as u64;
        self.writer.insert(&rows);
        let batches: Vec<Result<RecordBatch, StoreError>> = vec![Ok(batch)];
        Ok(Some(Refreshed {
            batches: stream::iter(batches).boxed(),
            n_cached,
        }))
    }
}

/// A result of cached and fresh rows.
pub(crate) struct Refreshed {
    /// All rows.
    pub(crate) batches: Batches,
    /// How many of them had been cached.
    pub(crate) n_cached: u64,
}

/// The part of a query's range that is whole buckets.
fn whole_buckets(slices: &TimeSlices) -> Range<i64> {
    let Range { start, end } = slices.range;
    let start = if start == i64::MIN {
        start
    } else {
        ceil(start, slices.width_us)
    };
    let end = if end == i64::MAX {
        end
    } else {
        floor(end, slices.width_us)
    };
    start..end
}

/// The times that cached rows do not answer, in order and apart from each other; `None` if that
/// is all of them, or not known.
fn missing(
    cached: &WholeBuckets,
    slices: &TimeSlices,
    changes: &Changes,
) -> Option<Vec<Range<i64>>> {
    let width = slices.width_us;
    let asked = &slices.range;
    let whole = whole_buckets(slices);
    let known = whole.start.max(cached.range.start)..whole.end.min(cached.range.end);
    if known.is_empty() {
        return None;
    }
    let mut spans = changes.since(cached.as_of)?;
    for span in &mut spans {
        *span = floor(span.start, width).max(known.start)..ceil(span.end, width).min(known.end);
    }
    spans.extend([asked.start..known.start, known.end..asked.end]);
    spans.retain(|span| !span.is_empty());
    if slices.fills_gaps {
        // A gap is filled from a row to a row, so a slice begins and ends where there are some.
        let rows = cached.rows.within(&known);
        let (first, last) = (rows.first()?, rows.last()?);
        if asked.end < cached.asked_end {
            // Of rows that fill gaps it is not known how many the last event needs.
            return None;
        }
        if asked.start > i64::MIN {
            spans.push(asked.start..ceil(asked.start.saturating_add(1), width));
        }
        for span in &mut spans {
            if span.start > last {
                span.start = last;
            }
            if span.end <= first {
                span.end = first.saturating_add(width);
            }
        }
    }
    let spans = joined(spans);
    (spans != [asked.clone()]).then_some(spans)
}

/// Spans that touch become one, and the nearest ones while there are too many.
fn joined(mut spans: Vec<Range<i64>>) -> Vec<Range<i64>> {
    spans.sort_by_key(|span| span.start);
    let mut joined: Vec<Range<i64>> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    while joined.len() > MAX_SLICES {
        let gap = |i: &usize| joined[i + 1].start.saturating_sub(joined[*i].end);
        let nearest = (0..joined.len() - 1).min_by_key(gap).unwrap_or(0);
        let right = joined.remove(nearest + 1);
        joined[nearest].end = right.end;
    }
    joined
}

#[cfg(test)]
mod tests;
