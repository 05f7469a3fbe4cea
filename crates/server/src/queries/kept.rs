//! Results that are kept, so that a dashboard that asks again computes new time only.
//!
//! ```text
//! query ─ kept rows? ─┬─ no ──────────────────────── the whole query, kept while it passes
//!                     └─ yes ─ slices that are new or changed ─ together with the kept rows
//! ```
//!
//! Kept are the rows of whole buckets of time: the first and the last bucket of a range are
//! cut off by it. [`annoscope_store::Changes`] says which of them an append has changed since,
//! however late its events are.

mod merge;
mod newest;
mod parts;

use std::ops::Range;
use std::sync::Arc;

use annoscope_sql::TimeSlices;
use annoscope_store::{Changes, StoreError};
use arrow::array::RecordBatch;
use futures::stream::{self, StreamExt};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::error::QueryError;
use super::run::Batches;
use merge::Rows;

/// Most slices that are asked for one by one; those nearest to each other become one.
const MAX_SLICES: usize = 4;

/// Part of the whole that one result may take.
const PART_OF_ONE: u64 = 4;

/// The kept results of a server, within a limit of bytes. Clones share them.
#[derive(Clone)]
pub(super) struct KeptResults {
    by_key: Cache<String, Arc<Entry>>,
    max_bytes_of_one: usize,
}

/// What is kept of a query.
enum Entry {
    /// Rows of a result by time.
    ByTime(Kept),
    /// Newest rows.
    Newest(newest::Known),
    /// Groups of slices.
    Divided(parts::Known),
}

impl Entry {
    /// What it occupies, in bytes.
    fn bytes(&self) -> usize {
        match self {
            Entry::ByTime(kept) => kept.rows.bytes(),
            Entry::Newest(known) => known.bytes(),
            Entry::Divided(known) => known.bytes(),
        }
    }
}

/// Rows of whole buckets.
struct Kept {
    rows: Rows,
    /// The times whose rows it has, µs since the epoch.
    range: Range<i64>,
    /// Where the range of the query ended: the last row may be in the bucket that it cut off.
    asked_end: i64,
    /// Number of an append that the rows know, and all before it.
    as_of: u64,
}

/// How a query is answered.
pub(super) enum Plan {
    /// In the store, whole; what keeps its rows watches them pass.
    Whole(Keeper),
    /// Together with kept rows.
    Slices(Refresh),
}

impl KeptResults {
    /// Keeps `max_bytes` at most; with 0 nothing.
    pub(super) fn new(max_bytes: u64) -> KeptResults {
        let by_key = Cache::builder()
            .max_capacity(max_bytes)
            // Panels that are shown ask again; what is old will not.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|key: &String, entry: &Arc<Entry>| {
                u32::try_from(key.len() + entry.bytes()).unwrap_or(u32::MAX)
            })
            .build();
        KeptResults {
            by_key,
            max_bytes_of_one: usize::try_from(max_bytes / PART_OF_ONE).unwrap_or(usize::MAX),
        }
    }

    /// How to answer a query now.
    pub(super) fn plan(&self, slices: &TimeSlices, changes: &Changes) -> Plan {
        // Before anything is read: what comes later is new to the rows.
        let as_of = changes.latest();
        let keeper = Keeper {
            results: self.clone(),
            slices: slices.clone(),
            as_of,
            batches: Vec::new(),
            n_bytes: 0,
        };
        let entry = self.by_key.get(slices.key());
        let Some(Entry::ByTime(kept)) = entry.as_deref() else {
            return Plan::Whole(keeper);
        };
        match missing(kept, slices, changes) {
            Some(missing) => Plan::Slices(Refresh {
                kept: kept.rows.clone(),
                missing,
                keeper,
            }),
            None => Plan::Whole(keeper),
        }
    }
}

/// Collects the rows of a query to keep them, unless they become too many.
pub(super) struct Keeper {
    results: KeptResults,
    slices: TimeSlices,
    as_of: u64,
    batches: Vec<RecordBatch>,
    n_bytes: usize,
}

impl Keeper {
    /// Hands the rows on. They are kept when the last one came.
    pub(super) fn watch(self, batches: Batches) -> Batches {
        let state = (batches, Some(self));
        stream::unfold(state, |(mut batches, keeper)| async move {
            let batch = batches.next().await;
            let keeper = match (&batch, keeper) {
                (Some(Ok(batch)), Some(mut keeper)) => keeper.take(batch.clone()).then_some(keeper),
                (None, Some(keeper)) => {
                    keeper.keep_whole();
                    None
                }
                // What comes before an error is no whole result.
                (Some(Err(_)), _) | (_, None) => None,
            };
            Some((batch?, (batches, keeper)))
        })
        .boxed()
    }

