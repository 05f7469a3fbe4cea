//! Exports: events as files, written in the background and kept for a while.
//!
//! A request becomes a [`Job`] in the [queue](job_queue), waits for one of two threads, is
//! written by a [`worker`] to a file in `DATA/exports`, and is gone an hour after it ended.
//! Beside each result lies a small JSON file with the job ([`directory`]); so a restart
//! keeps what was finished and fails what was not.
//!
//! Knows no HTTP: routes ask [`Exports`], whose methods take the time as a parameter.
//! Start reading there.

mod directory;
mod download;
mod error;
mod job;
mod job_queue;
mod jobs;
mod listing;
mod others;
mod part_file;
mod progress;
mod query_flow;
mod request;
mod settings;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use annoscope_events::Timestamp;
use annoscope_store::EventStore;
use uuid::Uuid;

use crate::clock;

use directory::Directory;
use job_queue::JobQueue;
use others::Others;

pub use download::Download;
pub use error::ExportError;
pub use job::{Format, Job, JobKey, Owner, State};
pub use listing::{ACTION, Listing, TARGET};
pub use query_flow::{Answer, Ask, Wanted};
pub use request::{ExportRequest, InvalidParameter};
pub use settings::ExportSettings;

/// Exports that are written at the same time; others wait. More would only share the disk.
const N_WORKERS: usize = 2;

/// The exports of a server. Clones share them.
#[derive(Clone)]
pub struct Exports {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<JobQueue>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Exports {
    /// Reads the jobs of the last run from the directory, fails those that it left
    /// unfinished, removes stray files and starts the workers. Blocks.
    pub fn open(settings: ExportSettings, store: Arc<dyn EventStore>) -> std::io::Result<Exports> {
        let directory = Directory::open(settings.dir.clone())?;
        let jobs = directory.restore(clock::now())?;
        let queue = Arc::new(JobQueue::new(directory, store, settings, jobs));
        let spawn = |i: usize| {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("export-{i}"))
                .spawn(move || worker::run(&queue))
        };
        let workers = (0..N_WORKERS).map(spawn).collect::<Result<Vec<_>, _>>();
        let workers = workers.inspect_err(|_| queue.close())?;
        let workers = Mutex::new(workers);
        Ok(Exports {
            inner: Arc::new(Inner { queue, workers }),
        })
    }

    /// Starts an export; it is on the disk, though not begun, when this returns.
    /// [`ExportError::StillRunning`] if the owner has an unfinished one under that id; a
    /// finished one is replaced.
    pub async fn start(
        &self,
        owner: Owner,
        id: Uuid,
        request: ExportRequest,
        now: Timestamp,
    ) -> Result<JobKey, ExportError> {
        let key = JobKey {
            owner_id: owner.id,
            id,
        };
        self.blocking(move |queue| queue.start(key, owner, request, now))
            .await?;
        Ok(key)
    }

    /// The job, if it is there and not expired; also one of another annoscope, where exports are shared.
    pub async fn get(&self, key: JobKey, now: Timestamp) -> Option<Job> {
        let own = self.inner.queue.get(key, now);
        if own.is_some() || self.inner.queue.settings.shared.is_none() {
            return own;
        }
        let found = self.blocking(move |queue| {
            let others = Others::of(&queue.settings);
            Ok(others.and_then(|others| others.find(key, now)))
        });
        // It fails only when the server ends.
        found.await.ok().flatten().map(|(job, _)| job)
    }

    /// All jobs of an owner, in no order; also those of other annoscopes, where exports are shared.
    pub async fn of_owner(&self, owner_id: i64, now: Timestamp) -> Vec<Job> {
        let mut jobs = self.inner.queue.of_owner(owner_id, now);
        if self.inner.queue.settings.shared.is_some() {
            let found = self.blocking(move |queue| {
                let others = Others::of(&queue.settings);
                Ok(others.map_or_else(Vec::new, |others| others.of_owner(owner_id, now)))
            });
            let others = found.await.unwrap_or_default().into_iter();
            let is_known = |other: &Job| jobs.iter().any(|job| job.key == other.key);
            let others: Vec<Job> = others.filter(|other| !is_known(other)).collect();
            jobs.extend(others);
        }
        jobs
    }

    /// Takes back a job that has not begun, and forgets it.
    pub async fn cancel(&self, key: JobKey, now: Timestamp) -> Result<(), ExportError> {
        self.blocking(move |queue| queue.cancel(key, now)).await
    }

    /// Opens the result of a finished job.
    pub async fn download(&self, key: JobKey, now: Timestamp) -> Result<Download, ExportError> {
        self.blocking(move |queue| download::open(queue, key, now))
            .await
    }

    /// Forgets a job and removes its files.
    async fn delete(&self, job: Job) {
        let deleted = self.blocking(move |queue| {
            if queue.forget(&job) {
                queue.directory.remove(&job);
            }
            Ok(())
        });
        // It fails only when the server ends; then the job is there at the next start.
        let _ = deleted.await;
    }

    /// Removes results that have expired, as idle workers do; an expired result
    /// is not shown anyway. Blocks.
    #[cfg(test)]
    pub fn expire(&self, now: Timestamp) {
        self.inner.queue.expire(now);
    }

    /// Exports that the disk refused or that failed later, since the start, for metrics.
    pub fn n_failed(&self) -> u64 {
        self.inner.queue.n_failed()
    }

    /// Bytes of all results, finished and under way, for metrics.
    pub fn bytes_on_disk(&self) -> u64 {
        self.inner.queue.bytes_on_disk()
    }

    /// Stops the workers, at the next batch of rows if they are at work; what they leave
    /// unfinished fails at the next start. Blocks; later calls do nothing.
    pub fn stop(&self) {
        self.inner.stop();
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<JobQueue>) -> Result<T, ExportError> + Send + 'static,
    ) -> Result<T, ExportError> {
        let queue = Arc::clone(&self.inner.queue);
        tokio::task::spawn_blocking(move || work(&queue))
            .await
            .unwrap_or(Err(ExportError::ShuttingDown))
    }
}

impl Inner {
    fn stop(&self) {
        self.queue.close();
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        for worker in workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("an export thread panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
