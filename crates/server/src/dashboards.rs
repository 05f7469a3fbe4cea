//! Dashboards: files in Grafana's JSON model. The built-in ones are in the program; a saved one is
//! a file in `dashboards/` of the data directory, or of `shared.dir`, where people may put and edit files, too.
//!
//! A save never loses anything: each version that was ever shown is kept in
//! `dashboards/.versions/`, and a save says which version it began with.

mod builtin;
mod error;
mod files;
mod history;
mod model;
mod notices;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use annoscope_events::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use error::DashboardError;
pub use history::Version;
pub use model::Model;
pub use notices::notices;

use files::{Directory, Saved};
use history::{History, Record};

/// Dashboards that the page shows, whatever the directory holds.
const MAX_DASHBOARDS: usize = 1_000;

/// All dashboards of this server. Cloned for every request. Its functions block on files.
#[derive(Clone)]
pub struct Dashboards {
    /// One change at a time: between the look at the version and the write there is no other write.
    files: Arc<Mutex<Directory>>,
}

/// A dashboard as a list shows it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its name in addresses.
    pub uid: String,
    /// For people.
    pub title: String,
    /// For people; may be empty.
    pub description: String,
    /// For searching.
    pub tags: Vec<String>,
    /// The directory below `dashboards/` that it is in; empty for none.
    pub folder: String,
    /// Whether the program has one of this uid.
    pub builtin: bool,
    /// Whether a file stands in for the built-in one.
    pub modified: bool,
    /// Its current version.
    pub version: u64,
}

/// A file that is not shown as it is, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Path below `dashboards/`.
    pub file: String,
    /// What is wrong, with line and column, and what is shown in its place.
    pub message: String,
}

/// What is known of a dashboard besides its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Grows by one with each change. A save names the one it began with.
    pub version: u64,
    /// Whether the program has one of this uid, to which it can be reset.
    pub builtin: bool,
    /// Whether a file stands in for the built-in one.
    pub modified: bool,
    /// The directory below `dashboards/` that it is in; empty for none.
    pub folder: String,
    /// The file it is in, for administrators; `None` as long as it is the built-in one.
    pub file: Option<String>,
    /// The account that saved this version; `None` for the built-in one and for edited files.
    pub author: Option<String>,
    /// When, RFC 3339.
    pub updated: Option<String>,
}

/// What is saved, by whom and from which version on.
pub struct Change {
    /// The new model.
    pub model: Model,
    /// For the history.
    pub note: String,
    /// Where it is put; `None` leaves it where it is.
    pub folder: Option<String>,
    /// The account's name.
    pub author: String,
    /// Now.
    pub time: Timestamp,
}

/// A dashboard in force.
struct Current {
    model: Model,
    saved: Option<Saved>,
    is_builtin: bool,
}

impl Dashboards {
    /// The dashboards in `dashboards/` of a directory, which need not have any.
    pub fn new(within: &Path) -> Dashboards {
        Dashboards {
            files: Arc::new(Mutex::new(Directory::new(within.join("dashboards")))),
        }
    }

    /// All dashboards by folder and title, and the files that are none.
    pub fn list(&self) -> Result<(Vec<Entry>, Vec<Problem>), DashboardError> {
        let files = self.lock();
        let (saved, problems) = files.scan()?;
        let mut entries = Vec::new();
        for (uid, model) in builtin::all() {
            if !saved.iter().any(|file| file.uid == uid) {
                let current = Current::builtin(model);
                entries.push(current.entry(&files.history(uid))?);
            }
        }
        for file in saved {
            let current = Current::saved(file);
            entries.push(current.entry(&files.history(&current.uid()))?);
        }
        entries.sort_by(|a, b| (&a.folder, &a.title, &a.uid).cmp(&(&b.folder, &b.title, &b.uid)));
        Ok((entries, problems))
    }

    /// A dashboard's model and what is known of it.
    pub fn get(&self, uid: &str) -> Result<(Model, Meta), DashboardError> {
        let files = self.lock();
        let current = Current::find(&files, uid)?;
        let meta = current.meta(&files.history(uid))?;
        Ok((current.model, meta))
    }

