//! The threads of reads. They wait for the next read for a while: a dashboard asks much and
//! often, and a new thread with its allocators' caches takes longer than a small query.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::watchdog::Watchdog;
use super::{LastResort, priority};
use crate::error::StoreError;

/// How long a thread without work waits for some; dashboards refresh every few seconds.
const KEEP: Duration = Duration::from_mins(1);

/// The threads of reads, behind all others of the process, and who ends those that take too long.
pub(super) struct Readers {
    pub(super) watchdog: Watchdog,
    /// Only for its pool of blocking threads, as large as there are connections in use. Some until
    /// the drop.
    threads: Option<Runtime>,
}

impl Readers {
    pub(super) fn start(last_resort: LastResort) -> Result<Readers, StoreError> {
        let threads = Builder::new_current_thread()
            .thread_name("query")
            .thread_keep_alive(KEEP)
            .on_thread_start(priority::step_back)
            .build()
            .map_err(|source| StoreError::Io {
                doing: "making threads for queries".to_owned(),
                source,
            })?;
        Ok(Readers {
            watchdog: Watchdog::start(last_resort)?,
            threads: Some(threads),
        })
    }

    /// Runs a read on a thread that may block.
    pub(super) fn run(&self, read: impl FnOnce() + Send + 'static) {
        if let Some(threads) = &self.threads {
            threads.spawn_blocking(read);
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        // It waits for no thread: the database does, until every connection is back.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}
