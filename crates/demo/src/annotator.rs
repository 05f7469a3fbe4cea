//! One annotator: comes, works, has lunch, changes jobs, goes. A state machine that makes
//! the next few events when it is asked.

mod actions;
mod jobs;
mod reviews;

use std::collections::VecDeque;

use annoscope_events::{Ids, Occasion, Place, StoredEvent, Timestamp};

use crate::chance::Chance;
use crate::clicks::{self, Kind};
use crate::names::SHAPE_TYPES;
use crate::page::{Action, Delivery, Outbox, Page};
use crate::plan::{Plan, PlannedShift};
use crate::server_events;
use crate::units::number;

use self::reviews::Waiting;

/// One annotator at work.
pub struct Annotator {
    /// Index of the person.
    person: usize,
    chance: Chance,
    page: Page,
    /// Where the annotator is in time, in ms: no later event is before.
    now_ms: i64,
    shifts: Vec<PlannedShift>,
    /// Index of the current shift, or of the next.
    shift: usize,
    is_at_work: bool,
    had_lunch: bool,
    /// Events of the current shift so far, those in the page's queue included.
    made: i64,
    /// Events of earlier shifts.
    made_before: i64,
    /// Events of all shifts.
    quota: i64,
    /// Which of the person's jobs is to be done now.
    job_no: usize,
    /// A job that is looked at for a while instead, and for how many actions.
    visit: Option<(usize, u32)>,
    /// Jobs that were handed in and are not accepted.
    waiting: VecDeque<Waiting>,
    frame: i64,
    unsaved: Unsaved,
    next_object_id: i64,
    /// Used again for each payload.
    payload: String,
}

/// What the next save sends: numbers of objects.
#[derive(Clone, Copy, Debug, Default)]
struct Unsaved {
    drawn: [u16; SHAPE_TYPES.len()],
    changed: u16,
    deleted: u16,
    tags: u16,
    tracks: u16,
}

impl Unsaved {
    fn is_empty(&self) -> bool {
        let others = [self.changed, self.deleted, self.tags, self.tracks];
        self.drawn
            .iter()
            .chain(&others)
            .all(|&n_objects| n_objects == 0)
    }
}

/// Rows that come of one action on the average: it, working time, what a save brings.
const ROWS_PER_ACTION: f64 = 1.3;

/// Nobody waits longer between two actions, in ms; longer pauses are breaks.
const LONGEST_PACE_MS: f64 = 120_000.0;

impl Annotator {
    /// The annotator before the first shift.
    pub fn new(person: usize, plan: &Plan, chance: Chance, delivery: Delivery) -> Annotator {
        let shifts = plan.shifts[person].clone();
        let quota = shifts.iter().map(|planned| planned.quota).sum();
        Annotator {
            person,
            chance,
            page: Page::new(delivery, person, plan.people[person].clock_ahead_ms),
            now_ms: shifts
                .first()
                .map_or(plan.start_ms, |planned| planned.shift.start_ms),
            shifts,
            shift: 0,
            is_at_work: false,
            had_lunch: false,
            made: 0,
            made_before: 0,
            quota,
            job_no: 0,
            visit: None,
            waiting: VecDeque::new(),
            frame: 0,
            unsaved: Unsaved::default(),
            next_object_id: (number(person) + 1) * 10_000_000,
            payload: String::new(),
        }
    }

    /// A time before which no more events of this annotator lie, in ms; `None` when there
    /// are no more at all.
    pub fn no_event_before_ms(&self) -> Option<i64> {
        let planned = self.shifts.get(self.shift)?;
        let now_ms = if self.is_at_work {
            self.now_ms
        } else {
            planned.shift.start_ms
        };
        Some(
            self.page
                .earliest_ms()
                .map_or(now_ms, |earliest_ms| earliest_ms.min(now_ms)),
        )
    }

