//! One process at a time: the lock of a data directory.

mod holder;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock;

pub use holder::LockHolder;

/// Name of the file in the data directory.
pub const LOCK_FILE: &str = "annoscope.lock";

/// Why a lock is not taken, or not read.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{0}")]
    Held(String),
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// A held lock. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirLock {
    file: File,
    path: PathBuf,
}

/// How long a lock may be held on by a process that is being killed: it ends once the sync that it is in
/// has ended, and on a busy disk that takes seconds.
const RELEASE: Duration = Duration::from_secs(5);

impl DirLock {
    /// Takes the lock of `dir`, which must exist. Waits some seconds for it: a process whose parent
    /// was killed holds it a little longer.
    ///
    /// [`LockError::Held`] names its holder otherwise.
    pub fn acquire(dir: &Path, holder: &LockHolder) -> Result<DirLock, LockError> {
        let path = dir.join(LOCK_FILE);
        let io = |source| LockError::Io {
            doing: format!("locking {}", path.display()),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let begin = clock::monotonic();
        let locked = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if clock::since(begin) < RELEASE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                locked => break locked,
            }
        };
        match locked {
            Ok(()) => {
                let mut lock = DirLock { file, path };
                lock.describe(holder)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Held(LockHolder::refusal(dir, &mut file)))
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// A descriptor of the lock, for a child: the lock is held until all processes that have one have ended.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// The holder of the lock of `dir`, if there is one. A holder that is just starting may not
    /// say yet where it listens.
    pub fn holder(dir: &Path) -> Result<Option<LockHolder>, LockError> {
        let path = dir.join(LOCK_FILE);
        let io = |source| LockError::Io {
            doing: format!("reading {}", path.display()),
            source,
        };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                Ok(Some(LockHolder::read(&mut file).unwrap_or_default()))
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Rewrites what the lock says about its holder.
    pub fn describe(&mut self, holder: &LockHolder) -> Result<(), LockError> {
        holder
            .write(&mut self.file)
            .map_err(|source| LockError::Io {
                doing: format!("writing {}", self.path.display()),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_holder_is_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let first = LockHolder {
            pid: 42,
            since: "2026-01-02T03:04:05Z".to_owned(),
            listen: Some("127.0.0.1:8380".to_owned()),
            ingest_listen: None,
            clickhouse_listen: None,
        };
        assert_eq!(DirLock::holder(dir.path()).unwrap(), None);
        let lock = DirLock::acquire(dir.path(), &first).unwrap();
        assert_eq!(DirLock::holder(dir.path()).unwrap(), Some(first.clone()));
        let refused = DirLock::acquire(dir.path(), &LockHolder::default())
            .unwrap_err()
            .to_string();
        assert!(
            refused.ends_with(
                "is in use by annoscope process 42, running since 2026-01-02T03:04:05Z on \
                 127.0.0.1:8380: stop it, or use another --data-dir"
            ),
            "{refused}"
        );
        drop(lock);
        assert_eq!(DirLock::holder(dir.path()).unwrap(), None);
        DirLock::acquire(dir.path(), &LockHolder::default()).unwrap();
    }
}
