//! The way of an event into any database: acknowledged when the journal is synced, applied after that.
//!
//! ```text
//! reserve ─ dedup window ─ append ─ journal: fsync ─ answer
//!                                      │
//!                             applier ─┴─► Backend::apply ─► visible
//! ```
//!
//! - `applier.rs`: a thread takes what waits in the journal, in order, and gives it to the database in groups
//!   (`group.rs`), of which it reads one ahead while many wait. After an error, and after a restart, it goes on
//!   where the database says it is.
//! - `maintenance.rs`: a thread saves the dedup window, releases what the journal need not keep, and opens
//!   the journal again after a failure of its disk.
//! - `visible.rs`: up to where queries see the events.
//!
//! While the database does not work, events are taken until the journal has come to its bound.

mod applier;
mod error;
mod group;
mod maintenance;
mod visible;

use std::num::NonZeroU32;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use annoscope_events::{EventHash, Timestamp};
use annoscope_journal::{Journal, Options};
use annoscope_store::{
    Backend, Changes, Day, DedupWindow, Entry, EventBatch, EventFilter, EventStore, Figure,
    Position, Query, Reading, Record, RecordBatches, Reservation, Restarts, Rewrite, Rewritten,
    StoreError, StoreStats,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use applier::Applier;
use error::Disk;
use maintenance::Maintenance;
use visible::Visible;

/// Where the journal is, and what it may take.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// Directory of the journal; made where it is not there.
    pub dir: PathBuf,
    /// Bound of what the database has not taken yet, in bytes; 16 MiB at least.
    pub max_bytes: u64,
    /// Batches that may wait for the journal's sync, in bytes.
    pub queue_bytes: usize,
    /// The time of day, in ms since the epoch.
    pub clock: fn() -> u64,
}

/// Takes what the database can never store, so that it holds up nothing.
pub trait RejectedEntries: Send + Sync + 'static {
    /// Keeps an entry, durably, with the reason. An error is tried again: nothing behind the entry is
    /// applied before that.
    fn keep(&self, entry: &Entry, reason: &str) -> std::io::Result<()>;
}

/// Least bytes of a segment of the journal, and most: what is released is released by segments.
const SEGMENT_BYTES: RangeInclusive<u64> = 1 << 20..=16 << 20;

/// So many segments the journal has at its bound, and more where it is large.
const MIN_SEGMENTS: u64 = 16;

/// Room for a small batch; a queue with less is full.
const SMALL_BATCH_BYTES: usize = 64 * 1024;

/// A journal with a database behind it.
pub struct JournaledStore {
    journal: Arc<Journal>,
    window: Arc<DedupWindow>,
    backend: Arc<dyn Backend>,
    changes: Arc<Changes>,
    visible: Arc<Visible>,
    counters: Arc<Counters>,
    disk: Arc<Disk>,
    queue_room: Arc<Semaphore>,
    queue_bytes: usize,
    /// Why nothing is taken any more, once the database takes events of another store in place of this one.
    replaced: Arc<OnceLock<String>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What is counted, since the start.
#[derive(Default)]
struct Counters {
    rows_stored: AtomicU64,
    failed_appends: AtomicU64,
    refused_queue_full: AtomicU64,
    refused_disk_full: AtomicU64,
    queued_bytes: AtomicU64,
    groups_applied: AtomicU64,
    failed_applies: AtomicU64,
    rejected_entries: AtomicU64,
}

impl JournaledStore {
    /// Tells the dedup window what was acknowledged since it was saved, and begins to apply what waits. The
    /// database may still be on its way.
    pub fn start(
        config: &JournalConfig,
        journal: Journal,
        window: Arc<DedupWindow>,
        backend: Arc<dyn Backend>,
        rejected: Arc<dyn RejectedEntries>,
    ) -> Result<JournaledStore, StoreError> {
        replay(&journal, &window)?;
        let store = JournaledStore {
            journal: Arc::new(journal),
            window,
            backend,
            changes: Arc::default(),
            visible: Arc::default(),
            counters: Arc::default(),
            disk: Arc::new(Disk {
                dir: config.dir.clone(),
                segment_bytes: config.segment_bytes(),
            }),
            queue_room: Arc::new(Semaphore::new(
                config.queue_bytes.min(Semaphore::MAX_PERMITS),
            )),
            queue_bytes: config.queue_bytes,
            replaced: Arc::default(),
            threads: Mutex::default(),
        };
        let applier = Applier {
            journal: Arc::clone(&store.journal),
            backend: Arc::clone(&store.backend),
            changes: Arc::clone(&store.changes),
            visible: Arc::clone(&store.visible),
            counters: Arc::clone(&store.counters),
            rejected,
            replaced: Arc::clone(&store.replaced),
        };
        let maintenance = Maintenance {
            journal: Arc::clone(&store.journal),
            window: Arc::clone(&store.window),
            visible: Arc::clone(&store.visible),
            clock: config.clock,
        };
        store.spawn("applier", move || applier.run())?;
        store.spawn("maintenance", move || maintenance.run())?;
        Ok(store)
    }

