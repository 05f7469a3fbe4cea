//! annoscope's own server events: the audit trail of the tool itself.
//!
//! A change of an account writes its event in its own transaction (`identity/accounts`); exports,
//! failed logins and exceptions write theirs to the same table. From there [`keep_moving`] takes
//! them to the store, through the door of servers' events, and then forgets them.
//!
//! **Invariant:** what was answered for is in the trail, whatever is killed when
//! (`test_the_audit_trail_survives_a_kill` in `tests/accounts/test_audit.py`).

use std::time::Duration;

use annoscope_events::{ClientHours, parse_server_body};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock;
use crate::error::{ApiError, Failure};
use crate::exports::ExportRequest;
use crate::identity::{Actor, AuditEvent, Caller, Weight};
use crate::ingest::{self, Arrival};
use crate::request_id;
use crate::state::AppState;

/// How often the table is looked at: the command line writes to it, too.
const PERIOD: Duration = Duration::from_secs(1);

/// Events that are moved at once.
const BATCH: u32 = 500;

/// Longest text of an exception, characters.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// The event of an export (contract.md, "Server events").
pub fn export(request: &ExportRequest, caller: &Caller) -> AuditEvent {
    let filter = &request.filter;
    let time = |time: Option<annoscope_events::Timestamp>| time.map(|time| time.to_string());
    let payload = json!({
        "format": request.format.name(),
        "kind": "events",
        "filter": {
            "from": time(filter.from),
            "to": time(filter.to),
            "org_id": filter.org_id,
            "project_id": filter.project_id,
            "task_id": filter.task_id,
            "job_id": filter.job_id,
            "user_id": filter.user_id,
        },
    });
    AuditEvent {
        scope: "export:dataset",
        organization: caller.organization.clone(),
        payload: object(payload),
        ..AuditEvent::default()
    }
}

/// Middleware: an answer of 500 becomes an event, as exceptions of CVAT's server do. It stands
/// around the handlers and within the check of access, so that it knows who asked.
pub async fn exceptions(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let path = request
        .uri()
        .path()
        .chars()
        .take(MAX_MESSAGE_CHARS)
        .collect::<String>();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(|route| route.as_str().to_owned());
    let actor = Actor::of(request.extensions());
    let response = request_id::answer(request, next).await;
    if let Some(Failure(message)) = response.extensions().get::<Failure>() {
        let payload = json!({
            "message": message.chars().take(MAX_MESSAGE_CHARS).collect::<String>(),
            "stack": "",
            "basename": route,
            "request_method": method,
            "request_path": path,
            "status_code": response.status().as_u16(),
        });
        let event = AuditEvent {
            scope: "send:exception",
            payload: object(payload),
            ..AuditEvent::default()
        };
        if let Err(error) = state.accounts.record(actor, event, Weight::Light).await {
            tracing::warn!(%error, "an exception could not be recorded");
        }
    }
    response
}

/// Moves what is recorded to the store, now and then, until it is dropped.
pub async fn keep_moving(state: AppState) {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        period.tick().await;
        match move_all(&state).await {
            Ok(()) => is_failing = false,
            // Said once: the store says itself what is wrong with it.
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::warn!(%error, "the audit trail waits for the store");
            }
            Err(_) => {}
        }
    }
}

/// Moves all that is recorded.
pub async fn move_all(state: &AppState) -> Result<(), ApiError> {
    while let Some((last, body)) = state.accounts.recorded(BATCH).await? {
        if !state.config.audit {
            state.accounts.forget_recorded(last).await?;
            continue;
        }
        let arrival = Arrival {
            received_at: clock::now(),
            request_id: Uuid::new_v4(),
        };
        let (mut events, mut rejected) = (Vec::new(), Vec::new());
        for element in
            parse_server_body(body.as_bytes(), arrival.received_at, ClientHours::Claimed)?
        {
            match element {
                Ok(event) => events.push(event),
                Err(event) => rejected.push(event),
            }
        }
        ingest::server_events(&*state.store, events, arrival, &state.metrics).await?;
        if let Some(first) = rejected.first() {
            tracing::error!(n = rejected.len(), reason = %first.reason, "an event of ours cannot be stored");
        }
        state.accounts.forget_recorded(last).await?;
    }
    Ok(())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
