//! Labels: they come with a project or a task, and a PATCH of it adds, changes and removes them.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, with_fields};
use crate::answers::Parameters;
use crate::body::JsonBody;
use crate::change::Change;
use crate::database::Records;
use crate::error::{ApiError, Result};

pub const RULES: Rules = Rules {
    asked,
    update: |_, before, body| Ok(with_fields(before, body, WRITABLE)),
    shown: |_, label| {
        let mut shown = label.state.clone();
        shown["parent"] = json!(if label.place.task_id.is_some() {
            "task"
        } else {
            "project"
        });
        shown["task_id"] = json!(label.place.task_id);
        shown["project_id"] = json!(label.place.project_id);
        Ok(shown)
    },
    ..Rules::new(ResourceKind::Label, "labels")
};

const WRITABLE: &[&str] = &["name", "color", "attributes", "type"];

/// Colours of labels that come without one.
const COLORS: &[&str] = &[
    "#2f7ed8", "#d9480f", "#2b8a3e", "#ae3ec9", "#b08900", "#0b7285",
];

/// What the field `labels` of a project or a task asks for.
pub fn apply(change: &Change<'_>, parent: &Resource, body: &JsonBody) -> Result<()> {
    for label in body.list("labels") {
        let label = label.as_object().cloned().map(JsonBody);
        let label =
            label.ok_or_else(|| ApiError::invalid("labels", "A dictionary is expected."))?;
        let Some(id) = label.optional_integer("id")? else {
            add(change, parent, &label)?;
            continue;
        };
        let known = change.within(ResourceKind::Label, parent)?;
        let before = known.into_iter().find(|label| label.id == Some(id));
        let before =
            before.ok_or_else(|| ApiError::invalid("labels", "There is no such label."))?;
        if label.value("deleted", json!(false)) == json!(true) {
            change.delete(&before)?;
        } else {
            change.update(&before, with_fields(&before, &label, WRITABLE))?;
        }
    }
    Ok(())
}

fn add(change: &Change<'_>, parent: &Resource, label: &JsonBody) -> Result<Resource> {
    let place = Place {
        project_id: parent
            .place
            .project_id
            .or(parent.id.filter(|_| parent.kind == ResourceKind::Project)),
        task_id: parent.id.filter(|_| parent.kind == ResourceKind::Task),
        ..parent.place.clone()
    };
    let n_labels = change.within(ResourceKind::Label, parent)?.len();
    let state = json!({
        "name": label.text("name")?,
        "color": label.text_or("color", COLORS[n_labels % COLORS.len()]),
        "type": label.text_or("type", "any"),
        "attributes": attributes(change, label)?,
        "sublabels": [],
        "has_parent": false,
        "parent_id": null,
    });
    change.create(ResourceKind::Label, place, state)
}

fn attributes(change: &Change<'_>, label: &JsonBody) -> Result<Vec<Value>> {
    let with_id = |attribute: &Value| {
        let mut attribute = attribute.clone();
        attribute["id"] = json!(change.next_id("attribute")?);
        Ok(attribute)
    };
    label.list("attributes").iter().map(with_id).collect()
}

/// The labels of a task or a job: its project's, or the task's own.
fn asked(records: Records<'_>, parameters: Parameters) -> Result<Parameters> {
    let mut asked = Parameters::new();
    for (name, value) in parameters {
        let kind = match name.as_str() {
            "task_id" => ResourceKind::Task,
            "job_id" => ResourceKind::Job,
            _ => {
                asked.push((name, value));
                continue;
            }
        };
        let id = value
            .parse()
            .map_err(|_| ApiError::invalid(&name, "A valid integer is required."))?;
        let found = records.get(kind, id)?;
        let task_id = found.place.task_id.or(found.id);
        asked.push(match found.place.project_id {
            Some(id) => ("project_id".to_owned(), id.to_string()),
            None => (
                "task_id".to_owned(),
                task_id.unwrap_or_default().to_string(),
            ),
        });
    }
    Ok(asked)
}