    fn spawn(
        &self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(work).map_err(|source| StoreError::Io {
            doing: "starting a thread".to_owned(),
            source,
        })?;
        self.threads().push(thread);
        Ok(())
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the database would never get is not acknowledged.
    fn check_place(&self) -> Result<(), StoreError> {
        let replaced = self.replaced.get();
        replaced.map_or(Ok(()), |why| Err(StoreError::Replaced(why.clone())))
    }

    /// Takes room in the queue for a batch of that size, before it is built. A batch larger than the whole
    /// queue is admitted when the queue is empty.
    fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        self.check_place()?;
        let weight = bytes.min(self.queue_bytes) as u32;
        let room = Arc::clone(&self.queue_room).try_acquire_many_owned(weight);
        room.map_err(|_| {
            add(&self.counters.refused_queue_full, 1);
            StoreError::QueueFull {
                limit_bytes: self.queue_bytes,
            }
        })
    }

    /// Queues a batch for the journal; the receiver gets its outcome.
    fn submit(
        &self,
        batch: EventBatch,
        room: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Result<Position, StoreError>>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let rows = batch.rows();
        // Events, rows and their bytes are not all in memory at once.
        drop(batch.events);
        let n_rows = rows.num_rows();
        let reservation = batch.reservation;
        if n_rows == 0 && reservation.fresh().is_empty() {
            // The receiver is there: it is returned.
            let _ = answer.send(Ok(self.durable()));
            return Ok(answered);
        }
        let day = Day::of(batch.received_at);
        let record = Record {
            rows,
            hashes: reservation.fresh().to_vec(),
            received_at: batch.received_at,
            request_id: batch.request_id,
        };
        let encoded = record.encode();
        drop(record);
        let bytes = encoded.len() as u64;
        let (counters, disk) = (Arc::clone(&self.counters), Arc::clone(&self.disk));
        add(&counters.queued_bytes, bytes);
        let done = move |written: Result<std::ops::Range<u64>, _>| {
            drop(room);
            counters.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            let outcome = match written {
                Ok(positions) => {
                    add(&counters.rows_stored, n_rows as u64);
                    let until = Position(positions.end);
                    reservation.commit(day, until);
                    Ok(until)
                }
                Err(error) => Err(counters.refused(error::of_append(error, &disk))),
            };
            // A sender that went away is no reason to undo what is durable.
            let _ = answer.send(outcome);
        };
        // A batch without rows takes a position, too, as its hashes have to be kept.
        let n_positions = NonZeroU32::new(n_rows as u32).unwrap_or(NonZeroU32::MIN);
        self.journal
            .append(n_positions, encoded, done)
            .map_err(|error| {
                self.counters
                    .queued_bytes
                    .fetch_sub(bytes, Ordering::Relaxed);
                self.counters.refused(error::of_append(error, &self.disk))
            })?;
        Ok(answered)
    }
}

impl Counters {
    /// Counts a batch that was not taken, by the reason.
    fn refused(&self, error: StoreError) -> StoreError {
        let counter = match error {
            StoreError::QueueFull { .. } => &self.refused_queue_full,
            StoreError::DiskFull { .. } | StoreError::JournalFull { .. } => &self.refused_disk_full,
            _ => &self.failed_appends,
        };
        add(counter, 1);
        error
    }
}

impl JournalConfig {
    /// Bytes of a segment.
    fn segment_bytes(&self) -> u64 {
        let (least, most) = (*SEGMENT_BYTES.start(), *SEGMENT_BYTES.end());
        let whole = self.max_bytes / MIN_SEGMENTS / least * least;
        whole.clamp(least, most)
    }
}

impl EventStore for JournaledStore {
    fn reserve(&self, hashes: Vec<EventHash>) -> BoxFuture<'_, Result<Reservation, StoreError>> {
        self.window.reserve(hashes).boxed()
    }

