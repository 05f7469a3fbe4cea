//! One annotator: comes, works, has lunch, changes jobs, goes. A state machine that makes
//! the next few events when it is asked.

use annoscope_events::{Event, Ids, StoredEvent};
use serde_json::json;

use super::chance::Chance;
use super::clicks::{self, Kind};
use super::names::{ELEMENTS, FORMATS, FUNCTIONS, PAGE_ERRORS, SHAPE_TYPES, VIEW_ERRORS};
use super::page::{Action, Delivery, Outbox, Page};
use super::plan::{Plan, PlannedShift};
use super::server_events;

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
            page: Page::new(delivery, plan.people[person].clock_ahead_ms),
            now_ms: shifts.first().map_or(plan.start_ms, |planned| planned.shift.start_ms),
            shifts,
            shift: 0,
            is_at_work: false,
            had_lunch: false,
            made: 0,
            made_before: 0,
            quota,
            job_no: 0,
            visit: None,
            frame: 0,
            unsaved: Unsaved::default(),
            next_object_id: (person as i64 + 1) * 10_000_000,
            payload: String::new(),
        }
    }

    /// A time before which no more events of this annotator lie, in ms; `None` when there
    /// are no more at all.
    pub fn no_event_before_ms(&self) -> Option<i64> {
        let planned = self.shifts.get(self.shift)?;
        let now_ms = if self.is_at_work { self.now_ms } else { planned.shift.start_ms };
        Some(self.page.earliest_ms().map_or(now_ms, |earliest_ms| earliest_ms.min(now_ms)))
    }

    /// Goes on until something was sent, or until there is nothing more to do.
    pub fn go_on(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let n_before = outbox.stored.len() + outbox.calls.len();
        while self.shift < self.shifts.len()
            && outbox.stored.len() + outbox.calls.len() == n_before
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
        if let Some((begin_ms, end_ms)) = shift.lunch_ms
            && !self.had_lunch
            && self.now_ms >= begin_ms
        {
            self.had_lunch = true;
            self.save(plan, outbox);
            self.rest_until(end_ms, plan, outbox);
        }
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
        let lunch_ms = match shift.lunch_ms {
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

    /// Records an event of the server.
    fn record(&mut self, event: Event, outbox: &mut Outbox) {
        if !self.delivery_is_by_count() {
            outbox.stored.push(StoredEvent { event, intervals: Vec::new() });
        }
        self.made += 1;
    }

    fn server_event(&self, scope: &str, plan: &Plan) -> Event {
        server_events::event(scope, self.now_ms, &plan.people[self.person].sender)
    }

    fn job(&self, plan: &Plan) -> Option<usize> {
        match self.visit {
            Some((job, _)) => Some(job),
            None => plan.catalog.jobs_of[self.person].get(self.job_no).copied(),
        }
    }

    fn ids(&self, plan: &Plan) -> Ids {
        self.job(plan).map_or(Ids::default(), |job| plan.catalog.ids(job))
    }
}

/// Jobs: opened, saved, left, finished.
impl Annotator {
    fn open_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.send(plan, outbox);
        let ms = self.chance.between(400, 5000);
        let duration_ms = self.room_for(ms, plan);
        let action = Action {
            duration_ms: Some(duration_ms),
            ..clicks::plain("load:job", self.now_ms + 1)
        };
        self.log(&action, self.ids(plan), plan, outbox);
        self.pass(duration_ms + 2, plan, outbox);
        self.frame = 0;
    }

    fn leave_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.save(plan, outbox);
        self.send(plan, outbox);
    }

    /// Goes on to the next job when so much is made that it is its turn.
    fn take_due_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let n_jobs = plan.catalog.jobs_of[self.person].len();
        let made = (self.made_before + self.made) as u128;
        let due = (made * n_jobs as u128 / (self.quota.max(1) as u128)) as usize;
        if self.visit.is_some() || due.min(n_jobs.saturating_sub(1)) <= self.job_no {
            return;
        }
        self.leave_job(plan, outbox);
        self.update_job("state", (&json!("in progress"), "completed"), plan, outbox);
        if self.chance.per_mille(700) {
            self.pass(60, plan, outbox);
            self.update_job("stage", (&json!("annotation"), "validation"), plan, outbox);
        }
        self.job_no += 1;
        let by = &plan.people[self.person].sender;
        let assignee = format!("{{'id': {}, 'username': '{}'}}", by.user_id, by.user_name);
        self.pass(4000, plan, outbox);
        self.update_job("assignee", (&serde_json::Value::Null, &assignee), plan, outbox);
        self.pass(900, plan, outbox);
        self.update_job("state", (&json!("new"), "in progress"), plan, outbox);
        self.pass(300, plan, outbox);
        self.open_job(plan, outbox);
    }

    fn update_job(
        &mut self,
        property: &str,
        (old, new): (&serde_json::Value, &str),
        plan: &Plan,
        outbox: &mut Outbox,
    ) {
        let ids = self.ids(plan);
        let event = server_events::of_job(self.server_event("update:job", plan), ids);
        let event = Event { obj_id: None, ..event };
        let request_id = self.chance.uuid();
        let event =
            server_events::job_updated(event, property, (old, new.to_owned()), request_id);
        self.record(event, outbox);
    }

    /// Looks into an earlier job of the person, if there is one.
    fn visit_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        if self.visit.is_some() || self.job_no == 0 {
            return;
        }
        self.leave_job(plan, outbox);
        let back = self.chance.between(1, 3.min(self.job_no as i64)) as usize;
        let n_actions = self.chance.between(3, 25) as u32;
        self.visit = Some((plan.catalog.jobs_of[self.person][self.job_no - back], n_actions));
        self.open_job(plan, outbox);
    }

    /// Saves the job: the server records the changes, then the page what it took.
    fn save(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let unsaved = std::mem::take(&mut self.unsaved);
        let ids = self.ids(plan);
        let request_id = self.chance.uuid();
        let started_ms = self.now_ms + 1;
        let changes = [("update:shapes", unsaved.changed), ("delete:shapes", unsaved.deleted)];
        let created = SHAPE_TYPES.iter().zip(unsaved.drawn);
        let shapes = created
            .map(|(&shape_type, n_objects)| ("create:shapes", Some(shape_type), n_objects))
            .chain(changes.map(|(scope, n_objects)| (scope, Some("rectangle"), n_objects)))
            .chain([
                ("create:tags", None, unsaved.tags),
                ("create:tracks", Some("rectangle"), unsaved.tracks),
            ]);
        let mut is_anything_unsaved = false;
        for (scope, shape_type, n_objects) in shapes {
            if n_objects == 0 {
                continue;
            }
            if !is_anything_unsaved {
                is_anything_unsaved = true;
                self.pass(120, plan, outbox);
            }
            let event = server_events::of_job(self.server_event(scope, plan), ids);
            let first_id = self.next_object_id;
            self.next_object_id += i64::from(n_objects);
            let event =
                server_events::annotations(event, shape_type, first_id, n_objects, request_id);
            self.record(event, outbox);
        }
        if !is_anything_unsaved {
            return;
        }
        let ms = self.chance.between(80, 1800);
        self.pass(ms, plan, outbox);
        let action = Action {
            duration_ms: Some(self.now_ms - started_ms),
            ..clicks::plain("save:job", started_ms)
        };
        self.log(&action, ids, plan, outbox);
        self.send(plan, outbox);
        self.pass(10, plan, outbox);
    }
}

