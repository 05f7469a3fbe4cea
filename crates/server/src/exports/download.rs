//! A result on its way to a client.

use std::fs::File;
use std::io;
use std::sync::Arc;

use annoscope_events::Timestamp;
use annoscope_query::RowFilter;

use super::error::ExportError;
use super::job::{Format, Job, JobKey, State};
use super::job_queue::JobQueue;
use super::others::Others;

/// A result, open for reading. It stays readable when it expires meanwhile.
pub struct Download {
    /// The file, at its beginning.
    pub file: File,
    /// Its size.
    pub n_bytes: u64,
    /// Its format.
    pub format: Format,
    /// The name it is to be saved under: harmless characters only.
    pub file_name: String,
    /// Whose events it has.
    pub rows: RowFilter,
    job: Job,
    queue: Arc<JobQueue>,
}

/// Deletes a job once its result is with the client.
pub struct Consume {
    job: Job,
    queue: Arc<JobQueue>,
}

pub(super) fn open(
    queue: &Arc<JobQueue>,
    key: JobKey,
    now: Timestamp,
) -> Result<Download, ExportError> {
    let own = queue.get(key, now).map(|job| {
        let path = queue.directory.result_path(&job);
        (job, path)
    });
    let others = || Others::of(&queue.settings)?.find(key, now);
    let (job, path) = own.or_else(others).ok_or(ExportError::Unknown)?;
    let State::Finished { n_bytes, .. } = job.state else {
        let status = job.state.name();
        return Err(ExportError::NotFinished { status });
    };
    let opened = File::open(path);
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ExportError::FileGone,
        _ => ExportError::Disk(error.into()),
    })?;
    Ok(Download {
        file,
        n_bytes,
        format: job.format,
        file_name: job.file_name.clone(),
        rows: job.rows,
        job,
        queue: Arc::clone(queue),
    })
}

impl Download {
    /// What deletes the job. CVAT does so when the download begins; we do when the last byte
    /// was handed over, so that a client whose connection broke can try again. One of another annoscope stays until it
    /// expires.
    pub fn consume(&self) -> Consume {
        Consume {
            job: self.job.clone(),
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Consume {
    /// Forgets the job at once and removes its files on another thread. Does not block;
    /// needs the runtime.
    pub fn now(self) {
        if self.queue.forget(&self.job) {
            tokio::task::spawn_blocking(move || self.queue.directory.remove(&self.job));
        }
    }
}
