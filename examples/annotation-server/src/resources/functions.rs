//! Functions: one model, which finds every object of a frame. It has it easy, since it knows how frames are drawn.

use annoscope_events::{Place, ResourceKind};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use crate::answers::ok;
use crate::app::App;
use crate::body::JsonBody;
use crate::error::{ApiError, Result};
use crate::frames;
use crate::request::Caller;

const DETECTOR: &str = "detector";

pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/api/lambda/functions",
            get(|_: Caller| async { ok(&json!([description()])) }),
        )
        .route("/api/lambda/functions/{id}", post(call).get(one))
}

fn description() -> Value {
    json!({
        "id": DETECTOR,
        "kind": "detector",
        "name": "Finds what was drawn",
        "description": "Boxes of all objects of a frame",
        "version": 1,
        "labels_v2": [{ "name": "car", "attributes": [] }, { "name": "person", "attributes": [] }],
    })
}

async fn one(_: Caller, Path(id): Path<String>) -> Result<Response> {
    if id == DETECTOR {
        Ok(ok(&description()))
    } else {
        Err(ApiError::NotFound)
    }
}

async fn call(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    body: JsonBody,
) -> Result<Response> {
    if id != DETECTOR {
        return Err(ApiError::NotFound);
    }
    app.change(&caller, |change| {
        let job = body.optional_integer("job")?.map(|id| change.get(ResourceKind::Job, id)).transpose()?;
        let task_id = match &job {
            Some(job) => job.place.task_id.unwrap_or_default(),
            None => body.integer("task")?,
        };
        let task = change.get(ResourceKind::Task, task_id)?;
        let frame = body.integer("frame")?;
        let place = Place {
            task_id: Some(task_id),
            job_id: job.and_then(|job| job.id),
            ..task.place
        };
        let category = Map::from_iter([("category".to_owned(), json!("interactive"))]);
        change.record([change.occasion.function_called(&place, &id, &category)])?;
        let found = frames::objects(task_id, frame).into_iter().map(|object| {
            let [left, top, right, bottom] = object.bounds();
            json!({ "label": object.label(), "type": "rectangle", "points": [left, top, right, bottom], "confidence": "0.99" })
        });
        Ok(ok(&found.collect()))
    })
}
