//! Where a resource belongs.

use annoscope_events::{Organization, Place, ResourceKind};
use serde_json::Value;

use crate::ResourceKey;
use crate::adapter::Subject;

/// What a resource says of its organization, project, task and job, its own id included.
pub(crate) fn place(subject: Subject, state: &Value) -> Place {
    let mut place = Place {
        org: organization(state),
        project_id: id(state, &["project_id", "project"]),
        task_id: id(state, &["task_id", "task"]),
        job_id: id(state, &["job_id", "job"]),
    };
    let own = id(state, &["id"]);
    match subject {
        Subject::Resource(ResourceKind::Project) => place.project_id = own,
        Subject::Resource(ResourceKind::Task) => place.task_id = own,
        Subject::Resource(ResourceKind::Job) => place.job_id = own,
        Subject::Resource(ResourceKind::Organization) => {
            let slug = state.get("slug").and_then(Value::as_str);
            place.org = own.map(|id| Organization {
                id,
                slug: slug.unwrap_or_default().to_owned(),
            });
        }
        _ => {}
    }
    place
}

/// Resources whose places are the resource's too, nearest first.
pub(crate) fn parents(state: &Value) -> impl Iterator<Item = ResourceKey> {
    const PARENTS: [(&str, &str); 7] = [
        ("issue", "issue"),
        ("job", "job"),
        ("job_id", "job"),
        ("task", "task"),
        ("task_id", "task"),
        ("project", "project"),
        ("project_id", "project"),
    ];
    PARENTS.into_iter().filter_map(|(member, kind)| {
        let id = id(state, &[member])?;
        Some(ResourceKey {
            kind,
            id: id.to_string(),
        })
    })
}

/// Adds what a place lacks.
pub(crate) fn fill(place: &mut Place, from: &Place) {
    place.org = place.org.take().or_else(|| from.org.clone());
    place.project_id = place.project_id.or(from.project_id);
    place.task_id = place.task_id.or(from.task_id);
    place.job_id = place.job_id.or(from.job_id);
}

fn organization(state: &Value) -> Option<Organization> {
    let id = id(state, &["organization_id", "organization"])?;
    let info = state.get("organization_info").or(state.get("organization"));
    let slug = info.and_then(|info| info.get("slug")?.as_str());
    Some(Organization {
        id,
        slug: slug.unwrap_or_default().to_owned(),
    })
}

/// The first of these members that is an id, or an object with one.
fn id(state: &Value, members: &[&str]) -> Option<i64> {
    let values = members.iter().filter_map(|member| state.get(member));
    values
        .filter_map(|value| value.get("id").unwrap_or(value).as_i64())
        .find(|&id| id >= 0)
}
