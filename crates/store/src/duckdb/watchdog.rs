//! Ends reads that outlive their time limit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::database::Interrupt;
use crate::clock;
use crate::error::StoreError;

/// How often an overdue read is interrupted again: an interrupt that arrives between two
/// statements is lost.
const AGAIN: Duration = Duration::from_millis(50);

/// One thread that watches all reads.
pub(super) struct Watchdog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    watched: Mutex<WatchList>,
    changed: Condvar,
}

#[derive(Default)]
struct WatchList {
    next_id: u64,
    /// By deadline; the id tells equal deadlines apart.
    reads: BTreeMap<(Instant, u64), (Arc<Interrupt>, Arc<AtomicBool>)>,
    is_closed: bool,
}

/// A read under watch, until it is dropped.
pub(super) struct Watched {
    shared: Arc<Shared>,
    key: (Instant, u64),
    overdue: Arc<AtomicBool>,
}

impl Watched {
    /// What ends the read when it is dropped.
    pub(super) fn cancel(&self) -> Cancel {
        Cancel {
            shared: Arc::clone(&self.shared),
            id: self.key.1,
        }
    }

    /// Was the read ended because of its time limit?
    pub(super) fn ran_out(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }
}

/// Ends a read early; dropping it does.
pub(super) struct Cancel {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let mut list = self.shared.lock();
        // From now on it is overdue, and interrupted until it is gone.
        let key = list.reads.keys().find(|key| key.1 == self.id).copied();
        if let Some(read) = key.and_then(|key| list.reads.remove(&key)) {
            list.reads.insert((clock::monotonic(), self.id), read);
            drop(list);
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.shared
            .lock()
            .reads
            .retain(|key, _| key.1 != self.key.1);
    }
}

impl Watchdog {
    pub(super) fn start() -> Result<Watchdog, StoreError> {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || for_thread.run())
            .map_err(|source| StoreError::Io {
                doing: "starting a thread".to_owned(),
                source,
            })?;
        Ok(Watchdog { shared })
    }

    /// Interrupts the read when `limit` has passed.
    pub(super) fn watch(&self, interrupt: Arc<Interrupt>, limit: Duration) -> Watched {
        let overdue = Arc::new(AtomicBool::new(false));
        let mut list = self.shared.lock();
        let key = (clock::monotonic() + limit, list.next_id);
        list.next_id += 1;
        list.reads.insert(key, (interrupt, Arc::clone(&overdue)));
        drop(list);
        self.shared.changed.notify_one();
        Watched {
            shared: Arc::clone(&self.shared),
            key,
            overdue,
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn run(&self) {
        let mut list = self.lock();
        while !list.is_closed {
            let now = clock::monotonic();
            while let Some(entry) = list.reads.first_entry()
                && entry.key().0 <= now
            {
                let ((_, id), (interrupt, overdue)) = entry.remove_entry();
                overdue.store(true, Ordering::Relaxed);
                interrupt.interrupt();
                list.reads.insert((now + AGAIN, id), (interrupt, overdue));
            }
            let next = list
                .reads
                .keys()
                .next()
                .map(|(deadline, _)| *deadline - now);
            list = match next {
                Some(pause) => {
                    let waited = self.changed.wait_timeout(list, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(list)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, WatchList> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
