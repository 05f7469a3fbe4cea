//! Where events are copied from and to, as the command line names it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::error::CopyError;

/// A place of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server that speaks ClickHouse's HTTP interface.
    Server(Url),
    /// A file, or for Parquet a folder of them.
    File(PathBuf, FileKind),
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// CVAT's export.
    Csv,
    /// An object a line, as servers send events.
    NdJson,
    /// The columns of the table.
    Parquet,
}

impl Place {
    /// `http://…`, or a file's name by its ending. A folder holds Parquet.
    pub fn parse(text: &str) -> Result<Place, CopyError> {
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = Url::parse(text).map_err(|_| CopyError::Place(text.to_owned()))?;
            return Ok(Place::Server(url));
        }
        let path = Path::new(text.strip_prefix("file://").unwrap_or(text));
        let ending = path.extension().map(OsStr::to_ascii_lowercase);
        let kind = match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("csv") => FileKind::Csv,
            Some("ndjson" | "jsonl") => FileKind::NdJson,
            Some("parquet") => FileKind::Parquet,
            _ if path.is_dir() => FileKind::Parquet,
            _ => return Err(CopyError::Place(text.to_owned())),
        };
        Ok(Place::File(path.to_owned(), kind))
    }
}
