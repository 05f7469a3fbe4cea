//! Working time: how long one annotator was active, inferred from what they did.
//!
//! Time between consecutive activities is work if the gap is shorter than 100 s. The
//! duration of a compressed activity (a run of frame changes that the client sends as one
//! event) always counts in full. Nothing is counted twice. Each piece goes to the job,
//! task and project of the activity *before* the current one. The rule and its examples
//! are CVAT's.
//!
//! # What a cut into requests changes
//!
//! Of everything before a request, only the end of its `previous_event` is known. Where
//! an earlier activity lasts longer than the last one (a compressed activity that ends
//! after a later one starts, or activities out of order), a cut at this place changes the
//! result. With `d`, the time from the end of the last activity before the cut to the
//! latest end before it, one cut
//!
//! - adds `d` at most: time that is counted once more, and
//! - takes away less than 100 s: a gap that was short enough when it began at the latest
//!   end may be too long when it begins `d` earlier.
//!
//! With `d` = 0, as it is for activities in order that do not overlap, a cut changes
//! nothing but the number of rows; times that are not whole milliseconds lose less than
//! 1 ms a row.

pub(crate) mod explanation;

use std::collections::HashMap;

use crate::event::Interval;
use crate::time::Timestamp;

/// A gap counts as work if it is shorter than this: 100 s, in µs. CVAT's constant.
pub const GAP_LIMIT_MICROS: i64 = 100_000_000;

/// One thing the annotator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// When it began.
    pub timestamp: Timestamp,
    /// How long it took, in ms; of interest for compressed activities only.
    pub duration_ms: i64,
    /// Whether the duration counts: the scope is `change:frame`.
    pub is_compressed: bool,
    /// Whether its time was counted when it first came: a repeat adds no time, but what
    /// follows goes on from it.
    pub is_repeat: bool,
    /// What it was done for.
    pub ids: Ids,
}

/// The job, task and project that time is counted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ids {
    /// Job, if any.
    pub job_id: Option<i64>,
    /// Task, if any.
    pub task_id: Option<i64>,
    /// Project, if any.
    pub project_id: Option<i64>,
}

/// The time worked for one job: one `send:working_time` row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingTime {
    /// What it was worked for.
    pub ids: Ids,
    /// Time of the row: of the activity at whose turn these ids were first met.
    pub timestamp: Timestamp,
    /// Time worked, in ms, rounded down. Saturates at 2^32 - 1, which is 49 days.
    pub duration_ms: u32,
    /// What was counted, in time order, disjoint. Where all times are whole milliseconds
    /// the lengths add up to `duration_ms`; else each end is rounded down, so they may
    /// differ by 1 ms an interval. Intervals of different rows do not overlap.
    pub intervals: Vec<Interval>,
}

impl Activity {
    /// When it was over.
    fn end_micros(&self) -> i64 {
        let start = self.timestamp.micros();
        if self.is_compressed {
            start.saturating_add(self.duration_ms.saturating_mul(1000))
        } else {
            start
        }
    }
}

/// The time worked in `activities`, in the order they are given (which is not sorted:
/// CVAT does not either). `previous` is the last activity of the request before; it adds
/// no time itself. Rows are in the order in which their ids were first met; only those
/// with time are given.
pub fn working_time(previous: Option<&Activity>, activities: &[Activity]) -> Vec<WorkingTime> {
    let Some(first) = activities.first() else {
        return Vec::new();
    };
    // Never moves back.
    let mut prev_end = previous.map_or(first.timestamp.micros(), Activity::end_micros);
    let mut prev_ids = previous.unwrap_or(first).ids;
    let mut tally = Tally::default();
    for activity in activities {
        let start = activity.timestamp.micros();
        let end = activity.end_micros();
        if !activity.is_repeat {
            let row = tally.row(prev_ids, activity.timestamp);
            if start > prev_end {
                if start.saturating_sub(prev_end) < GAP_LIMIT_MICROS {
                    row.count(prev_end, start);
                }
                prev_end = start;
            }
            if end > prev_end {
                row.count(prev_end, end);
            }
        }
        prev_end = prev_end.max(start).max(end);
        prev_ids = activity.ids;
    }
    tally.rows.into_iter().filter_map(Row::finish).collect()
}

/// Rows by ids, in the order they were first met.
#[derive(Default)]
struct Tally {
    rows: Vec<Row>,
    index: HashMap<Ids, usize>,
    /// Index of the row that was asked for last: nearly always the next one, too.
    last: usize,
}

struct Row {
    ids: Ids,
    timestamp: Timestamp,
    micros: i64,
    /// Start and end of what was counted, in µs: in time order, no two touch.
    pieces: Vec<(i64, i64)>,
}

impl Tally {
    fn row(&mut self, ids: Ids, timestamp: Timestamp) -> &mut Row {
        if self.rows.get(self.last).is_none_or(|row| row.ids != ids) {
            self.last = *self.index.entry(ids).or_insert_with(|| {
                self.rows.push(Row {
                    ids,
                    timestamp,
                    micros: 0,
                    pieces: Vec::new(),
                });
                self.rows.len() - 1
            });
        }
        &mut self.rows[self.last]
    }
}

impl Row {
    fn count(&mut self, start: i64, end: i64) {
        self.micros = self.micros.saturating_add(end.saturating_sub(start));
        match self.pieces.last_mut() {
            Some((_, last_end)) if *last_end == start => *last_end = end,
            _ => self.pieces.push((start, end)),
        }
    }

    /// `None` where nothing was counted. Less than a millisecond is a row of 0 ms: CVAT
    /// sends it, too.
    fn finish(self) -> Option<WorkingTime> {
        if self.micros <= 0 {
            return None;
        }
        let mut intervals: Vec<Interval> = self
            .pieces
            .into_iter()
            .map(|(start, end)| Interval {
                start_ms: start.div_euclid(1000),
                end_ms: end.div_euclid(1000),
            })
            .filter(|interval| interval.start_ms < interval.end_ms)
            .collect();
        let duration_ms = u32::try_from(self.micros / 1000).unwrap_or_else(|_| {
            cut(&mut intervals, i64::from(u32::MAX));
            u32::MAX
        });
        Some(WorkingTime {
            ids: self.ids,
            timestamp: self.timestamp,
            duration_ms,
            intervals,
        })
    }
}

/// Shortens the list to `limit_ms` of time.
fn cut(intervals: &mut Vec<Interval>, limit_ms: i64) {
    let mut left_ms = limit_ms;
    intervals.retain_mut(|interval| {
        interval.end_ms = interval
            .end_ms
            .min(interval.start_ms.saturating_add(left_ms));
        left_ms -= interval.end_ms - interval.start_ms;
        interval.start_ms < interval.end_ms
    });
}

#[cfg(test)]
mod tests;
