//! A directory whose changes fail when a test wants it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Directory, Storage};

/// What a directory still does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    None,
    /// After so many changes one fails, the later ones do not.
    OneAfter(usize),
    /// After so many changes all fail, as after a kill.
    AllAfter(usize),
}

pub(super) struct Faulty {
    directory: Directory,
    fault: Arc<Mutex<Fault>>,
}

impl Faulty {
    pub fn open(path: &Path, fault: &Arc<Mutex<Fault>>) -> Faulty {
        Faulty {
            directory: Directory::open(path).unwrap(),
            fault: Arc::clone(fault),
        }
    }

    fn step(&self) -> io::Result<()> {
        let mut fault = self.fault.lock().unwrap();
        let failed = io::Error::other("a fault of the test");
        match &mut *fault {
            Fault::None => Ok(()),
            Fault::OneAfter(0) => {
                *fault = Fault::None;
                Err(failed)
            }
            Fault::AllAfter(0) => Err(failed),
            Fault::OneAfter(n) | Fault::AllAfter(n) => {
                *n -= 1;
                Ok(())
            }
        }
    }
}

impl Storage for Faulty {
    fn create(&self, name: &str) -> io::Result<File> {
        self.step()?;
        self.directory.create(name)
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        self.step().or_else(|error| {
            // Some of it is written all the same.
            let n_bytes = bytes.len() * 2 / 3;
            self.directory.write_at(file, &bytes[..n_bytes], at)?;
            Err(error)
        })?;
        self.directory.write_at(file, bytes, at)
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        self.step()?;
        self.directory.cut(file, len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step()?;
        self.directory.sync(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step()?;
        self.directory.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.directory.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.step()?;
        self.directory.sync_names()
    }
}