    /// Saves a new version of a dashboard, unless there is one after `base` already.
    pub fn save(&self, uid: &str, base: u64, change: Change) -> Result<Meta, DashboardError> {
        let files = self.lock();
        let _alone = files.lock()?;
        let current = Current::find(&files, uid)?;
        let history = files.history(uid);
        let meta = current.meta(&history)?;
        let folder = change.folder.clone().unwrap_or_else(|| meta.folder.clone());
        // Also after a save whose answer was lost.
        if current.model.same_content(&change.model) && folder == meta.folder {
            return Ok(meta);
        }
        if meta.version != base {
            return Err(DashboardError::Stale { base, meta });
        }
        current.record(&history)?;
        put(
            &files,
            uid,
            meta.version + 1,
            change,
            &folder,
            current.saved.as_ref(),
        )?;
        let current = Current::find(&files, uid)?;
        current.meta(&history)
    }

    /// Adds a dashboard under the uid in its model, or under one made of its title.
    pub fn create(&self, change: Change) -> Result<(String, Meta), DashboardError> {
        let files = self.lock();
        let _alone = files.lock()?;
        let (saved, _) = files.scan()?;
        if saved.len() >= MAX_DASHBOARDS {
            return Err(DashboardError::TooMany {
                most: MAX_DASHBOARDS,
            });
        }
        let is_taken =
            |uid: &str| builtin::find(uid).is_some() || saved.iter().any(|file| file.uid == uid);
        let uid = match change.model.uid()? {
            Some(uid) if is_taken(&uid) => return Err(DashboardError::Taken { uid }),
            Some(uid) => uid,
            None => change.model.uid_of_title(is_taken),
        };
        let folder = change.folder.clone().unwrap_or_default();
        let history = files.history(&uid);
        // Of one that was removed.
        let version = history.latest()?.map_or(0, |record| record.version) + 1;
        put(&files, &uid, version, change, &folder, None)?;
        let meta = Current::find(&files, &uid)?.meta(&history)?;
        Ok((uid, meta))
    }

    /// Removes a dashboard, or resets it to the built-in one. Its versions are kept.
    pub fn remove(&self, uid: &str, author: &str, time: Timestamp) -> Result<(), DashboardError> {
        let files = self.lock();
        let _alone = files.lock()?;
        let current = Current::find(&files, uid)?;
        let Some(saved) = &current.saved else {
            return Err(DashboardError::BuiltIn {
                uid: uid.to_owned(),
            });
        };
        let history = files.history(uid);
        let version = current.record(&history)?;
        files.remove(saved)?;
        if let Some(model) = builtin::find(uid) {
            history.add(&Record {
                version: version + 1,
                author: Some(author.to_owned()),
                time: Some(time.to_string()),
                note: "reset to the built-in dashboard".to_owned(),
                dashboard: model,
            })?;
        }
        Ok(())
    }

    /// The versions of a dashboard, newest first; of a removed one, too.
    pub fn versions(&self, uid: &str) -> Result<Vec<Version>, DashboardError> {
        let files = self.lock();
        if !model::is_uid(uid) {
            return Err(unknown(uid));
        }
        let history = files.history(uid);
        let mut versions = history.versions()?;
        let current = match Current::find(&files, uid) {
            // It was removed.
            Err(DashboardError::Unknown { .. }) if !versions.is_empty() => return Ok(versions),
            found => found?,
        };
        let meta = current.meta(&history)?;
        if versions.first().is_none_or(|v| v.version < meta.version) {
            versions.insert(0, current.unrecorded(meta.version).into_version());
        }
        Ok(versions)
    }