    /// Goes on until something was sent, or until there is nothing more to do.
    pub fn go_on(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let n_before = outbox.stored.len() + outbox.calls.len();
        while self.shift < self.shifts.len() && outbox.stored.len() + outbox.calls.len() == n_before
        {
            self.step(plan, outbox);
        }
    }

    fn step(&mut self, plan: &Plan, outbox: &mut Outbox) {
        if !self.is_at_work {
            self.come(plan, outbox);
            return;
        }
        let PlannedShift { shift, quota } = self.shifts[self.shift];
        let is_over = self.now_ms >= shift.end_ms && !self.is_last_shift();
        if self.made >= quota || is_over {
            self.go(plan, outbox);
            return;
        }
        if let Some((begin_ms, end_ms)) = shift.lunch
            && !self.had_lunch
            && self.now_ms >= begin_ms
        {
            self.had_lunch = true;
            self.save(plan, outbox);
            self.rest_until(end_ms, plan, outbox);
        }
        self.go_on_with_reviews(plan, outbox);
        self.take_due_job(plan, outbox);
        self.act(plan, outbox);
    }

    fn is_last_shift(&self) -> bool {
        self.shift + 1 == self.shifts.len()
    }

    fn come(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.is_at_work = true;
        self.had_lunch = false;
        self.now_ms = self.now_ms.max(self.shifts[self.shift].shift.start_ms);
        self.page.load(self.now_ms);
        self.load_page(plan, outbox);
        if self.chance.per_mille(500) {
            self.pass(1500, plan, outbox);
            self.click(plan, Ids::default(), outbox);
        }
        self.open_job(plan, outbox);
    }

    fn go(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.save(plan, outbox);
        self.send(plan, outbox);
        let carried = self.shifts[self.shift].quota - self.made;
        // Nothing is carried past the last shift: it ends when all is made.
        if let Some(next) = self.shifts.get_mut(self.shift + 1) {
            next.quota += carried;
        }
        self.made_before += self.made;
        self.made = 0;
        self.is_at_work = false;
        self.visit = None;
        self.shift += 1;
    }

    /// One action, after the time that it takes at the pace of the shift.
    fn act(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let pace_ms = self.pace_ms(plan);
        let wait_ms = self.chance.wait(pace_ms) as i64;
        let wait_ms = self.room_for(wait_ms, plan);
        if let Some((_, n_left)) = &mut self.visit {
            *n_left -= 1;
            if *n_left == 0 {
                self.leave_job(plan, outbox);
                self.visit = None;
                self.open_job(plan, outbox);
            }
        }
        match clicks::next(&mut self.chance) {
            Kind::Logged(click) => self.do_click(click, wait_ms, plan, outbox),
            Kind::Element => {
                self.pass(wait_ms, plan, outbox);
                self.click(plan, self.ids(plan), outbox);
            }
            Kind::Save => {
                self.pass(wait_ms, plan, outbox);
                self.save(plan, outbox);
            }
            Kind::PageError => {
                self.pass(wait_ms, plan, outbox);
                self.page_fails(plan, outbox);
            }
            Kind::ViewError => {
                self.pass(wait_ms, plan, outbox);
                self.view_fails(plan, outbox);
            }
            Kind::OtherJob => self.visit_job(plan, outbox),
            Kind::Break => {
                let break_ms = self.chance.between(180_000, 900_000);
                let is_worth_it = pace_ms * (self.left() as f64) > 6.0 * break_ms as f64;
                if is_worth_it {
                    self.rest_until(self.now_ms + break_ms, plan, outbox);
                }
            }
            Kind::ServerCall => {
                self.pass(wait_ms, plan, outbox);
                self.call_server(plan, outbox);
            }
        }
    }

    /// Events still to be made in this shift; at least 1.
    fn left(&self) -> i64 {
        (self.shifts[self.shift].quota - self.made).max(1)
    }

