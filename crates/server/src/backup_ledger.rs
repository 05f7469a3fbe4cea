//! `backups.json`: the backups that were made of a data directory.
//!
//! A later backup to the same place goes on where the last one ended only if that one is of this data directory: two
//! servers that write to one place would mix their positions. And who is erased is told which backups still hold them.

use std::io::ErrorKind;
use std::path::Path;

use annoscope_backup::{BackupError, Manifest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::durable_file;

/// Name of the file in the data directory.
pub const FILE: &str = "backups.json";

/// Places that are remembered; the oldest is forgotten first.
const MAX_PLACES: usize = 100;

/// All places, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// One for each place.
    pub backups: Vec<Entry>,
}

/// The last backup to a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Of the backup.
    pub id: Uuid,
    /// Where it is.
    pub place: String,
    /// When it was made, UTC.
    pub made_at: String,
    /// It has the events before this position.
    pub position: u64,
    /// Checksum of its manifest.
    manifest: String,
    /// Checksum of the manifest before: that is there if the last backup was interrupted just before its end.
    manifest_before: Option<String>,
}

impl Ledger {
    /// That of a data directory; an empty one where there is none.
    pub fn read(data_dir: &Path) -> Result<Ledger, BackupError> {
        let failed = |source| BackupError::Io {
            doing: format!("reading {FILE}"),
            source,
        };
        match std::fs::read(data_dir.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Ledger::default()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Fails where the manifest at a place is not the last one of this data directory.
    pub fn check(&self, place: &str, manifest: &Manifest) -> Result<(), BackupError> {
        let checksum = checksum(manifest);
        let entry = self.backups.iter().find(|entry| entry.id == manifest.id);
        let is_ours = entry.is_some_and(|entry| {
            entry.manifest == checksum || entry.manifest_before.as_ref() == Some(&checksum)
        });
        if is_ours {
            return Ok(());
        }
        Err(BackupError::NotOurs(match entry {
            None => {
                format!("{place} has the backup of another data directory: choose another place")
            }
            Some(_) => format!(
                "{place} has a backup that another server went on with: choose another place"
            ),
        }))
    }

    /// Notes a backup, in the data directory, before its manifest is in its place.
    pub fn note(
        &mut self,
        data_dir: &Path,
        place: &str,
        manifest: &Manifest,
        before: Option<&Manifest>,
    ) -> Result<(), BackupError> {
        self.backups.retain(|entry| entry.id != manifest.id);
        self.backups.push(Entry {
            id: manifest.id,
            place: place.to_owned(),
            made_at: manifest.made_at.clone(),
            position: manifest.position,
            manifest: checksum(manifest),
            manifest_before: before.map(checksum),
        });
        let n_over = self.backups.len().saturating_sub(MAX_PLACES);
        self.backups.drain(..n_over);
        let text = serde_json::to_vec_pretty(self).expect("they are texts and numbers");
        durable_file::write(&data_dir.join(FILE), &text).map_err(|source| BackupError::Io {
            doing: format!("writing {FILE}"),
            source,
        })
    }
}

fn checksum(manifest: &Manifest) -> String {
    blake3::hash(&manifest.to_bytes()).to_hex().to_string()
}
