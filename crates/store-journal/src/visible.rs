//! Up to where queries see the events.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{Position, StoreError, clock};
use tokio::sync::watch;

/// A position that only grows, until the store is closed.
pub(crate) struct Visible {
    state: watch::Sender<State>,
    /// What the applier's thread waits for.
    calls: Mutex<Calls>,
    told: Condvar,
}

/// Why the applier shall not wait.
#[derive(Default)]
struct Calls {
    /// How many wait for a position.
    n_waiting: usize,
    is_closed: bool,
}

/// Somebody who waits for a position.
struct Waiting<'a>(&'a Visible);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().n_waiting -= 1;
    }
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
            calls: Mutex::default(),
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
        if state.borrow_and_update().position >= position {
            return Ok(());
        }
        self.lock().n_waiting += 1;
        let _waiting = Waiting(self);
        self.told.notify_all();
        let reached =
            state.wait_for(|state| state.position >= position || state.closed_at.is_some());
        match reached.await {
            Ok(state) if state.position >= position => Ok(()),
            _ => Err(StoreError::NotOpen),
        }
    }

    /// Blocks the thread until the store is closed or the time is over.
    pub(crate) fn wait_until_closed(&self, at_most: Duration) {
        self.wait_while(at_most, |calls| !calls.is_closed);
    }

    /// Blocks the thread until somebody waits for a position, the store is closed or the time is over.
    pub(crate) fn wait_until_wanted(&self, at_most: Duration) {
        self.wait_while(at_most, |calls| calls.n_waiting == 0 && !calls.is_closed);
    }

    fn wait_while(&self, at_most: Duration, goes_on: impl Fn(&Calls) -> bool) {
        let waited = self
            .told
            .wait_timeout_while(self.lock(), at_most, |calls| goes_on(calls));
        drop(waited);
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close(&self) {
        self.state.send_modify(|state| {
            state.closed_at.get_or_insert_with(clock::monotonic);
        });
        self.lock().is_closed = true;
        self.told.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test(flavor = "multi_thread")]
    async fn who_waits_for_a_position_wakes_the_applier() {
        let visible = Arc::new(Visible::default());
        visible.advance(Position(3));
        // Nothing to wait for.
        visible.wait(Position(3)).await.unwrap();
        assert_eq!(visible.lock().n_waiting, 0);

        let waiting = Arc::clone(&visible);
        let waiting = tokio::spawn(async move { waiting.wait(Position(4)).await });
        let applier = Arc::clone(&visible);
        let applier = tokio::task::spawn_blocking(move || {
            applier.wait_until_wanted(LONG);
            applier.advance(Position(4));
        });
        waiting.await.unwrap().unwrap();
        applier.await.unwrap();
        assert_eq!(visible.lock().n_waiting, 0);

        visible.close();
        visible.wait_until_wanted(LONG);
        visible.wait_until_closed(LONG);
        assert!(visible.wait(Position(5)).await.is_err());
    }
}
