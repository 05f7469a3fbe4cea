//! The jobs in memory: which there are, which waits next, which is forgotten when.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use annoscope_events::Timestamp;
use annoscope_store::EventFilter;
use uuid::Uuid;

use super::error::ExportError;
use super::job::{Job, JobKey, State};
use super::progress::Progress;

/// Jobs of all users that wait. A queue longer than that is not worked off within an hour.
const MAX_QUEUED: usize = 1000;

/// Jobs of all users that are kept, whatever their state: some 5 MB of memory.
const MAX_KEPT: usize = 10_000;

/// A job for a worker.
pub(super) struct Task {
    pub(super) job: Job,
    pub(super) filter: EventFilter,
    pub(super) columns: Vec<&'static str>,
    pub(super) started_at: Timestamp,
    pub(super) progress: Arc<Progress>,
}

/// The jobs, and the order in which they wait.
pub(super) struct Jobs {
    entries: HashMap<JobKey, Entry>,
    /// Waiting jobs, oldest first. A job that was cancelled stays until a worker skips it.
    queue: VecDeque<(JobKey, Uuid)>,
    /// How long results and failures are kept, µs.
    expiry_us: i64,
    /// Unfinished jobs of one user.
    max_waiting: usize,
}

/// A job, and what only this run of the server knows of it.
pub(super) struct Entry {
    pub(super) job: Job,
    filter: EventFilter,
    columns: Vec<&'static str>,
    progress: Arc<Progress>,
}

impl Entry {
    pub(super) fn new(job: Job, filter: EventFilter, columns: Vec<&'static str>) -> Entry {
        let progress = Arc::default();
        Entry {
            job,
            filter,
            columns,
            progress,
        }
    }

    fn n_bytes(&self) -> u64 {
        match self.job.state {
            State::Finished { n_bytes, .. } => n_bytes,
            State::Started { .. } => self.progress.n_bytes(),
            State::Queued | State::Failed { .. } => 0,
        }
    }

    fn is_unfinished(&self) -> bool {
        self.job.state.finished_at().is_none()
    }

    fn expires_at(&self, expiry_us: i64) -> Option<Timestamp> {
        let finished_at = self.job.state.finished_at()?;
        let expires_at = finished_at.micros().saturating_add(expiry_us);
        Some(Timestamp::from_micros(expires_at))
    }

    fn is_expired(&self, expiry_us: i64, now: Timestamp) -> bool {
        self.expires_at(expiry_us).is_some_and(|at| at <= now)
    }

    /// The job as it is now.
    fn view(&self, expiry_us: i64) -> Job {
        let permille = match self.job.state {
            State::Finished { .. } => 1000,
            _ => self.progress.permille(),
        };
        Job {
            progress: permille as f32 / 1000.0,
            expires_at: self.expires_at(expiry_us),
            ..self.job.clone()
        }
    }
}

impl Jobs {
    /// Jobs that are there from the start, none of which waits.
    pub(super) fn new(jobs: Vec<Job>, expiry_us: i64, max_waiting: usize) -> Jobs {
        let entry = |job: Job| (job.key, Entry::new(job, EventFilter::default(), Vec::new()));
        Jobs {
            entries: jobs.into_iter().map(entry).collect(),
            queue: VecDeque::new(),
            expiry_us,
            max_waiting,
        }
    }

    /// Takes a job in, though not yet into the queue. Returns what was there.
    pub(super) fn reserve(&mut self, entry: Entry) -> Result<Option<Entry>, ExportError> {
        let key = entry.job.key;
        if self.entries.get(&key).is_some_and(Entry::is_unfinished) {
            return Err(ExportError::StillRunning);
        }
        let unfinished = || self.entries.values().filter(|entry| entry.is_unfinished());
        let n_own = unfinished()
            .filter(|entry| entry.job.key.owner_id == key.owner_id)
            .count();
        let counts = [
            (n_own, self.max_waiting, "of yours are unfinished"),
            (unfinished().count(), MAX_QUEUED, "are waiting"),
            (self.entries.len(), MAX_KEPT, "are kept"),
        ];
        if let Some(&(_, limit, of)) = counts.iter().find(|(n, limit, _)| n >= limit) {
            return Err(ExportError::TooMany { limit, of });
        }
        Ok(self.entries.insert(key, entry))
    }