    /// False when they became too many.
    fn take(&mut self, batch: RecordBatch) -> bool {
        self.n_bytes += merge::bytes(&batch);
        self.batches.push(batch);
        self.n_bytes <= self.results.max_bytes_of_one
    }

    fn keep_whole(self) {
        match Rows::of(&self.batches, &self.slices) {
            Ok(Some(rows)) => self.keep(&rows),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a result could not be kept"),
        }
    }

    fn keep(self, rows: &Rows) {
        let range = whole_buckets(&self.slices);
        let rows = rows.within(&range);
        if range.is_empty() || rows.bytes() > self.results.max_bytes_of_one {
            return;
        }
        let key = self.slices.key().to_owned();
        let kept = Kept {
            rows,
            range,
            asked_end: self.slices.range.end,
            as_of: self.as_of,
        };
        let entry = Arc::new(Entry::ByTime(kept));
        self.results.by_key.insert(key, entry);
    }
}

/// A query whose kept rows are completed by slices.
pub(super) struct Refresh {
    kept: Rows,
    missing: Vec<Range<i64>>,
    keeper: Keeper,
}

impl Refresh {
    /// The statements for the slices.
    pub(super) fn statements(&self) -> Vec<String> {
        let slices = self.missing.iter();
        slices.map(|slice| self.keeper.slices.text(slice)).collect()
    }

    /// Takes rows of a slice. False when they became too many.
    pub(super) fn take(&mut self, batch: RecordBatch) -> bool {
        self.keeper.take(batch)
    }

    /// The slices became more than can be kept: next time they would again.
    pub(super) fn forget(self) {
        let KeptResults { by_key, .. } = &self.keeper.results;
        by_key.invalidate(self.keeper.slices.key());
    }

    /// The whole result, which is kept in place of the old one. `None` if the slices do not
    /// tell what the result is.
    pub(super) fn finish(self) -> Result<Option<Refreshed>, QueryError> {
        let slices = &self.keeper.slices;
        let kept = self.kept.within(&whole_buckets(slices));
        let fresh = if self.keeper.batches.is_empty() {
            Some(kept.none())
        } else {
            Rows::of(&self.keeper.batches, slices)?
        };
        let Some(fresh) = fresh else {
            return Ok(None);
        };
        let start = slices.range.start;
        if slices.fills_gaps && start > i64::MIN && !fresh.has_bucket_of(start, slices.width_us) {
            // The first kept rows may fill a gap that is none any more.
            return Ok(None);
        }
        let rows = merge::merge(&kept, &fresh, &self.missing, slices.fills_gaps)?;
        let batch = rows.in_order(slices.is_ascending)?;
        let n_reused = (batch.num_rows() - fresh.n_rows()) as u64;
        self.keeper.keep(&rows);
        let batches: Vec<Result<RecordBatch, StoreError>> = vec![Ok(batch)];
        Ok(Some(Refreshed {
            batches: stream::iter(batches).boxed(),
            n_reused,
        }))
    }
}

/// A result of kept and fresh rows.
pub(super) struct Refreshed {
    /// All rows.
    pub(super) batches: Batches,
    /// How many of them had been kept.
    pub(super) n_reused: u64,
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

/// The times that kept rows do not answer, in order and apart from each other; `None` if that
/// is all of them, or not known.
fn missing(kept: &Kept, slices: &TimeSlices, changes: &Changes) -> Option<Vec<Range<i64>>> {
    let width = slices.width_us;
    let asked = &slices.range;
    let whole = whole_buckets(slices);
    let known = whole.start.max(kept.range.start)..whole.end.min(kept.range.end);
    if known.is_empty() {
        return None;
    }
    let mut spans = changes.since(kept.as_of)?;
    for span in &mut spans {
        *span = floor(span.start, width).max(known.start)..ceil(span.end, width).min(known.end);
    }
    spans.extend([asked.start..known.start, known.end..asked.end]);
    spans.retain(|span| !span.is_empty());
    if slices.fills_gaps {
        // A gap is filled from a row to a row, so a slice begins and ends where there are some.
        let rows = kept.rows.within(&known);
        let (first, last) = (rows.first()?, rows.last()?);
        if asked.end < kept.asked_end {
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

fn floor(time_us: i64, width_us: i64) -> i64 {
    time_us.saturating_sub(time_us.rem_euclid(width_us))
}

fn ceil(time_us: i64, width_us: i64) -> i64 {
    let beyond = time_us.rem_euclid(width_us);
    if beyond == 0 {
        time_us
    } else {
        time_us.saturating_add(width_us - beyond)
    }
}

#[cfg(test)]
mod tests;
