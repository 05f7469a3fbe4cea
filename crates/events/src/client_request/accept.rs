//! From a request to the rows that are stored: working time, then the events.

use std::borrow::Cow;

use uuid::Uuid;

use super::reply::event_json;
use super::{ClientEvent, CorrectedRequest};
use crate::event::{Event, Origin, StoredEvent};
use crate::json::with_python_numbers;
use crate::mend::Mend;
use crate::payload::Payload;
use crate::scope::{USER_ACTIVITY_SCOPE, WORKING_TIME_SCOPE};
use crate::sender::Sender;
use crate::server_event::RejectedEvent;
use crate::time::Timestamp;
use crate::working_time::{Activity, WorkingTime, working_time};

impl CorrectedRequest {
    /// The rows to store: working time first, then the new events in order.
    /// `user:activity` is counted and not stored. `request_id` is the id of this HTTP
    /// request.
    ///
    /// `duplicates[i]` says that event `i` is stored already, or is a twin of an earlier one
    /// in this request; where the slice ends, events are new. A repeat is neither stored
    /// nor counted again. The longest head of repeats is dropped, and its last event
    /// stands as `previous_event`: that is what the client would have sent had it known
    /// that the head arrived, so hours do not depend on the network. A repeat further on
    /// only moves the time up to which all is counted.
    ///
    /// An event ahead of its receipt or before [`Timestamp::EARLIEST`] takes no part in working
    /// time, be it `previous_event`: hours would be at its time. Another one that cannot be stored ([`CorrectedRequest::rejected`]) was an activity nevertheless.
    pub fn accept(&self, by: &Sender, request_id: Uuid, duplicates: &[bool]) -> Vec<StoredEvent> {
        let rows = self.working_time(duplicates);
        let mut stored = Vec::with_capacity(rows.len() + self.events.len());
        stored.extend(
            rows.into_iter()
                .map(|row| working_time_event(row, by, request_id)),
        );
        stored.extend(
            self.new_events(duplicates)
                .filter(|(_, event)| event.reason().is_none())
                .filter(|(_, event)| event.scope != USER_ACTIVITY_SCOPE)
                .map(|(_, event)| stored_event(event, by)),
        );
        stored
    }

    /// The new events that cannot be stored. As they are there, but for what is wrong with them,
    /// the ingest port takes them: at their corrected times, with the sender's user and
    /// organization.
    pub fn rejected(&self, by: &Sender, duplicates: &[bool]) -> Vec<RejectedEvent> {
        self.new_events(duplicates)
            .filter_map(|(index, event)| {
                Some(RejectedEvent {
                    index,
                    raw: event_json(event, by),
                    reason: event.reason()?.to_owned(),
                })
            })
            .collect()
    }

    /// How many of the new events were changed, by kind.
    pub fn mended(&self, duplicates: &[bool]) -> Vec<(Mend, u64)> {
        let mut counts = [0; Mend::ALL.len()];
        for (_, event) in self.new_events(duplicates) {
            for mend in event.mends().each() {
                counts[mend as usize] += 1;
            }
        }
        let counted = Mend::ALL.into_iter().zip(counts);
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// The events that are no repeats, with their places.
    fn new_events(&self, duplicates: &[bool]) -> impl Iterator<Item = (usize, &ClientEvent)> {
        self.events
            .iter()
            .enumerate()
            .filter(|(index, _)| !is_duplicate(duplicates, *index))
    }

    fn working_time(&self, duplicates: &[bool]) -> Vec<WorkingTime> {
        let in_walk: Vec<(usize, &ClientEvent)> = self
            .events
            .iter()
            .enumerate()
            .filter(|(_, event)| !event.mends().has(Mend::AheadOfReceipt))
            .filter(|(_, event)| event.timestamp >= Timestamp::EARLIEST)
            .collect();
        let n_head = in_walk
            .iter()
            .take_while(|(index, _)| is_duplicate(duplicates, *index))
            .count();
        let (head, rest) = in_walk.split_at(n_head);
        let previous = match head.last() {
            Some((_, last)) => Some(*last),
            None => self.previous_event.as_ref().filter(|event| {
                (Timestamp::EARLIEST..=self.received_at).contains(&event.timestamp)
            }),
        };
        // Where ids cannot be, those of the event before stand, or of the first that has some.
        let known = |events: &[(usize, &ClientEvent)]| events.iter().find_map(|(_, e)| e.ids());
        let known_before = head.iter().rev().find_map(|(_, event)| event.ids());
        let mut ids = previous
            .and_then(ClientEvent::ids)
            .or(known_before)
            .or_else(|| known(rest))
            .unwrap_or_default();
        let previous = previous.map(|event| event.activity(self.received_at, true, ids));
        let activities: Vec<Activity> = rest
            .iter()
            .map(|(index, event)| {
                let is_duplicate = is_duplicate(duplicates, *index);
                let activity = event.activity(self.received_at, is_duplicate, ids);
                ids = activity.ids;
                activity
            })
            .collect();
        working_time(previous.as_ref(), &activities)
    }
}

fn is_duplicate(duplicates: &[bool], index: usize) -> bool {
    duplicates.get(index).copied().unwrap_or(false)
}

fn stored_event(event: &ClientEvent, by: &Sender) -> StoredEvent {
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
            user_id: Some(by.user.id),
            user_name: Some(by.user.name.clone()),
            user_email: Some(by.user.email.clone()),
            org_id: by.org.as_ref().map(|org| org.id),
            org_slug: by.org.as_ref().map(|org| org.slug.clone()),
            payload: event
                .payload
                .value()
                .map(|payload| Payload::as_sent(with_python_numbers(payload).into_owned())),
        },
        intervals: Vec::new(),
        origin: Origin::default(),
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
            user_id: Some(by.user.id),
            user_name: Some(by.user.name.clone()),
            user_email: Some(by.user.email.clone()).filter(|email| !email.is_empty()),
            org_id: by.org.as_ref().map(|org| org.id),
            org_slug: by.org.as_ref().map(|org| org.slug.clone()),
            payload: Some(Payload::as_sent(payload)),
        },
        intervals: row.intervals,
        origin: Origin::default(),
    }
}
