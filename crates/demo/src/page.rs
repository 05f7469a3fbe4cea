//! An annotator's page: queues events and sends them, as CVAT's client logger does.

use std::io::Write;

use annoscope_events::{ClientRequest, Ids, Sender, StoredEvent, Timestamp};

use crate::chance::Chance;
use crate::units::number;

/// One request of a page: `POST /api/events`.
#[derive(Clone, Debug)]
pub struct ClientCall {
    /// Who sends it, and in which organization.
    pub sender: Sender,
    /// The JSON body.
    pub body: Vec<u8>,
    /// Events in the body.
    pub n_events: usize,
}

/// What to do with a request that a page sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Sent when CVAT's page would, and processed as on the server.
    Stored,
    /// Kept as a body, whenever the queue has so many events.
    Called {
        /// Events of a body.
        n_events: usize,
    },
}

/// What came of the requests, and what the server recorded itself.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Rows, with [`Delivery::Stored`].
    pub stored: Vec<StoredEvent>,
    /// Bodies, with [`Delivery::Called`].
    pub calls: Vec<ClientCall>,
}

/// One thing that the annotator does on the page.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// Scope.
    pub scope: &'static str,
    /// Begin, in ms, by the server's clock.
    pub at_ms: i64,
    /// Duration in ms, for what takes time.
    pub duration_ms: Option<i64>,
    /// How many.
    pub count: Option<i64>,
    /// Name of the object.
    pub obj_name: Option<&'a str>,
    /// Value of the object.
    pub obj_val: Option<&'a str>,
    /// Members of the payload: JSON without the braces.
    pub payload: &'a str,
}

/// The page and its queue.
#[derive(Debug)]
pub struct Page {
    delivery: Delivery,
    /// Index of the annotator.
    person: usize,
    /// As CVAT's page makes it, the last six digits of the time at which it was loaded; the annotator's
    /// number in bodies that one user may send for all.
    client_id: String,
    /// What the browser's clock is ahead of the server's, in ms.
    clock_ahead_ms: i64,
    /// JSON of the queued events, with commas between them.
    queue: Vec<u8>,
    n_queued: usize,
    /// Time of the earliest queued event, in ms.
    earliest_ms: Option<i64>,
    /// When the last of the queued events is over, in ms: the page logs what takes time at its end.
    over_ms: i64,
    /// Where the last event begins in `queue`.
    last_at: usize,
    /// JSON of the last event of the last request; empty before the first.
    previous: Vec<u8>,
    /// When the timer sends what is queued, in ms.
    timer_ms: i64,
    /// Used again for each payload.
    payload: Vec<u8>,
}

/// The page sends at least so often, in ms.
const TIMER_MS: i64 = 90_000;

impl Page {
    /// No page yet.
    pub fn new(delivery: Delivery, person: usize, clock_ahead_ms: i64) -> Page {
        Page {
            delivery,
            person,
            client_id: String::new(),
            clock_ahead_ms,
            queue: Vec::new(),
            n_queued: 0,
            earliest_ms: None,
            over_ms: 0,
            last_at: 0,
            previous: Vec::new(),
            timer_ms: 0,
            payload: Vec::new(),
        }
    }

    /// The page is loaded: it knows nothing of earlier ones.
    pub fn load(&mut self, at_ms: i64) {
        self.client_id = match self.delivery {
            Delivery::Stored => {
                let digits = (at_ms + self.clock_ahead_ms).rem_euclid(1_000_000);
                format!("{digits:06}")
            }
            // Two pages may load in the same millisecond: as one user's they would be one event.
            Delivery::Called { .. } => format!("{:06}", self.person),
        };
        self.previous.clear();
        self.timer_ms = at_ms + TIMER_MS;
    }

    /// What happens to requests.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Time of the earliest event that waits, in ms.
    pub fn earliest_ms(&self) -> Option<i64> {
        self.earliest_ms
    }

    /// Whether the queue has as many events as a body shall have.
    pub fn is_full(&self) -> bool {
        self.delivery
            == Delivery::Called {
                n_events: self.n_queued,
            }
    }

    /// When the timer sends next, if something is queued. It is armed again after.
    pub fn timer_before(&mut self, at_ms: i64) -> Option<i64> {
        if at_ms < self.timer_ms {
            return None;
        }
        let due_ms = self.timer_ms;
        // As often as it went off, most of the time with nothing to send.
        self.timer_ms += TIMER_MS * ((at_ms - due_ms) / TIMER_MS + 1);
        (self.n_queued > 0).then_some(due_ms)
    }

