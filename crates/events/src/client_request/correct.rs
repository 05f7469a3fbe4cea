//! Clock correction: from the client's clock to the server's.

use super::{ClientEvent, ClientRequest, CorrectedRequest};
use crate::field::Field;
use crate::mend::Mend;
use crate::scope::COMPRESSED_SCOPE;
use crate::time::Timestamp;

pub(super) fn correct(mut request: ClientRequest, received_at: Timestamp) -> CorrectedRequest {
    let correction_micros = received_at
        .micros()
        .saturating_sub(request.timestamp.micros());
    for event in &mut request.events {
        shift(event, correction_micros);
        settle(event, received_at);
    }
    if let Some(event) = &mut request.previous_event {
        shift(event, correction_micros);
    }
    CorrectedRequest {
        events: request.events,
        previous_event: request.previous_event,
        timestamp: request.timestamp,
        received_at,
    }
}

fn shift(event: &mut ClientEvent, micros: i64) {
    event.timestamp = Timestamp::from_micros(event.timestamp.micros().saturating_add(micros));
}

/// Brings the time of an event into what can be believed and stored.
fn settle(event: &mut ClientEvent, received_at: Timestamp) {
    let end_micros = event
        .timestamp
        .micros()
        .saturating_add(i64::from(event.duration) * 1000);
    if event.timestamp > received_at {
        event.timestamp = received_at;
        event.odd_mut().mends.add(Mend::AheadOfReceipt);
    } else if event.timestamp < Timestamp::EARLIEST {
        event
            .odd_mut()
            .reject(Field::Timestamp, "before 1900-01-01");
    } else if event.scope == COMPRESSED_SCOPE && end_micros > received_at.micros() {
        event.odd_mut().mends.add(Mend::EndsAfterReceipt);
    }
}
