//! What the administrator does: organizations, people, projects, tasks and jobs are
//! created, and few are deleted again. These events are where names come from.

use annoscope_events::{Event, Sender, StoredEvent};
use serde_json::{Value, json};

use crate::cast::{administrator, organization};
use crate::catalog::Catalog;
use crate::chance::Chance;
use crate::happenings::{Happening, What};
use crate::names::{LABELS, ORGANIZATIONS};
use crate::plan::Plan;
use crate::server_events::{self, payload};
use crate::units::number;

/// Ids of mistakes come after all others.
const FIRST_MISTAKE_ID: i64 = 1_000_000;

/// Makes the event.
pub fn event(happening: Happening, plan: &Plan, chance: &mut Chance) -> StoredEvent {
    let at_ms = happening.at_ms;
    let admin = administrator();
    let created = annoscope_events::Timestamp::from_millis(at_ms).to_string();
    let base = |scope: &str, org: Option<usize>| {
        let sender = Sender {
            org: org.map(organization),
            ..admin.clone()
        };
        server_events::event(scope, at_ms, &sender)
    };
    let catalog = &plan.catalog;
    let mut members = json!({});
    let mut created_by = |mut resource: Value| {
        resource["owner"] = json!({ "id": admin.user.id, "username": admin.user.name });
        resource["created_date"] = json!(created);
        members = resource;
    };
    let event = match happening.what {
        What::Organization(org) => {
            created_by(json!({ "description": "", "contact": {} }));
            let slug = ORGANIZATIONS[org].slug.to_owned();
            let id = Some(number(org) + 1);
            Event {
                obj_name: Some(slug),
                obj_id: id,
                ..base("create:organization", Some(org))
            }
        }
        What::User(person) => {
            let user = &plan.people[person].sender;
            members = json!({ "first_name": "", "last_name": "", "email": user.user.email, "groups": ["user"] });
            Event {
                obj_name: Some(user.user.name.clone()),
                obj_id: Some(user.user.id),
                ..base("create:user", None)
            }
        }
        What::Project(index) => {
            created_by(
                json!({ "assignee": null, "bug_tracker": "", "dimension": "2d", "status": "annotation" }),
            );
            let project = &catalog.projects[index];
            let id = Some(number(index) + 1);
            Event {
                obj_name: Some(project.name.to_owned()),
                obj_id: id,
                project_id: id,
                ..base("create:project", project.org)
            }
        }
        What::Label(project, nth) => {
            members = json!({ "color": "#3d3df5", "type": "any", "has_parent": false });
            Event {
                obj_name: Some(LABELS[(project + nth) % LABELS.len()].to_owned()),
                obj_id: Some(number(project * 3 + nth) + 1),
                project_id: Some(number(project) + 1),
                ..base("create:label", catalog.projects[project].org)
            }
        }
        What::Task(index) => {
            created_by(
                json!({ "mode": "annotation", "overlap": 0, "segment_size": 100, "status": "annotation", "subset": "Train" }),
            );
            let task = &catalog.tasks[index];
            let id = Some(number(index) + 1);
            Event {
                obj_name: Some(task.name.clone()),
                obj_id: id,
                task_id: id,
                project_id: task.project.map(|project| number(project) + 1),
                ..base("create:task", task.org)
            }
        }
        What::Job(index) => {
            let job = &catalog.jobs[index];
            members = json!({ "assignee": null, "stage": "annotation", "state": "new", "type": "annotation", "start_frame": 0, "stop_frame": job.n_frames - 1, "frame_count": job.n_frames });
            let ids = catalog.ids(index);
            Event {
                obj_id: ids.job_id,
                job_id: ids.job_id,
                task_id: ids.task_id,
                project_id: ids.project_id,
                ..base("create:job", catalog.tasks[job.task].org)
            }
        }
        What::Mistake(_) | What::DeletedTask(_) | What::MistakenJob(_) | What::DeletedJob(_) => {
            mistake(happening.what, catalog, base)
        }
    };
    let payload = payload(members, chance.uuid());
    StoredEvent::from(Event {
        payload: Some(payload),
        ..event
    })
}

fn mistake(what: What, catalog: &Catalog, base: impl Fn(&str, Option<usize>) -> Event) -> Event {
    let (scope, index, is_job) = match what {
        What::Mistake(index) => ("create:task", index, false),
        What::DeletedTask(index) => ("delete:task", index, false),
        What::MistakenJob(index) => ("create:job", index, true),
        What::DeletedJob(index) => ("delete:job", index, true),
        _ => unreachable!("the caller passes mistakes only"),
    };
    let task = &catalog.tasks[index];
    let id = Some(FIRST_MISTAKE_ID + number(index));
    Event {
        obj_name: (!is_job).then(|| format!("copy of {}", task.name)),
        obj_id: id,
        project_id: task.project.map(|project| number(project) + 1),
        task_id: id,
        job_id: if is_job { id } else { None },
        ..base(scope, task.org)
    }
}