    /// Time for one action, in ms, so that the shift's events fill the shift.
    fn pace_ms(&self, plan: &Plan) -> f64 {
        let shift = self.shifts[self.shift].shift;
        let lunch_ms = match shift.lunch {
            Some((begin_ms, end_ms)) if !self.had_lunch => end_ms - begin_ms,
            _ => 0,
        };
        let mut time_left_ms = (shift.end_ms - self.now_ms - lunch_ms).max(1);
        if self.is_last_shift() {
            // All must be made: overtime, five seconds an event.
            let overtime_ms = (self.left() * 5000).min((plan.end_ms - self.now_ms) / 2);
            time_left_ms = time_left_ms.max(overtime_ms);
        }
        let n_actions = (self.left() as f64 / ROWS_PER_ACTION).max(1.0);
        (time_left_ms as f64 / n_actions).clamp(1.0, LONGEST_PACE_MS)
    }

    /// `ms`, or less where the period would end before all is made.
    fn room_for(&self, ms: i64, plan: &Plan) -> i64 {
        let room_ms = (plan.end_ms - self.now_ms) / (self.left() + 5);
        ms.min(room_ms).max(1)
    }

    /// Time goes on; the page's timer may send meanwhile.
    fn pass(&mut self, ms: i64, plan: &Plan, outbox: &mut Outbox) {
        let until_ms = self.now_ms + self.room_for(ms, plan);
        self.rest_until(until_ms, plan, outbox);
    }

    fn rest_until(&mut self, until_ms: i64, plan: &Plan, outbox: &mut Outbox) {
        if let Some(due_ms) = self.page.timer_before(until_ms) {
            self.send_at(due_ms.max(self.now_ms), plan, outbox);
        }
        self.now_ms = until_ms;
    }

    fn send(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.send_at(self.now_ms, plan, outbox);
    }

    fn send_at(&mut self, sent_ms: i64, plan: &Plan, outbox: &mut Outbox) {
        if self.delivery_is_by_count() && !self.page.is_full() {
            return;
        }
        let by = &plan.people[self.person].sender;
        self.made += self.page.send(sent_ms, by, &mut self.chance, outbox);
    }

    fn delivery_is_by_count(&self) -> bool {
        self.page.delivery() != Delivery::Stored
    }

    fn log(&mut self, action: &Action<'_>, ids: Ids, plan: &Plan, outbox: &mut Outbox) {
        self.page.log(action, ids);
        self.made += 1;
        if self.page.is_full() {
            self.send(plan, outbox);
        }
    }

    /// Records events of the server, all of one request.
    fn record(
        &mut self,
        plan: &Plan,
        outbox: &mut Outbox,
        build: impl FnOnce(Occasion<'_>, &Place) -> Vec<StoredEvent>,
    ) {
        let ids = self.ids(plan);
        self.record_by(self.person, ids, plan, outbox, build);
    }

    /// The same of another person or job.
    fn record_by(
        &mut self,
        person: usize,
        ids: Ids,
        plan: &Plan,
        outbox: &mut Outbox,
        build: impl FnOnce(Occasion<'_>, &Place) -> Vec<StoredEvent>,
    ) {
        let by = &plan.people[person].sender;
        let cause = server_events::cause(by, self.chance.uuid());
        let occasion = Occasion {
            cause: &cause,
            at: Timestamp::from_millis(self.now_ms),
        };
        let events = build(occasion, &server_events::place(by, ids));
        self.made += number(events.len());
        if !self.delivery_is_by_count() {
            outbox.stored.extend(events);
        }
    }

    fn job(&self, plan: &Plan) -> Option<usize> {
        match self.visit {
            Some((job, _)) => Some(job),
            None => plan.catalog.jobs_of[self.person].get(self.job_no).copied(),
        }
    }

    fn ids(&self, plan: &Plan) -> Ids {
        self.job(plan)
            .map_or(Ids::default(), |job| plan.catalog.ids(job))
    }
}
