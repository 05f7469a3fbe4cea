//! When a project will be done: dates by which half and nine in ten of 1,000 simulated ends lie.
//!
//! Each run is a bootstrap in two steps over the last working days (days on which a frame was done): first which
//! days there might have been, drawn from those that there were, then the days to come, drawn from these. The first
//! step stands for what so few days do not tell of the speed; without it P90 promises too much.
//!
//! Nobody is asked for weekends: whether there is work on a day to come is drawn from the days of the same weekday, and
//! how much from all working days.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Working days that are drawn from: the latest.
pub const MOST_DAYS: usize = 20;

/// Of fewer working days no date is told.
pub const FEWEST_DAYS: usize = 5;

/// Simulated ends.
pub const RUNS: usize = 1_000;

/// An end that is later than this many days ahead is not told.
pub const HORIZON_DAYS: i64 = 3_650;

/// A day on which frames were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkingDay {
    /// Days since 1970-01-01, in whichever zone the caller counts days.
    pub day: i64,
    /// Frames that were done on it, at least 1.
    pub frames: u64,
}

/// When all will be done. Days as in [`WorkingDay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Half of the runs end by then; none where that is beyond [`HORIZON_DAYS`].
    pub p50: Option<i64>,
    /// Nine in ten of them do.
    pub p90: Option<i64>,
    /// Working days that it is drawn from.
    pub n_days: usize,
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoForecast {
    /// Nothing remains.
    Done,
    /// There were only so many working days, fewer than [`FEWEST_DAYS`].
    TooFewDays(usize),
}

/// Forecasts the end of `remaining` frames.
///
/// `days` are the working days before `today`, in order; today itself is not over and tells nothing. The same `seed`
/// gives the same answer.
pub fn forecast(
    days: &[WorkingDay],
    remaining: u64,
    today: i64,
    seed: u64,
) -> Result<Forecast, NoForecast> {
    if remaining == 0 {
        return Err(NoForecast::Done);
    }
    let days: Vec<WorkingDay> = days
        .iter()
        .copied()
        .filter(|day| day.day < today && day.frames > 0)
        .collect();
    let latest = &days[days.len().saturating_sub(MOST_DAYS)..];
    if latest.len() < FEWEST_DAYS {
        return Err(NoForecast::TooFewDays(latest.len()));
    }
    // From behind the working day before them on, so that it is not always a working day that comes first.
    let before = days.len().checked_sub(MOST_DAYS + 1);
    let from = before.map_or(latest[0].day, |before| days[before].day + 1);
    let past = Past::new(latest, from, today);
    let mut random = StdRng::seed_from_u64(seed);
    let mut ends: Vec<i64> = (0..RUNS)
        .map(|_| run(&past, remaining, today, &mut random))
        .collect();
    ends.sort_unstable();
    let percentile = |n: usize| {
        let end = ends[RUNS * n / 100 - 1];
        (end <= today + HORIZON_DAYS).then_some(end)
    };
    Ok(Forecast {
        p50: percentile(50),
        p90: percentile(90),
        n_days: latest.len(),
    })
}

/// What is drawn from.
struct Past {
    /// Of each working day.
    frames: Vec<u64>,
    /// By weekday, whether there was work on each such day.
    worked: [Vec<bool>; 7],
}

impl Past {
    /// The working days of the days from `from` up to `today`.
    fn new(working_days: &[WorkingDay], from: i64, today: i64) -> Past {
        let mut worked: [Vec<bool>; 7] = Default::default();
        let mut next = working_days.iter().peekable();
        for day in from..today {
            let is_worked = next.next_if(|working| working.day == day).is_some();
            worked[weekday(day)].push(is_worked);
        }
        Past {
            frames: working_days.iter().map(|day| day.frames).collect(),
            worked,
        }
    }

    /// What might have been in its place.
    fn resampled(&self, random: &mut StdRng) -> Past {
        Past {
            frames: resampled(&self.frames, random),
            worked: std::array::from_fn(|weekday| resampled(&self.worked[weekday], random)),
        }
    }

    /// What is done on a day to come.
    fn drawn(&self, day: i64, random: &mut StdRng) -> u64 {
        let worked = &self.worked[weekday(day)];
        if !worked.is_empty() && drawn(worked, random) {
            drawn(&self.frames, random)
        } else {
            0
        }
    }
}

/// From 0 to 6; which is which does not matter.
fn weekday(day: i64) -> usize {
    day.rem_euclid(7).unsigned_abs() as usize
}

/// The day of one simulated end, or one beyond [`HORIZON_DAYS`].
fn run(past: &Past, remaining: u64, today: i64, random: &mut StdRng) -> i64 {
    let past = past.resampled(random);
    let mut done = 0_u64;
    for day in today..=today + HORIZON_DAYS {
        done = done.saturating_add(past.drawn(day, random));
        if done >= remaining {
            return day;
        }
    }
    today + HORIZON_DAYS + 1
}

/// As many draws as three quarters of the values: of as many as there are, P90 covered 85 of 100 simulated projects with
/// whole jobs or a few large days; of these it covers 88 to 90.
fn resampled<T: Copy>(values: &[T], random: &mut StdRng) -> Vec<T> {
    let n = (values.len() * 3).div_ceil(4);
    (0..n).map(|_| drawn(values, random)).collect()
}

/// **Invariant:** there are values.
fn drawn<T: Copy>(values: &[T], random: &mut StdRng) -> T {
    values[random.random_range(0..values.len())]
}

#[cfg(test)]
mod tests;
