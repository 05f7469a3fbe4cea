//! A disk that fails: it forgets what was not synced, tears writes, loses names and runs full.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::storage::{Storage, StorageFile};

/// What a disk writes as a whole, in bytes.
const SECTOR: usize = 512;

/// The disk. Clones are the same one.
#[derive(Clone)]
pub(super) struct SimulatedDisk(Arc<Mutex<Disk>>);

struct Disk {
    files: Vec<File>,
    /// Bytes of all files together.
    capacity: u64,
    /// Operations until the next failures, and how many of those follow each other.
    failures: Option<Range<u32>>,
    n_failed: usize,
    chance: StdRng,
}

#[derive(Clone)]
struct File {
    /// The name as the system has it, and the names that the disk may still have, from the last synced one on.
    /// None is no file.
    name: Option<String>,
    earlier_names: Vec<Option<String>>,
    /// As the system has it, and as the disk has it.
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that a sync has to write.
    dirty: BTreeSet<usize>,
}

impl SimulatedDisk {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Disk {
            files: Vec::new(),
            capacity: u64::MAX,
            failures: None,
            n_failed: 0,
            chance: StdRng::seed_from_u64(seed),
        })))
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// After so many operations, so many fail.
    pub(super) fn fail(&self, after: u32, times: u32) {
        self.disk().failures = Some(after..after + times);
    }

    /// Nothing fails any more.
    pub(super) fn mend(&self) {
        self.disk().failures = None;
    }

    /// How many operations have failed.
    pub(super) fn n_failed(&self) -> usize {
        self.disk().n_failed
    }

    /// Leaves room for so many more bytes.
    pub(super) fn limit(&self, bytes: u64) {
        let mut disk = self.disk();
        disk.capacity = disk.used() + bytes;
    }

    pub(super) fn used(&self) -> u64 {
        self.disk().used()
    }

    /// The power goes: of what was not synced anything may be there, and anything not.
    pub(super) fn lose_power(&self) {
        let mut disk = self.disk();
        let Disk { files, chance, .. } = &mut *disk;
        for file in files {
            let n_names = file.earlier_names.len();
            let kept = chance.random_range(0..=n_names);
            if kept < n_names {
                file.name = file.earlier_names[kept].clone();
            }
            file.earlier_names.clear();
            file.persist_some(chance);
            file.cached = file.durable.clone();
            file.dirty.clear();
        }
        disk.failures = None;
    }

    /// Turns bits of a byte of a file that is a segment now.
    pub(super) fn damage(&self, segment: usize, offset: usize, bits: u8) {
        let mut disk = self.disk();
        let mut segments: Vec<&mut File> = disk
            .files
            .iter_mut()
            .filter(|file| {
                let name = file.name.as_deref();
                name.is_some_and(|name| name.ends_with(".segment"))
            })
            .collect();
        let n_segments = segments.len();
        let file = segments.swap_remove(segment % n_segments);
        let offset = offset % file.cached.len();
        file.cached[offset] ^= bits;
        file.durable[offset] ^= bits;
    }
}

impl Disk {
    fn used(&self) -> u64 {
        let files = self.files.iter().filter(|file| file.name.is_some());
        files.map(|file| file.cached.len() as u64).sum()
    }

