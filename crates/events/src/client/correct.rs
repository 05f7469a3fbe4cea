//! Clock correction: from the client's clock to the server's.

use std::time::Duration;

use serde_json::{Value, json};

use super::invalid::{EventErrors, InvalidRequest};
use super::{ClientEvent, ClientRequest, CorrectedRequest};
use crate::time::Timestamp;

/// How far after receipt an event may start or end: 5 minutes. After the correction an
/// event cannot be later than the sending but for the time the client's clock was set
/// back since it happened.
pub const MAX_AHEAD: Duration = Duration::from_mins(5);

const BEFORE_1970: &str = "Ensure the event is not before 1970-01-01T00:00:00Z.";
const STARTS_AHEAD: &str = "Ensure the event does not start more than 5 minutes after receipt.";
const ENDS_AHEAD: &str = "Ensure the event does not end more than 5 minutes after receipt.";

pub(super) fn correct(
    mut request: ClientRequest,
    received_at: Timestamp,
) -> Result<CorrectedRequest, InvalidRequest> {
    let correction_micros = received_at
        .micros()
        .saturating_sub(request.timestamp.micros());
    let max_ahead_micros = MAX_AHEAD.as_micros() as i64;
    let latest_micros = received_at.micros().saturating_add(max_ahead_micros);
    let mut errors = EventErrors::default();
    for event in &mut request.events {
        shift(event, correction_micros);
        errors.push(check(event, latest_micros));
        if errors.is_full() {
            break;
        }
    }
    if let Some(errors) = errors.finish() {
        return Err(InvalidRequest::new(json!({ "events": errors })));
    }
    if let Some(event) = &mut request.previous_event {
        shift(event, correction_micros);
    }
    Ok(CorrectedRequest {
        events: request.events,
        previous_event: request.previous_event,
        timestamp: request.timestamp,
    })
}

fn shift(event: &mut ClientEvent, micros: i64) {
    event.timestamp = Timestamp::from_micros(event.timestamp.micros().saturating_add(micros));
}

/// The errors of an event at its corrected time, if any.
fn check(event: &ClientEvent, latest_micros: i64) -> Option<Value> {
    let start_micros = event.timestamp.micros();
    let duration_micros = i64::from(event.duration) * 1000;
    if start_micros < Timestamp::EPOCH.micros() {
        Some(json!({ "timestamp": [BEFORE_1970] }))
    } else if start_micros > latest_micros {
        Some(json!({ "timestamp": [STARTS_AHEAD] }))
    } else if start_micros.saturating_add(duration_micros) > latest_micros {
        Some(json!({ "duration": [ENDS_AHEAD] }))
    } else {
        None
    }
}
