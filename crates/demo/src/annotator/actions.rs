//! What the annotator does: what the page logs of it and what the server records.

use std::fmt::Write;

use annoscope_events::{Dataset, FailedRequest, Ids, ResourceKind};
use serde_json::{Map, json};

use crate::annotator::Annotator;
use crate::clicks;
use crate::names::{ELEMENTS, FORMATS, FUNCTIONS, PAGE_ERRORS, VIEW_ERRORS};
use crate::page::{Action, Outbox};
use crate::plan::Plan;
use crate::server_events::resource;
use crate::units::DAY_MS;

impl Annotator {
    pub(super) fn load_page(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let browser = plan.people[self.person].browser;
        // Browsers have a new version every four weeks.
        let n_days = (self.now_ms - plan.start_ms) / DAY_MS;
        let major = i64::from(browser.major) + n_days / 28;
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        write!(
            payload,
            "\"location\":\"/tasks?page=1\",\"platform\":{{\"name\":\"{}\",\"version\":\"{major}.0.0.0\",\"os\":\"{}\"}}",
            browser.name, browser.os
        )
        .expect("writing to memory does not fail");
        let action = Action {
            payload: &payload,
            ..clicks::plain("load:cvat", self.now_ms)
        };
        self.log(&action, Ids::default(), plan, outbox);
        self.payload = payload;
        self.pass(700, plan, outbox);
    }

    pub(super) fn click(&mut self, plan: &Plan, ids: Ids, outbox: &mut Outbox) {
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

    pub(super) fn do_click(
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
        let n_frames = self
            .job(plan)
            .map_or(100, |job| plan.catalog.jobs[job].n_frames);
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

    pub(super) fn note_unsaved(&mut self, scope: &str, shape_type: Option<usize>) {
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

    pub(super) fn page_fails(&mut self, plan: &Plan, outbox: &mut Outbox) {
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
        let action = Action {
            payload: &payload,
            ..clicks::plain("send:exception", self.now_ms)
        };
        self.log(&action, self.ids(plan), plan, outbox);
        self.send(plan, outbox);
    }

    pub(super) fn view_fails(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let error = self.chance.pick(VIEW_ERRORS);
        self.record(plan, outbox, |occasion, place| {
            let job_id = place.job_id.unwrap_or(0).to_string();
            let failed = FailedRequest {
                message: error.message,
                stack: error.stack,
                basename: Some(error.basename),
                action: Some(error.action),
                method: error.method,
                url: &error.path.replace("{}", &job_id),
                query_params: None,
                content_type: Some("application/json"),
                status_code: error.status,
            };
            occasion.request_failed(&failed).into_iter().collect()
        });
    }

    /// A dataset is exported, a function called, an issue opened.
    pub(super) fn call_server(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let what = self.chance.below(4);
        let format = *self.chance.pick(FORMATS);
        let function = *self.chance.pick(FUNCTIONS);
        let (frame, id) = (self.frame, self.next_object_id);
        self.next_object_id += 1;
        self.record(plan, outbox, |occasion, place| {
            let resource = |kind, state| resource(kind, id, place.clone(), state);
            let event = match what {
                0 => {
                    let dataset = Dataset {
                        format,
                        save_images: Some(false),
                        cloud_storage_id: None,
                    };
                    occasion.dataset_exported(place, dataset)
                }
                1 => occasion.function_called(place, function, &Map::new()),
                2 => {
                    let state = json!({ "frame": frame, "resolved": false });
                    occasion.created(&resource(ResourceKind::Issue, state))
                }
                _ => {
                    let message = "Please check the occluded ones.";
                    let state = json!({ "message": message, "issue": id % 1000 });
                    occasion.created(&resource(ResourceKind::Comment, state))
                }
            };
            vec![event]
        });
    }
}
