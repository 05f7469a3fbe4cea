//! What the administrator does: organizations, people, projects, tasks and jobs are
//! created, and few are deleted again. These events are where names come from.

use annoscope_events::{Ids, Occasion, Place, Resource, ResourceKind, StoredEvent, Timestamp};
use serde_json::{Value, json};

use crate::cast::{administrator, organization};
use crate::catalog::Catalog;
use crate::chance::Chance;
use crate::happenings::{Happening, What};
use crate::names::{LABELS, ORGANIZATIONS};
use crate::plan::Plan;
use crate::server_events::{cause, place, resource};
use crate::units::{FIRST_ID, id, number};

/// Ids of mistakes come after all others.
const FIRST_MISTAKE_ID: i64 = 2 * FIRST_ID;

/// Makes the event.
pub fn event(happening: Happening, plan: &Plan, chance: &mut Chance) -> StoredEvent {
    let at = Timestamp::from_millis(happening.at_ms);
    let cause = cause(&administrator(), chance.uuid());
    let occasion = Occasion { cause: &cause, at };
    let resource = resource_of(happening.what, plan, &at.to_string());
    match happening.what {
        What::DeletedTask(_) | What::DeletedJob(_) => occasion.deleted(&resource),
        _ => occasion.created(&resource),
    }
}

/// What it is that is created or deleted.
fn resource_of(what: What, plan: &Plan, created: &str) -> Resource {
    let catalog = &plan.catalog;
    match what {
        What::Organization(org) => {
            let state =
                json!({ "name": ORGANIZATIONS[org].slug, "description": "", "contact": {} });
            let state = created_by_admin(state, created);
            let place = place_in(Some(org), Ids::default());
            resource(ResourceKind::Organization, id(org), place, state)
        }
        What::User(person) => {
            let user = &plan.people[person].sender.user;
            let state = json!({ "username": user.name, "first_name": "", "last_name": "", "email": user.email, "groups": ["user"] });
            let place = place_in(None, Ids::default());
            resource(ResourceKind::User, user.id, place, state)
        }
        What::Project(index) => {
            let project = &catalog.projects[index];
            let state = json!({ "name": project.name, "assignee": null, "bug_tracker": "", "dimension": "2d", "status": "annotation" });
            let state = created_by_admin(state, created);
            let place = place_in(project.org, Ids::default());
            resource(ResourceKind::Project, id(index), place, state)
        }
        What::Label(project, nth) => {
            let name = LABELS[(project + nth) % LABELS.len()];
            let state =
                json!({ "name": name, "color": "#3d3df5", "type": "any", "has_parent": false });
            let ids = Ids {
                project_id: Some(id(project)),
                ..Ids::default()
            };
            let place = place_in(catalog.projects[project].org, ids);
            resource(ResourceKind::Label, id(project * 3 + nth), place, state)
        }
        What::Task(index) => {
            let task = &catalog.tasks[index];
            let state = json!({ "name": task.name, "mode": "annotation", "overlap": 0, "segment_size": 100, "status": "annotation", "subset": "Train" });
            let state = created_by_admin(state, created);
            let place = place_in(task.org, of_project(task.project));
            resource(ResourceKind::Task, id(index), place, state)
        }
        What::Job(index) => {
            let job = &catalog.jobs[index];
            let state = json!({ "assignee": null, "stage": "annotation", "state": "new", "type": "annotation", "start_frame": 0, "stop_frame": job.n_frames - 1, "frame_count": job.n_frames });
            let ids = catalog.ids(index);
            let place = place_in(catalog.tasks[job.task].org, ids);
            let id = ids.job_id.unwrap_or_default();
            resource(ResourceKind::Job, id, place, state)
        }
        What::Mistake(task) | What::DeletedTask(task) => mistake(ResourceKind::Task, task, catalog),
        What::MistakenJob(task) | What::DeletedJob(task) => {
            mistake(ResourceKind::Job, task, catalog)
        }
    }
}

fn created_by_admin(mut state: Value, created: &str) -> Value {
    let admin = administrator().user;
    state["owner"] = json!({ "id": admin.id, "username": admin.name });
    state["created_date"] = json!(created);
    state
}

fn place_in(org: Option<usize>, ids: Ids) -> Place {
    let mut admin = administrator();
    admin.org = org.map(organization);
    place(&admin, ids)
}

fn of_project(project: Option<usize>) -> Ids {
    Ids {
        project_id: project.map(id),
        ..Ids::default()
    }
}

/// A task that is like another one by mistake, or its job: both have the same id.
fn mistake(kind: ResourceKind, index: usize, catalog: &Catalog) -> Resource {
    let task = &catalog.tasks[index];
    let id = FIRST_MISTAKE_ID + number(index);
    let ids = Ids {
        task_id: Some(id),
        ..of_project(task.project)
    };
    let state = json!({ "name": format!("copy of {}", task.name) });
    resource(kind, id, place_in(task.org, ids), state)
}
