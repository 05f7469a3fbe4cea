//! A [`StoreError`] as it crosses the border of the process.

use std::io;
use std::time::Duration;

use annoscope_store::{Position, StoreError};
use serde::{Deserialize, Serialize};

/// The same as the [`StoreError`] of that name. Causes of which only the text matters are texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Failure {
    QueueFull {
        limit_bytes: usize,
    },
    DiskFull {
        free_bytes: u64,
        needed_bytes: u64,
    },
    JournalFull {
        limit_bytes: u64,
    },
    /// Positions.
    OutOfStep {
        applied: u64,
        begin: u64,
        end: u64,
    },
    NoJournal {
        dir: String,
    },
    Busy {
        limit: usize,
    },
    TimedOut {
        limit: Duration,
    },
    OutOfMemory {
        limit_bytes: u64,
    },
    OutOfProcessMemory {
        limit_bytes: u64,
    },
    Statement {
        message: String,
    },
    Quarantined {
        left: Duration,
    },
    Interrupted,
    Lost,
    NoAnswer,
    Unreadable(String),
    NotOpen,
    Io {
        doing: String,
        /// The system's number of it, where it has one.
        errno: Option<i32>,
        text: String,
    },
    Failed(String),
    Rejected(String),
    Replaced(String),
    InDoubt(String),
    Commit(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::QueueFull { limit_bytes } => Failure::QueueFull { limit_bytes },
            StoreError::DiskFull {
                free_bytes,
                needed_bytes,
            } => Failure::DiskFull {
                free_bytes,
                needed_bytes,
            },
            StoreError::JournalFull { limit_bytes } => Failure::JournalFull { limit_bytes },
            StoreError::OutOfStep {
                applied,
                begin,
                end,
            } => Failure::OutOfStep {
                applied: applied.0,
                begin: begin.0,
                end: end.0,
            },
            StoreError::NoJournal { dir } => Failure::NoJournal { dir },
            StoreError::Busy { limit } => Failure::Busy { limit },
            StoreError::TimedOut { limit } => Failure::TimedOut { limit },
            StoreError::OutOfMemory { limit_bytes } => Failure::OutOfMemory { limit_bytes },
            StoreError::OutOfProcessMemory { limit_bytes } => {
                Failure::OutOfProcessMemory { limit_bytes }
            }
            StoreError::Statement { message } => Failure::Statement { message },
            StoreError::Quarantined { left } => Failure::Quarantined { left },
            StoreError::Interrupted => Failure::Interrupted,
            StoreError::Lost => Failure::Lost,
            StoreError::NoAnswer => Failure::NoAnswer,
            StoreError::Unreadable(what) => Failure::Unreadable(what),
            StoreError::NotOpen => Failure::NotOpen,
            StoreError::Io { doing, source } => Failure::Io {
                doing,
                errno: source.raw_os_error(),
                text: source.to_string(),
            },
            StoreError::Failed(error) => Failure::Failed(error.to_string()),
            StoreError::Rejected(why) => Failure::Rejected(why),
            StoreError::Replaced(why) => Failure::Replaced(why),
            StoreError::InDoubt(why) => Failure::InDoubt(why),
            StoreError::Commit(why) => Failure::Commit(why),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::QueueFull { limit_bytes } => StoreError::QueueFull { limit_bytes },
            Failure::DiskFull {
                free_bytes,
                needed_bytes,
            } => StoreError::DiskFull {
                free_bytes,
                needed_bytes,
            },
            Failure::JournalFull { limit_bytes } => StoreError::JournalFull { limit_bytes },
            Failure::OutOfStep {
                applied,
                begin,
                end,
            } => StoreError::OutOfStep {
                applied: Position(applied),
                begin: Position(begin),
                end: Position(end),
            },
            Failure::NoJournal { dir } => StoreError::NoJournal { dir },
            Failure::Busy { limit } => StoreError::Busy { limit },
            Failure::TimedOut { limit } => StoreError::TimedOut { limit },
            Failure::OutOfMemory { limit_bytes } => StoreError::OutOfMemory { limit_bytes },
            Failure::OutOfProcessMemory { limit_bytes } => {
                StoreError::OutOfProcessMemory { limit_bytes }
            }
            Failure::Statement { message } => StoreError::Statement { message },
            Failure::Quarantined { left } => StoreError::Quarantined { left },
            Failure::Interrupted => StoreError::Interrupted,
            Failure::Lost => StoreError::Lost,
            Failure::NoAnswer => StoreError::NoAnswer,
            Failure::Unreadable(what) => StoreError::Unreadable(what),
            Failure::NotOpen => StoreError::NotOpen,
            Failure::Io { doing, errno, text } => StoreError::Io {
                doing,
                source: errno.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error),
            },
            Failure::Failed(text) => StoreError::Failed(text.into()),
            Failure::Rejected(why) => StoreError::Rejected(why),
            Failure::Replaced(why) => StoreError::Replaced(why),
            Failure::InDoubt(why) => StoreError::InDoubt(why),
            Failure::Commit(why) => StoreError::Commit(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_crosses_as_it_is() {
        let text = || "why".to_owned();
        let io = |source| StoreError::Io {
            doing: text(),
            source,
        };
        let errors = [
            StoreError::QueueFull { limit_bytes: 1 },
            StoreError::DiskFull {
                free_bytes: u64::MAX,
                needed_bytes: 2,
            },
            StoreError::JournalFull { limit_bytes: 6 },
            StoreError::OutOfStep {
                applied: Position(7),
                begin: Position(8),
                end: Position(9),
            },
            StoreError::NoJournal { dir: text() },
            StoreError::Busy { limit: 3 },
            StoreError::TimedOut {
                limit: Duration::from_nanos(1_500_000_001),
            },
            StoreError::OutOfMemory { limit_bytes: 4 },
            StoreError::OutOfProcessMemory { limit_bytes: 5 },
            StoreError::Statement { message: text() },
            StoreError::Quarantined {
                left: Duration::from_secs(6),
            },
            StoreError::Interrupted,
            StoreError::Lost,
            StoreError::NoAnswer,
            StoreError::Unreadable(text()),
            StoreError::NotOpen,
            io(io::Error::from_raw_os_error(28)),
            io(io::Error::other("torn")),
            StoreError::Failed(text().into()),
            StoreError::Rejected(text()),
            StoreError::Replaced(text()),
            StoreError::InDoubt(text()),
            StoreError::Commit(text()),
        ];
        for error in errors {
            let before = format!("{error:?}");
            let json = serde_json::to_string(&Failure::from(error)).unwrap();
            let failure: Failure = serde_json::from_str(&json).unwrap();
            let after = format!("{:?}", StoreError::from(failure));
            assert_eq!(after, before);
        }
    }
}
