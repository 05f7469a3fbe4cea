//! What the window does to its directory: each call can fail, and a crash can come between any two.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Changes of files of one directory.
pub(super) trait Storage: Send + Sync {
    /// An empty file that can be read and written, in place of one of that name.
    fn create(&self, name: &str) -> io::Result<File>;

    /// Writes `bytes` from that byte on.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Cuts the file off behind that byte.
    fn cut(&self, file: &File, len: u64) -> io::Result<()>;

    /// Makes what was written durable.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Gives a file another name, in place of the file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes new, changed and removed names durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// A directory of the file system.
pub(super) struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Opens a directory, which is made if it is not there.
    pub fn open(path: &Path) -> io::Result<Directory> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            if let Some(parent) = path.parent().filter(|parent| parent.is_dir()) {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(Directory {
            path: path.to_owned(),
            handle: File::open(path)?,
        })
    }
}

impl Storage for Directory {
    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        options.open(self.path.join(name))
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}
