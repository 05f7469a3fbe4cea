//! The jobs in memory, shared by requests and workers.
//!
//! **Invariant:** a job is shown as finished only after the disk says so, and a job that
//! was accepted is on the disk (`a_restart_keeps_what_is_finished_and_fails_the_rest`).
//! The lock is never held during I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_store::{EventFilter, EventStore};
use uuid::Uuid;

use super::directory::Directory;
use super::error::{ExportError, Failure};
use super::job::{Job, JobKey, Owner, State};
use super::request::ExportRequest;
use crate::clock;
use crate::config::Config;
use crate::identity::rights::RowFilter;

/// Jobs of all users that wait. A queue longer than that is not worked off within an hour.
const MAX_QUEUED: usize = 1000;

/// Jobs of all users that are kept, whatever their state: some 5 MB of memory.
const MAX_KEPT: usize = 10_000;

/// How often idle workers look for expired results.
const TICK: Duration = Duration::from_mins(1);

/// What an export leaves free beside what the store asks for: as much as it writes between
/// two checks, and some room for small files.
const MARGIN_BYTES: u64 = 4 * 1024 * 1024;

/// The limits of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long results and failures are kept, µs.
    expiry_us: i64,
    /// Longest run, ms.
    pub(super) timeout_ms: u64,
    /// All results together, bytes.
    max_bytes_on_disk: u64,
    /// Unfinished jobs of one user.
    max_waiting: usize,
    /// What the store wants to stay free, bytes.
    min_free_bytes: u64,
}

impl Limits {
    pub(super) fn of(config: &Config) -> Limits {
        let expiry_ms = i64::try_from(config.export.expiry_ms).unwrap_or(i64::MAX);
        Limits {
            expiry_us: expiry_ms.saturating_mul(1000),
            timeout_ms: config.export.timeout_ms,
            max_bytes_on_disk: config.export.max_bytes_on_disk,
            max_waiting: config.export.max_waiting as usize,
            min_free_bytes: config.store.min_free_bytes,
        }
    }
}

/// How far a running job is; written by its worker, read by everyone.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Part of the time range that is written, in thousandths.
    permille: AtomicU32,
    /// Bytes written.
    n_bytes: AtomicU64,
}

impl Progress {
    pub(super) fn set_permille(&self, permille: u32) {
        self.permille.store(permille.min(1000), Ordering::Relaxed);
    }

    pub(super) fn set_bytes(&self, n_bytes: u64) {
        self.n_bytes.store(n_bytes, Ordering::Relaxed);
    }
}

/// A job for a worker.
pub(super) struct Task {
    pub(super) job: Job,
    pub(super) filter: EventFilter,
    pub(super) started_at: Timestamp,
    pub(super) progress: Arc<Progress>,
}

/// The table and what its users need.
pub(super) struct Shared {
    pub(super) directory: Directory,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) limits: Limits,
    table: Mutex<Table>,
    /// Told when a job is queued, and at the end.
    changed: Condvar,
    is_closing: AtomicBool,
    /// Exports that the disk refused or that failed later, since the start.
    n_failed: AtomicU64,
}

#[derive(Default)]
struct Table {
    entries: HashMap<JobKey, Entry>,
    /// Waiting jobs, oldest first. A job that was cancelled stays until a worker skips it.
    queue: VecDeque<(JobKey, Uuid)>,
}

struct Entry {
    job: Job,
    filter: EventFilter,
    progress: Arc<Progress>,
}

impl Entry {
    fn new(job: Job, filter: EventFilter) -> Entry {
        let progress = Arc::default();
        Entry {
            job,
            filter,
            progress,
        }
    }

    fn n_bytes(&self) -> u64 {
        match self.job.state {
            State::Finished { n_bytes, .. } => n_bytes,
            State::Started { .. } => self.progress.n_bytes.load(Ordering::Relaxed),
            State::Queued | State::Failed { .. } => 0,
        }
    }

    fn is_unfinished(&self) -> bool {
        self.job.state.finished_at().is_none()
    }

    fn expires_at(&self, limits: &Limits) -> Option<Timestamp> {
        let finished_at = self.job.state.finished_at()?;
        let expires_at = finished_at.micros().saturating_add(limits.expiry_us);
        Some(Timestamp::from_micros(expires_at))
    }

    fn is_expired(&self, limits: &Limits, now: Timestamp) -> bool {
        self.expires_at(limits).is_some_and(|at| at <= now)
    }

    /// The job as it is now.
    fn view(&self, limits: &Limits) -> Job {
        let permille = match self.job.state {
            State::Finished { .. } => 1000,
            _ => self.progress.permille.load(Ordering::Relaxed),
        };
        Job {
            progress: permille as f32 / 1000.0,
            expires_at: self.expires_at(limits),
            ..self.job.clone()
        }
    }
}