/// What the page logs.
impl Annotator {
    fn load_page(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let browser = plan.people[self.person].browser;
        // Browsers have a new version every four weeks.
        let n_days = (self.now_ms - plan.start_ms) / super::calendar::DAY_MS;
        let major = i64::from(browser.major) + n_days / 28;
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        payload.push_str("\"location\":\"/tasks?page=1\",\"platform\":{\"name\":\"");
        payload.push_str(browser.name);
        payload.push_str(&format!("\",\"version\":\"{major}.0.0.0\",\"os\":\"{}\"}}", browser.os));
        let action = Action { payload: &payload, ..clicks::plain("load:cvat", self.now_ms) };
        self.log(&action, Ids::default(), plan, outbox);
        self.payload = payload;
        self.pass(700, plan, outbox);
    }

    fn click(&mut self, plan: &Plan, ids: Ids, outbox: &mut Outbox) {
        let &(class, text) = self.chance.pick(ELEMENTS);
        let location = match (ids.task_id, ids.job_id) {
            (Some(task_id), Some(job_id)) => {
                format!("\"location\":\"/tasks/{task_id}/jobs/{job_id}\"")
            }
            _ => "\"location\":\"/tasks?page=1\"".to_owned(),
        };
        let action = Action {
            obj_name: Some(class),
            obj_val: Some(text),
            payload: &location,
            ..clicks::plain("click:element", self.now_ms)
        };
        self.log(&action, ids, plan, outbox);
    }

