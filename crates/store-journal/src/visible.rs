//! Up to where queries see the events.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{Position, StoreError, clock};
use tokio::sync::watch;

/// A position that only grows, until the store is closed.
pub(crate) struct Visible {
    state: watch::Sender<State>,
    /// The same as in the state, for threads that wait for it.
    closed: Mutex<bool>,
    told: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    position: Position,
    closed_at: Option<Instant>,
}

impl Default for Visible {
    fn default() -> Visible {
        Visible {
            state: watch::Sender::new(State::default()),
            closed: Mutex::default(),
            told: Condvar::new(),
        }
    }
}

impl Visible {
    pub(crate) fn get(&self) -> Position {
        self.state.borrow().position
    }

    /// How long ago the store was closed; none while it is open.
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        self.state.borrow().closed_at.map(clock::since)
    }

    /// Queries see everything before `position`.
    pub(crate) fn advance(&self, position: Position) {
        self.state.send_if_modified(|state| {
            let grows = position > state.position;
            state.position = state.position.max(position);
            grows
        });
    }

    /// Waits for a position; [`StoreError::NotOpen`] if the store is closed before.
    pub(crate) async fn wait(&self, position: Position) -> Result<(), StoreError> {
        let mut state = self.state.subscribe();
        let reached =
            state.wait_for(|state| state.position >= position || state.closed_at.is_some());
        match reached.await {
            Ok(state) if state.position >= position => Ok(()),
            _ => Err(StoreError::NotOpen),
        }
    }

    /// Blocks the thread until the store is closed or the time is over.
    pub(crate) fn wait_until_closed(&self, at_most: Duration) {
        let lock = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .told
            .wait_timeout_while(lock, at_most, |is_closed| !*is_closed);
        drop(waited);
    }

    pub(crate) fn close(&self) {
        self.state.send_modify(|state| {
            state.closed_at.get_or_insert_with(clock::monotonic);
        });
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }
}
