//! Why time was counted or was not: what lies between one activity of a person and the next, and how much of it
//! rows of working time hold.
//!
//! Those rows alone say what was counted. The rule is not applied a second time: what it went by (an activity
//! that is not stored, the last event of the request before) is not all there any more. So an explanation always
//! adds up to the hours that it explains.

use super::{GAP_LIMIT_MICROS, Ids};
use crate::event::Interval;

/// A gap of this length or longer is not counted, ms.
pub const GAP_LIMIT_MS: i64 = GAP_LIMIT_MICROS / 1000;

/// The time from one moment of a person's activity to the next, as far as it lies in what is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where it lies.
    pub span: Interval,
    /// How long it is in truth, ms, with what lies outside of what is explained; `None` where there is no
    /// activity before or behind it.
    pub whole_ms: Option<i64>,
    /// How much of it was counted, each time that it was, ms.
    pub counted_ms: i64,
    /// How much of that was counted already, ms.
    pub twice_ms: i64,
    /// What it was counted for, in the order in which that began, ms each.
    pub by_ids: Vec<(Ids, i64)>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a [`Gap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is hours.
    Counted,
    /// Some of it is hours more than once: two windows of one person were at work.
    Overlapping,
    /// None of it: it is as long as [`GAP_LIMIT_MS`], or longer.
    TooLong,
    /// Some of it: an activity that is not stored (`user:activity`) began or ended it.
    InPart,
    /// None of it though it is short: work had not begun, or its event came by a way on which no hours are
    /// computed.
    NotCounted,
}

/// The gaps of `within`, one after the other from its start to its end.
///
/// `activities` are those of the person that can be found, from the last one before `within` to the first one behind
/// it: each from its time to its end, which is later only where the duration counts (`change:frame`). `counted` are
/// the intervals of the person's rows of working time. Both in any order.
pub fn explain_gaps(
    activities: &[Interval],
    counted: &[(Ids, Interval)],
    within: Interval,
) -> Vec<Gap> {
    let mut moments: Vec<i64> = activities
        .iter()
        .flat_map(|activity| [activity.start_ms, activity.end_ms])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let inner = moments
        .iter()
        .copied()
        .filter(|moment| (within.start_ms + 1..within.end_ms).contains(moment));
    let starts: Vec<i64> = std::iter::once(within.start_ms).chain(inner).collect();
    let ends = starts.iter().copied().skip(1).chain([within.end_ms]);
    let mut counted: Vec<&(Ids, Interval)> = counted.iter().collect();
    counted.sort_by_key(|(_, interval)| interval.start_ms);
    let mut next = counted.into_iter().peekable();
    let mut open: Vec<&(Ids, Interval)> = Vec::new();
    let gaps = starts.iter().zip(ends).map(|(start_ms, end_ms)| {
        let span = Interval {
            start_ms: *start_ms,
            end_ms,
        };
        open.retain(|(_, interval)| interval.end_ms > span.start_ms);
        while let Some(begun) = next.next_if(|(_, interval)| interval.start_ms < span.end_ms) {
            open.push(begun);
        }
        let before = moments[..moments.partition_point(|moment| *moment <= span.start_ms)].last();
        let behind = moments.get(moments.partition_point(|moment| *moment < span.end_ms));
        let whole_ms = before.zip(behind).map(|(before, behind)| behind - before);
        gap(span, whole_ms, &open)
    });
    gaps.filter(|gap| gap.span.start_ms < gap.span.end_ms)
        .collect()
}

/// `counted` are the intervals of which some may lie in the gap, by their starts.
fn gap(span: Interval, whole_ms: Option<i64>, counted: &[&(Ids, Interval)]) -> Gap {
    let (mut counted_ms, mut once_ms, mut until_ms) = (0, 0, span.start_ms);
    let mut by_ids: Vec<(Ids, i64)> = Vec::new();
    for (ids, interval) in counted {
        let start_ms = interval.start_ms.max(span.start_ms);
        let end_ms = interval.end_ms.min(span.end_ms);
        if start_ms >= end_ms {
            continue;
        }
        counted_ms += end_ms - start_ms;
        once_ms += (end_ms - start_ms.max(until_ms)).max(0);
        until_ms = until_ms.max(end_ms);
        match by_ids.iter_mut().find(|(known, _)| known == ids) {
            Some((_, ms)) => *ms += end_ms - start_ms,
            None => by_ids.push((*ids, end_ms - start_ms)),
        }
    }
    Gap {
        span,
        whole_ms,
        counted_ms,
        twice_ms: counted_ms - once_ms,
        by_ids,
        verdict: verdict(span, whole_ms, counted_ms, once_ms),
    }
}

fn verdict(span: Interval, whole_ms: Option<i64>, counted_ms: i64, once_ms: i64) -> Verdict {
    let span_ms = span.end_ms - span.start_ms;
    if counted_ms > once_ms {
        Verdict::Overlapping
    } else if once_ms == span_ms {
        Verdict::Counted
    } else if once_ms > 0 {
        Verdict::InPart
    } else if whole_ms.is_none_or(|whole_ms| whole_ms >= GAP_LIMIT_MS) {
        Verdict::TooLong
    } else {
        Verdict::NotCounted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn interval(start_ms: i64, end_ms: i64) -> Interval {
        Interval { start_ms, end_ms }
    }

    /// Moments of activity.
    fn at(moments: &[i64]) -> Vec<Interval> {
        moments.iter().map(|ms| interval(*ms, *ms)).collect()
    }

    /// The first of job 0, the second of job 1, and so on up to job 2.
    fn of_jobs(intervals: &[Interval]) -> Vec<(Ids, Interval)> {
        let jobs = (0..3).cycle().map(|job| Ids {
            job_id: Some(job),
            ..Ids::default()
        });
        jobs.zip(intervals.iter().copied()).collect()
    }

    #[test]
    fn every_gap_has_its_verdict() {
        let day = interval(0, 1_000_000);
        // What was done, what was counted, what is explained; start, length in truth, counted, twice, verdict.
        let cases = [
            (
                "short gaps are counted, the end of work is not",
                at(&[10_000, 40_000]),
                vec![interval(10_000, 40_000)],
                day,
                vec![
                    (0, None, 0, 0, Verdict::TooLong),
                    (10_000, Some(30_000), 30_000, 0, Verdict::Counted),
                    (40_000, None, 0, 0, Verdict::TooLong),
                ],
            ),
            (
                "100 s are too long",
                at(&[0, 99_999, 199_999]),
                vec![interval(0, 99_999)],
                interval(0, 199_999),
                vec![
                    (0, Some(99_999), 99_999, 0, Verdict::Counted),
                    (99_999, Some(100_000), 0, 0, Verdict::TooLong),
                ],
            ),
            (
                "a gap is judged by its length, not by the part that is explained",
                at(&[-90_000, 20_000, 60_000]),
                vec![interval(20_000, 60_000)],
                interval(0, 50_000),
                vec![
                    (0, Some(110_000), 0, 0, Verdict::TooLong),
                    (20_000, Some(40_000), 30_000, 0, Verdict::Counted),
                ],
            ),
            (
                "two windows at once",
                at(&[0, 10_000]),
                vec![interval(0, 10_000), interval(5_000, 10_000)],
                interval(0, 10_000),
                vec![(0, Some(10_000), 15_000, 5_000, Verdict::Overlapping)],
            ),
            (
                "an activity that is not stored ended a gap",
                at(&[0, 150_000]),
                vec![interval(0, 80_000)],
                interval(0, 150_000),
                vec![(0, Some(150_000), 80_000, 0, Verdict::InPart)],
            ),
            (
                "no hours were computed of it",
                at(&[0, 5_000]),
                vec![],
                interval(0, 5_000),
                vec![(0, Some(5_000), 0, 0, Verdict::NotCounted)],
            ),
            (
                "a run of frames lasts",
                vec![interval(0, 300_000), interval(310_000, 310_000)],
                vec![interval(0, 310_000)],
                interval(0, 310_000),
                vec![
                    (0, Some(300_000), 300_000, 0, Verdict::Counted),
                    (300_000, Some(10_000), 10_000, 0, Verdict::Counted),
                ],
            ),
            (
                "nobody was there",
                vec![],
                vec![],
                interval(0, 50),
                vec![(0, None, 0, 0, Verdict::TooLong)],
            ),
            (
                "nothing is explained",
                at(&[5]),
                vec![],
                interval(5, 5),
                vec![],
            ),
        ];
        for (name, activities, counted, within, expected) in cases {
            let counted = of_jobs(&counted);
            let found: Vec<_> = explain_gaps(&activities, &counted, within)
                .into_iter()
                .map(|gap| {
                    let Gap {
                        span,
                        whole_ms,
                        counted_ms,
                        twice_ms,
                        verdict,
                        ..
                    } = gap;
                    (span.start_ms, whole_ms, counted_ms, twice_ms, verdict)
                })
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    fn intervals() -> impl Strategy<Value = Vec<Interval>> {
        let one = (0..500_i64, 0..80_i64).prop_map(|(start, n)| interval(start, start + n));
        prop::collection::vec(one, 0..30)
    }

    /// What lies of it within.
    fn length(one: &Interval, within: Interval) -> i64 {
        (one.end_ms.min(within.end_ms) - one.start_ms.max(within.start_ms)).max(0)
    }

    proptest! {
        #[test]
        fn gaps_add_up_to_the_hours(activities in intervals(), counted in intervals(), start in 0..500_i64, n in 0..300_i64) {
            let within = interval(start, start + n);
            let gaps = explain_gaps(&activities, &of_jobs(&counted), within);
            let mut next_ms = within.start_ms;
            for gap in &gaps {
                prop_assert_eq!(gap.span.start_ms, next_ms);
                next_ms = gap.span.end_ms;
                let hours: i64 = counted.iter().map(|one| length(one, gap.span)).sum();
                prop_assert_eq!(gap.counted_ms, hours);
                for (ids, ms) in &gap.by_ids {
                    let of_job = of_jobs(&counted).into_iter().filter(|(of, _)| of == ids);
                    prop_assert_eq!(*ms, of_job.map(|(_, one)| length(&one, gap.span)).sum::<i64>());
                }
                prop_assert_eq!(gap.by_ids.iter().map(|(_, ms)| ms).sum::<i64>(), hours);
                let once = (gap.span.start_ms..gap.span.end_ms).filter(|ms| {
                    counted.iter().any(|one| (one.start_ms..one.end_ms).contains(ms))
                });
                prop_assert_eq!(gap.counted_ms - gap.twice_ms, once.map(|_| 1).sum::<i64>());
            }
            prop_assert_eq!(next_ms, within.end_ms);
        }
    }
}
