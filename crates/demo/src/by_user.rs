//! Requests of one person each: on the page, events that came together are what one person did.

use std::collections::BTreeMap;

use annoscope_events::StoredEvent;

use crate::write::array;

/// Events in one request.
const BATCH_EVENTS: usize = 250;

/// Events of all people that wait for others of the same person, before the longest list goes.
const MAX_WAITING: usize = 100_000;

/// Bodies for the ingest port, each a JSON array, of the events of an iterator. The events of a person stay in
/// their order.
pub struct BatchesByUser<I> {
    events: I,
    /// By the user's id; events of nobody, too.
    waiting: BTreeMap<Option<i64>, Vec<StoredEvent>>,
    n_waiting: usize,
}

impl<I: Iterator<Item = StoredEvent>> BatchesByUser<I> {
    /// Bodies with up to 250 events each.
    pub fn new(events: I) -> BatchesByUser<I> {
        BatchesByUser {
            events,
            waiting: BTreeMap::new(),
            n_waiting: 0,
        }
    }

    fn take(&mut self, user_id: Option<i64>) -> Option<(Vec<u8>, usize)> {
        let events = self.waiting.remove(&user_id)?;
        self.n_waiting -= events.len();
        Some((array(&events), events.len()))
    }

    fn take_longest(&mut self) -> Option<(Vec<u8>, usize)> {
        let longest = self.waiting.iter().max_by_key(|(_, events)| events.len());
        let user_id = *longest?.0;
        self.take(user_id)
    }
}

impl<I: Iterator<Item = StoredEvent>> Iterator for BatchesByUser<I> {
    /// The body, and how many events are in it.
    type Item = (Vec<u8>, usize);

    fn next(&mut self) -> Option<(Vec<u8>, usize)> {
        while let Some(stored) = self.events.next() {
            let user_id = stored.event.user_id;
            let list = self.waiting.entry(user_id).or_default();
            list.push(stored);
            self.n_waiting += 1;
            if list.len() == BATCH_EVENTS {
                return self.take(user_id);
            }
            if self.n_waiting > MAX_WAITING {
                return self.take_longest();
            }
        }
        self.take_longest()
    }
}
