//! Jobs: opened, saved, left, finished.

use annoscope_events::Event;
use serde_json::json;

use crate::annotator::Annotator;
use crate::clicks;
use crate::names::SHAPE_TYPES;
use crate::page::{Action, Outbox};
use crate::plan::Plan;
use crate::server_events;
use crate::units::number;

impl Annotator {
    pub(super) fn open_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
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

    pub(super) fn leave_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        self.save(plan, outbox);
        self.send(plan, outbox);
    }

    /// Goes on to the next job when so much is made that it is its turn.
    pub(super) fn take_due_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
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
        let assignee = format!("{{'id': {}, 'username': '{}'}}", by.user.id, by.user.name);
        self.pass(4000, plan, outbox);
        self.update_job(
            "assignee",
            (&serde_json::Value::Null, &assignee),
            plan,
            outbox,
        );
        self.pass(900, plan, outbox);
        self.update_job("state", (&json!("new"), "in progress"), plan, outbox);
        self.pass(300, plan, outbox);
        self.open_job(plan, outbox);
    }

    pub(super) fn update_job(
        &mut self,
        property: &str,
        (old, new): (&serde_json::Value, &str),
        plan: &Plan,
        outbox: &mut Outbox,
    ) {
        let ids = self.ids(plan);
        let event = server_events::of_job(self.server_event("update:job", plan), ids);
        let event = Event {
            obj_id: None,
            ..event
        };
        let request_id = self.chance.uuid();
        let event = server_events::job_updated(event, property, (old, new.to_owned()), request_id);
        self.record(event, outbox);
    }

    /// Looks into an earlier job of the person, if there is one.
    pub(super) fn visit_job(&mut self, plan: &Plan, outbox: &mut Outbox) {
        if self.visit.is_some() || self.job_no == 0 {
            return;
        }
        self.leave_job(plan, outbox);
        let back = self.chance.between(1, 3.min(number(self.job_no))) as usize;
        let n_actions = self.chance.between(3, 25) as u32;
        self.visit = Some((
            plan.catalog.jobs_of[self.person][self.job_no - back],
            n_actions,
        ));
        self.open_job(plan, outbox);
    }

    /// Saves the job: the server records the changes, then the page what it took.
    pub(super) fn save(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let unsaved = std::mem::take(&mut self.unsaved);
        let ids = self.ids(plan);
        let request_id = self.chance.uuid();
        let started_ms = self.now_ms + 1;
        let changes = [
            ("update:shapes", unsaved.changed),
            ("delete:shapes", unsaved.deleted),
        ];
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