impl Shared {
    pub(super) fn new(
        directory: Directory,
        store: Arc<dyn EventStore>,
        limits: Limits,
        jobs: Vec<Job>,
    ) -> Shared {
        let entry = |job: Job| (job.key, Entry::new(job, EventFilter::default()));
        let table = Table {
            entries: jobs.into_iter().map(entry).collect(),
            queue: VecDeque::new(),
        };
        Shared {
            directory,
            store,
            limits,
            table: Mutex::new(table),
            changed: Condvar::new(),
            is_closing: AtomicBool::new(false),
            n_failed: AtomicU64::new(0),
        }
    }

    pub(super) fn start(
        &self,
        key: JobKey,
        owner: Owner,
        request: ExportRequest,
        now: Timestamp,
    ) -> Result<(), ExportError> {
        let started = self.enqueue(key, owner, request, now);
        if let Err(ExportError::Disk(_)) = &started {
            self.n_failed.fetch_add(1, Ordering::Relaxed);
        }
        started
    }

    fn enqueue(
        &self,
        key: JobKey,
        owner: Owner,
        request: ExportRequest,
        now: Timestamp,
    ) -> Result<(), ExportError> {
        self.expire(now);
        self.check_room()?;
        let job = Job {
            key,
            owner,
            file_id: Uuid::new_v4(),
            format: request.format,
            file_name: request.file_name,
            rows: RowFilter {
                user_id: request.filter.user_id,
                org_id: request.filter.org_id,
            },
            created_at: now,
            state: State::Queued,
            progress: 0.0,
            expires_at: None,
        };
        let replaced = self.reserve(Entry::new(job.clone(), request.filter))?;
        if let Err(error) = self.directory.save(&job) {
            self.give_back(&job, replaced);
            return Err(ExportError::Disk(Failure::Io(error)));
        }
        if let Some(replaced) = replaced {
            self.directory.remove(&replaced.job);
        }
        let mut table = self.lock();
        let entry = table.entries.get(&key);
        if entry.is_some_and(|entry| entry.job.file_id == job.file_id) {
            table.queue.push_back((key, job.file_id));
            self.changed.notify_one();
        } else {
            // Cancelled before it was on the disk.
            drop(table);
            self.directory.remove(&job);
        }
        Ok(())
    }

    /// Takes a place in the table, not yet in the queue. Returns what was there.
    fn reserve(&self, entry: Entry) -> Result<Option<Entry>, ExportError> {
        if self.is_closing() {
            return Err(ExportError::ShuttingDown);
        }
        let key = entry.job.key;
        let mut table = self.lock();
        if table.entries.get(&key).is_some_and(Entry::is_unfinished) {
            return Err(ExportError::StillRunning);
        }
        let unfinished = || table.entries.values().filter(|entry| entry.is_unfinished());
        let n_own = unfinished()
            .filter(|entry| entry.job.key.owner_id == key.owner_id)
            .count();
        let counts = [
            (n_own, self.limits.max_waiting, "of yours are unfinished"),
            (unfinished().count(), MAX_QUEUED, "are waiting"),
            (table.entries.len(), MAX_KEPT, "are kept"),
        ];
        if let Some(&(_, limit, of)) = counts.iter().find(|(n, limit, _)| n >= limit) {
            return Err(ExportError::TooMany { limit, of });
        }
        Ok(table.entries.insert(key, entry))
    }

    /// Undoes [`Shared::reserve`].
    fn give_back(&self, job: &Job, replaced: Option<Entry>) {
        if self.forget(job)
            && let Some(replaced) = replaced
        {
            self.lock().entries.entry(job.key).or_insert(replaced);
        }
    }

    pub(super) fn get(&self, key: JobKey, now: Timestamp) -> Option<Job> {
        let table = self.lock();
        let entry = table.entries.get(&key)?;
        (!entry.is_expired(&self.limits, now)).then(|| entry.view(&self.limits))
    }

    pub(super) fn of_owner(&self, owner_id: i64, now: Timestamp) -> Vec<Job> {
        let table = self.lock();
        let own = table.entries.values().filter(|entry| {
            entry.job.key.owner_id == owner_id && !entry.is_expired(&self.limits, now)
        });
        own.map(|entry| entry.view(&self.limits)).collect()
    }

    pub(super) fn cancel(&self, key: JobKey, now: Timestamp) -> Result<(), ExportError> {
        let mut table = self.lock();
        let entry = table.entries.get(&key);
        let entry = entry.filter(|entry| !entry.is_expired(&self.limits, now));
        let job = entry.ok_or(ExportError::Unknown)?.job.clone();
        if job.state != State::Queued {
            let status = job.state.name();
            return Err(ExportError::NotQueued { status });
        }
        table.entries.remove(&key);
        drop(table);
        self.directory.remove(&job);
        Ok(())
    }

