//! How many events were acknowledged, kept outside of the database: what its files hold is compared with
//! it at every opening, because DuckDB drops what it cannot read of its log without a word.
//!
//! One line in a file of its own, overwritten in place after each commit and before its answer. The
//! number survives the end of the process, whatever ended it; after a power cut it may be older than the
//! last commits, so it is a lower bound and never more.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Name of the file in the data directory.
pub(crate) const FILE: &str = "events.count";

/// The number of acknowledged events.
pub(crate) struct Acknowledged {
    file: File,
    path: PathBuf,
    n_events: AtomicU64,
}

impl Acknowledged {
    /// Reads the file of `dir`, or makes one that says 0.
    pub(crate) fn open(dir: &Path) -> io::Result<Acknowledged> {
        let path = dir.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let text = io::read_to_string(&file)?;
        let n_events = parse(&text);
        if n_events.is_none() && !text.is_empty() {
            tracing::warn!(path = %path.display(), "the number of acknowledged events cannot be read, and is taken anew from the database");
        }
        let acknowledged = Acknowledged {
            file,
            path,
            n_events: AtomicU64::new(n_events.unwrap_or(0)),
        };
        // From here on the file has its size, so that overwriting it needs no space.
        acknowledged.write()?;
        acknowledged.file.sync_all()?;
        Ok(acknowledged)
    }

    /// At least so many events were acknowledged.
    pub(crate) fn get(&self) -> u64 {
        self.n_events.load(Ordering::Relaxed)
    }

    /// From now on there are `n_events`. A failure is logged: the events are on the disk nevertheless.
    pub(crate) fn set(&self, n_events: u64) {
        self.n_events.store(n_events, Ordering::Relaxed);
        if let Err(error) = self.write() {
            tracing::warn!(path = %self.path.display(), %error, "the number of acknowledged events was not written");
        }
    }

    /// There will be less, from a commit on that follows: durable when it returns, so that even a power cut leaves no
    /// higher number than there are events.
    pub(crate) fn lower(&self, n_events: u64) -> io::Result<()> {
        self.n_events.store(n_events, Ordering::Relaxed);
        self.write()?;
        self.file.sync_data()
    }

    fn write(&self) -> io::Result<()> {
        self.file.write_all_at(line(self.get()).as_bytes(), 0)
    }
}

/// The number with its checksum; always of the same length.
fn line(n_events: u64) -> String {
    let number = format!("{n_events:020}");
    let checksum = &blake3::hash(number.as_bytes()).to_hex()[..16];
    format!("{number} {checksum}\n")
}

fn parse(text: &str) -> Option<u64> {
    let n_events = text.get(..20)?.parse().ok()?;
    (text == line(n_events)).then_some(n_events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_there_after_a_restart_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let acknowledged = Acknowledged::open(dir.path()).unwrap();
        assert_eq!(acknowledged.get(), 0);
        acknowledged.set(1500);
        assert_eq!(Acknowledged::open(dir.path()).unwrap().get(), 1500);
        acknowledged.set(9);
        let path = dir.path().join(FILE);
        assert_eq!(Acknowledged::open(dir.path()).unwrap().get(), 9);

        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(Acknowledged::open(dir.path()).unwrap().get(), 0);
    }
}
