//! What is decided before the first event is made: who works when, how much, on what.

use crate::calendar::{self, Shift};
use crate::cast::{self, Person};
use crate::catalog::{Catalog, Need};
use crate::chance::Chance;
use crate::config::{DemoConfig, DemoConfigError};
use crate::happenings::{self, Happening};
use crate::units::{DAY_MS, HOUR_MS};

/// The decisions. Small: some 40 bytes a shift and a job.
pub struct Plan {
    /// The annotators.
    pub people: Vec<Person>,
    /// Their shifts, in time order, by the index of the person.
    pub shifts: Vec<Vec<PlannedShift>>,
    /// Projects, tasks and jobs.
    pub catalog: Catalog,
    /// What happens to them and to the people, in time order.
    pub happenings: Vec<Happening>,
    /// Begin of the period, in ms.
    pub start_ms: i64,
    /// End of the period, in ms.
    pub end_ms: i64,
}

/// A shift, and how many events come of it.
#[derive(Clone, Copy, Debug)]
pub struct PlannedShift {
    /// When.
    pub shift: Shift,
    /// Events to make. Never negative at first; what one shift makes too much or too
    /// little is carried to the next.
    pub quota: i64,
}

/// Everything is created in the first two minutes; then people come.
const OPENING_MS: i64 = 120_000;

/// Nobody starts in the last minute, so the last events of a shift have room.
const CLOSING_MS: i64 = 60_000;

/// A shift with fewer events is not worth coming for.
const MIN_EVENTS_PER_SHIFT: u64 = 40;

/// Time between two events of a person of speed 1 who has little to do, in ms: such a
/// person leaves early and is not slow.
const RELAXED_PACE_MS: f64 = 26_000.0;

/// Events that one job takes.
pub const EVENTS_PER_JOB: i64 = 2000;

/// Streams of chance, by what they are for. Annotators have their index plus the last.
mod stream {
    pub const CAST: u64 = 1;
    pub const SHIFTS: u64 = 2;
    pub const CATALOG: u64 = 3;
    pub const WORLD: u64 = 4;
    pub const FIRST_ANNOTATOR: u64 = 1000;
}

impl Plan {
    /// Decides.
    pub fn new(config: &DemoConfig) -> Result<Plan, DemoConfigError> {
        let n_users = config.n_users()?;
        let chance = |stream| Chance::new(config.seed, stream);
        let end_ms = config.end.millis();
        let start_ms = end_ms - i64::from(config.days) * DAY_MS;
        let people = cast::annotators(n_users, &mut chance(stream::CAST));
        let (from_ms, to_ms) = (start_ms + OPENING_MS, end_ms - CLOSING_MS);
        let shifts = come_to_work(
            &people,
            from_ms,
            to_ms,
            config.events,
            &mut chance(stream::SHIFTS),
        );
        let needs = needs(&people, &shifts);
        let mut catalog_chance = chance(stream::CATALOG);
        let catalog = Catalog::new(&people, needs, start_ms, &mut catalog_chance);
        let happenings = happenings::happenings(
            &people,
            &catalog,
            start_ms,
            end_ms,
            &mut chance(stream::WORLD),
        );
        let n_left = config.events.saturating_sub(happenings.len() as u64);
        let shifts = hand_out(&people, &shifts, n_left);
        Ok(Plan {
            people,
            shifts,
            catalog,
            happenings,
            start_ms,
            end_ms,
        })
    }

    /// The chance of one annotator.
    pub fn chance(config: &DemoConfig, person: usize) -> Chance {
        Chance::new(config.seed, stream::FIRST_ANNOTATOR + person as u64)
    }
}

/// Shifts of everybody, but no more than there are events for. A weight says how much of
/// all events each shift gets.
fn come_to_work(
    people: &[Person],
    from_ms: i64,
    to_ms: i64,
    n_events: u64,
    chance: &mut Chance,
) -> Vec<Vec<PlannedShift>> {
    let mut shifts: Vec<Vec<Shift>> = people
        .iter()
        .map(|person| calendar::shifts(person, from_ms, to_ms, chance))
        .collect();
    if shifts.iter().all(Vec::is_empty) {
        // A Sunday: somebody has to.
        let start_ms = from_ms.max(to_ms - 8 * HOUR_MS);
        shifts[0].push(Shift::new(start_ms, to_ms, None));
    }
    let n_shifts: usize = shifts.iter().map(Vec::len).sum();
    let n_kept = ((n_events / MIN_EVENTS_PER_SHIFT).max(1) as usize).min(n_shifts);
    // Of those not yet looked at: how many stay, how many there are. Leaves exactly `n_kept`.
    let (mut to_keep, mut to_see) = (n_kept as u64, n_shifts as u64);
    for shifts in &mut shifts {
        shifts.retain(|_| {
            let is_kept = chance.below(to_see) < to_keep;
            to_see -= 1;
            to_keep -= u64::from(is_kept);
            is_kept
        });
    }
    let planned: Vec<Vec<PlannedShift>> = shifts
        .into_iter()
        .map(|shifts| {
            shifts
                .into_iter()
                .map(|shift| PlannedShift { shift, quota: 0 })
                .collect()
        })
        .collect();
    hand_out(people, &planned, n_events)
}

/// Hands `n_events` out to the shifts, by their length and the person's speed: exactly all.
/// Who gets few leaves early.
fn hand_out(
    people: &[Person],
    shifts: &[Vec<PlannedShift>],
    n_events: u64,
) -> Vec<Vec<PlannedShift>> {
    let weight = |person: &Person, planned: &PlannedShift| {
        (planned.shift.working_ms() as f64 / 1000.0 * person.speed) as u128
    };
    let total: u128 = people
        .iter()
        .zip(shifts)
        .flat_map(|(person, shifts)| shifts.iter().map(|planned| weight(person, planned)))
        .sum();
    let mut passed: u128 = 0;
    let mut given: u128 = 0;
    let hand = |person: &Person, planned: &PlannedShift| {
        passed += weight(person, planned);
        let due = passed * u128::from(n_events) / total.max(1);
        let quota = (due - given) as i64;
        given = due;
        let working_ms = quota as f64 * RELAXED_PACE_MS / person.speed;
        PlannedShift {
            shift: planned.shift.shortened(working_ms as i64 + HOUR_MS / 6),
            quota,
        }
    };
    let mut hand = hand;
    people
        .iter()
        .zip(shifts)
        .map(|(person, shifts)| shifts.iter().map(|planned| hand(person, planned)).collect())
        .collect()
}

/// When each person needs each of their jobs: at the beginning of the shift before the one
/// in which it comes up.
fn needs(people: &[Person], shifts: &[Vec<PlannedShift>]) -> Vec<Need> {
    let mut needs = Vec::new();
    for (person, shifts) in (0..people.len()).zip(shifts) {
        let quota: i64 = shifts.iter().map(|planned| planned.quota).sum();
        let n_jobs = (quota + EVENTS_PER_JOB - 1) / EVENTS_PER_JOB;
        let mut job_no = 0;
        let mut made = 0;
        let mut before_ms = shifts.first().map_or(0, |planned| planned.shift.start_ms);
        for planned in shifts {
            made += planned.quota;
            // Made events come up to `made`, give or take what is carried: one more.
            while job_no < n_jobs && job_no * quota <= (made + 100) * n_jobs {
                needs.push(Need {
                    at_ms: before_ms,
                    person,
                });
                job_no += 1;
            }
            before_ms = planned.shift.start_ms;
        }
        while job_no < n_jobs {
            needs.push(Need {
                at_ms: before_ms,
                person,
            });
            job_no += 1;
        }
    }
    needs
}
