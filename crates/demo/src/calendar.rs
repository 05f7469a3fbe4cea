//! When people work: shifts with a lunch break, weekends, holidays, sick days.

use crate::cast::Person;
use crate::chance::Chance;
use crate::units::{DAY_MS, HOUR_MS};

const MINUTE_MS: i64 = 60_000;

/// What is left of a shift at an edge of the period must be worth coming for.
const SHORTEST_SHIFT_MS: i64 = 15 * MINUTE_MS;

/// One person's work on one day. Times in ms since the epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Begin.
    pub start_ms: i64,
    /// End.
    pub end_ms: i64,
    /// Begin and end of the lunch break, if it lies within.
    pub lunch: Option<(i64, i64)>,
}

impl Shift {
    /// A shift from `start_ms` to `end_ms` that has the break only if it lies within.
    pub fn new(start_ms: i64, end_ms: i64, lunch: Option<(i64, i64)>) -> Shift {
        let lunch = lunch.filter(|&(begin, end)| start_ms < begin && end < end_ms);
        Shift {
            start_ms,
            end_ms,
            lunch,
        }
    }

    /// Time without the break, in ms.
    pub fn working_ms(&self) -> i64 {
        self.end_ms - self.start_ms - self.lunch.map_or(0, |(begin, end)| end - begin)
    }

    /// The same shift with no more than `working_ms` of work: the person leaves early.
    pub fn shortened(&self, working_ms: i64) -> Shift {
        if working_ms >= self.working_ms() {
            return *self;
        }
        let without_break = self.start_ms + working_ms;
        match self.lunch {
            Some((begin, end)) if without_break > begin => {
                Shift::new(self.start_ms, without_break + (end - begin), self.lunch)
            }
            _ => Shift::new(self.start_ms, without_break, None),
        }
    }
}

/// The shifts of one person from `from_ms` to `to_ms`, in time order, not overlapping.
pub fn shifts(person: &Person, from_ms: i64, to_ms: i64, chance: &mut Chance) -> Vec<Shift> {
    let first_day = (from_ms + person.zone_ms).div_euclid(DAY_MS) - 1; // a night shift
    let last_day = (to_ms + person.zone_ms).div_euclid(DAY_MS);
    let mut shifts: Vec<Shift> = Vec::new();
    // One week off in twenty-five.
    let mut holiday_week = first_day.div_euclid(7) + chance.between(0, 24);
    for day in first_day..=last_day {
        if day.div_euclid(7) > holiday_week {
            holiday_week += chance.between(13, 37);
        }
        let is_away = day.div_euclid(7) == holiday_week || chance.per_mille(35);
        let shift = shift(person, day, chance);
        let is_free = is_weekend(day) && !(person.works_on_weekends && chance.per_mille(400));
        if is_away || is_free {
            continue;
        }
        let start_ms = shift.start_ms.max(from_ms);
        let end_ms = shift.end_ms.min(to_ms);
        if end_ms - start_ms >= SHORTEST_SHIFT_MS {
            shifts.push(Shift::new(start_ms, end_ms, shift.lunch));
        }
    }
    shifts
}

/// The shift of one local day, counted from 1970-01-01.
fn shift(person: &Person, day: i64, chance: &mut Chance) -> Shift {
    let local_midnight_ms = day * DAY_MS - person.zone_ms;
    let start_ms =
        local_midnight_ms + person.shift_begin_ms + chance.between(-20 * MINUTE_MS, 20 * MINUTE_MS);
    let end_ms =
        start_ms + person.shift_length_ms + chance.between(-30 * MINUTE_MS, 30 * MINUTE_MS);
    let lunch_begin_ms = start_ms + chance.between(200 * MINUTE_MS, 270 * MINUTE_MS);
    let lunch_end_ms = lunch_begin_ms + chance.between(30 * MINUTE_MS, 60 * MINUTE_MS);
    // Who works half a day eats at home.
    let lunch = (person.shift_length_ms > 6 * HOUR_MS).then_some((lunch_begin_ms, lunch_end_ms));
    Shift::new(start_ms, end_ms, lunch)
}

/// Saturday or Sunday. Day 0, 1970-01-01, was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 4).rem_euclid(7), 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast;

    #[test]
    fn weekends_are_known() {
        // 2024-07-06 was a Saturday: day 19,910.
        let weekend: Vec<i64> = (19_905..19_915).filter(|&day| is_weekend(day)).collect();
        assert_eq!(weekend, [19_910, 19_911]);
    }

    #[test]
    fn shifts_follow_each_other_within_the_period() {
        let mut chance = Chance::new(5, 5);
        let (from_ms, to_ms) = (19_900 * DAY_MS, 19_990 * DAY_MS);
        for person in cast::annotators(50, &mut chance) {
            let shifts = shifts(&person, from_ms, to_ms, &mut chance);
            assert!((40..=75).contains(&shifts.len()), "{}", shifts.len());
            assert!(shifts[0].start_ms >= from_ms && shifts[shifts.len() - 1].end_ms <= to_ms);
            assert!(shifts.is_sorted_by(|one, next| one.end_ms < next.start_ms));
            assert!(
                shifts
                    .iter()
                    .all(|shift| shift.working_ms() <= 10 * HOUR_MS)
            );
        }
    }

    #[test]
    fn leaving_early_keeps_the_break_where_it_lies_within() {
        let shift = Shift::new(0, 8 * HOUR_MS, Some((4 * HOUR_MS, 5 * HOUR_MS)));
        assert_eq!(shift.working_ms(), 7 * HOUR_MS);
        assert_eq!(shift.shortened(9 * HOUR_MS), shift);
        assert_eq!(
            shift.shortened(3 * HOUR_MS),
            Shift::new(0, 3 * HOUR_MS, None)
        );
        let late = shift.shortened(6 * HOUR_MS);
        assert_eq!((late.end_ms, late.working_ms()), (7 * HOUR_MS, 6 * HOUR_MS));
    }
}
