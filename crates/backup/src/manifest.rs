//! `manifest.json`: what a backup holds, with the checksum of every file, and of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::BackupError;
use crate::place::Place;

/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// The form of a backup. Later versions of annoscope read earlier forms.
pub const FORMAT: u32 = 1;

/// The member that holds the manifest's own checksum, which is that of the text with an empty one.
const CHECKSUM: &str = "checksum";

/// What a backup holds. Members may be added, and are never renamed: backups out there have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that wrote it.
    pub annoscope: String,
    /// The same for all that is ever written to one place.
    pub id: Uuid,
    /// When it was written, UTC.
    pub made_at: String,
    /// It has the events before this position of the journal, and no others.
    pub position: u64,
    /// How many these are.
    pub n_events: u64,
    /// Pieces of events.
    pub events: Vec<Piece>,
    /// Other files.
    pub files: Vec<File>,
    /// Names of the settings that were not at their defaults; not their values.
    pub settings: Vec<String>,
    /// What became of secrets that have to be known as they are.
    pub secrets: Secrets,
}

/// Rows of a month that arrived one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Name within the backup.
    pub path: String,
    /// Of the events' times, as 2026-11.
    pub month: String,
    /// Position of its first row.
    pub first: u64,
    /// The position behind its last row.
    pub end: u64,
    /// Number of its rows.
    pub n_events: u64,
    /// Size, in bytes.
    pub n_bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A file beside the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Name within the data directory.
    pub name: String,
    /// Name within the backup.
    pub path: String,
    /// Size, in bytes.
    pub n_bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The secrets of webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Names of the webhooks that have one.
    pub webhooks: Vec<String>,
    /// Whether they are in the backup, under a key that is not.
    pub is_sealed: bool,
}

impl Manifest {
    /// The manifest of a place; none where there is no backup yet.
    pub fn read(place: &Place) -> Result<Option<Manifest>, BackupError> {
        let bytes = place.read(MANIFEST)?;
        bytes.map(|bytes| Manifest::parse(&bytes)).transpose()
    }

    /// As [`Manifest::read`], where there has to be one.
    pub fn require(place: &Place) -> Result<Manifest, BackupError> {
        Manifest::read(place)?.ok_or_else(|| BackupError::NoBackup(place.to_string()))
    }

    /// The manifest's text, with its checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let value = serde_json::to_value(self).expect("it has texts and numbers");
        let Value::Object(mut members) = value else {
            unreachable!("a struct is an object");
        };
        members.insert(CHECKSUM.to_owned(), Value::String(String::new()));
        seal_text(Value::Object(members))
    }

    /// Fails unless each byte is as it was written.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, BackupError> {
        let bad = |error: serde_json::Error| BackupError::BadManifest(error.to_string());
        let value: Value = serde_json::from_slice(bytes).map_err(bad)?;
        let format = value.get("format").and_then(Value::as_u64);
        if let Some(found) = format.and_then(|format| u32::try_from(format).ok())
            && found > FORMAT
        {
            return Err(BackupError::NewerFormat {
                found,
                known: FORMAT,
            });
        }
        let mut unsealed = value.clone();
        match unsealed.get_mut(CHECKSUM) {
            Some(checksum) => *checksum = Value::String(String::new()),
            None => return Err(BackupError::BadManifest("it has no checksum".to_owned())),
        }
        if seal_text(unsealed) != bytes {
            let reason = "it is not as it was written: its checksum differs";
            return Err(BackupError::BadManifest(reason.to_owned()));
        }
        serde_json::from_value(value).map_err(bad)
    }
}

/// The text of a manifest whose checksum is empty, with the checksum of that text.
fn seal_text(mut value: Value) -> Vec<u8> {
    let text = |value: &Value| serde_json::to_vec_pretty(value).expect("it has texts and numbers");
    let checksum = hex(&Sha256::digest(text(&value)));
    value[CHECKSUM] = Value::String(checksum);
    text(&value)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            annoscope: "0.1.0".to_owned(),
            id: Uuid::from_u128(7),
            made_at: "2026-11-30T12:00:00.000000Z".to_owned(),
            position: u64::MAX,
            n_events: 3,
            events: vec![Piece {
                path: "events/2026-11/0-3.parquet".to_owned(),
                month: "2026-11".to_owned(),
                first: 0,
                end: 3,
                n_events: 3,
                n_bytes: 5,
                sha256: "00".repeat(32),
            }],
            files: Vec::new(),
            settings: vec!["listen".to_owned()],
            secrets: Secrets::default(),
        }
    }

    #[test]
    fn every_flipped_byte_is_found() {
        let bytes = manifest().to_bytes();
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest());
        for at in 0..bytes.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut flipped = bytes.clone();
                flipped[at] ^= bit;
                assert!(Manifest::parse(&flipped).is_err(), "byte {at}");
            }
        }
        assert!(Manifest::parse(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn members_of_later_versions_are_passed_over_and_later_forms_are_refused() {
        let mut value: Value = serde_json::from_slice(&manifest().to_bytes()).unwrap();
        value["later"] = Value::from(1);
        value[CHECKSUM] = Value::String(String::new());
        assert_eq!(
            Manifest::parse(&seal_text(value.clone())).unwrap(),
            manifest()
        );
        value["format"] = Value::from(FORMAT + 1);
        let refused = Manifest::parse(&seal_text(value));
        assert!(matches!(refused, Err(BackupError::NewerFormat { .. })));
    }
}
