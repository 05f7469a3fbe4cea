//! The threads of reads. They wait for the next read for a while: a dashboard asks much and
//! often, and a new thread with its allocators' caches takes longer than a small query.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::room::Room;
use crate::watchdog::Watchdog;
use crate::{LastResort, priority};

/// How long a thread without work waits for some; dashboards refresh every few seconds.
const KEEP: Duration = Duration::from_mins(1);

/// The threads of reads, behind all others of the process, and the watch that ends those that take too long.
pub(crate) struct Readers {
    pub(crate) watchdog: Watchdog,
    /// Only for its pool of blocking threads, as large as there are connections in use. Some until
    /// the drop.
    threads: Option<Runtime>,
}

impl Readers {
    pub(crate) fn start(room: Arc<Room>, last_resort: LastResort) -> Result<Readers, Error> {
        let threads = Builder::new_current_thread()
            .thread_name("query")
            .thread_keep_alive(KEEP)
            .on_thread_start(priority::step_back)
            .build()
            .map_err(Error::io("making threads for queries"))?;
        Ok(Readers {
            watchdog: Watchdog::start(room, last_resort)?,
            threads: Some(threads),
        })
    }

    /// Runs a read on a thread that may block.
    pub(crate) fn run(&self, read: impl FnOnce() + Send + 'static) {
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
