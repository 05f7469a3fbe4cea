//! The outbox of a host without a database: a journal in files.
//!
//! What it is: [`FileQueue::record`] returns when the events are on the disk, and from then on they are sent, whatever is
//! killed. What it is not: part of a transaction. A host that is killed between its change and the call loses the
//! change's events, and one that calls before its change has events of a change that never was.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annoscope_events::StoredEvent;
use annoscope_journal::{AppendError, Journal, OpenError, Options};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Outbox, OutboxError, Waiting, json_of};
use crate::{Counters, clock};

/// Bytes of a segment's file.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes that wait for the disk, in memory.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;

/// A journal of events in a directory of its own. Clones are the same.
#[derive(Clone)]
pub struct FileQueue {
    inner: Arc<Inner>,
}

struct Inner {
    journal: Journal,
    /// What is before this position is sent.
    sent: AtomicU64,
    sent_path: PathBuf,
    counters: Counters,
    /// Held until the end.
    _lock: File,
}

/// The queue cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Another process has it.
    #[error("{} is used by another process", .0.display())]
    InUse(PathBuf),
    /// The directory cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it is about.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its files cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It takes nothing now: the disk is full, or `max_bytes` wait.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It was closed while events were on their way.
    #[error("the queue was closed")]
    Closed,
}

impl FileQueue {
    /// Opens the queue of a directory, which is made if it is not there; `max_bytes`, 8 MiB at least, bound its files. Blocks.
    pub fn open(dir: &Path, max_bytes: u64) -> Result<FileQueue, QueueError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| QueueError::Io { path, source }
        };
        fs::create_dir_all(dir).map_err(io(dir))?;
        let lock_path = dir.join("lock");
        let lock = File::create(&lock_path).map_err(io(&lock_path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => QueueError::InUse(dir.to_owned()),
            TryLockError::Error(source) => io(&lock_path)(source),
        })?;
        let journal = Journal::open(Options {
            dir: dir.join("journal"),
            first: 0,
            segment_bytes: SEGMENT_BYTES,
            max_bytes: max_bytes.max(2 * SEGMENT_BYTES),
            queue_bytes: QUEUE_BYTES,
            clock: clock::now_ms,
        })?;
        let sent_path = dir.join("sent");
        let sent = match fs::read_to_string(&sent_path) {
            // A position that is unreadable is as none: what is sent again is stored once.
            Ok(text) => text.trim().parse().unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(source) => return Err(io(&sent_path)(source)),
        };
        let sent = sent.clamp(journal.begin(), journal.end());
        Ok(FileQueue {
            inner: Arc::new(Inner {
                journal,
                sent: AtomicU64::new(sent),
                sent_path,
                counters: Counters::default(),
                _lock: lock,
            }),
        })
    }

    /// Writes events, together or not at all, and waits until they are on the disk.
    pub async fn record(&self, events: &[StoredEvent]) -> Result<(), QueueError> {
        let n_events = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let Some(n_events) = NonZeroU32::new(n_events) else {
            return Ok(());
        };
        if self.inner.counters.drops(events.len()) {
            return Ok(());
        }
        let lines: Vec<String> = events.iter().map(json_of).collect();
        let appended = self.append(n_events, lines.join("\n")).await;
        let counters = &self.inner.counters;
        match appended {
            Ok(()) => counters.written(events.len()),
            Err(_) => counters.dropped(events.len()),
        }
        appended
    }

    async fn append(&self, n_events: NonZeroU32, lines: String) -> Result<(), QueueError> {
        let (done, outcome) = oneshot::channel();
        let tell = |outcome: Result<_, AppendError>| {
            // Nobody listens where the request is gone.
            let _ = done.send(outcome.map(drop));
        };
        let journal = &self.inner.journal;
        match journal.append(n_events, lines.into_bytes(), tell) {
            Ok(()) => outcome.await.map_err(|_| QueueError::Closed)??,
            Err(error) => {
                if matches!(error, AppendError::Failed { .. }) {
                    // What was written is read back; the next one is taken.
                    journal.reopen()?;
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// What it counts, together with its relay.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    fn blocking<T, F>(&self, work: F) -> BoxFuture<'_, Result<T, OutboxError>>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, OutboxError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let work = tokio::task::spawn_blocking(move || work(&inner));
        async move { work.await.map_err(|error| OutboxError(error.into()))? }.boxed()
    }
}

impl Inner {
    fn first(&self, n_events: u32) -> Result<Vec<Waiting>, OutboxError> {
        let from = self.sent.load(Ordering::Relaxed);
        let failed = |error: annoscope_journal::ReadError| OutboxError(error.into());
        let mut reader = self.journal.reader(from).map_err(failed)?;
        let mut waiting = Vec::new();
        // Whole records: what is sent is known by a position.
        while waiting.len() < n_events as usize
            && let Some(record) = reader.read().map_err(failed)?
        {
            let lines = String::from_utf8_lossy(&record.payload);
            // A position of 2^63 is that of so many events.
            let ids = i64::try_from(record.first).unwrap_or(i64::MAX)..;
            waiting.extend(ids.zip(lines.lines()).map(|(id, json)| Waiting {
                id,
                json: json.to_owned(),
            }));
        }
        Ok(waiting)
    }

    fn forget(&self, until: u64) -> io::Result<()> {
        let fresh = self.sent_path.with_extension("new");
        let mut file = File::create(&fresh)?;
        write!(file, "{until}")?;
        file.sync_all()?;
        fs::rename(&fresh, &self.sent_path)?;
        self.sent.store(until, Ordering::Relaxed);
        self.journal.release(until);
        Ok(())
    }
}

impl Outbox for FileQueue {
    fn first(&self, n_events: u32) -> BoxFuture<'_, Result<Vec<Waiting>, OutboxError>> {
        self.blocking(move |inner| inner.first(n_events))
    }

    fn forget<'a>(&'a self, sent: &'a [Waiting]) -> BoxFuture<'a, Result<(), OutboxError>> {
        let last = sent.iter().map(|waiting| waiting.id).max();
        self.blocking(move |inner| {
            let Some(last) = last else { return Ok(()) };
            let forgotten = inner.forget(last as u64 + 1);
            forgotten.map_err(|error| OutboxError(error.into()))
        })
    }

    /// A queue of files keeps nothing aside: the event is in the log alone.
    fn set_aside<'a>(
        &'a self,
        waiting: &'a Waiting,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OutboxError>> {
        tracing::error!(event = %waiting.json, reason, "annoscope does not take an event");
        async { Ok(()) }.boxed()
    }

    fn count(&self) -> BoxFuture<'_, Result<u64, OutboxError>> {
        let sent = self.inner.sent.load(Ordering::Relaxed);
        let n_waiting = self.inner.journal.end().saturating_sub(sent);
        async move { Ok(n_waiting) }.boxed()
    }

    fn write(&self, events: Vec<StoredEvent>) -> BoxFuture<'_, Result<(), OutboxError>> {
        async move {
            let written = self.record(&events).await;
            written.map_err(|error| OutboxError(error.into()))
        }
        .boxed()
    }

    fn counters(&self) -> &Counters {
        &self.inner.counters
    }
}
