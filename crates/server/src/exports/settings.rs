//! What exports may use.

use std::path::PathBuf;
use std::time::Duration;

/// What exports may use.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// Where results are; created if need be.
    pub dir: PathBuf,
    /// Where the directories of all annoscopes are, `dir` among them; none where exports are not shared.
    pub shared: Option<PathBuf>,
    /// How long results and failures are kept.
    pub expiry: Duration,
    /// Longest run.
    pub timeout: Duration,
    /// All results together, bytes.
    pub max_bytes_on_disk: u64,
    /// Unfinished jobs of one user.
    pub max_waiting: usize,
    /// What the store wants to stay free, bytes.
    pub min_free_bytes: u64,
}

impl ExportSettings {
    /// How long results and failures are kept, µs.
    pub(super) fn expiry_us(&self) -> i64 {
        i64::try_from(self.expiry.as_micros()).unwrap_or(i64::MAX)
    }

    /// Longest run, ms.
    pub(super) fn timeout_ms(&self) -> u64 {
        u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX)
    }
}