    /// Undoes [`Jobs::reserve`].
    pub(super) fn give_back(&mut self, job: &Job, replaced: Option<Entry>) {
        if self.forget(job)
            && let Some(replaced) = replaced
        {
            self.entries.entry(job.key).or_insert(replaced);
        }
    }

    /// Lets a reserved job wait for a worker; false if it is gone meanwhile.
    pub(super) fn enqueue(&mut self, job: &Job) -> bool {
        let is_there = self.has(job);
        if is_there {
            self.queue.push_back((job.key, job.file_id));
        }
        is_there
    }

    pub(super) fn get(&self, key: JobKey, now: Timestamp) -> Option<Job> {
        let entry = self.entries.get(&key)?;
        (!entry.is_expired(self.expiry_us, now)).then(|| entry.view(self.expiry_us))
    }

    pub(super) fn of_owner(&self, owner_id: i64, now: Timestamp) -> Vec<Job> {
        let own = self.entries.values().filter(|entry| {
            entry.job.key.owner_id == owner_id && !entry.is_expired(self.expiry_us, now)
        });
        own.map(|entry| entry.view(self.expiry_us)).collect()
    }

    /// Takes a job out that has not begun.
    pub(super) fn cancel(&mut self, key: JobKey, now: Timestamp) -> Result<Job, ExportError> {
        let entry = self.entries.get(&key);
        let entry = entry.filter(|entry| !entry.is_expired(self.expiry_us, now));
        let job = entry.ok_or(ExportError::Unknown)?.job.clone();
        if job.state != State::Queued {
            let status = job.state.name();
            return Err(ExportError::NotQueued { status });
        }
        self.entries.remove(&key);
        Ok(job)
    }

    /// Takes the job out, unless another one has its key by now.
    pub(super) fn forget(&mut self, job: &Job) -> bool {
        let is_there = self.has(job);
        if is_there {
            self.entries.remove(&job.key);
        }
        is_there
    }

    /// When the next of them expires.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let entries = self.entries.values();
        entries
            .filter_map(|entry| entry.expires_at(self.expiry_us))
            .min()
    }

    /// Takes out what has expired.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<Job> {
        let mut expired = Vec::new();
        let expiry_us = self.expiry_us;
        self.entries.retain(|_, entry| {
            let is_expired = entry.is_expired(expiry_us, now);
            if is_expired {
                expired.push(entry.job.clone());
            }
            !is_expired
        });
        expired
    }

    /// Bytes of all results, finished and under way.
    pub(super) fn n_bytes(&self) -> u64 {
        self.entries.values().map(Entry::n_bytes).sum()
    }

    /// Whether a job waits for a worker.
    #[cfg(test)]
    pub(super) fn has_waiting(&self) -> bool {
        let mut entries = self.entries.values();
        entries.any(|entry| entry.job.state == State::Queued)
    }

    /// Begins the next job.
    pub(super) fn take_queued(&mut self, started_at: Timestamp) -> Option<Task> {
        while let Some((key, file_id)) = self.queue.pop_front() {
            let entry = self.entries.get_mut(&key);
            // A cancelled job is gone; another one may have its key.
            if let Some(entry) = entry.filter(|entry| entry.job.file_id == file_id) {
                entry.job.state = State::Started { started_at };
                return Some(Task {
                    job: entry.job.clone(),
                    filter: entry.filter,
                    columns: entry.columns.clone(),
                    started_at,
                    progress: Arc::clone(&entry.progress),
                });
            }
        }
        None
    }

    /// Records how a job stands.
    pub(super) fn update(&mut self, job: Job) {
        if let Some(entry) = self.entries.get_mut(&job.key) {
            entry.job = job;
        }
    }

    fn has(&self, job: &Job) -> bool {
        let entry = self.entries.get(&job.key);
        entry.is_some_and(|entry| entry.job.file_id == job.file_id)
    }
}
