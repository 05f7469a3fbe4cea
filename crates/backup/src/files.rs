//! Files on this machine: hashed as they are written or read, and there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::BackupError;
use crate::manifest::hex;

/// A file that is to be part of a backup.
#[derive(Clone, Debug)]
pub struct LocalFile {
    /// Its name in the data directory, with `/`.
    pub name: String,
    /// Where its content is.
    pub path: PathBuf,
}

/// Size and checksum of what was written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digested {
    pub(crate) n_bytes: u64,
    pub(crate) sha256: String,
}

/// Counts and hashes what goes through.
pub(crate) struct Hashed<W> {
    to: W,
    hash: Sha256,
    n_bytes: u64,
}

impl<W> Hashed<W> {
    pub(crate) fn new(to: W) -> Hashed<W> {
        Hashed {
            to,
            hash: Sha256::new(),
            n_bytes: 0,
        }
    }

    pub(crate) fn finish(self) -> (W, Digested) {
        let digested = Digested {
            n_bytes: self.n_bytes,
            sha256: hex(&self.hash.finalize()),
        };
        (self.to, digested)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.n_bytes += bytes.len() as u64;
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = self.to.write(bytes)?;
        self.take(&bytes[..n_written]);
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n_read = self.to.read(bytes)?;
        self.take(&bytes[..n_read]);
        Ok(n_read)
    }
}

/// Reads a file from the first to the last byte.
pub(crate) fn digest(path: &Path) -> io::Result<Digested> {
    let mut file = Hashed::new(File::open(path)?);
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.finish().1)
}

/// Gives a written file its name, durably; directories are made as they are needed.
pub(crate) fn keep(from: &Path, to: &Path, root: &Path) -> Result<(), BackupError> {
    let doing = || format!("writing {}", to.display());
    let within = to.parent().unwrap_or(root);
    fs::create_dir_all(within).map_err(BackupError::io(doing()))?;
    let kept = || {
        File::open(from)?.sync_all()?;
        fs::rename(from, to)?;
        // The new name, and the directories that may be new.
        let above = within.ancestors().take_while(|path| path.starts_with(root));
        for directory in above {
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    };
    kept().map_err(BackupError::io(doing()))
}
