//! The directory `dashboards/`: one file a dashboard, a directory below it for each folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::history::History;
use super::model::is_uid;
use super::{DashboardError, MAX_DASHBOARDS, Model, Problem, builtin};
use crate::durable_file;

/// Largest file, bytes: Grafana's own largest dashboards have a few hundred thousand.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// A file that is locked while something is changed.
const LOCK: &str = ".lock";

/// Longest name of a folder.
const MAX_FOLDER_CHARS: usize = 60;

/// The directory, which need not exist.
pub(super) struct Directory {
    root: PathBuf,
}

/// A dashboard in a file.
pub(super) struct Saved {
    pub uid: String,
    pub folder: String,
    pub path: PathBuf,
    pub model: Model,
}

impl Directory {
    pub fn new(root: PathBuf) -> Directory {
        Directory { root }
    }

    /// Waits until no other annoscope changes something, where several have the directory; until it is dropped none does.
    pub fn lock(&self) -> Result<File, DashboardError> {
        let path = self.root.join(LOCK);
        let locked = fs::create_dir_all(&self.root)
            .and_then(|()| File::create(&path))
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| io_error("locking", &path, error))
    }

    /// The earlier versions under a uid, which is part of the path.
    pub fn history(&self, uid: &str) -> History {
        assert!(is_uid(uid), "callers look the uid up, or check it");
        History::new(self.root.join(".versions").join(uid))
    }

    /// All files that are dashboards, by path, and what is wrong with the others.
    pub fn scan(&self) -> Result<(Vec<Saved>, Vec<Problem>), DashboardError> {
        let mut found: Vec<Saved> = Vec::new();
        let mut problems = Vec::new();
        for (folder, path) in self.paths()? {
            let file = self.shown(&path);
            if found.len() >= MAX_DASHBOARDS {
                let message = format!("not shown: there are {MAX_DASHBOARDS} dashboards before it");
                problems.push(Problem { file, message });
                break;
            }
            let (uid, model) = match read(&path) {
                Ok(read) => read,
                Err(message) => {
                    let stem = stem(&path);
                    let instead = match builtin::find(stem) {
                        Some(_) => "; the built-in dashboard is shown in its place",
                        None => "",
                    };
                    let message = format!("{message}{instead}");
                    problems.push(Problem { file, message });
                    continue;
                }
            };
            if let Some(other) = found.iter().find(|other| other.uid == uid) {
                let other = self.shown(&other.path);
                let message = format!("not shown: {other} has the same uid {uid:?}");
                problems.push(Problem { file, message });
                continue;
            }
            found.push(Saved {
                uid,
                folder,
                path,
                model,
            });
        }
        Ok((found, problems))
    }

    /// Puts a model into its file, in place of `before`. A file there that is no dashboard is
    /// renamed, so that no work is lost.
    pub fn write(
        &self,
        uid: &str,
        folder: &str,
        model: &Model,
        before: Option<&Saved>,
    ) -> Result<(), DashboardError> {
        let directory = self.directory_of(folder)?;
        let mut text = serde_json::to_vec_pretty(model).expect("it is made of JSON");
        text.push(b'\n');
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(DashboardError::Invalid {
                field: "dashboard",
                message: format!("at most {MAX_FILE_BYTES} bytes are expected"),
            });
        }
        let path = match before {
            Some(before) if before.folder == folder => before.path.clone(),
            _ => directory.join(format!("{uid}.json")),
        };
        let is_own = before.is_some_and(|before| before.path == path);
        let is_there = !is_own && path.exists();
        if is_there && read(&path).is_ok() {
            let file = self.shown(&path);
            return Err(DashboardError::Occupied { file });
        }
        fs::create_dir_all(&directory).map_err(|error| io_error("creating", &directory, error))?;
        if is_there {
            let aside = path.with_extension("json.broken");
            durable_file::rename(&path, &aside)
                .map_err(|error| io_error("renaming", &path, error))?;
        }
        write_whole(&path, &text)?;
        match before {
            Some(before) if before.path != path => self.remove(before),
            _ => Ok(()),
        }
    }

    /// Removes a dashboard's file, and its folder with the last one.
    pub fn remove(&self, saved: &Saved) -> Result<(), DashboardError> {
        let path = &saved.path;
        fs::remove_file(path).map_err(|error| io_error("removing", path, error))?;
        if !saved.folder.is_empty() {
            // Refused as long as something is in there.
            let _ = fs::remove_dir(self.root.join(&saved.folder));
        }
        Ok(())
    }

    fn directory_of(&self, folder: &str) -> Result<PathBuf, DashboardError> {
        let is_name = folder.trim() == folder
            && folder.chars().count() <= MAX_FOLDER_CHARS
            && !folder.starts_with('.')
            && !folder.contains(['/', '\\', '\0', '\n', '\r']);
        if !is_name {
            return Err(DashboardError::Invalid {
                field: "folder",
                message: format!(
                    "at most {MAX_FOLDER_CHARS} characters without slashes, not beginning with a dot, are expected"
                ),
            });
        }
        Ok(self.root.join(folder))
    }

    /// Every `*.json` with its folder, by path.
    fn paths(&self) -> Result<Vec<(String, PathBuf)>, DashboardError> {
        let mut paths = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let directory = self.root.join(&folder);
            let failed = |error| io_error("reading", &directory, error);
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                if name.starts_with('.') {
                    continue;
                }
                if path.is_dir() {
                    if folder.is_empty() {
                        folders.push(name.to_owned());
                    }
                } else if path
                    .extension()
                    .is_some_and(|extension| extension == "json")
                {
                    paths.push((folder.clone(), path));
                }
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

fn read(path: &Path) -> Result<(String, Model), String> {
    let text = read_regular(path).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
    }
    let model = Model::parse(&text).map_err(|error| error.to_string())?;
    let uid = model.uid().map_err(|error| error.to_string())?;
    let uid = match uid {
        Some(uid) => uid,
        None if is_uid(stem(path)) => stem(path).to_owned(),
        None => return Err("it has no uid, and its name cannot be one".to_owned()),
    };
    Ok((uid, model))
}

/// The content of a regular file, up to the first byte too many. A pipe or a device there would
/// keep its reader waiting, and all others with it.
pub(super) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    use rustix::fs::{Mode, OFlags};
    // Without waiting for the writer of a pipe.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn write_whole(path: &Path, text: &[u8]) -> Result<(), DashboardError> {
    durable_file::write(path, text).map_err(|error| io_error("writing", path, error))
}

pub(super) fn io_error(doing: &str, path: &Path, source: io::Error) -> DashboardError {
    DashboardError::Io {
        doing: format!("{doing} {}", path.display()),
        source,
    }
}
