//! The window's files: what is written when, so that a stop at any moment loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use annoscope_events::EventHash;

use super::chunks::{self, CHUNK_HASHES, Chunks};
use super::day::Day;
use super::names::{Kind, Name};
use super::open::{OpenSegment, Unsaved};
use super::sealed::{self, SealedSegment};
use super::storage::Storage;
use crate::Position;
use crate::error::StoreError;

/// The files and what still has to be written to them.
pub(super) struct Files {
    path: PathBuf,
    storage: Box<dyn Storage>,
    /// By segment, of the kinds that hold events.
    names: BTreeMap<u64, Name>,
    open: BTreeMap<u64, OpenFile>,
    /// All events before it are on the disk.
    saved: Position,
    /// Files of segments that are sealed now.
    leftover: Vec<Name>,
    /// Whether a name is new, changed or gone since names were synced.
    has_unsynced_names: bool,
}

/// The file of a segment that is not sealed.
struct OpenFile {
    name: Name,
    /// Made by the first write.
    file: Option<File>,
    /// Bytes that are synced. Behind them is what a failed attempt left.
    n_bytes: u64,
    /// The position that they end with.
    saved: Position,
    unsaved: Vec<EventHash>,
    until: Position,
}

/// What a directory held.
#[derive(Default)]
pub(super) struct Found {
    /// Oldest first.
    pub sealed: Vec<(Name, SealedSegment)>,
    /// Oldest first.
    pub open: Vec<OpenSegment>,
    /// The number of the next segment.
    pub next_id: u64,
    /// Files that cannot be used or are missing.
    pub n_damaged: u64,
}

/// What became of a segment that was to be sealed.
pub(super) struct Sealing {
    /// `None` if nothing is left of it.
    pub segment: Option<SealedSegment>,
    /// Events whose hashes could not be read back.
    pub n_lost: usize,
}

/// An error of the file system, with what was being done.
pub(super) fn failed(doing: &str, path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io {
        doing: format!("{doing} {}", path.display()),
        source,
    }
}

impl Files {
    /// Reads a directory, and tidies up what a stop left.
    pub fn open(path: &Path, storage: Box<dyn Storage>) -> Result<(Files, Found), StoreError> {
        let mut files = Files {
            path: path.to_owned(),
            storage,
            names: BTreeMap::new(),
            open: BTreeMap::new(),
            saved: Position(0),
            leftover: Vec::new(),
            has_unsynced_names: false,
        };
        let mut found = Found::default();
        let names = files.list()?;
        let of_kind = |kind| names.iter().copied().filter(move |name| name.kind == kind);
        for name in of_kind(Kind::New) {
            files.remove(name)?;
        }
        for name in of_kind(Kind::Segment) {
            files.open_segment(name, &mut found)?;
        }
        for name in of_kind(Kind::Open) {
            if files.names.contains_key(&name.id) {
                // It was sealed; its own file was about to go.
                files.remove(name)?;
            } else {
                files.open_chunks(name, &mut found)?;
            }
        }
        files.count_missing(&names, &mut found);
        found.next_id = names.last().map_or(0, |name| name.id + 1);
        files.sync_names()?;
        Ok((files, found))
    }

    /// All events before it are on the disk.
    pub fn saved(&self) -> Position {
        self.saved
    }

    /// Takes what [`Files::write`] shall write.
    pub fn take(&mut self, unsaved: Unsaved) {
        let Some(until) = unsaved.until else {
            return;
        };
        let name = Name {
            id: unsaved.id,
            day: unsaved.day,
            kind: Kind::Open,
        };
        let open = self.open.entry(name.id);
        let open = open.or_insert_with(|| OpenFile::new(name));
        open.unsaved.extend(unsaved.hashes);
        open.until = until;
    }

    /// Writes and syncs what was taken.
    pub fn write(&mut self) -> Result<(), StoreError> {
        // A file must not be behind a newer one: what a position says goes for all before it.
        for (id, open) in &mut self.open {
            if open.until == open.saved && open.unsaved.is_empty() {
                continue;
            }
            self.has_unsynced_names |= open.file.is_none();
            let written = open.write(self.storage.as_ref());
            let path = self.path.join(open.name.to_string());
            written.map_err(failed("writing", &path))?;
            self.names.insert(*id, open.name);
        }
        // The names of new files must be as durable as what is in them.
        self.sync_names()?;
        let newest = self.open.values().map(|open| open.saved).max();
        self.saved = self.saved.max(newest.unwrap_or_default());
        Ok(())
    }

