//! What tests of several crates share: events, the contracts of a store and of a backend, both in memory.
//!
//! Only a dev-dependency. Its failures are panics, as in any test.

pub mod backend_contract;
pub mod contract;
mod memory_backend;
mod memory_store;

use annoscope_events::{Event, Payload, StoredEvent, Timestamp};
use annoscope_store::{Record, rows_of};
use uuid::Uuid;

pub use memory_backend::{BackendDisk, MemoryBackend};
pub use memory_store::{Disk, MemoryStore};

/// When the requests of tests arrive.
pub const NOW: Timestamp = Timestamp::from_millis(1_719_835_200_000);

/// An event that a user's browser sent, `second` seconds and 123 ms after [`NOW`].
pub fn event(second: i64, user_id: i64) -> StoredEvent {
    let payload = Payload::parse(r#"{"working_time": 5}"#);
    StoredEvent::from(Event {
        scope: "draw:object".to_owned(),
        obj_name: None,
        obj_id: Some(i64::MAX),
        obj_val: Some("zażółć \"quoted\"".to_owned()),
        source: "client".into(),
        timestamp: Timestamp::from_millis(NOW.millis() + second * 1000 + 123),
        count: Some(1),
        duration: u32::MAX,
        project_id: None,
        task_id: None,
        job_id: Some(7),
        user_id: Some(user_id),
        user_name: Some("lena".to_owned()),
        user_email: Some(String::new()),
        org_id: None,
        org_slug: None,
        payload: Some(payload.expect("it is JSON")),
    })
}

/// What a journal holds of a batch with these events, which have no hashes.
pub fn record(events: &[StoredEvent]) -> Record {
    Record {
        rows: rows_of(events, NOW, Uuid::nil()),
        hashes: Vec::new(),
        received_at: NOW,
        request_id: Uuid::nil(),
    }
}
