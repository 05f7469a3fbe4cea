//! Exports of other annoscopes, where all write theirs to one shared directory: a user whom the balancer sends to
//! another one still gets the file. They are looked at and handed out here; their annoscope alone changes them.

use std::fs;
use std::path::{Path, PathBuf};

use annoscope_events::Timestamp;

use super::job::{Job, JobKey, State};
use super::settings::ExportSettings;

/// What is said of a job whose annoscope has not ended it in time.
const GONE: &str = "The server that had begun it does not go on.";

/// The directories of all annoscopes.
pub(super) struct Others<'a> {
    settings: &'a ExportSettings,
    root: &'a Path,
}

impl Others<'_> {
    /// None where exports are not shared.
    pub(super) fn of(settings: &ExportSettings) -> Option<Others<'_>> {
        let root = settings.shared.as_deref()?;
        Some(Others { settings, root })
    }

    /// A job that is not expired, and where its result lies. Blocks.
    pub(super) fn find(&self, key: JobKey, now: Timestamp) -> Option<(Job, PathBuf)> {
        let mut jobs = self.jobs(now).into_iter();
        jobs.find(|(job, _)| job.key == key)
    }

    /// All jobs of an owner. Blocks.
    pub(super) fn of_owner(&self, owner_id: i64, now: Timestamp) -> Vec<Job> {
        let jobs = self.jobs(now).into_iter().map(|(job, _)| job);
        jobs.filter(|job| job.key.owner_id == owner_id).collect()
    }

    fn jobs(&self, now: Timestamp) -> Vec<(Job, PathBuf)> {
        let directories = files_of(self.root);
        let others = directories
            .iter()
            .filter(|directory| **directory != self.settings.dir);
        let files = others.flat_map(|directory| files_of(directory));
        let files = files.filter(|path| path.extension().is_some_and(|found| found == "json"));
        files.filter_map(|path| self.read(&path, now)).collect()
    }

    /// None of a file that is written just now, or says nothing of an export.
    fn read(&self, path: &Path, now: Timestamp) -> Option<(Job, PathBuf)> {
        let mut job: Job = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let later =
            |at: Timestamp, by_us: i64| Timestamp::from_micros(at.micros().saturating_add(by_us));
        let timeout_us = i64::try_from(self.settings.timeout.as_micros()).unwrap_or(i64::MAX);
        let given_up_at = later(job.created_at, timeout_us);
        if job.state.finished_at().is_none() && given_up_at <= now {
            job.state = State::Failed {
                finished_at: given_up_at,
                message: GONE.to_owned(),
            };
        }
        job.expires_at = job
            .state
            .finished_at()
            .map(|at| later(at, self.settings.expiry_us()));
        if job.expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        if matches!(job.state, State::Finished { .. }) {
            job.progress = 1.0;
        }
        let result = path.with_file_name(job.result_name());
        Some((job, result))
    }
}

/// What lies in a directory; nothing where it is not there.
fn files_of(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