    fn append(&self, batch: EventBatch) -> BoxFuture<'_, Result<Position, StoreError>> {
        let room = self.room(batch.estimated_bytes());
        let queued = room.and_then(|room| self.submit(batch, room));
        async move {
            // The journal answers for every record; it is gone only after `close`.
            queued?.await.unwrap_or(Err(StoreError::NotOpen))
        }
        .boxed()
    }

    fn check_room(&self) -> Result<(), StoreError> {
        self.check_place()?;
        self.journal
            .check_room()
            .map_err(|error| self.counters.refused(error::of_append(error, &self.disk)))
    }

    fn durable(&self) -> Position {
        Position(self.journal.end())
    }

    fn visible(&self) -> Position {
        self.visible.get()
    }

    fn wait_until_visible(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.visible.wait(position).boxed()
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        self.backend.query(query)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        self.backend.export(filter)
    }

    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError> {
        self.backend.rows_at(positions)
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        let rewritten = self.backend.rewrite(rewrite);
        // Whatever the outcome: what failed may be done. Rows that only move are the same to every reader.
        if !matches!(rewrite, Rewrite::Compact { .. } | Rewrite::Catalogue) {
            self.changes.forget();
        }
        rewritten
    }

    fn changes(&self) -> Option<&Changes> {
        Some(&self.changes)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let room = self.queue_room.available_permits();
        let asked = if let Err(error) = self.check_place() {
            Err(error)
        } else if room < SMALL_BATCH_BYTES.min(self.queue_bytes) {
            Err(StoreError::QueueFull {
                limit_bytes: self.queue_bytes,
            })
        } else {
            let (answer, answered) = oneshot::channel();
            let disk = Arc::clone(&self.disk);
            let done = move |probed: Result<(), _>| {
                // The request may have gone.
                let _ = answer.send(probed.map_err(|error| error::of_append(error, &disk)));
            };
            let asked = self.journal.probe(done);
            asked
                .map_err(|error| error::of_append(error, &self.disk))
                .map(|()| answered)
        };
        async move { asked?.await.unwrap_or(Err(StoreError::NotOpen)) }.boxed()
    }

    fn stats(&self) -> StoreStats {
        let (journal, database) = (self.journal.stats(), self.backend.stats());
        let counters = &self.counters;
        let queued_bytes = get(&counters.queued_bytes);
        StoreStats {
            rows_total: database.rows_total,
            rows_stored: get(&counters.rows_stored),
            commits: journal.syncs,
            failed_commits: get(&counters.failed_appends),
            refused_queue_full: get(&counters.refused_queue_full),
            refused_disk_full: get(&counters.refused_disk_full),
            queued_bytes,
            free_bytes: database.free_bytes,
            claimed_bytes: database.claimed_bytes + queued_bytes,
            durable: Position(journal.end),
            visible: self.visible.get(),
            journal_bytes: journal.bytes,
            dedup_window: self.window.stats(),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let counters = &self.counters;
        let figure = |name, help, reading| Figure {
            name,
            help,
            reading,
        };
        let mut figures = vec![
            figure(
                "groups_applied",
                "Groups of batches that the database took from the journal",
                Reading::Counter(get(&counters.groups_applied)),
            ),
            figure(
                "failed_applies",
                "Times the database did not take what waits in the journal",
                Reading::Counter(get(&counters.failed_applies)),
            ),
            figure(
                "rejected_batches",
                "Batches that the database can never store and that are in the dead letters",
                Reading::Counter(get(&counters.rejected_entries)),
            ),
        ];
        figures.extend(self.backend.figures());
        figures
    }

    fn oldest_waiting(&self) -> Option<Timestamp> {
        let mut reader = self.journal.reader(self.visible.get().0).ok()?;
        let oldest = reader.read().ok()??;
        Some(Timestamp::from_millis(
            i64::try_from(oldest.written_ms).ok()?,
        ))
    }

    fn lacking(&self) -> Vec<String> {
        self.backend.lacking()
    }

    fn restarts(&self) -> Restarts {
        self.backend.restarts()
    }

    fn close(&self) {
        self.journal.close();
        self.visible.close();
        for thread in self.threads().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended by a panic");
            }
        }
        self.backend.close();
    }
}

