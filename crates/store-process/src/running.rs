//! One run of the store's process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::door::Door;
use crate::process::{End, Process};
use crate::quarantine::Pattern;

/// Why the server ended the process.
#[derive(Clone, Debug)]
pub(crate) enum Killed {
    /// This query did not end within its time, and did not yield.
    Overdue(Pattern),
    /// It did not answer.
    Silent,
    /// An apply did not end.
    Stuck,
}

/// A run of the process, from its start to its end.
pub(crate) struct Running {
    pub(crate) door: Door,
    process: Box<dyn Process>,
    state: Mutex<State>,
    has_ended: Condvar,
}

#[derive(Default)]
struct State {
    killed: Option<Killed>,
    is_over: bool,
}

impl Running {
    pub(crate) fn new(door: Door, process: Box<dyn Process>) -> Arc<Running> {
        Arc::new(Running {
            door,
            process,
            state: Mutex::default(),
            has_ended: Condvar::new(),
        })
    }

    /// Ends it.
    pub(crate) fn kill(&self, why: Killed) {
        self.lock().killed.get_or_insert(why);
        self.process.kill();
    }

    /// Blocks until the process has ended.
    pub(crate) fn wait(&self) -> End {
        self.process.wait()
    }

    /// Why it was ended, if it was.
    pub(crate) fn killed(&self) -> Option<Killed> {
        self.lock().killed.clone()
    }

    /// Its end is known, and what was to blame for it.
    pub(crate) fn set_over(&self) {
        self.lock().is_over = true;
        self.has_ended.notify_all();
    }

    /// Waits until [`Running::set_over`]; whether it came within `limit`.
    pub(crate) fn wait_over(&self, limit: Duration) -> bool {
        let waited = self
            .has_ended
            .wait_timeout_while(self.lock(), limit, |state| !state.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
