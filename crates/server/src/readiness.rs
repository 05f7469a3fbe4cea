//! Would an event be stored? Asked in the way that an event goes, and once a second at most.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_store::{EventStore, StoreError};
use tokio::sync::Mutex;

use crate::clock;

/// How long an answer counts: asking more often tells no more.
const LIFETIME: Duration = Duration::from_secs(1);

/// A writer that has not come to the question by then stores nothing in time either.
const PATIENCE: Duration = Duration::from_secs(5);

/// Behind by less than that, the database keeps up.
const KEEPS_UP: Duration = Duration::from_secs(1);

/// Events are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What the database has not taken, where it does not keep up.
    pub behind: Option<Behind>,
}

/// What is stored, and not yet seen by queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Number of events.
    pub n_events: u64,
    /// How long the oldest of them has waited.
    pub oldest: Duration,
}

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
    answer: Result<Ready, NotReady>,
}

impl Readiness {
    pub fn new(store: Arc<dyn EventStore>) -> Readiness {
        Readiness {
            store,
            found: Arc::default(),
        }
    }

    /// Whether an event would be stored; not older than a second.
    pub async fn ask(&self) -> Result<Ready, NotReady> {
        // What asks meanwhile waits for the same answer.
        let mut found = self.found.lock().await;
        let before = *found;
        if let Some(found) = before
            && clock::since(found.at) < LIFETIME
        {
            return found.answer;
        }
        let asked = tokio::time::timeout(PATIENCE, self.store.health()).await;
        let answer = match asked.unwrap_or(Err(StoreError::NoAnswer)) {
            Ok(()) => Ok(Ready {
                behind: self.behind().await,
            }),
            Err(error) => {
                let reason = NotReady::of(&error);
                if before.is_none_or(|before| before.answer != Err(reason)) {
                    tracing::error!(%error, "not ready: events are not stored");
                }
                Err(reason)
            }
        };
        if answer.is_ok() && before.is_some_and(|before| before.answer.is_err()) {
            tracing::info!("ready again: events are stored");
        }
        *found = Some(Found {
            at: clock::monotonic(),
            answer,
        });
        answer
    }

    async fn behind(&self) -> Option<Behind> {
        let n_events = self
            .store
            .durable()
            .0
            .saturating_sub(self.store.visible().0);
        if n_events == 0 {
            return None;
        }
        let store = Arc::clone(&self.store);
        let oldest = tokio::task::spawn_blocking(move || store.oldest_waiting()).await;
        let waited_ms = clock::now().millis() - oldest.ok()??.millis();
        // A clock that was set back says nothing of how long it was.
        let oldest = Duration::from_millis(u64::try_from(waited_ms).unwrap_or(0));
        (oldest >= KEEPS_UP).then_some(Behind { n_events, oldest })
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.behind {
            None => writeln!(f, "ready"),
            Some(Behind { n_events, oldest }) => writeln!(
                f,
                "ready; the database is behind: {n_events} wait for it, the oldest for {} s",
                oldest.as_secs()
            ),
        }
    }
}

impl NotReady {
    fn of(error: &StoreError) -> NotReady {
        NotReady(match error {
            StoreError::DiskFull { .. } => {
                "the disk is full: events are refused until there is space\n"
            }
            StoreError::JournalFull { .. } => {
                "the database takes no events, and as many as may wait for it do\n"
            }
            StoreError::Replaced(_) => {
                "another annoscope has taken the place of this one in ClickHouse: end this one\n"
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
