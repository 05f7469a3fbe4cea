//! One export: whose it is, what it makes, and how far it is.

use std::fmt;
use std::str::FromStr;

use annoscope_events::Timestamp;
use annoscope_query::RowFilter;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity::Principal;

/// The format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As CVAT's, byte for byte.
    Csv,
    /// Apache Parquet with Snappy.
    Parquet,
}

impl Format {
    /// The parameter's value and the file's extension.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }

    /// For `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Names a job. Owners choose ids themselves (`query_id`), so two of them may choose the
/// same one and never meet.
///
/// As text it is the `rq_id` of the API: opaque to clients, and of characters that mean
/// the same inside and outside of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobKey {
    /// The user who asked for it.
    pub owner_id: i64,
    /// The id among this user's jobs.
    pub id: Uuid,
}

const KEY_PREFIX: &str = "events-";

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEY_PREFIX}{}-{}", self.owner_id, self.id)
    }
}

/// The text is not the id of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a request")]
pub struct InvalidKey;

impl FromStr for JobKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<JobKey, InvalidKey> {
        let rest = text.strip_prefix(KEY_PREFIX).ok_or(InvalidKey)?;
        let (owner_id, id) = rest.split_once('-').ok_or(InvalidKey)?;
        let key = JobKey {
            owner_id: owner_id.parse().map_err(|_| InvalidKey)?,
            id: Uuid::try_parse(id).map_err(|_| InvalidKey)?,
        };
        // One job, one text.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(InvalidKey)
        }
    }
}

/// The user of an export, and for which organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The account's id.
    pub id: i64,
    /// The account's name when the job was made.
    pub name: String,
    /// The organization of the request.
    pub org_id: Option<i64>,
}

impl Owner {
    /// The caller, as an owner.
    pub fn of(principal: &Principal) -> Owner {
        Owner {
            id: principal.user.id,
            name: principal.user.name.clone(),
            org_id: principal.organization.as_ref().map(|org| org.id),
        }
    }
}

/// How far a job is. Times are µs since the epoch in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// Is being written.
    Started {
        /// When a worker took it.
        #[serde(with = "micros")]
        started_at: Timestamp,
    },
    /// The result is there.
    Finished {
        /// When a worker took it.
        #[serde(with = "micros")]
        started_at: Timestamp,
        /// When the result was on the disk.
        #[serde(with = "micros")]
        finished_at: Timestamp,
        /// Size of the result.
        n_bytes: u64,
    },
    /// There is no result.
    Failed {
        /// When it failed.
        #[serde(with = "micros")]
        finished_at: Timestamp,
        /// Why, for the owner's eyes.
        message: String,
    },
}

impl State {
    /// The status, as contract.md has it in "Background requests".
    pub fn name(&self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Started { .. } => "started",
            State::Finished { .. } => "finished",
            State::Failed { .. } => "failed",
        }
    }

    /// When it ended, well or not.
    pub fn finished_at(&self) -> Option<Timestamp> {
        match self {
            State::Queued | State::Started { .. } => None,
            State::Finished { finished_at, .. } | State::Failed { finished_at, .. } => {
                Some(*finished_at)
            }
        }
    }
}

/// One export, as the table keeps it and as its file says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub key: JobKey,
    /// Whose it is.
    pub owner: Owner,
    /// Names its files; never used twice, so that the end of an old job cannot meet the
    /// beginning of a new one with the same key.
    pub(super) file_id: Uuid,
    /// The format of the result.
    pub format: Format,
    /// The name that the download proposes.
    pub file_name: String,
    /// Whose events it has.
    #[serde(default)]
    pub rows: RowFilter,
    /// When it was asked for.
    #[serde(with = "micros")]
    pub created_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// The part of the time range that is written, 0 to 1.
    #[serde(skip)]
    pub progress: f32,
    /// When the result or the failure is forgotten.
    #[serde(skip)]
    pub expires_at: Option<Timestamp>,
}

impl Job {
    /// Name of the result in the directory.
    pub(super) fn result_name(&self) -> String {
        format!("{}.{}", self.file_id, self.format.name())
    }
}

/// A [`Timestamp`] as µs since the epoch.
mod micros {
    use annoscope_events::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_text_which_needs_no_escapes() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        for owner_id in [1, 0, i64::MAX, -5] {
            let key = JobKey { owner_id, id };
            let text = key.to_string();
            assert!(
                text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "{text}"
            );
            let read = text.parse();
            // A negative id would make two hyphens; accounts have none.
            assert_eq!(
                read,
                if owner_id < 0 {
                    Err(InvalidKey)
                } else {
                    Ok(key)
                }
            );
        }
        let cases = [
            "",
            "events-",
            "events-1",
            "events-1-",
            "events-01-01234567-89ab-cdef-0123-456789abcdef",
            "events-1-01234567-89AB-CDEF-0123-456789ABCDEF",
            "events-1-0123456789abcdef0123456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdef",
        ];
        for text in cases {
            assert_eq!(text.parse::<JobKey>(), Err(InvalidKey), "{text}");
        }
    }
}