    /// A version of a dashboard.
    pub fn version(&self, uid: &str, version: u64) -> Result<(Model, Version), DashboardError> {
        let files = self.lock();
        if !model::is_uid(uid) {
            return Err(unknown(uid));
        }
        let history = files.history(uid);
        if let Some(record) = history.read(version)? {
            return Ok((record.dashboard.clone(), record.into_version()));
        }
        let current = Current::find(&files, uid)?;
        if current.meta(&history)?.version != version {
            return Err(DashboardError::UnknownVersion {
                uid: uid.to_owned(),
                version,
            });
        }
        let record = current.unrecorded(version);
        Ok((current.model, record.into_version()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Directory> {
        // It holds a path and no state that a panic could have left half done.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(uid: &str) -> DashboardError {
    DashboardError::Unknown {
        uid: uid.to_owned(),
    }
}

/// Writes a version, first as what is shown: should its record fail, the next change finds a
/// version that has none, and records it.
fn put(
    files: &Directory,
    uid: &str,
    version: u64,
    change: Change,
    folder: &str,
    before: Option<&Saved>,
) -> Result<(), DashboardError> {
    let model = change.model.stamped(uid, version);
    files.write(uid, folder, &model, before)?;
    files.history(uid).add(&Record {
        version,
        author: Some(change.author),
        time: Some(change.time.to_string()),
        note: change.note,
        dashboard: model,
    })
}

impl Current {
    fn find(files: &Directory, uid: &str) -> Result<Current, DashboardError> {
        let (saved, _) = files.scan()?;
        if let Some(file) = saved.into_iter().find(|file| file.uid == uid) {
            return Ok(Current::saved(file));
        }
        builtin::find(uid)
            .map(Current::builtin)
            .ok_or_else(|| unknown(uid))
    }

    fn builtin(model: Model) -> Current {
        Current {
            model,
            saved: None,
            is_builtin: true,
        }
    }

    fn saved(mut file: Saved) -> Current {
        let is_builtin = builtin::find(&file.uid).is_some();
        let model = std::mem::take(&mut file.model);
        Current {
            model,
            saved: Some(file),
            is_builtin,
        }
    }

    fn uid(&self) -> String {
        match &self.saved {
            Some(saved) => saved.uid.clone(),
            None => self.model.text("uid").to_owned(),
        }
    }

    fn folder(&self) -> String {
        self.saved
            .as_ref()
            .map(|s| s.folder.clone())
            .unwrap_or_default()
    }

    /// The record of what is in force, unless it came another way than by a save.
    fn recorded(&self, latest: Option<Record>) -> (u64, Option<Record>) {
        match latest {
            Some(record) if record.dashboard.same_content(&self.model) => {
                (record.version, Some(record))
            }
            Some(record) => (record.version + 1, None),
            None => (1, None),
        }
    }

    fn meta(&self, history: &History) -> Result<Meta, DashboardError> {
        let (version, record) = self.recorded(history.latest()?);
        let (author, updated) = record.map_or((None, None), |r| (r.author, r.time));
        Ok(Meta {
            version,
            builtin: self.is_builtin,
            modified: self.is_builtin && self.saved.is_some(),
            folder: self.folder(),
            file: self.saved.as_ref().map(|s| s.path.display().to_string()),
            author,
            updated,
        })
    }

    fn entry(&self, history: &History) -> Result<Entry, DashboardError> {
        let uid = self.uid();
        let title = self.model.text("title");
        let tags = self.model.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        Ok(Entry {
            title: if title.is_empty() { &uid } else { title }.to_owned(),
            description: self.model.text("description").to_owned(),
            tags: tags.map(str::to_owned).collect(),
            folder: self.folder(),
            builtin: self.is_builtin,
            modified: self.is_builtin && self.saved.is_some(),
            version: self.recorded(history.latest()?).0,
            uid,
        })
    }

    /// Puts what is in force into the history, if it is not there. Returns its version.
    fn record(&self, history: &History) -> Result<u64, DashboardError> {
        let (version, record) = self.recorded(history.latest()?);
        if record.is_none() {
            history.add(&self.unrecorded(version))?;
        }
        Ok(version)
    }

    fn unrecorded(&self, version: u64) -> Record {
        let note = match self.saved {
            Some(_) => "the file was edited",
            None => "built-in",
        };
        Record {
            version,
            author: None,
            time: None,
            note: note.to_owned(),
            dashboard: self.model.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
