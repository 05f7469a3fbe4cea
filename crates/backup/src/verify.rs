//! Compares every byte of a backup with its checksum.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::BackupError;
use crate::files;
use crate::manifest::{File, Manifest, Piece};
use crate::place::Place;

/// A file that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is not there.
    Missing(String),
    /// It has other bytes.
    Differs(String),
    /// It has another number of rows than it should: it was written wrong.
    Rows(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Missing(name) => write!(f, "{name} is missing"),
            Damage::Differs(name) => {
                write!(f, "{name} is damaged: its SHA-256 is not the manifest's")
            }
            Damage::Rows(name) => write!(f, "{name} has another number of events than it should"),
        }
    }
}

/// All that is damaged or missing. `progress` is told the bytes that were compared.
pub fn verify(
    place: &Place,
    manifest: &Manifest,
    progress: impl FnMut(u64),
) -> Result<Vec<Damage>, BackupError> {
    check(place, &manifest.events, &manifest.files, progress)
}

pub(crate) fn check(
    place: &Place,
    pieces: &[Piece],
    files: &[File],
    mut progress: impl FnMut(u64),
) -> Result<Vec<Damage>, BackupError> {
    let mut damages = Vec::new();
    let pieces = pieces
        .iter()
        .map(|piece| (&piece.path, &piece.sha256, Some(piece.n_events)));
    let files = files.iter().map(|file| (&file.path, &file.sha256, None));
    let mut n_bytes = 0;
    for (name, sha256, n_events) in pieces.chain(files) {
        let fetched = match place.local(name) {
            Err(BackupError::Bucket {
                source: object_store::Error::NotFound { .. },
                ..
            }) => {
                damages.push(Damage::Missing(name.clone()));
                continue;
            }
            fetched => fetched?,
        };
        match files::digest(&fetched.path) {
            Ok(digested) if digested.sha256 == *sha256 => {
                n_bytes += digested.n_bytes;
                if n_events.is_some_and(|n_events| n_rows(&fetched.path) != Some(n_events)) {
                    damages.push(Damage::Rows(name.clone()));
                }
            }
            Ok(_) => damages.push(Damage::Differs(name.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                damages.push(Damage::Missing(name.clone()));
            }
            Err(error) => return Err(BackupError::io(format!("reading {name}"))(error)),
        }
        progress(n_bytes);
    }
    Ok(damages)
}

fn n_rows(path: &Path) -> Option<u64> {
    let file = fs::File::open(path).ok()?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).ok()?;
    u64::try_from(builder.metadata().file_metadata().num_rows()).ok()
}

/// Puts a file of a backup to `to`, compared with its checksum.
pub fn fetch(place: &Place, file: &File, to: &Path) -> Result<(), BackupError> {
    let fetched = place.local(&file.path)?;
    let doing = || format!("writing {}", to.display());
    fs::copy(&fetched.path, to).map_err(BackupError::io(doing()))?;
    let digested = files::digest(to).map_err(BackupError::io(doing()))?;
    if digested.sha256 != file.sha256 {
        return Err(BackupError::Damaged(vec![Damage::Differs(
            file.path.clone(),
        )]));
    }
    fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::io(doing()))
}
