//! What the journal asks of a directory and its files. Tests put a simulated disk in its place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// So much is written at once while a file is filled with zeros, in bytes.
const ZEROS: usize = 1 << 20;

/// After so many of those writes the file is synced, so that the sync of a record never waits for a whole segment.
const WRITES_BETWEEN_SYNCS: u64 = 8;

/// The directory of a journal. Names are those of files within it.
pub(crate) trait Storage: Send + Sync {
    /// Where a file is, for messages.
    fn path(&self, name: &str) -> PathBuf;
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Makes a file of zeros that are written to the disk. Where it fails, nothing is left of it if that can be.
    fn create(&self, name: &str, bytes: u64) -> io::Result<Box<dyn StorageFile>>;
    /// Opens a file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Opens a file for reading.
    fn open_read_only(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes what became of names durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file of a journal.
pub(crate) trait StorageFile: Send + Sync {
    /// Its bytes.
    fn size(&self) -> io::Result<u64>;
    /// Reads some bytes, and says how many; none at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of the bytes.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes durable what was written.
    fn sync_data(&self) -> io::Result<()>;
    /// Fails where `path` is not this file, or no longer: it takes every write, and the next start finds nothing of it.
    fn check_in_place(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// A directory on a disk.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The directory, made where it is not there yet.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        // Its own name has to be durable, too.
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self { path })
    }

    /// The directory, which must be there.
    pub(crate) fn existing(path: PathBuf) -> io::Result<Self> {
        fs::read_dir(&path)?;
        Ok(Self { path })
    }

    fn fill(&self, name: &str, bytes: u64) -> io::Result<File> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.path(name))?;
        // A disk without the room says so here, before anything is written to it.
        match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(errno) => return Err(errno.into()),
        }
        // Blocks that are reserved alone would be marked as written by each sync later on.
        let zeros = vec![0; ZEROS];
        let mut left = bytes;
        for n_writes in 1_u64.. {
            let n_bytes = left.min(ZEROS as u64);
            file.write_all(&zeros[..n_bytes as usize])?;
            left -= n_bytes;
            if left == 0 {
                break;
            }
            if n_writes.is_multiple_of(WRITES_BETWEEN_SYNCS) {
                file.sync_data()?;
            }
        }
        file.sync_all()?;
        Ok(file)
    }
}

impl Storage for Directory {
    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<Box<dyn StorageFile>> {
        match self.fill(name, bytes) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => {
                if error.kind() != io::ErrorKind::AlreadyExists
                    && let Err(error) = self.remove(name)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    tracing::warn!(
                        file = %self.path(name).display(),
                        %error,
                        "a file that could not be filled stays until the journal is opened again"
                    );
                }
                Err(error)
            }
        }
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let path = self.path(name);
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Box::new(file))
    }

    fn open_read_only(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(File::open(self.path(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl StorageFile for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn check_in_place(&self, path: &Path) -> io::Result<()> {
        let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        if id(self.metadata()?) == id(fs::metadata(path)?) {
            return Ok(());
        }
        let why = "another file is in its place";
        Err(io::Error::new(io::ErrorKind::NotFound, why))
    }
}
