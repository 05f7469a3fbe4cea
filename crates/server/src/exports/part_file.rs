//! A result while it is written: bounded, and gone if it does not get finished.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::directory;
use super::error::Failure;
use super::job_queue::JobQueue;
use super::progress::Progress;
use crate::durable_file;

/// How much is written between two looks at the free space.
const CHECK_BYTES: u64 = 1024 * 1024;

/// How much is written between two syncs. Left alone, the system would keep gigabytes in
/// memory and write them in one go, while commits of events wait for the same disk.
const SYNC_BYTES: u64 = 64 * 1024 * 1024;

/// `RESULT.part`. Dropped before [`PartFile::keep`], it is removed.
pub(super) struct PartFile<'a> {
    file: File,
    path: PathBuf,
    queue: &'a JobQueue,
    progress: &'a Progress,
    n_bytes: u64,
    check_at: u64,
    sync_at: u64,
    is_kept: bool,
}

impl<'a> PartFile<'a> {
    /// Begins the file that will be `result`.
    pub(super) fn create(
        result: &Path,
        queue: &'a JobQueue,
        progress: &'a Progress,
    ) -> Result<PartFile<'a>, Failure> {
        let mut path = result.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let file = File::create(&path)?;
        Ok(PartFile {
            file,
            path,
            queue,
            progress,
            n_bytes: 0,
            check_at: CHECK_BYTES,
            sync_at: SYNC_BYTES,
            is_kept: false,
        })
    }

    /// Syncs the file and gives it its name. Returns its size in bytes.
    pub(super) fn keep(mut self, result: &Path) -> Result<u64, Failure> {
        durable_file::keep(&self.file, &self.path, result)?;
        self.is_kept = true;
        Ok(self.n_bytes)
    }
}

impl Write for PartFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = self.file.write(bytes)?;
        self.n_bytes += n_written as u64;
        self.progress.set_bytes(self.n_bytes);
        if self.n_bytes >= self.check_at {
            self.check_at = self.n_bytes + CHECK_BYTES;
            self.queue.check_room().map_err(io::Error::other)?;
        }
        if self.n_bytes >= self.sync_at {
            self.sync_at = self.n_bytes + SYNC_BYTES;
            self.file.sync_data()?;
        }
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            directory::remove(&self.path);
        }
    }
}
