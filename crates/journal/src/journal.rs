//! The journal with its threads: one writes, one makes segments ahead and gives released ones free.

use std::io;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{AppendError, OpenError, ReadError};
use crate::log::{Log, lock};
use crate::reader::Reader;
use crate::storage::Directory;

/// Where a journal is, and what it may take.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its directory, made where it is not there yet. The caller holds a lock on it.
    pub dir: PathBuf,
    /// Where a journal begins that is not there yet: the position of its first item.
    pub first: u64,
    /// Bytes of a segment's file: 64 KiB to 4 GiB, a multiple of 4096. What is released is released by segments. A record
    /// that is larger gets a segment of its own size.
    pub segment_bytes: u64,
    /// Bound of the segments that are not released, in bytes; at least two segments. After a failure one more
    /// may be needed to go on.
    pub max_bytes: u64,
    /// Bound of what waits for its sync, in bytes of memory. A larger record is taken while nothing else waits.
    pub queue_bytes: usize,
    /// The time of day in milliseconds since 1970, UTC: what [`crate::Record::written_ms`] has.
    pub clock: fn() -> u64,
}

/// How a journal is.
#[derive(Debug, Clone)]
pub struct Stats {
    /// The first position that is still there.
    pub begin: u64,
    /// Everything before it is synced.
    pub end: u64,
    /// Bytes of the segments that are not released.
    pub bytes: u64,
    /// Number of those.
    pub segments: usize,
    /// Number of files that wait for their next use.
    pub spare_segments: usize,
    /// Bytes of memory of what waits for its sync.
    pub queued_bytes: usize,
    /// Number of syncs since it was opened.
    pub syncs: u64,
    /// Number of records that were synced since it was opened.
    pub records: u64,
    /// How long the last write and its sync took.
    pub last_sync: Duration,
    /// Why it takes nothing until it is reopened.
    pub failure: Option<Arc<str>>,
}

/// A durable, ordered log of records of bytes. See the crate for its limits and its files.
///
/// A position counts items: a record of n items that begins at position p has the items p to p + n - 1. The first item
/// ever has the position [`Options::first`].
#[derive(Debug)]
pub struct Journal {
    log: Arc<Log>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Journal {
    /// Opens the journal of a directory, or begins one at [`Options::first`].
    ///
    /// A tail that was not acknowledged is cut off. Damage to what was acknowledged is an error, and so is a missing
    /// segment; the records of all segments but the last are checked when they are read.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let storage = Directory::create(options.dir.clone());
        let storage = storage.map_err(|source| OpenError::Io {
            action: "make the directory",
            path: options.dir.clone(),
            source,
        })?;
        let journal = Self {
            log: Arc::new(Log::open(options, Box::new(storage))?),
            threads: Mutex::new(Vec::new()),
        };
        journal.log.begin_where_empty()?;
        journal.spawn("journal", write_all)?;
        journal.spawn("journal-chores", keep_house)?;
        Ok(journal)
    }

    fn spawn(&self, name: &'static str, work: fn(&Log)) -> Result<(), OpenError> {
        let log = Arc::clone(&self.log);
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || work(&log));
        let thread = thread.map_err(|source| OpenError::Io {
            action: "start a thread for",
            path: self.log.options.dir.clone(),
            source,
        })?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Queues a record. `done` is called once, from the journal's thread, after the sync of the group that holds
    /// the record, with the positions of its items; or with why it is not in the journal. It is not called when
    /// this fails. It must not block, nor call [`Journal::close`].
    pub fn append(
        &self,
        items: NonZeroU32,
        payload: Vec<u8>,
        done: impl FnOnce(Result<Range<u64>, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        self.log.append(items, payload, Box::new(done))
    }

    /// [`AppendError::Full`] from the time on that the bound kept a record out until something is released. Small
    /// records may be taken meanwhile. For who would make a record in vain: nothing is asked, and it costs nothing.
    pub fn check_room(&self) -> Result<(), AppendError> {
        self.log.check_room()
    }

    /// Asks whether a record would be taken now, in the way that a record goes: `done` is told after all that wait before
    /// it, and after the file was synced once more. It is not called when this fails.
    pub fn probe(
        &self,
        done: impl FnOnce(Result<(), AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        self.log.probe(Box::new(|outcome| done(outcome.map(drop))))
    }

    /// Whether a directory holds a journal.
    pub fn exists(dir: &Path) -> io::Result<bool> {
        crate::opening::exists(dir)
    }

    /// Everything before this position is synced.
    pub fn end(&self) -> u64 {
        self.log.state().end
    }

    /// The first position that is still there.
    pub fn begin(&self) -> u64 {
        self.log.state().begin()
    }

    /// Blocks until [`Journal::end`] is beyond a position, the time is over, or the journal takes nothing any more.
    /// Returns the end.
    pub fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        self.log.wait_beyond(position, timeout)
    }

    /// Reads from a position on, which must be in the journal or its end.
    pub fn reader(&self, from: u64) -> Result<Reader, ReadError> {
        Reader::new(Arc::clone(&self.log), from)
    }

    /// Lets whole segments before a position be used again or removed. Returns before that is done.
    pub fn release(&self, before: u64) {
        self.log.release(before);
    }

    /// How it is.
    pub fn stats(&self) -> Stats {
        self.log.stats()
    }

    /// After [`AppendError::Failed`]: reads back what is on the disk and goes on in a new segment. What was not
    /// acknowledged is cut off. Without a failure nothing happens.
    pub fn reopen(&self) -> Result<(), OpenError> {
        self.log.reopen()
    }

    /// Takes nothing more, writes and answers what waits, marks the clean end, and ends the threads. Called again it does
    /// nothing.
    pub fn close(&self) {
        self.log.state().is_closing = true;
        self.log.work.notify_all();
        self.log.chores.notify_all();
        self.log.moved.notify_all();
        for thread in lock(&self.threads).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal panicked");
            }
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_all(log: &Log) {
    loop {
        let waits = log.work.wait_while(log.state(), |state| {
            state.queue.is_empty() && state.probes.is_empty() && !state.is_closing
        });
        drop(waits.unwrap_or_else(PoisonError::into_inner));
        let probes = std::mem::take(&mut log.state().probes);
        let has_written = log.write_waiting();
        log.answer_probes(probes);
        if !has_written && log.state().is_closing {
            log.seal();
            return;
        }
    }
}

fn keep_house(log: &Log) {
    loop {
        let waits = log.chores.wait_while(log.state(), |state| {
            !log.has_chores(state) && !state.is_closing
        });
        let is_closing = waits.unwrap_or_else(PoisonError::into_inner).is_closing;
        let _housekeeping = lock(&log.housekeeping);
        if is_closing {
            log.remove_spares();
            return;
        }
        log.keep_house();
    }
}
