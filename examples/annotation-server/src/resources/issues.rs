//! Issues of a frame, and the comments on them.

use annoscope_events::{Place, Resource, ResourceKind};
use serde_json::{Value, json};

use super::{Rules, owner, user_of, with_fields};
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::Result;

pub const RULES: Rules = Rules {
    create: Some(create),
    update: |change, before, body| {
        let mut state = with_fields(before, body, &["position", "resolved"]);
        if body.0.contains_key("assignee") {
            state["assignee"] = user_of(**change, body, "assignee")?;
        }
        Ok(state)
    },
    shown: |records, issue| {
        let mut shown = issue.state.clone();
        shown["comments"] = json!({ "count": records.belonging(issue)?.len() });
        Ok(shown)
    },
    ..Rules::new(ResourceKind::Issue, "issues")
};

pub const COMMENT_RULES: Rules = Rules {
    create: Some(|change, body| {
        let issue = change.get(ResourceKind::Issue, body.integer("issue")?)?;
        comment(change, &issue, body)
    }),
    update: |_, before, body| Ok(with_fields(before, body, &["message"])),
    ..Rules::new(ResourceKind::Comment, "comments")
};

/// With the first comment.
fn create(change: &Change<'_>, body: &JsonBody) -> Result<Resource> {
    let job = change.get(ResourceKind::Job, body.integer("job")?)?;
    let state = json!({
        "job": job.id,
        "frame": body.integer("frame")?,
        "position": body.value("position", json!([])),
        "resolved": body.value("resolved", json!(false)),
        "assignee": user_of(**change, body, "assignee")?,
        "owner": owner(change)?,
    });
    let place = Place {
        job_id: job.id,
        ..job.place
    };
    let issue = change.create(ResourceKind::Issue, place, state)?;
    comment(change, &issue, body)?;
    Ok(issue)
}

fn comment(change: &Change<'_>, issue: &Resource, body: &JsonBody) -> Result<Resource> {
    let state: Value = json!({
        "issue": issue.id,
        "message": body.text("message")?,
        "owner": owner(change)?,
    });
    change.create(ResourceKind::Comment, issue.place.clone(), state)
}
