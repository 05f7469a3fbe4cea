//! From a request to the rows that are stored: working time, then the events.

use std::borrow::Cow;

use uuid::Uuid;

use super::{ClientEvent, CorrectedRequest};
use crate::claimed_hours::rename_claimed_hours;
use crate::event::{Event, StoredEvent};
use crate::json::with_python_numbers;
use crate::payload::Payload;
use crate::scope::{USER_ACTIVITY_SCOPE, WORKING_TIME_SCOPE};
use crate::sender::Sender;
use crate::working_time::{Activity, WorkingTime, working_time};

impl CorrectedRequest {
    /// The rows to store: working time first, then the new events in order.
    /// `user:activity` is counted and not stored. `request_id` is the id of this HTTP
    /// request.
    ///
    /// `repeated[i]` says that event `i` is stored already, or is a twin of an earlier one
    /// in this request; where the slice ends, events are new. A repeat is neither stored
    /// nor counted again. The longest head of repeats is dropped, and its last event
    /// stands as `previous_event`: that is what the client would have sent had it known
    /// that the head arrived, so hours do not depend on the network. A repeat further on
    /// only moves the time up to which all is counted.
    pub fn accept(&self, by: &Sender, request_id: Uuid, repeated: &[bool]) -> Vec<StoredEvent> {
        let n_events = self.events.len();
        let is_repeat = |index: usize| repeated.get(index).copied().unwrap_or(false);
        let n_head = (0..n_events).take_while(|&index| is_repeat(index)).count();
        let previous = match n_head.checked_sub(1) {
            Some(last) => self.events.get(last),
            None => self.previous_event.as_ref(),
        };
        let previous = previous.map(|event| event.activity(true));
        let activities: Vec<Activity> = (n_head..n_events)
            .map(|index| self.events[index].activity(is_repeat(index)))
            .collect();
        let rows = working_time(previous.as_ref(), &activities);

        let mut stored = Vec::with_capacity(rows.len() + activities.len());
        stored.extend(
            rows.into_iter()
                .map(|row| working_time_event(row, by, request_id)),
        );
        stored.extend(
            (n_head..n_events)
                .filter(|&index| !is_repeat(index))
                .map(|index| &self.events[index])
                .filter(|event| event.scope != USER_ACTIVITY_SCOPE)
                .map(|event| stored_event(event, by)),
        );
        stored
    }
}

fn stored_event(event: &ClientEvent, by: &Sender) -> StoredEvent {
    let payload = event.payload.value();
    StoredEvent {
        event: Event {
            scope: event.scope.as_ref().to_owned(),
            obj_name: event.obj_name.value().cloned(),
            obj_id: event.obj_id.integer(),
            obj_val: event.obj_val.value().cloned(),
            source: Cow::Borrowed("client"),
            timestamp: event.timestamp,
            count: event
                .count
                .integer()
                .and_then(|count| u16::try_from(count).ok()),
            duration: event.duration,
            project_id: event.project_id.integer(),
            task_id: event.task_id.integer(),
            job_id: event.job_id.integer(),
            user_id: Some(by.user_id),
            user_name: Some(by.user_name.clone()),
            user_email: Some(by.user_email.clone()),
            org_id: by.org.as_ref().map(|org| org.id),
            org_slug: by.org.as_ref().map(|org| org.slug.clone()),
            payload: payload.map(|payload| {
                Payload::as_sent(rename_claimed_hours(&with_python_numbers(payload)).into_owned())
            }),
        },
        intervals: Vec::new(),
    }
}

fn working_time_event(row: WorkingTime, by: &Sender, request_id: Uuid) -> StoredEvent {
    let payload = format!(
        "{{\"working_time\": {}, \"request\": {{\"id\": \"{}\"}}}}",
        row.duration_ms,
        request_id.hyphenated()
    );
    StoredEvent {
        event: Event {
            scope: WORKING_TIME_SCOPE.to_owned(),
            obj_name: None,
            obj_id: None,
            obj_val: None,
            source: Cow::Borrowed("server"),
            timestamp: row.timestamp,
            count: Some(1),
            duration: row.duration_ms,
            project_id: row.ids.project_id,
            task_id: row.ids.task_id,
            job_id: row.ids.job_id,
            user_id: Some(by.user_id),
            user_name: Some(by.user_name.clone()),
            user_email: Some(by.user_email.clone()).filter(|email| !email.is_empty()),
            org_id: by.org.as_ref().map(|org| org.id),
            org_slug: by.org.as_ref().map(|org| org.slug.clone()),
            payload: Some(Payload::as_sent(payload)),
        },
        intervals: row.intervals,
    }
}