impl Drop for JournaledStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Opens the journal. Where there is none it begins at `first`; no `first` means that there has to be one.
pub fn open_journal(
    config: &JournalConfig,
    first: Option<Position>,
) -> Result<Journal, StoreError> {
    let exists = Journal::exists(&config.dir).map_err(|source| StoreError::Io {
        doing: format!("looking into {}", config.dir.display()),
        source,
    })?;
    if !exists && first.is_none() {
        return Err(StoreError::NoJournal {
            dir: config.dir.display().to_string(),
        });
    }
    let options = Options {
        dir: config.dir.clone(),
        first: first.unwrap_or_default().0,
        segment_bytes: config.segment_bytes(),
        max_bytes: config.max_bytes.max(MIN_SEGMENTS * SEGMENT_BYTES.start()),
        // The store's own bound comes first, before a batch is built.
        queue_bytes: usize::MAX,
        clock: config.clock,
    };
    Journal::open(options).map_err(error::of_open)
}

/// After files of one of them were set aside or put back: lets the database and the journal go on together.
/// Returns what was acknowledged and is in neither.
///
/// Where the journal has released what the database lacks, the database goes on at the journal's begin.
/// Where the database is ahead, the journal's files are older than it is, and a new one begins at the database's position: the old
/// directory stays beside it as `journal.set-aside`.
pub fn bring_into_step(config: &JournalConfig, backend: &dyn Backend) -> Result<u64, StoreError> {
    let applied = backend.applied()?;
    let journal = open_journal(config, Some(applied))?;
    let (begin, end) = (journal.begin(), journal.end());
    journal.close();
    if applied.0 < begin {
        backend.apply(Vec::new(), Position(begin))?;
        return Ok(begin - applied.0);
    }
    if applied.0 > end {
        let aside = free_name_beside(&config.dir);
        std::fs::rename(&config.dir, &aside).map_err(|source| StoreError::Io {
            doing: format!("moving {} to {}", config.dir.display(), aside.display()),
            source,
        })?;
        // A start without a journal is refused from then on.
        open_journal(config, Some(applied))?.close();
    }
    Ok(0)
}

/// Puts a new journal in place of one of which the database has everything: what that holds, and what lies in files
/// that wait for their next use, is gone then.
pub fn begin_anew(config: &JournalConfig, applied: Position) -> Result<(), StoreError> {
    let journal = open_journal(config, None)?;
    let (begin, end) = (Position(journal.begin()), Position(journal.end()));
    journal.close();
    if end != applied {
        return Err(StoreError::OutOfStep {
            applied,
            begin,
            end,
        });
    }
    let fresh = JournalConfig {
        dir: config.dir.with_extension("new"),
        ..config.clone()
    };
    remove_directory(&fresh.dir)?;
    open_journal(&fresh, Some(applied))?.close();
    rename(&config.dir, &replaced(config))?;
    rename(&fresh.dir, &config.dir)?;
    remove_directory(&replaced(config))
}

/// Ends what [`begin_anew`] has begun, should it have been interrupted.
pub fn end_beginning_anew(config: &JournalConfig) -> Result<(), StoreError> {
    if replaced(config).exists() && !config.dir.exists() {
        rename(&replaced(config), &config.dir)?;
    }
    remove_directory(&replaced(config))?;
    remove_directory(&config.dir.with_extension("new"))
}

/// The name that a journal has while another one takes its place.
fn replaced(config: &JournalConfig) -> PathBuf {
    config.dir.with_extension("replaced")
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::rename(from, to).map_err(|source| StoreError::Io {
        doing: format!("moving {} to {}", from.display(), to.display()),
        source,
    })
}

fn remove_directory(dir: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(dir) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Io {
            doing: format!("removing {}", dir.display()),
            source,
        }),
        _ => Ok(()),
    }
}

/// `journal.set-aside`, or the first such name with a number that nothing has.
fn free_name_beside(dir: &Path) -> PathBuf {
    let numbered = (2_u64..).map(|number| format!("set-aside.{number}"));
    let mut names = std::iter::once("set-aside".to_owned())
        .chain(numbered)
        .map(|extension| dir.with_extension(extension));
    names
        .find(|name| !name.exists())
        .expect("there are more numbers than files")
}

/// Tells the dedup window what was acknowledged since it was saved.
fn replay(journal: &Journal, window: &DedupWindow) -> Result<(), StoreError> {
    let (from, begin) = (window.position().0, journal.begin());
    window.replay_begins(Position(begin));
    if from >= journal.end() {
        return Ok(());
    }
    let mut reader = journal.reader(from.max(begin)).map_err(error::of_read)?;
    while let Some(record) = reader.read().map_err(error::of_read)? {
        let until = Position(record.first + u64::from(record.items));
        match Record::decode_hashes(&record.payload) {
            Ok((received_at, hashes)) => window.replay(Day::of(received_at), &hashes, until),
            Err(error) => tracing::warn!(%error, "the dedup window does not know a batch"),
        }
    }
    Ok(())
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
