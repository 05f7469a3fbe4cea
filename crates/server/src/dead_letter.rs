//! What could not be stored: kept for a person to look at, and to send again.
//!
//! CVAT's handler and its page resend for ever what is answered with an error, and drop what is
//! answered with success. An event that can never be stored is therefore accepted, and written here
//! with the reason, durable before the answer. `docs/bad-events.md` has the form of the file.

mod letters;

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use annoscope_events::{RejectedEvent, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

pub use letters::{Letter, copy, read, remove};

/// Name of the file in the data directory: one JSON object a line.
pub const FILE: &str = "dead-letter.ndjson";

/// The file of rejected events.
pub struct DeadLetter {
    /// Opened for each write, so that it can be moved away while the server runs.
    path: PathBuf,
    /// Held while one request writes, so that lines do not mix.
    writing: Mutex<()>,
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

/// How much of the file a sender may fill: what every account can send leaves room for what
/// servers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Half of it.
    Half,
    /// All of it.
    All,
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
        lock_file(&path)?;
        Ok(DeadLetter {
            path,
            writing: Mutex::default(),
            max_bytes,
        })
    }

    /// Size of the file; 0 while it is moved away. Blocks.
    pub fn bytes(&self) -> std::io::Result<u64> {
        // Not under the lock: a writer that waits for the disk holds it.
        match std::fs::metadata(&self.path) {
            Ok(there) => Ok(there.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Appends the events of one request, all or none, and syncs the file. Blocks.
    pub fn append(
        &self,
        rejected: &[RejectedEvent],
        received_at: Timestamp,
        request_id: uuid::Uuid,
        share: Share,
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
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = lock_file(&self.path)?;
        let length = file.metadata()?.len();
        if ends_within_a_line(&mut file, length)? {
            // A crash, or an editor: what follows would be lost with that line.
            lines.insert(0, b'\n');
        }
        let limit_bytes = match share {
            Share::Half => self.max_bytes / 2,
            Share::All => self.max_bytes,
        };
        if length + lines.len() as u64 > limit_bytes {
            return Err(DeadLetterError::Full { limit_bytes });
        }
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would break the next one; a full disk can still shorten a file.
            file.set_len(length)?;
        }
        Ok(written?)
    }
}

fn ends_within_a_line(file: &mut File, length: u64) -> std::io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Opens the file and locks it against other processes, until it is closed.
///
/// The command line puts a new file in the place of the old one: a process that waited for the
/// lock of that one takes the new one.
fn lock_file(path: &Path) -> std::io::Result<File> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        file.lock()?;
        if is_still_at(&file, path)? {
            return Ok(file);
        }
    }
}

fn is_still_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let held = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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
            .append(
                &[rejected(r#"{"count":70000}"#)],
                now,
                uuid::Uuid::nil(),
                Share::Half,
            )
            .unwrap();
        let many: Vec<_> = (0..3).map(|_| rejected(r#"{"count":70000}"#)).collect();
        let refused = dead_letter
            .append(&many, now, uuid::Uuid::nil(), Share::All)
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

    #[test]
    fn a_torn_last_line_swallows_nothing() {
        let whole = "{\"a\":1}\n";
        for (torn, n_lines) in [
            ("", 1),
            (whole, 2),
            ("{\"a\":1}", 2),
            ("{\"received_at\":\"20", 2),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(FILE);
            std::fs::write(&path, torn).unwrap();
            let dead_letter = DeadLetter::open(dir.path(), 4000).unwrap();
            let now = Timestamp::from_millis(0);
            let nil = uuid::Uuid::nil();
            dead_letter
                .append(&[rejected("{\"count\":70000}")], now, nil, Share::All)
                .unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(torn) && text.ends_with("}\n"), "{text}");
            assert_eq!(text.lines().count(), n_lines, "{text}");
            let last: serde_json::Value =
                serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last["reason"], "count: too large");
        }
    }

    #[test]
    fn clients_fill_half_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let dead_letter = DeadLetter::open(dir.path(), 1000).unwrap();
        let append = |share| {
            let event = rejected(&format!("{{\"a\":\"{}\"}}", "x".repeat(200)));
            let now = Timestamp::from_millis(0);
            dead_letter.append(&[event], now, uuid::Uuid::nil(), share)
        };
        assert!(append(Share::Half).is_ok());
        assert!(matches!(
            append(Share::Half),
            Err(DeadLetterError::Full { limit_bytes: 500 })
        ));
        assert!(append(Share::All).is_ok());
    }
}
