//! Ends reads that outlive their time limit, and those for which the process has no memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::database::{Interrupt, Purpose};
use annoscope_store::clock;

use crate::LastResort;
use crate::error::Error;
use crate::room::Room;

/// How often an overdue read is interrupted again: an interrupt that arrives between two
/// statements is lost.
const AGAIN: Duration = Duration::from_millis(50);

/// How long an interrupted read may go on until nothing long is made any more: DuckDB does not look
/// at interrupts within an expression, but asks there whether there is room.
const LATE: Duration = Duration::from_secs(1);

/// How long an interrupted read may go on until the process is ended: it holds a thread, its memory
/// and a connection that others wait for. Planning a long text may take some 10 s on a busy machine.
const STUCK: Duration = Duration::from_secs(30);

/// Why a read is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Why {
    /// It is not.
    No = 0,
    /// It ran out of time, or its reader is gone.
    Time = 1,
    /// The process has no memory for it.
    Memory = 2,
}

/// One thread that watches all reads.
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
}

struct Shared {
    watched: Mutex<WatchList>,
    changed: Condvar,
    room: Arc<Room>,
    last_resort: LastResort,
}

#[derive(Default)]
struct WatchList {
    next_id: u64,
    /// By deadline; the id tells equal deadlines apart.
    reads: BTreeMap<(Instant, u64), Read>,
    is_closed: bool,
}

struct Read {
    purpose: Purpose,
    interrupt: Arc<Interrupt>,
    why: Arc<AtomicU8>,
    /// When it was interrupted first.
    ended_at: Option<Instant>,
}

/// A read under watch, until it is dropped.
pub(crate) struct Watched {
    shared: Arc<Shared>,
    id: u64,
    why: Arc<AtomicU8>,
}

impl Watched {
    /// What ends the read when it is dropped.
    pub(crate) fn cancel(&self) -> Cancel {
        Cancel {
            shared: Arc::clone(&self.shared),
            id: self.id,
        }
    }

    /// Why the read was ended.
    pub(crate) fn why(&self) -> Why {
        match self.why.load(Ordering::Relaxed) {
            0 => Why::No,
            1 => Why::Time,
            _ => Why::Memory,
        }
    }
}

/// Ends a read early; dropping it does.
pub(crate) struct Cancel {
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
        let mut list = self.shared.lock();
        list.reads.retain(|key, _| key.1 != self.id);
        self.shared
            .room
            .set_late(list.is_any_late(clock::monotonic()));
    }
}

impl Watchdog {
    pub(crate) fn start(room: Arc<Room>, last_resort: LastResort) -> Result<Watchdog, Error> {
        let shared = Arc::new(Shared {
            watched: Mutex::default(),
            changed: Condvar::new(),
            room,
            last_resort,
        });
        let for_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || for_thread.run())
            .map_err(Error::io("starting a thread"))?;
        Ok(Watchdog { shared })
    }

    /// Interrupts the read when `limit` has passed.
    pub(crate) fn watch(
        &self,
        purpose: Purpose,
        interrupt: Arc<Interrupt>,
        limit: Duration,
    ) -> Watched {
        let why = Arc::new(AtomicU8::new(Why::No as u8));
        let mut list = self.shared.lock();
        let id = list.next_id;
        list.next_id += 1;
        let read = Read {
            purpose,
            interrupt,
            why: Arc::clone(&why),
            ended_at: None,
        };
        list.reads.insert((clock::monotonic() + limit, id), read);
        drop(list);
        self.shared.changed.notify_one();
        Watched {
            shared: Arc::clone(&self.shared),
            id,
            why,
        }
    }

    /// What ends queries for want of memory.
    pub(crate) fn handle(&self) -> QueryEnder {
        QueryEnder(Arc::clone(&self.shared))
    }
}

/// Ends queries, also those that are waited for.
pub(crate) struct QueryEnder(Arc<Shared>);

impl QueryEnder {
    /// Ends the query that began last and goes on: memory ran short after it came. Returns whether
    /// there was one.
    pub(crate) fn end_newest(&self) -> bool {
        let mut list = self.0.lock();
        let goes_on =
            |read: &Read| read.purpose == Purpose::Query && read.why.load(Ordering::Relaxed) == 0;
        let running = list.reads.iter().filter(|(_, read)| goes_on(read));
        let newest = running.map(|(key, _)| *key).max_by_key(|key| key.1);
        let Some(read) = newest.and_then(|key| list.reads.remove(&key)) else {
            return false;
        };
        read.why.store(Why::Memory as u8, Ordering::Relaxed);
        let id = newest.map_or(0, |key| key.1);
        list.reads.insert((clock::monotonic(), id), read);
        drop(list);
        self.0.changed.notify_one();
        true
    }

    /// Whether any query has not ended yet.
    pub(crate) fn has_queries(&self) -> bool {
        let list = self.0.lock();
        list.reads
            .values()
            .any(|read| read.purpose == Purpose::Query)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
    }
}

impl WatchList {
    fn is_any_late(&self, now: Instant) -> bool {
        self.longest_ended(now) > LATE
    }

    /// How long the read goes on that was interrupted first.
    fn longest_ended(&self, now: Instant) -> Duration {
        let ended = self.reads.values().filter_map(|read| read.ended_at);
        ended.min().map_or(Duration::ZERO, |at| now - at)
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
                let ((_, id), mut read) = entry.remove_entry();
                read.ended_at.get_or_insert(now);
                // One that was ended for another reason keeps it.
                let _ = read.why.compare_exchange(
                    Why::No as u8,
                    Why::Time as u8,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                read.interrupt.interrupt();
                list.reads.insert((now + AGAIN, id), read);
            }
            self.room.set_late(list.is_any_late(now));
            if list.longest_ended(now) > STUCK {
                (self.last_resort)("a query cannot be interrupted");
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