    /// Whether the next operation fails.
    fn is_failing(&mut self) -> bool {
        let Some(failures) = &mut self.failures else {
            return false;
        };
        if failures.start > 0 {
            *failures = failures.start - 1..failures.end - 1;
            return false;
        }
        failures.end = failures.end.saturating_sub(1);
        if failures.end == 0 {
            self.failures = None;
        }
        self.n_failed += 1;
        true
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        let is_it = |file: &File| file.name.as_deref() == Some(name);
        let found = self.files.iter().position(is_it);
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename(&mut self, from: &str, to: Option<String>) -> io::Result<()> {
        let index = self.find(from)?;
        let is_failing = self.is_failing();
        // Whether it was done is not known where it fails.
        if !is_failing || self.chance.random() {
            let file = &mut self.files[index];
            let before = std::mem::replace(&mut file.name, to);
            file.earlier_names.push(before);
        }
        if is_failing { Err(failure()) } else { Ok(()) }
    }
}

impl File {
    /// Brings some of what is not synced to the disk: a beginning up to any byte, or any sectors.
    fn persist_some(&mut self, chance: &mut StdRng) {
        let n_whole = chance.random_range(0..=self.dirty.len());
        let is_torn = chance.random();
        for (index, sector) in self.dirty.iter().enumerate() {
            let begin = sector * SECTOR;
            let end = self.cached.len().min(begin + SECTOR);
            let end = match is_torn {
                true if index < n_whole => end,
                true if index == n_whole => chance.random_range(begin..=end),
                true => begin,
                false if chance.random() => end,
                false => begin,
            };
            self.durable[begin..end].copy_from_slice(&self.cached[begin..end]);
        }
    }
}

fn failure() -> io::Error {
    io::Error::other("the disk fails")
}

impl Storage for SimulatedDisk {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let disk = self.disk();
        Ok(disk
            .files
            .iter()
            .filter_map(|file| file.name.clone())
            .collect())
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<Box<dyn StorageFile>> {
        let mut disk = self.disk();
        if disk.find(name).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if disk.used() + bytes > disk.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if disk.is_failing() {
            // Some of it may be left.
            if disk.chance.random() {
                let size = disk.chance.random_range(0..bytes) as usize;
                disk.files.push(File {
                    name: Some(name.to_owned()),
                    earlier_names: vec![None],
                    cached: vec![0; size],
                    durable: vec![0; size],
                    dirty: BTreeSet::new(),
                });
            }
            return Err(failure());
        }
        let content = vec![0; bytes as usize];
        disk.files.push(File {
            name: Some(name.to_owned()),
            earlier_names: vec![None],
            cached: content.clone(),
            durable: content,
            dirty: BTreeSet::new(),
        });
        drop(disk);
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut disk = self.disk();
        let index = disk.find(name)?;
        if disk.is_failing() {
            return Err(failure());
        }
        drop(disk);
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            index,
        }))
    }

    fn open_read_only(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk().rename(from, Some(to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk().rename(name, None)
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.is_failing() {
            return Err(failure());
        }
        for file in &mut disk.files {
            file.earlier_names.clear();
        }
        Ok(())
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    index: usize,
}

impl StorageFile for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.disk().files[self.index].cached.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.disk.disk();
        if disk.is_failing() {
            return Err(failure());
        }
        let content = &disk.files[self.index].cached;
        let rest = content.get(offset as usize..).unwrap_or_default();
        let n_bytes = rest.len().min(buffer.len());
        // Reads may give less than was asked for.
        let n_bytes = n_bytes.div_ceil(2).max(n_bytes.min(4096));
        buffer[..n_bytes].copy_from_slice(&rest[..n_bytes]);
        Ok(n_bytes)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let is_failing = disk.is_failing();
        let n_bytes = if is_failing {
            disk.chance.random_range(0..=bytes.len())
        } else {
            bytes.len()
        };
        let file = &mut disk.files[self.index];
        let offset = offset as usize;
        assert!(offset + bytes.len() <= file.cached.len(), "a file grows");
        file.cached[offset..offset + n_bytes].copy_from_slice(&bytes[..n_bytes]);
        if n_bytes > 0 {
            let sectors = offset / SECTOR..=(offset + n_bytes - 1) / SECTOR;
            file.dirty.extend(sectors);
        }
        if is_failing { Err(failure()) } else { Ok(()) }
    }

    /// Where it fails, the system takes what it could not write for written, as Linux does.
    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let is_failing = disk.is_failing();
        let Disk { files, chance, .. } = &mut *disk;
        let file = &mut files[self.index];
        if is_failing {
            file.persist_some(chance);
        } else {
            file.durable.clone_from(&file.cached);
        }
        file.dirty.clear();
        if is_failing { Err(failure()) } else { Ok(()) }
    }
}
