//! Annotations of jobs, and of tasks as those of their jobs together.

use annoscope_events::{AnnotationAction, Annotations, Place, Resource, ResourceKind};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde_json::{Value, json};

use crate::answers::{Parameters, no_content, ok, parameter};
use crate::app::App;
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::{ApiError, Result};
use crate::request::Caller;

/// The lists that annotations consist of.
const COLLECTIONS: &[&str] = &["tags", "shapes", "tracks"];

pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, kind) in [("jobs", ResourceKind::Job), ("tasks", ResourceKind::Task)] {
        let read = move |State(app): State<App>, caller: Caller, Path(id): Path<i64>| async move {
            app.read(|records| Ok(ok(&all(records, &jobs(records, &caller, kind, id)?)?)))
        };
        let patch = move |State(app): State<App>,
                          caller: Caller,
                          Path(id): Path<i64>,
                          Query(query): Query<Parameters>,
                          body: JsonBody| async move {
            let action = match parameter(&query, "action") {
                Some("create") => AnnotationAction::Create,
                Some("update") => AnnotationAction::Update,
                Some("delete") => AnnotationAction::Delete,
                _ => return Err(ApiError::invalid("action", "create, update or delete.")),
            };
            app.change(&caller, |change| {
                let sent = Value::Object(body.0);
                let changed = jobs(**change, &caller, kind, id)?
                    .iter()
                    .map(|job| patched(change, job, action, &of_job(job, &sent)))
                    .collect::<Result<Vec<_>>>()?;
                Ok(ok(&joined(changed)))
            })
        };
        let put = move |State(app): State<App>,
                        caller: Caller,
                        Path(id): Path<i64>,
                        body: JsonBody| async move {
            app.change(&caller, |change| {
                let new = Value::Object(body.0);
                let jobs = jobs(**change, &caller, kind, id)?;
                for job in &jobs {
                    replace(change, job, &of_job(job, &new))?;
                }
                Ok(ok(&all(**change, &jobs)?))
            })
        };
        let delete = move |State(app): State<App>, caller: Caller, Path(id): Path<i64>| async move {
            app.change(&caller, |change| {
                for job in jobs(**change, &caller, kind, id)? {
                    replace(change, &job, &joined(Vec::new()))?;
                }
                Ok(no_content())
            })
        };
        let route = format!("/api/{path}/{{id}}/annotations/");
        router = router.route(&route, get(read).patch(patch).put(put).delete(delete));
    }
    router
}

/// The job, or the jobs of the task but for ground truth, which is measured by and not shown.
pub fn jobs(
    records: Records<'_>,
    caller: &Caller,
    kind: ResourceKind,
    id: i64,
) -> Result<Vec<Resource>> {
    let parent = Some(records.get(kind, id)?).filter(|parent| caller.sees(parent));
    let parent = parent.ok_or(ApiError::NotFound)?;
    if kind == ResourceKind::Job {
        return Ok(vec![parent]);
    }
    let jobs = records.within(ResourceKind::Job, &parent)?.into_iter();
    Ok(jobs
        .filter(|job| job.state["type"] == json!("annotation"))
        .collect())
}

/// What the jobs have, in one.
pub fn all(records: Records<'_>, jobs: &[Resource]) -> Result<Value> {
    let each = jobs
        .iter()
        .map(|job| kept(records, job))
        .collect::<Result<Vec<_>>>()?;
    Ok(joined(each))
}

fn joined(parts: Vec<Value>) -> Value {
    let mut whole = json!({ "version": 0, "tags": [], "shapes": [], "tracks": [] });
    for mut part in parts {
        for name in COLLECTIONS {
            if let (Some(whole), Some(part)) =
                (whole[name].as_array_mut(), part[name].as_array_mut())
            {
                whole.append(part);
            }
        }
    }
    whole
}

fn kept(records: Records<'_>, job: &Resource) -> Result<Value> {
    let document = records.document("job", &job.state["id"].to_string())?;
    Ok(document.unwrap_or_else(|| joined(Vec::new())))
}

fn keep(change: &Change<'_>, job: &Resource, annotations: &Value) -> Result<()> {
    change.set_document("job", &job.state["id"].to_string(), annotations)
}

/// Those of `sent` whose frame is of the job.
pub fn of_job(job: &Resource, sent: &Value) -> Value {
    let number = |name: &str| job.state[name].as_i64().unwrap_or_default();
    let frames = number("start_frame")..=number("stop_frame");
    let mut own = joined(Vec::new());
    for &name in COLLECTIONS {
        let objects = sent[name].as_array().into_iter().flatten();
        let is_own =
            |object: &&Value| frames.contains(&object["frame"].as_i64().unwrap_or_default());
        own[name] = objects.filter(is_own).cloned().collect();
    }
    own
}

fn patched(
    change: &Change<'_>,
    job: &Resource,
    action: AnnotationAction,
    sent: &Value,
) -> Result<Value> {
    let mut annotations = kept(**change, job)?;
    let mut changed = joined(Vec::new());
    for &name in COLLECTIONS {
        let own = annotations[name]
            .as_array_mut()
            .expect("the three lists are there");
        for object in sent[name].as_array().into_iter().flatten() {
            let mut object = object.clone();
            let at = own.iter().position(|known| known["id"] == object["id"]);
            match (action, at) {
                (AnnotationAction::Create, _) => {
                    give_ids(change, name, &mut object)?;
                    own.push(object.clone());
                }
                (AnnotationAction::Update, Some(at)) => own[at] = object.clone(),
                (AnnotationAction::Delete, Some(at)) => drop(own.remove(at)),
                (_, None) => return Err(ApiError::invalid("id", "The job has no such object.")),
            }
            changed[name]
                .as_array_mut()
                .expect("the three lists are there")
                .push(object);
        }
    }
    keep(change, job, &annotations)?;
    record(change, job, action, &changed)?;
    Ok(changed)
}

/// Other annotations in place of those that the job has.
pub fn replace(change: &Change<'_>, job: &Resource, new: &Value) -> Result<()> {
    let old = kept(**change, job)?;
    let mut new = new.clone();
    for &name in COLLECTIONS {
        for object in new[name].as_array_mut().into_iter().flatten() {
            give_ids(change, name, object)?;
        }
    }
    keep(change, job, &new)?;
    record(change, job, AnnotationAction::Delete, &old)?;
    record(change, job, AnnotationAction::Create, &new)
}

fn give_ids(change: &Change<'_>, collection: &str, object: &mut Value) -> Result<()> {
    object["id"] = json!(change.next_id(collection)?);
    if let Some(shapes) = object.get_mut("shapes").and_then(Value::as_array_mut) {
        for shape in shapes {
            shape["id"] = json!(change.next_id("tracked_shapes")?);
        }
    }
    Ok(())
}

/// CVAT's events, and the one of all annotations that its documentation names.
fn record(
    change: &Change<'_>,
    job: &Resource,
    action: AnnotationAction,
    data: &Value,
) -> Result<()> {
    let annotations = Annotations::of(data);
    let is_empty = annotations.tags.is_empty()
        && annotations.shapes.is_empty()
        && annotations.tracks.is_empty();
    if is_empty {
        return Ok(());
    }
    let place = Place {
        job_id: job.id,
        ..job.place.clone()
    };
    let occasion = change.occasion;
    change.record(occasion.annotations(action, &place, annotations))?;
    change.record([occasion.annotations_as_one(action, &place, annotations)])
}
