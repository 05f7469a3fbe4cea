//! The jobs as requests and workers share them, in memory and on the disk.
//!
//! **Invariant:** a job is shown as finished only after the disk says so, and a job that
//! was accepted is on the disk (`a_restart_keeps_what_is_finished_and_fails_the_rest`).
//! The lock is never held during I/O.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_query::RowFilter;
use annoscope_store::{EventFilter, EventStore};
use uuid::Uuid;

use super::directory::Directory;
use super::error::{ExportError, Failure};
use super::job::{Job, JobKey, Owner, State};
use super::jobs::{Entry, Jobs, Task};
use super::request::ExportRequest;
use super::settings::ExportSettings;
use crate::clock;

/// How often idle workers look for expired results at least and at most: the clock may be set.
const TICK: Duration = Duration::from_mins(1);
const MIN_TICK: Duration = Duration::from_secs(1);

/// What an export leaves free beside what the store asks for: as much as it writes between
/// two checks, and some room for small files.
const MARGIN_BYTES: u64 = 4 * 1024 * 1024;

/// The jobs and what workers need.
pub(super) struct JobQueue {
    pub(super) directory: Directory,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) settings: ExportSettings,
    jobs: Mutex<Jobs>,
    /// Notified when a job is queued, and at the end.
    changed: Condvar,
    is_closing: AtomicBool,
    /// Exports that the disk refused or that failed later, since the start.
    n_failed: AtomicU64,
}

/// How long a worker waits that has nothing to do.
fn pause_until(expiry: Option<Timestamp>) -> Duration {
    let Some(expiry) = expiry else { return TICK };
    let left_us = expiry.micros().saturating_sub(clock::now().micros());
    Duration::from_micros(u64::try_from(left_us).unwrap_or(0)).clamp(MIN_TICK, TICK)
}

impl JobQueue {
    pub(super) fn new(
        directory: Directory,
        store: Arc<dyn EventStore>,
        settings: ExportSettings,
        jobs: Vec<Job>,
    ) -> JobQueue {
        let jobs = Jobs::new(jobs, settings.expiry_us(), settings.max_waiting);
        JobQueue {
            directory,
            store,
            settings,
            jobs: Mutex::new(jobs),
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
        if self.is_closing() {
            return Err(ExportError::ShuttingDown);
        }
        // However often it begins again: what was acknowledged when it was asked for.
        let filter = EventFilter {
            before: Some(self.store.durable()),
            ..request.filter
        };
        let entry = Entry::new(job.clone(), filter, request.columns);
        let replaced = self.lock().reserve(entry)?;
        if let Err(error) = self.directory.save(&job) {
            self.lock().give_back(&job, replaced);
            return Err(ExportError::Disk(Failure::Io(error)));
        }
        if let Some(replaced) = replaced {
            self.directory.remove(&replaced.job);
        }
        let is_queued = self.lock().enqueue(&job);
        if is_queued {
            self.changed.notify_one();
        } else {
            // Cancelled before it was on the disk.
            self.directory.remove(&job);
        }
        Ok(())
    }

    pub(super) fn get(&self, key: JobKey, now: Timestamp) -> Option<Job> {
        self.lock().get(key, now)
    }

    pub(super) fn of_owner(&self, owner_id: i64, now: Timestamp) -> Vec<Job> {
        self.lock().of_owner(owner_id, now)
    }

    pub(super) fn cancel(&self, key: JobKey, now: Timestamp) -> Result<(), ExportError> {
        let job = self.lock().cancel(key, now)?;
        self.directory.remove(&job);
        Ok(())
    }

    /// Takes the job out, unless another one has its key by now. Its files are the caller's to
    /// remove.
    pub(super) fn forget(&self, job: &Job) -> bool {
        self.lock().forget(job)
    }

    pub(super) fn expire(&self, now: Timestamp) {
        let expired = self.lock().expire(now);
        for job in &expired {
            self.directory.remove(job);
        }
    }

    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.lock().n_bytes()
    }

    /// Whether an export may take more of the disk. What it must not take is what the store
    /// needs to go on accepting events: its reserve and what batches that it has taken still need.
    pub(super) fn check_room(&self) -> Result<(), Failure> {
        let stats = self.store.stats();
        let floor_bytes = self.settings.min_free_bytes + stats.claimed_bytes + MARGIN_BYTES;
        if stats.free_bytes < floor_bytes {
            return Err(Failure::DiskFull {
                free_bytes: stats.free_bytes,
                floor_bytes,
            });
        }
        let limit_bytes = self.settings.max_bytes_on_disk;
        if self.bytes_on_disk() >= limit_bytes {
            return Err(Failure::OverQuota { limit_bytes });
        }
        Ok(())
    }

    /// Whether a job waits for a worker.
    #[cfg(test)]
    pub(super) fn has_waiting(&self) -> bool {
        self.lock().has_waiting()
    }

    /// The next job; waits for one. `None` at the end.
    pub(super) fn next_task(&self) -> Option<Task> {
        let mut jobs = self.lock();
        while !self.is_closing() {
            if let Some(task) = jobs.take_queued(clock::now()) {
                return Some(task);
            }
            let pause = pause_until(jobs.next_expiry());
            let waited = self.changed.wait_timeout(jobs, pause);
            let (waited, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            jobs = waited;
            if timeout.timed_out() {
                drop(jobs);
                self.expire(clock::now());
                jobs = self.lock();
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
        self.lock().update(job);
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
        let jobs = self.lock();
        self.is_closing.store(true, Ordering::Release);
        drop(jobs);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
