//! Tasks: frames, cut into jobs.

use annoscope_events::{Place, Resource, ResourceKind};
use axum::response::Response;
use serde_json::{Value, json};

use super::jobs::{self, Frames};
use super::requests::{Done, finish};
use super::{Rules, labels, local_storage, owner, user_of, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::{ApiError, Result};

pub const RULES: Rules = Rules {
    create: Some(create),
    update,
    shown,
    ..Rules::new(ResourceKind::Task, "tasks")
};

fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let project_id = body.optional_integer("project_id")?;
    let project = project_id
        .map(|id| change.get(ResourceKind::Project, id))
        .transpose()?;
    let place = Place {
        project_id,
        ..project.map_or_else(|| change.place(), |project| project.place)
    };
    let state = json!({
        "name": body.text("name")?,
        "project_id": project_id,
        "bug_tracker": body.text_or("bug_tracker", ""),
        "subset": body.text_or("subset", ""),
        "segment_size": body.optional_integer("segment_size")?.unwrap_or(0).max(0),
        "size": 0,
        "owner": owner(change)?,
        "assignee": user_of(**change, body, "assignee_id")?,
        "status": "annotation",
    });
    let task = change.create(ResourceKind::Task, place, state)?;
    labels::apply(change, &task, body)?;
    Ok(task)
}

fn update(change: &Change<'_>, before: &Resource, body: &JsonBody) -> Result<Value> {
    labels::apply(change, before, body)?;
    let mut state = with_fields(before, body, &["name", "bug_tracker", "subset"]);
    if body.0.contains_key("assignee_id") {
        state["assignee"] = user_of(**change, body, "assignee_id")?;
    }
    Ok(state)
}

/// The task's data came: as many frames, in jobs of its segment size.
pub fn data_uploaded(change: &Change<'_>, task_id: i64, n_frames: i64) -> Result<Response> {
    let task = change.get(ResourceKind::Task, task_id)?;
    if n_frames == 0 || task.state["size"] != json!(0) {
        let problem = "A task gets its data once, and at least one frame.";
        return Err(ApiError::invalid("detail", problem));
    }
    let segment_size = task.state["segment_size"].as_i64().filter(|&size| size > 0);
    let segment_size = segment_size.unwrap_or(n_frames);
    let mut state = task.state.clone();
    state["size"] = json!(n_frames);
    state["segment_size"] = json!(segment_size);
    change.update(&task, state)?;
    let mut first = 0;
    while first < n_frames {
        let last = (first + segment_size).min(n_frames) - 1;
        jobs::add(change, &task, Frames { first, last }, "annotation")?;
        first = last + 1;
    }
    let operation = json!({
        "type": "create:task", "target": "task", "project_id": task.place.project_id, "task_id": task_id,
        "job_id": null, "format": null, "function_id": null,
    });
    finish(
        change,
        Done {
            operation,
            file: None,
        },
    )
}

fn shown(records: Records<'_>, task: &Resource) -> Result<Value> {
    let jobs = records.within(ResourceKind::Job, task)?;
    let n_done = jobs
        .iter()
        .filter(|job| job.state["state"] == json!("completed"))
        .count();
    let mut shown = task.state.clone();
    let id = shown["id"].to_string();
    shown["jobs"] = json!({
        "count": jobs.len(), "completed": n_done, "validation": 0, "url": format!("/api/jobs?task_id={id}"),
    });
    shown["labels"] = json!({ "url": format!("/api/labels?task_id={id}") });
    let has_data = shown["size"] != json!(0);
    shown["data"] = if has_data {
        json!(task.id)
    } else {
        Value::Null
    };
    shown["overlap"] = json!(0);
    shown["image_quality"] = json!(70);
    shown["dimension"] = json!("2d");
    shown["mode"] = json!(if has_data { "annotation" } else { "" });
    shown["media_type"] = json!("image");
    shown["data_chunk_size"] = json!(1);
    shown["data_compressed_chunk_type"] = json!("imageset");
    shown["data_original_chunk_type"] = json!("imageset");
    for storage in ["target_storage", "source_storage"] {
        shown[storage] = local_storage();
    }
    Ok(shown)
}
