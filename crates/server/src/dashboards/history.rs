//! The earlier versions of a dashboard: a file for each in `.versions/UID/`.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::files::{io_error, read_regular, write_whole};
use super::{DashboardError, Model};

/// Versions that are kept of a dashboard; the oldest goes first.
const MAX_VERSIONS: usize = 200;

/// A version, without its model.
#[expect(clippy::struct_field_names, reason = "the page reads this name")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number.
    pub version: u64,
    /// The account that saved it; `None` for a built-in one and for an edited file.
    pub author: Option<String>,
    /// When, RFC 3339.
    pub time: Option<String>,
    /// What its author said of it; may be empty.
    pub note: String,
}

/// A version, as its file has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub version: u64,
    pub author: Option<String>,
    pub time: Option<String>,
    pub note: String,
    pub dashboard: Model,
}

impl Record {
    pub fn into_version(self) -> Version {
        Version {
            version: self.version,
            author: self.author,
            time: self.time,
            note: self.note,
        }
    }
}

/// The versions of one dashboard.
pub(super) struct History {
    directory: PathBuf,
}

impl History {
    pub fn new(directory: PathBuf) -> History {
        History { directory }
    }

    /// The newest one.
    pub fn latest(&self) -> Result<Option<Record>, DashboardError> {
        match self.numbers()?.first() {
            Some(newest) => self.read(*newest),
            None => Ok(None),
        }
    }

    /// All, newest first.
    pub fn versions(&self) -> Result<Vec<Version>, DashboardError> {
        let mut versions = Vec::new();
        for number in self.numbers()? {
            versions.extend(self.read(number)?.map(Record::into_version));
        }
        Ok(versions)
    }

    /// One of them, if it is there.
    pub fn read(&self, version: u64) -> Result<Option<Record>, DashboardError> {
        let path = self.path(version);
        let text = match read_regular(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("reading", &path, error)),
        };
        let record = serde_json::from_slice(&text)
            .map_err(|error| io_error("reading", &path, io::Error::other(error)))?;
        Ok(Some(record))
    }

    /// Keeps one more.
    pub fn add(&self, record: &Record) -> Result<(), DashboardError> {
        fs::create_dir_all(&self.directory)
            .map_err(|error| io_error("creating", &self.directory, error))?;
        let path = self.path(record.version);
        let text = serde_json::to_vec(record).expect("it is made of JSON");
        write_whole(&path, &text)?;
        for oldest in self.numbers()?.into_iter().skip(MAX_VERSIONS) {
            let path = self.path(oldest);
            fs::remove_file(&path).map_err(|error| io_error("removing", &path, error))?;
        }
        Ok(())
    }

    /// The numbers of the versions, newest first.
    fn numbers(&self) -> Result<Vec<u64>, DashboardError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("reading", &self.directory, error)),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io_error("reading", &self.directory, error))?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        Ok(numbers)
    }

    fn path(&self, version: u64) -> PathBuf {
        self.directory.join(format!("{version}.json"))
    }
}
