//! Events as text for the ingest port: arrays for requests, lines for files.

use std::io::{self, Write};

use annoscope_events::{StoredEvent, server_event_json};

/// Lines that are written at once.
const BLOCK_EVENTS: u64 = 1000;

/// Bodies for the ingest port, each a JSON array, of the events of an iterator.
pub struct Batches<I> {
    events: I,
    n_events: usize,
}

impl<I: Iterator<Item = StoredEvent>> Batches<I> {
    /// Bodies with `n_events` events each; the last one may have fewer.
    pub fn new(events: I, n_events: usize) -> Batches<I> {
        Batches { events, n_events }
    }
}

impl<I: Iterator<Item = StoredEvent>> Iterator for Batches<I> {
    /// The body, and how many events are in it.
    type Item = (Vec<u8>, usize);

    fn next(&mut self) -> Option<(Vec<u8>, usize)> {
        let events: Vec<StoredEvent> = self.events.by_ref().take(self.n_events).collect();
        (!events.is_empty()).then(|| (array(&events), events.len()))
    }
}

/// A body for the ingest port.
pub fn array(events: &[StoredEvent]) -> Vec<u8> {
    let mut body = vec![b'['];
    for (index, stored) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        server_event_json(stored, &mut body);
    }
    body.push(b']');
    body
}

/// Writes one event a line. Returns how many. `progress` is told the number now and then.
pub fn write_ndjson(
    events: impl Iterator<Item = StoredEvent>,
    out: &mut dyn Write,
    mut progress: impl FnMut(u64),
) -> io::Result<u64> {
    let mut lines = Vec::new();
    let mut n_events = 0;
    for stored in events {
        server_event_json(&stored, &mut lines);
        lines.push(b'\n');
        n_events += 1;
        if n_events % BLOCK_EVENTS == 0 {
            out.write_all(&lines)?;
            lines.clear();
            progress(n_events);
        }
    }
    out.write_all(&lines)?;
    out.flush()?;
    Ok(n_events)
}