    /// Queues an event.
    pub fn log(&mut self, action: &Action<'_>, ids: Ids) {
        if self.n_queued > 0 {
            self.queue.push(b',');
        }
        self.last_at = self.queue.len();
        self.n_queued += 1;
        self.over_ms = self
            .over_ms
            .max(action.at_ms + action.duration_ms.unwrap_or(0));
        self.earliest_ms = Some(
            self.earliest_ms
                .map_or(action.at_ms, |earliest_ms| earliest_ms.min(action.at_ms)),
        );
        write!(
            self.queue,
            "{{\"scope\":\"{}\",\"timestamp\":\"",
            action.scope
        )
        .expect("writing to memory does not fail");
        push_iso(&mut self.queue, action.at_ms + self.clock_ahead_ms);
        self.queue.push(b'"');
        for (key, text) in [("obj_name", action.obj_name), ("obj_val", action.obj_val)] {
            if let Some(text) = text {
                write!(self.queue, ",\"{key}\":\"").expect("writing to memory does not fail");
                push_escaped(&mut self.queue, text.as_bytes());
                self.queue.push(b'"');
            }
        }
        let numbers = [
            ("count", action.count),
            ("duration", action.duration_ms),
            ("project_id", ids.project_id),
            ("task_id", ids.task_id),
            ("job_id", ids.job_id),
        ];
        for (key, number) in numbers {
            if let Some(number) = number {
                write!(self.queue, ",\"{key}\":{number}").expect("writing to memory does not fail");
            }
        }
        self.payload.clear();
        self.payload.push(b'{');
        self.payload.extend_from_slice(action.payload.as_bytes());
        let comma = if action.payload.is_empty() { "" } else { "," };
        write!(
            self.payload,
            "{comma}\"client_id\":\"{}\",\"is_active\":true}}",
            self.client_id
        )
        .expect("writing to memory does not fail");
        self.queue.extend_from_slice(b",\"payload\":\"");
        push_escaped(&mut self.queue, &self.payload);
        self.queue.extend_from_slice(b"\"}");
    }

    /// Sends what is queued, when all of it is over. Returns how many rows came of it beyond the queued events.
    pub fn send(
        &mut self,
        sent_ms: i64,
        by: &Sender,
        chance: &mut Chance,
        outbox: &mut Outbox,
    ) -> i64 {
        if self.n_queued == 0 {
            return 0;
        }
        let sent_ms = sent_ms.max(self.over_ms);
        let mut body = Vec::with_capacity(self.queue.len() + self.previous.len() + 100);
        body.extend_from_slice(b"{\"events\":[");
        body.extend_from_slice(&self.queue);
        body.push(b']');
        if !self.previous.is_empty() {
            body.extend_from_slice(b",\"previous_event\":");
            body.extend_from_slice(&self.previous);
        }
        body.extend_from_slice(b",\"timestamp\":\"");
        push_iso(&mut body, sent_ms + self.clock_ahead_ms);
        body.extend_from_slice(b"\"}");

        self.previous.clear();
        self.previous.extend_from_slice(&self.queue[self.last_at..]);
        self.queue.clear();
        let n_events = std::mem::take(&mut self.n_queued);
        self.earliest_ms = None;
        self.timer_ms = sent_ms + TIMER_MS;
        if self.delivery != Delivery::Stored {
            outbox.calls.push(ClientCall {
                sender: by.clone(),
                body,
                n_events,
            });
            return 0;
        }
        let received_at = Timestamp::from_millis(sent_ms);
        let rows = ClientRequest::parse(&body)
            .expect("the page writes valid requests: a test sends every kind of event")
            .correct(received_at)
            .accept(by, chance.uuid(), &[]);
        let n_rows = rows.len();
        outbox.stored.extend(rows);
        number(n_rows) - number(n_events)
    }
}

/// As JavaScript's `toISOString`: milliseconds and `Z`.
fn push_iso(out: &mut Vec<u8>, ms: i64) {
    let text = Timestamp::from_millis(ms).to_string();
    // `2024-07-01T12:00:00.123000Z` or, for a whole second, `2024-07-01T12:00:00Z`.
    match text.strip_suffix("000Z") {
        Some(text) if text.len() == 23 => out.extend_from_slice(text.as_bytes()),
        _ => {
            out.extend_from_slice(text.trim_end_matches('Z').as_bytes());
            out.extend_from_slice(b".000");
        }
    }
    out.push(b'Z');
}

/// JSON's escapes for text without control characters.
fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_javascript_writes_them() {
        for (ms, text) in [
            (1_719_835_200_000, "2024-07-01T12:00:00.000Z"),
            (1_719_835_200_123, "2024-07-01T12:00:00.123Z"),
            (1_719_835_200_100, "2024-07-01T12:00:00.100Z"),
        ] {
            let mut out = Vec::new();
            push_iso(&mut out, ms);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn the_timer_sends_only_what_is_queued() {
        let mut page = Page::new(Delivery::Stored, 0, 0);
        page.load(1_000_000);
        assert_eq!(page.timer_before(1_089_999), None);
        assert_eq!(page.timer_before(1_090_000), None, "nothing is queued");
        let action = Action {
            scope: "zoom:image",
            at_ms: 1_100_000,
            duration_ms: None,
            count: None,
            obj_name: None,
            obj_val: None,
            payload: "",
        };
        page.log(&action, Ids::default());
        assert_eq!(page.timer_before(1_400_000), Some(1_180_000));
        assert_eq!(
            page.timer_before(1_400_000),
            None,
            "it is armed again after"
        );
    }
}
