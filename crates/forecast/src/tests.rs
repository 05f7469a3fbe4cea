use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::*;

/// How a simulated team works.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// On every weekday, about as much each time.
    Steady,
    /// On every weekday, whole jobs of 50 frames: none to six of them.
    Jobs,
    /// On about every other day, a lot or a little.
    Now,
}

/// Frames of a day; none on days without work.
fn frames_of(pace: Pace, day: i64, random: &mut StdRng) -> u64 {
    let is_weekday = day.rem_euclid(7) < 5;
    match pace {
        Pace::Steady if is_weekday => random.random_range(80..=120),
        Pace::Jobs if is_weekday => 50 * random.random_range(0..=6),
        Pace::Now if random.random_bool(0.5) => {
            // Many small days and a few large ones.
            let x: f64 = random.random_range(0.01..1.0);
            (10.0 / x.sqrt()) as u64
        }
        _ => 0,
    }
}

/// Of 1,000 projects, how many ended by the day that was told: by P50 and by P90, in percent.
fn coverage(pace: Pace, n_days: usize, remaining_days: u64) -> (usize, usize) {
    const N: usize = 1_000;
    let (mut by_p50, mut by_p90) = (0, 0);
    for seed in 0..N as u64 {
        let mut random = StdRng::seed_from_u64(77_000 + seed);
        let mut day = seed.cast_signed();
        let mut history = Vec::new();
        while history.len() < n_days {
            let frames = frames_of(pace, day, &mut random);
            if frames > 0 {
                history.push(WorkingDay { day, frames });
            }
            day += 1;
        }
        let today = day;
        let mean = match pace {
            Pace::Steady => 100,
            Pace::Jobs => 175,
            Pace::Now => 18,
        };
        let remaining = mean * remaining_days;
        let mut done = 0;
        let end = loop {
            done += frames_of(pace, day, &mut random);
            if done >= remaining {
                break day;
            }
            day += 1;
        };
        let told = forecast(&history, remaining, today, seed).unwrap();
        by_p50 += usize::from(end <= told.p50.unwrap());
        by_p90 += usize::from(end <= told.p90.unwrap());
    }
    (by_p50 * 100 / N, by_p90 * 100 / N)
}

/// Days of whole frames cannot end half of the projects by P50 exactly: where a day makes a difference, more do.
#[test]
fn p50_and_p90_cover_as_they_say() {
    for pace in [Pace::Steady, Pace::Jobs, Pace::Now] {
        for remaining_days in [10, 40] {
            let (by_p50, by_p90) = coverage(pace, 20, remaining_days);
            assert!(
                (46..=74).contains(&by_p50),
                "{pace:?}, {remaining_days}: {by_p50} %"
            );
            assert!(
                (86..=98).contains(&by_p90),
                "{pace:?}, {remaining_days}: {by_p90} %"
            );
        }
    }
}

/// Of the fewest days that are enough, P90 is a little less than it says.
#[test]
fn few_days_cover_less() {
    for pace in [Pace::Steady, Pace::Jobs, Pace::Now] {
        let (by_p50, by_p90) = coverage(pace, FEWEST_DAYS, 10);
        assert!((40..=76).contains(&by_p50), "{pace:?}: {by_p50} %");
        assert!((70..=98).contains(&by_p90), "{pace:?}: {by_p90} %");
    }
}

/// Weekdays of as many weeks, 100 frames on each. Day 0 is the first of them.
fn weeks(n: i64) -> Vec<WorkingDay> {
    let days = (0..7 * n).filter(|day| day % 7 < 5);
    days.map(|day| WorkingDay { day, frames: 100 }).collect()
}

#[test]
fn nobody_works_on_days_that_never_had_work() {
    // 250 frames from a Monday on: on Wednesday; from a Friday on: on Tuesday.
    for (today, end) in [(28, 30), (32, 36), (33, 37)] {
        let days: Vec<_> = weeks(5).into_iter().filter(|day| day.day < today).collect();
        let told = forecast(&days, 250, today, 1).unwrap();
        assert_eq!((told.p50, told.p90), (Some(end), Some(end)), "{today}");
    }
}

#[test]
fn there_is_no_forecast_of_too_little() {
    let days = weeks(1);
    assert_eq!(forecast(&days, 0, 7, 1), Err(NoForecast::Done));
    for n in 0..FEWEST_DAYS {
        let told = forecast(&days[..n], 100, 7, 1);
        assert_eq!(told, Err(NoForecast::TooFewDays(n)));
    }
    // Today is not over.
    let told = forecast(&days, 100, days[4].day, 1);
    assert_eq!(told, Err(NoForecast::TooFewDays(4)));
    assert_eq!(forecast(&days, 100, 7, 1).unwrap().n_days, 5);
    assert_eq!(forecast(&weeks(9), 100, 63, 1).unwrap().n_days, MOST_DAYS);
}

#[test]
fn what_has_no_end_in_sight_has_no_date() {
    let told = forecast(&weeks(4), u64::MAX, 28, 1).unwrap();
    assert_eq!((told.p50, told.p90), (None, None));
    // A year without work makes the next one unlikely.
    let told = forecast(&weeks(4), 10_000, 28 + 365, 1).unwrap();
    assert!(told.p50.is_none_or(|p50| p50 > 28 + 2 * 365));
}

fn working_days() -> impl Strategy<Value = Vec<WorkingDay>> {
    let day = (1..5_i64, 0..500_u64);
    prop::collection::vec(day, 5..60).prop_map(|days| {
        let days = days.into_iter().scan(0, |day, (gap, frames)| {
            *day += gap;
            Some(WorkingDay { day: *day, frames })
        });
        days.collect()
    })
}

proptest! {
    #[test]
    fn ends_are_in_order_and_stay_the_same(days in working_days(), remaining in 1..5_000_u64, later in 0..9_i64, seed in any::<u64>()) {
        let today = days.last().map_or(0, |day| day.day) + 1 + later;
        let told = forecast(&days, remaining, today, seed);
        prop_assert_eq!(told, forecast(&days, remaining, today, seed));
        if let Ok(Forecast { p50, p90, .. }) = told {
            prop_assert!(p50.is_none_or(|p50| p50 >= today));
            prop_assert!(p90.is_none_or(|p90| p50.is_some_and(|p50| p50 <= p90)));
        }
    }
}