    /// Seals an open segment of `n_events`, all of which is written.
    pub fn seal(&mut self, id: u64, n_events: usize) -> Result<Sealing, StoreError> {
        let open = &self.open[&id];
        let name = open.name;
        let chunks = match &open.file {
            Some(file) => chunks::read(file).map_err(failed("reading", &self.path_of(name)))?,
            None => Chunks::default(),
        };
        let n_lost = n_events.saturating_sub(chunks.hashes.len());
        if n_lost > 0 {
            tracing::error!(
                file = %self.path_of(name).display(),
                n_events = n_lost,
                "a file of the dedup window has lost events: duplicates of them are not recognized any more"
            );
        }
        if chunks.hashes.is_empty() {
            let segment = None;
            return Ok(Sealing { segment, n_lost });
        }
        let bytes = sealed::encode(chunks.hashes, open.saved)
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        let new = Name {
            kind: Kind::New,
            ..name
        };
        let sealed = Name {
            kind: Kind::Segment,
            ..name
        };
        let write = || {
            let file = self.storage.create(&new.to_string())?;
            self.storage.write_at(&file, &bytes, 0)?;
            self.storage.sync(&file)?;
            self.storage.rename(&new.to_string(), &sealed.to_string())?;
            self.storage.sync_names()?;
            Ok(file)
        };
        let file = write().map_err(failed("writing", &self.path_of(sealed)))?;
        let segment = SealedSegment::read(file).map_err(|error| {
            let path = self.path_of(sealed);
            StoreError::Unreadable(format!("{}: {error}", path.display()))
        })?;
        self.names.insert(id, sealed);
        self.open.remove(&id);
        self.leftover.push(name);
        Ok(Sealing {
            segment: Some(segment),
            n_lost,
        })
    }

    /// Removes the files of segments that left the window, and names those whose day has changed.
    pub fn follow(&mut self, days: &BTreeMap<u64, Day>) -> Result<(), StoreError> {
        while let Some(name) = self.leftover.last() {
            self.remove(*name)?;
            self.leftover.pop();
        }
        // Oldest first, as they leave: what remains after a stop has no hole.
        for name in self.names.clone().into_values() {
            match days.get(&name.id) {
                None => {
                    self.open.remove(&name.id);
                    self.remove(name)?;
                    self.names.remove(&name.id);
                }
                Some(&day) if day != name.day => {
                    let new = Name { day, ..name };
                    self.rename(name, new)?;
                    self.names.insert(name.id, new);
                    if let Some(open) = self.open.get_mut(&name.id) {
                        open.name = new;
                    }
                }
                Some(_) => {}
            }
        }
        self.open.retain(|id, _| days.contains_key(id));
        self.sync_names()
    }

    fn list(&self) -> Result<Vec<Name>, StoreError> {
        let reading = failed("reading", &self.path);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(&reading)? {
            let name = entry.map_err(&reading)?.file_name();
            names.extend(name.to_str().and_then(|name| name.parse::<Name>().ok()));
        }
        names.sort_by_key(|name| (name.id, name.day));
        Ok(names)
    }

    fn open_segment(&mut self, name: Name, found: &mut Found) -> Result<(), StoreError> {
        let path = self.path_of(name);
        let file = File::open(&path).map_err(failed("opening", &path))?;
        match SealedSegment::read(file) {
            Ok(segment) => {
                self.saved = self.saved.max(segment.until);
                self.names.insert(name.id, name);
                found.sealed.push((name, segment));
                Ok(())
            }
            Err(error) => {
                let n_bytes = path.metadata().map_err(failed("reading", &path))?.len();
                let n_events = n_bytes / sealed::EVENT_BYTES;
                self.set_aside(name, &error, n_events, found)
            }
        }
    }

