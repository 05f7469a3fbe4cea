//! `DATA/exports`: the results, and beside each a JSON file that says what it is.
//!
//! For the job with file id F there are
//! - `F.json`: the [`Job`]. Written when it is asked for and again when it has ended, so
//!   that it is never half there.
//! - `F.csv.part` or `F.parquet.part`: the result while it is written.
//! - `F.csv` or `F.parquet`: the result, synced before `F.json` says "finished".
//!
//! A JSON file that does not say how the job ended is one that a restart interrupted.
//! What no JSON file speaks of is a leftover and removed at the start.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use annoscope_events::Timestamp;

use super::error::RESTARTED;
use super::job::{Job, JobKey, State};
use crate::durable_file;

/// The directory of results.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Creates it if need be.
    pub(super) fn open(path: PathBuf) -> io::Result<Directory> {
        fs::create_dir_all(&path)?;
        Ok(Directory { path })
    }

    /// Where the result of a job lies.
    pub(super) fn result_path(&self, job: &Job) -> PathBuf {
        self.path.join(job.result_name())
    }

    /// Writes the job's JSON file; durable when it returns.
    pub(super) fn save(&self, job: &Job) -> io::Result<()> {
        let json = serde_json::to_vec(job)?;
        durable_file::write(&self.json_path(job), &json)
    }

    /// Removes the job's files. The JSON file goes first: a result without it is a leftover.
    pub(super) fn remove(&self, job: &Job) {
        remove(&self.json_path(job));
        remove(&self.result_path(job));
    }

    /// The jobs of the last run. Those it left unfinished have failed; leftovers are removed.
    pub(super) fn restore(&self, now: Timestamp) -> io::Result<Vec<Job>> {
        let mut jobs: HashMap<JobKey, Job> = HashMap::new();
        let mut names = HashSet::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_os_string();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
                && let Some(job) = self.read(&path, now)
            {
                let older = match jobs.get(&job.key) {
                    // Two with one key: the older was about to be removed.
                    Some(other) if other.created_at >= job.created_at => Some(job),
                    _ => jobs.insert(job.key, job),
                };
                if let Some(older) = older {
                    self.remove(&older);
                }
            }
            names.insert(name);
        }
        for job in jobs.values() {
            names.remove(self.json_path(job).file_name().unwrap_or_default());
            if matches!(job.state, State::Finished { .. }) {
                names.remove(std::ffi::OsStr::new(&job.result_name()));
            }
        }
        for leftover in names {
            remove(&self.path.join(leftover));
        }
        Ok(jobs.into_values().collect())
    }

    /// The job of a JSON file; none if it or its result is broken.
    fn read(&self, path: &Path, now: Timestamp) -> Option<Job> {
        let parsed = fs::read(path).map(|json| serde_json::from_slice::<Job>(&json));
        let mut job = match parsed {
            Ok(Ok(job)) if self.json_path(&job) == path => job,
            other => {
                tracing::warn!(?path, reason = ?other.err(), "removing a file that describes no export");
                return None;
            }
        };
        match job.state {
            State::Failed { .. } => {}
            State::Finished { n_bytes, .. } => {
                let result = fs::metadata(self.result_path(&job));
                if !result.is_ok_and(|result| result.len() == n_bytes) {
                    tracing::warn!(?path, "removing an export whose result is not there whole");
                    return None;
                }
            }
            State::Queued | State::Started { .. } => {
                let message = RESTARTED.to_owned();
                job.state = State::Failed {
                    finished_at: now,
                    message,
                };
                // On a full disk the file stays as it is, and says the same after the next
                // restart.
                if let Err(error) = self.save(&job) {
                    tracing::warn!(?path, %error, "an interrupted export could not be marked as failed");
                }
            }
        }
        Some(job)
    }

    fn json_path(&self, job: &Job) -> PathBuf {
        self.path.join(format!("{}.json", job.file_id))
    }
}

/// Removes a file, if it is there. A failure leaves a leftover for the next start.
pub(super) fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(?path, %error, "a file of an export could not be removed");
        }
        _ => {}
    }
}
