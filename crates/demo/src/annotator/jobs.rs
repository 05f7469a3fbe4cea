//! Jobs: opened, saved, left, finished.

use annoscope_events::{AnnotationAction, Annotations, ResourceKind};
use serde_json::{Value, json};

use crate::annotator::Annotator;
use crate::clicks;
use crate::names::SHAPE_TYPES;
use crate::page::{Action, Outbox};
use crate::plan::Plan;
use crate::server_events::resource;
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
        let values = ["in progress", "completed"].map(Value::from);
        self.update_job("state", values, plan, outbox);
        if self.chance.per_mille(700) {
            self.pass(60, plan, outbox);
            let values = ["annotation", "validation"].map(Value::from);
            self.update_job("stage", values, plan, outbox);
            self.hand_in(plan);
        }
        self.job_no += 1;
        let by = &plan.people[self.person].sender;
        let assignee = json!({ "id": by.user.id, "username": by.user.name });
        self.pass(4000, plan, outbox);
        self.update_job("assignee", [Value::Null, assignee], plan, outbox);
        self.pass(900, plan, outbox);
        let values = ["new", "in progress"].map(Value::from);
        self.update_job("state", values, plan, outbox);
        self.pass(300, plan, outbox);
        self.open_job(plan, outbox);
    }

    fn update_job(&mut self, property: &str, values: [Value; 2], plan: &Plan, outbox: &mut Outbox) {
        if let Some(job) = self.job(plan) {
            let values = values.map(|value| json!({ property: value }));
            self.update_job_by(self.person, job, values, plan, outbox);
        }
    }

    /// Somebody sets properties of a job, from those values to these, with one request.
    pub(super) fn update_job_by(
        &mut self,
        person: usize,
        job: usize,
        [old, new]: [Value; 2],
        plan: &Plan,
        outbox: &mut Outbox,
    ) {
        self.record_by(
            person,
            plan.catalog.ids(job),
            plan,
            outbox,
            |occasion, place| {
                let job = |values| {
                    let id = place.job_id.unwrap_or_default();
                    resource(ResourceKind::Job, id, place.clone(), values)
                };
                occasion.updated(&job(old), &job(new))
            },
        );
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
        if unsaved.is_empty() {
            return;
        }
        let ids = self.ids(plan);
        let started_ms = self.now_ms + 1;
        self.pass(120, plan, outbox);
        let drawn = SHAPE_TYPES.iter().zip(unsaved.drawn);
        let drawn: Vec<Value> = drawn
            .flat_map(|(&shape_type, n)| self.objects(n, &json!({ "type": shape_type })))
            .collect();
        let tags = self.objects(unsaved.tags, &json!({}));
        let of_one_shape =
            json!({ "shapes": [{ "id": self.next_object_id, "type": "rectangle" }] });
        let tracks = self.objects(unsaved.tracks, &of_one_shape);
        let changed = self.objects(unsaved.changed, &json!({ "type": "rectangle" }));
        let deleted = self.objects(unsaved.deleted, &json!({ "type": "rectangle" }));
        self.record(plan, outbox, |occasion, place| {
            let created = Annotations {
                tags: &tags,
                shapes: &drawn,
                tracks: &tracks,
            };
            let shapes = |shapes| Annotations {
                shapes,
                ..Annotations::default()
            };
            [
                (AnnotationAction::Create, created),
                (AnnotationAction::Update, shapes(&changed[..])),
                (AnnotationAction::Delete, shapes(&deleted[..])),
            ]
            .into_iter()
            .flat_map(|(action, objects)| occasion.annotations(action, place, objects))
            .collect()
        });
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
    /// So many objects with these members, and ids of their own.
    fn objects(&mut self, n_objects: u16, members: &Value) -> Vec<Value> {
        let ids = self.next_object_id..self.next_object_id + i64::from(n_objects);
        self.next_object_id = ids.end;
        ids.map(|id| {
            let mut object = members.clone();
            object["id"] = json!(id);
            object
        })
        .collect()
    }
}
