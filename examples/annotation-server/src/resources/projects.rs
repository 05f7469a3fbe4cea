//! Projects: labels, and tasks that share them.

use annoscope_events::{Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, labels, local_storage, owner, user_of, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::Result;

pub const RULES: Rules = Rules {
    create: Some(create),
    update,
    shown,
    ..Rules::new(ResourceKind::Project, "projects")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let state = json!({
        "name": body.text("name")?,
        "bug_tracker": body.text_or("bug_tracker", ""),
        "owner": owner(change)?,
        "assignee": user_of(**change, body, "assignee_id")?,
        "status": "annotation",
    });
    let project = change.create(ResourceKind::Project, change.place(), state)?;
    labels::apply(change, &project, body)?;
    Ok(project)
}

fn update(change: &Change<'_>, before: &Resource, body: &JsonBody) -> Result<Value> {
    labels::apply(change, before, body)?;
    let mut state = with_fields(before, body, &["name", "bug_tracker"]);
    if body.0.contains_key("assignee_id") {
        state["assignee"] = user_of(**change, body, "assignee_id")?;
    }
    Ok(state)
}

fn shown(records: Records<'_>, project: &Resource) -> Result<Value> {
    let tasks = records.within(ResourceKind::Task, project)?;
    let mut shown = project.state.clone();
    let id = shown["id"].to_string();
    shown["tasks"] = json!({ "count": tasks.len(), "url": format!("/api/tasks?project_id={id}") });
    shown["labels"] = json!({ "url": format!("/api/labels?project_id={id}") });
    shown["task_subsets"] = json!([]);
    shown["dimension"] = if tasks.is_empty() {
        Value::Null
    } else {
        json!("2d")
    };
    for storage in ["target_storage", "source_storage"] {
        shown[storage] = local_storage();
    }
    Ok(shown)
}