    fn do_click(
        &mut self,
        click: &clicks::Click,
        wait_ms: i64,
        plan: &Plan,
        outbox: &mut Outbox,
    ) {
        let duration_ms = match click.longest_ms {
            0 => 0,
            longest_ms => (wait_ms * self.chance.between(2, 8) / 10).min(longest_ms),
        };
        self.pass(wait_ms - duration_ms, plan, outbox);
        let started_ms = self.now_ms;
        // What takes time is queued when it is over; the timer may send meanwhile.
        if duration_ms > 0 {
            self.pass(duration_ms, plan, outbox);
        }
        let ids = self.ids(plan);
        let n_frames = self.job(plan).map_or(100, |job| plan.catalog.jobs[job].n_frames);
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        let mut scene = clicks::Scene {
            frame: self.frame,
            n_frames,
            object_id: self.next_object_id % 1000,
            count: None,
            shape_type: None,
            payload: &mut payload,
        };
        (click.describe)(&mut scene, &mut self.chance);
        let (frame, count, shape_type) = (scene.frame, scene.count, scene.shape_type);
        self.frame = frame;
        let action = Action {
            duration_ms: (click.longest_ms > 0).then_some(self.now_ms - started_ms),
            count,
            payload: &payload,
            ..clicks::plain(click.scope, started_ms)
        };
        self.log(&action, ids, plan, outbox);
        self.payload = payload;
        self.note_unsaved(click.scope, shape_type);
    }

    fn note_unsaved(&mut self, scope: &str, shape_type: Option<usize>) {
        let unsaved = &mut self.unsaved;
        match scope {
            "draw:object" | "paste:object" => match shape_type {
                Some(shape_type) => unsaved.drawn[shape_type] += 1,
                None if self.next_object_id % 2 == 0 => unsaved.tags += 1,
                None => unsaved.tracks += 1,
            },
            "drag:object" | "resize:object" | "change:label" | "change:attribute" => {
                unsaved.changed += 1;
            }
            "delete:object" => unsaved.deleted += 1,
            _ => {}
        }
    }

    fn page_fails(&mut self, plan: &Plan, outbox: &mut Outbox) {
        // The first ones are most frequent.
        let most = self.chance.below(PAGE_ERRORS.len() as u64) + 1;
        let error = &PAGE_ERRORS[self.chance.below(most) as usize];
        let browser = plan.people[self.person].browser;
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let payload = format!(
            "\"message\":{},\"filename\":{},\"line\":{},\"column\":{},\"stack\":{},\
             \"system\":{},\"client\":{},\"version\":\"{}\"",
            text(error.message),
            text(error.filename),
            error.line,
            error.column,
            text(error.stack),
            text(browser.os),
            text(browser.name),
            browser.major,
        );
        let action = Action { payload: &payload, ..clicks::plain("send:exception", self.now_ms) };
        self.log(&action, self.ids(plan), plan, outbox);
        self.send(plan, outbox);
    }

    fn view_fails(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let error = self.chance.pick(VIEW_ERRORS);
        let request_id = self.chance.uuid();
        let event = self.server_event("send:exception", plan);
        let event = server_events::view_failed(event, error, self.ids(plan), request_id);
        self.record(event, outbox);
    }

    /// A dataset is exported, a function called, an issue opened.
    fn call_server(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let request_id = self.chance.uuid();
        let ids = self.ids(plan);
        let (scope, members, obj_name) = match self.chance.below(4) {
            0 => {
                let format = *self.chance.pick(FORMATS);
                ("export:dataset", json!({ "format": format, "save_images": false }), None)
            }
            1 => {
                let function = *self.chance.pick(FUNCTIONS);
                ("call:function", json!({ "function": { "id": function } }), None)
            }
            2 => ("create:issue", json!({ "frame": self.frame, "resolved": false }), None),
            _ => {
                let text = "Please check the occluded ones.";
                ("create:comment", json!({ "issue": self.next_object_id % 1000 }), Some(text))
            }
        };
        let event = server_events::of_job(self.server_event(scope, plan), ids);
        let payload = server_events::payload(members, request_id);
        let obj_id = scope.starts_with("create:").then_some(self.next_object_id);
        self.next_object_id += 1;
        let obj_name = obj_name.map(str::to_owned);
        self.record(Event { obj_name, obj_id, payload: Some(payload), ..event }, outbox);
    }
}