    fn open_chunks(&mut self, name: Name, found: &mut Found) -> Result<(), StoreError> {
        let path = self.path_of(name);
        let mut options = File::options();
        let file = options.read(true).write(true).open(&path);
        let file = file.map_err(failed("opening", &path))?;
        let n_bytes = file.metadata().map_err(failed("reading", &path))?.len();
        let chunks = match chunks::read(&file) {
            Ok(chunks) => chunks,
            Err(error) => {
                let n_events = n_bytes / chunks::EVENT_BYTES;
                return self.set_aside(name, &error, n_events, found);
            }
        };
        let n_bytes = n_bytes - chunks.n_bytes;
        if n_bytes > 0 {
            tracing::info!(
                file = %path.display(),
                n_bytes,
                "cut off what a stop left of a file of the dedup window"
            );
            let cut = self.storage.cut(&file, chunks.n_bytes);
            cut.map_err(failed("cutting off", &path))?;
        }
        self.saved = self.saved.max(chunks.until);
        self.names.insert(name.id, name);
        let open = OpenFile {
            n_bytes: chunks.n_bytes,
            saved: chunks.until,
            until: chunks.until,
            file: Some(file),
            ..OpenFile::new(name)
        };
        self.open.insert(name.id, open);
        let segment = OpenSegment::saved(name.id, name.day, &chunks.hashes);
        found.open.push(segment);
        Ok(())
    }

    /// Keeps a file that cannot be used out of the way.
    fn set_aside(
        &mut self,
        name: Name,
        error: &dyn Display,
        n_events: u64,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        found.n_damaged += 1;
        tracing::error!(
            file = %self.path_of(name).display(),
            %error,
            n_events,
            "a file of the dedup window is damaged: duplicates of about so many events are not recognized any more"
        );
        let aside = Name {
            kind: Kind::Damaged,
            ..name
        };
        self.rename(name, aside)
    }

    /// Segments leave the window oldest first: one that is missing in between was lost.
    fn count_missing(&self, names: &[Name], found: &mut Found) {
        let known: BTreeSet<u64> = names.iter().map(|name| name.id).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return;
        };
        for id in (*first..*last).filter(|id| !known.contains(id)) {
            found.n_damaged += 1;
            tracing::error!(
                segment = id,
                directory = %self.path.display(),
                "a file of the dedup window is missing: duplicates of its events are not recognized any more"
            );
        }
    }

    fn rename(&mut self, from: Name, to: Name) -> Result<(), StoreError> {
        self.has_unsynced_names = true;
        let renamed = self.storage.rename(&from.to_string(), &to.to_string());
        renamed.map_err(failed("renaming", &self.path_of(from)))
    }

    fn remove(&mut self, name: Name) -> Result<(), StoreError> {
        self.has_unsynced_names = true;
        let removed = self.storage.remove(&name.to_string());
        removed.map_err(failed("removing", &self.path_of(name)))
    }

    fn sync_names(&mut self) -> Result<(), StoreError> {
        if self.has_unsynced_names {
            let synced = self.storage.sync_names();
            synced.map_err(failed("syncing", &self.path))?;
            self.has_unsynced_names = false;
        }
        Ok(())
    }

    fn path_of(&self, name: Name) -> PathBuf {
        self.path.join(name.to_string())
    }
}

impl OpenFile {
    fn new(name: Name) -> OpenFile {
        OpenFile {
            name,
            file: None,
            n_bytes: 0,
            saved: Position(0),
            unsaved: Vec::new(),
            until: Position(0),
        }
    }

    fn write(&mut self, storage: &dyn Storage) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(storage.create(&self.name.to_string())?),
        };
        let mut at = self.n_bytes;
        let mut rest = self.unsaved.as_slice();
        loop {
            let (chunk, later) = rest.split_at(rest.len().min(CHUNK_HASHES));
            rest = later;
            // The position counts from the chunk on that completes it.
            let until = if rest.is_empty() {
                self.until
            } else {
                self.saved
            };
            let bytes = chunks::encode(chunk, until);
            storage.write_at(file, &bytes, at)?;
            at += bytes.len() as u64;
            if rest.is_empty() {
                break;
            }
        }
        storage.sync(file)?;
        self.n_bytes = at;
        self.saved = self.until;
        self.unsaved = Vec::new();
        Ok(())
    }
}
