//! Exports and imports of datasets. The file is the annotations as JSON, whatever format is asked for; the events are
//! those of a real one.

use annoscope_events::{Dataset, Place, Resource, ResourceKind};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::annotations;
use super::requests::{Done, finish};
use crate::answers::{Parameters, parameter};
use crate::app::App;
use crate::change::Change;
use crate::error::{ApiError, Result};
use crate::request::Caller;

pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for kind in [ResourceKind::Project, ResourceKind::Task, ResourceKind::Job] {
        let export = move |State(app): State<App>,
                           caller: Caller,
                           Path(id): Path<i64>,
                           Query(query): Query<Parameters>| async move {
            app.change(&caller, |change| exported(change, kind, id, &query))
        };
        router = router.route(
            &format!("/api/{}s/{{id}}/dataset/export", kind.name()),
            post(export),
        );
    }
    router
}

fn exported(
    change: &Change<'_>,
    kind: ResourceKind,
    id: i64,
    query: &Parameters,
) -> Result<Response> {
    let resource = change.get(kind, id)?;
    let save_images = parameter(query, "save_images") == Some("true");
    let dataset = Dataset {
        format: format(query)?,
        save_images: Some(save_images),
        cloud_storage_id: parameter(query, "cloud_storage_id").and_then(|id| id.parse().ok()),
    };
    change.record([change.occasion.dataset_exported(&place(&resource), dataset)])?;
    let file = annotations::all(**change, &jobs(change, kind, id)?)?;
    let operation = operation(
        "export",
        if save_images {
            "dataset"
        } else {
            "annotations"
        },
        &resource,
        query,
    );
    finish(
        change,
        Done {
            operation,
            file: Some(file),
        },
    )
}

/// A file of a dataset came: what is one of ours takes the place of the annotations.
pub fn imported(
    change: &Change<'_>,
    kind: ResourceKind,
    id: i64,
    query: &Parameters,
    file: &[u8],
) -> Result<Response> {
    let resource = change.get(kind, id)?;
    let dataset = Dataset {
        format: format(query)?,
        save_images: None,
        cloud_storage_id: None,
    };
    change.record([change.occasion.dataset_imported(&place(&resource), dataset)])?;
    if let Ok(sent) = serde_json::from_slice::<Value>(file) {
        for job in jobs(change, kind, id)? {
            annotations::replace(change, &job, &annotations::of_job(&job, &sent))?;
        }
    }
    let target = if kind == ResourceKind::Project {
        "dataset"
    } else {
        "annotations"
    };
    let operation = operation("import", target, &resource, query);
    finish(
        change,
        Done {
            operation,
            file: None,
        },
    )
}

fn format(query: &Parameters) -> Result<&str> {
    parameter(query, "format").ok_or_else(|| ApiError::invalid("format", "This field is required."))
}

fn jobs(change: &Change<'_>, kind: ResourceKind, id: i64) -> Result<Vec<Resource>> {
    if kind == ResourceKind::Project {
        let project = change.get(kind, id)?;
        return change.within(ResourceKind::Job, &project);
    }
    annotations::jobs(**change, change.caller, kind, id)
}

fn place(resource: &Resource) -> Place {
    let mut place = resource.place.clone();
    match resource.kind {
        ResourceKind::Project => place.project_id = resource.id,
        ResourceKind::Task => place.task_id = resource.id,
        _ => place.job_id = resource.id,
    }
    place
}

fn operation(action: &str, what: &str, resource: &Resource, query: &Parameters) -> Value {
    let place = place(resource);
    json!({
        "type": format!("{action}:{what}"),
        "target": resource.kind.name(),
        "project_id": place.project_id,
        "task_id": place.task_id,
        "job_id": place.job_id,
        "format": parameter(query, "format"),
        "function_id": null,
    })
}