    /// Takes the job out of the table, unless another one has its key by now. Its files are
    /// the caller's to remove.
    pub(super) fn forget(&self, job: &Job) -> bool {
        let mut table = self.lock();
        let is_same = |entry: &Entry| entry.job.file_id == job.file_id;
        let is_there = table.entries.get(&job.key).is_some_and(is_same);
        if is_there {
            table.entries.remove(&job.key);
        }
        is_there
    }

    pub(super) fn expire(&self, now: Timestamp) {
        let mut expired = Vec::new();
        self.lock().entries.retain(|_, entry| {
            let is_expired = entry.is_expired(&self.limits, now);
            if is_expired {
                expired.push(entry.job.clone());
            }
            !is_expired
        });
        for job in &expired {
            self.directory.remove(job);
        }
    }

    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.lock().entries.values().map(Entry::n_bytes).sum()
    }

    /// Whether an export may take more of the disk. What it must not take is what the store
    /// needs to go on accepting events: its reserve and what batches that it has taken still need.
    pub(super) fn check_room(&self) -> Result<(), Failure> {
        let stats = self.store.stats();
        let floor_bytes = self.limits.min_free_bytes + stats.claimed_bytes + MARGIN_BYTES;
        if stats.free_bytes < floor_bytes {
            return Err(Failure::DiskFull {
                free_bytes: stats.free_bytes,
                floor_bytes,
            });
        }
        let limit_bytes = self.limits.max_bytes_on_disk;
        if self.bytes_on_disk() >= limit_bytes {
            return Err(Failure::OverQuota { limit_bytes });
        }
        Ok(())
    }

    /// Whether a job waits for a worker.
    #[cfg(test)]
    pub(super) fn has_waiting(&self) -> bool {
        self.lock()
            .entries
            .values()
            .any(|entry| entry.job.state == State::Queued)
    }

    /// The next job; waits for one. `None` at the end.
    pub(super) fn next_task(&self) -> Option<Task> {
        let mut table = self.lock();
        while !self.is_closing() {
            if let Some(task) = table.take_queued(clock::now()) {
                return Some(task);
            }
            let waited = self.changed.wait_timeout(table, TICK);
            let (waited, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            table = waited;
            if timeout.timed_out() {
                drop(table);
                self.expire(clock::now());
                table = self.lock();
            }
        }
        None
    }

    /// Records how a job ended.
    pub(super) fn finish(&self, task: Task, outcome: Result<u64, Failure>, now: Timestamp) {
        let Task {
            mut job,
            started_at,
            ..
        } = task;
        let failed = |message| State::Failed {
            finished_at: now,
            message,
        };
        job.state = match outcome {
            Ok(n_bytes) => State::Finished {
                started_at,
                finished_at: now,
                n_bytes,
            },
            // Its file still says that it never ended, which the next start understands.
            Err(Failure::Stopped) => return,
            Err(failure) => failed(failure.to_string()),
        };
        if let Err(error) = self.directory.save(&job) {
            tracing::warn!(export.id = %job.key, %error, "the end of an export could not be recorded");
            if matches!(job.state, State::Finished { .. }) {
                // A restart would not keep it.
                self.directory.remove(&job);
                job.state = failed(Failure::Io(error).to_string());
            }
        }
        if let State::Failed { message, .. } = &job.state {
            self.n_failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(export.id = %job.key, "export failed: {message}");
        } else {
            tracing::info!(export.id = %job.key, export.state = ?job.state, "export finished");
        }
        if let Some(entry) = self.lock().entries.get_mut(&job.key) {
            entry.job = job;
        }
    }

    /// Exports that the disk refused or that failed later, since the start.
    pub(super) fn n_failed(&self) -> u64 {
        self.n_failed.load(Ordering::Relaxed)
    }

    /// Whether the server is about to end.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        // Under the lock, or a worker that is about to wait would miss it.
        let table = self.lock();
        self.is_closing.store(true, Ordering::Release);
        drop(table);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take_queued(&mut self, started_at: Timestamp) -> Option<Task> {
        while let Some((key, file_id)) = self.queue.pop_front() {
            let entry = self.entries.get_mut(&key);
            // A cancelled job is gone; another one may have its key.
            if let Some(entry) = entry.filter(|entry| entry.job.file_id == file_id) {
                entry.job.state = State::Started { started_at };
                return Some(Task {
                    job: entry.job.clone(),
                    filter: entry.filter,
                    started_at,
                    progress: Arc::clone(&entry.progress),
                });
            }
        }
        None
    }
}
