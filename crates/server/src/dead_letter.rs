//! What the ingest port could not store: kept for a person to look at.
//!
//! CVAT's handler resends for ever what is answered with an error, and drops what is answered
//! with success. An element that can never be stored is therefore accepted, and written here
//! with the reason, durable before the answer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use annoscope_events::{RejectedEvent, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

/// Name of the file in the data directory: one JSON object a line.
pub const FILE: &str = "dead-letter.ndjson";

/// The file of rejected events.
pub struct DeadLetter {
    /// Opened for each write, so that it can be moved away while the server runs. Held while
    /// one request writes, so that lines do not mix.
    path: Mutex<PathBuf>,
    max_bytes: u64,
}

/// Why rejected events could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The file is as large as it may be.
    #[error("{FILE} has reached its limit of {limit_bytes} bytes: look at it and move it away")]
    Full {
        /// The configured bound, in bytes.
        limit_bytes: u64,
    },
    /// The file system failed.
    #[error("writing {FILE}: {0}")]
    Io(#[from] std::io::Error),
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    received_at: String,
    request_id: uuid::Uuid,
    reason: &'a str,
    event: &'a RawValue,
}

impl DeadLetter {
    /// The file in the data directory, which is created if it is not there: a directory
    /// that cannot be written is found out at the start.
    pub fn open(dir: &Path, max_bytes: u64) -> std::io::Result<DeadLetter> {
        let path = dir.join(FILE);
        open(&path)?;
        Ok(DeadLetter {
            path: Mutex::new(path),
            max_bytes,
        })
    }

    /// Appends the events of one request, all or none, and syncs the file. Blocks.
    pub fn append(
        &self,
        rejected: &[RejectedEvent],
        received_at: Timestamp,
        request_id: uuid::Uuid,
    ) -> Result<(), DeadLetterError> {
        let mut lines = Vec::new();
        for event in rejected {
            let line = Line {
                received_at: received_at.to_string(),
                request_id,
                reason: &event.reason,
                event: &RawValue::from_string(event.raw.clone()).map_err(std::io::Error::other)?,
            };
            serde_json::to_writer(&mut lines, &line).map_err(std::io::Error::other)?;
            lines.push(b'\n');
        }
        let path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = open(&path)?;
        let length = file.metadata()?.len();
        if length + lines.len() as u64 > self.max_bytes {
            return Err(DeadLetterError::Full {
                limit_bytes: self.max_bytes,
            });
        }
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would break the next one; a full disk can still shorten a file.
            file.set_len(length)?;
        }
        Ok(written?)
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(raw: &str) -> RejectedEvent {
        RejectedEvent {
            index: 0,
            raw: raw.to_owned(),
            reason: "count: too large".to_owned(),
        }
    }

    #[test]
    fn lines_are_json_and_the_size_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let dead_letter = DeadLetter::open(dir.path(), 400).unwrap();
        let now = Timestamp::from_millis(1_719_835_202_123);
        dead_letter
            .append(&[rejected(r#"{"count":70000}"#)], now, uuid::Uuid::nil())
            .unwrap();
        let many: Vec<_> = (0..3).map(|_| rejected(r#"{"count":70000}"#)).collect();
        let refused = dead_letter
            .append(&many, now, uuid::Uuid::nil())
            .unwrap_err();
        assert!(matches!(
            refused,
            DeadLetterError::Full { limit_bytes: 400 }
        ));
        insta::assert_snapshot!(
            std::fs::read_to_string(dir.path().join(FILE)).unwrap(),
            @r#"{"received_at":"2024-07-01T12:00:02.123000Z","request_id":"00000000-0000-0000-0000-000000000000","reason":"count: too large","event":{"count":70000}}"#
        );
    }
}
