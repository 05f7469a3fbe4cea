//! Would an event be stored? Asked in the way that an event goes, and once a second at most.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_store::{EventStore, StoreError};
use tokio::sync::Mutex;

use crate::clock;

/// How long an answer counts: asking more often tells no more.
const LIFETIME: Duration = Duration::from_secs(1);

/// A writer that has not come to the question by then stores nothing in time either.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why events are refused now, for all to see: paths and causes are in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady(pub &'static str);

/// Whether the store takes events. Clones share what was found.
#[derive(Clone)]
pub struct Readiness {
    store: Arc<dyn EventStore>,
    found: Arc<Mutex<Option<Found>>>,
}

#[derive(Clone, Copy)]
struct Found {
    at: Instant,
    answer: Result<(), NotReady>,
}

impl Readiness {
    pub fn new(store: Arc<dyn EventStore>) -> Readiness {
        Readiness {
            store,
            found: Arc::default(),
        }
    }

    /// Whether an event would be stored; not older than a second.
    pub async fn ask(&self) -> Result<(), NotReady> {
        // What asks meanwhile waits for the same answer.
        let mut found = self.found.lock().await;
        let before = *found;
        if let Some(found) = before
            && clock::since(found.at) < LIFETIME
        {
            return found.answer;
        }
        let asked = tokio::time::timeout(PATIENCE, self.store.health()).await;
        let answer = asked.unwrap_or(Err(StoreError::NoAnswer)).map_err(|error| {
            let reason = NotReady::of(&error);
            if before.is_none_or(|before| before.answer != Err(reason)) {
                tracing::error!(%error, "not ready: events are not stored");
            }
            reason
        });
        if answer.is_ok() && before.is_some_and(|before| before.answer.is_err()) {
            tracing::info!("ready again: events are stored");
        }
        *found = Some(Found {
            at: clock::monotonic(),
            answer,
        });
        answer
    }
}

impl NotReady {
    fn of(error: &StoreError) -> NotReady {
        NotReady(match error {
            StoreError::DiskFull { .. } => {
                "the disk is full: events are refused until there is space\n"
            }
            StoreError::QueueFull { .. } => "more events wait for the disk than may\n",
            StoreError::NoAnswer => "the writer does not answer\n",
            StoreError::NotOpen | StoreError::Lost => {
                "the database is closed, or being opened again\n"
            }
            StoreError::Io { .. } => "the data directory cannot be written to\n",
            _ => "the store does not work: the log says why\n",
        })
    }
}
