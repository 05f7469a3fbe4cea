//! Jobs: the pieces of a task that one person annotates.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, local_storage, user_of, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::{ApiError, Result};

pub const RULES: Rules = Rules {
    create: Some(ground_truth),
    update,
    delete: |change, job| {
        if job.state["type"] != json!("ground_truth") {
            return Err(ApiError::invalid(
                "detail",
                "Only ground truth jobs can be removed.",
            ));
        }
        change.delete(job)
    },
    shown,
    ..Rules::new(ResourceKind::Job, "jobs")
};

/// Frames of a task that become a job; both ends are within.
#[derive(Clone, Copy)]
pub struct Frames {
    pub first: i64,
    pub last: i64,
}

pub fn add(change: &Change<'_>, task: &Resource, frames: Frames, kind: &str) -> Result<Resource> {
    let state = json!({
        "task_id": task.id,
        "project_id": task.place.project_id,
        "type": kind,
        "start_frame": frames.first,
        "stop_frame": frames.last,
        "frame_count": frames.last - frames.first + 1,
        "stage": "annotation",
        "state": "new",
        "assignee": null,
        "parent_job_id": null,
    });
    let place = Place {
        task_id: task.id,
        ..task.place.clone()
    };
    change.create(ResourceKind::Job, place, state)
}

/// All frames of a task once more: what others are measured by.
fn ground_truth(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    if body.text("type")? != "ground_truth" {
        return Err(ApiError::invalid(
            "type",
            "Only ground truth jobs can be made.",
        ));
    }
    let task = change.get(ResourceKind::Task, body.integer("task_id")?)?;
    let n_frames = task.state["size"].as_i64().unwrap_or_default();
    if n_frames == 0 {
        return Err(ApiError::invalid("task_id", "The task has no frames yet."));
    }
    let frames = Frames {
        first: 0,
        last: n_frames - 1,
    };
    add(change, &task, frames, "ground_truth")
}

/// A new stage begins with the state `new`, as in CVAT.
fn update(change: &Change<'_>, before: &Resource, body: &JsonBody) -> Result<Value> {
    let mut state = with_fields(before, body, &["stage", "state"]);
    if state["stage"] != before.state["stage"] && !body.0.contains_key("state") {
        state["state"] = json!("new");
    }
    if body.0.contains_key("assignee") {
        state["assignee"] = user_of(**change, body, "assignee")?;
    }
    Ok(state)
}

fn shown(records: Records<'_>, job: &Resource) -> Result<Value> {
    let task = records.get(ResourceKind::Task, job.place.task_id.unwrap_or_default())?;
    let mut shown = job.state.clone();
    let is_done = shown["state"] == json!("completed");
    shown["status"] = if is_done {
        json!("completed")
    } else {
        shown["stage"].clone()
    };
    shown["task_name"] = task.state["name"].clone();
    shown["dimension"] = json!("2d");
    shown["mode"] = json!("annotation");
    shown["media_type"] = json!("image");
    shown["bug_tracker"] = task.state["bug_tracker"].clone();
    shown["issues"] = json!({ "count": records.within(ResourceKind::Issue, job)?.len() });
    shown["labels"] = json!({ "url": format!("/api/labels?job_id={}", shown["id"]) });
    shown["data_chunk_size"] = json!(1);
    shown["data_compressed_chunk_type"] = json!("imageset");
    shown["data_original_chunk_type"] = json!("imageset");
    for storage in ["target_storage", "source_storage"] {
        shown[storage] = local_storage();
    }
    Ok(shown)
}
