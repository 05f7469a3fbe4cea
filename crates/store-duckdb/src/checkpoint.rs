//! Checkpoints: moving the write-ahead log into the database file before it grows long.
//!
//! Nothing is stored while a checkpoint lasts, in proportion to the log (64 MB take some
//! 200 ms on two cores), and it fails while another transaction writes. So it is made between two groups, and
//! what comes meanwhile waits in the journal.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use annoscope_store::clock;

use crate::apply::Applier;
use crate::database::{Database, Purpose};
use crate::error::Error;
use crate::stats::Counters;

/// Logs below this size, in bytes, open in no time and may stay when the store is idle.
const SHORT_LOG: u64 = 1 << 20;

/// Quiet time after which even a short log is written to the file.
pub(crate) const IDLE: Duration = Duration::from_secs(5);

/// The thread that writes a checkpoint when nothing was stored for a while, so that a start finds a short
/// log. Its drop ends it.
pub(crate) struct IdleCheckpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl IdleCheckpoints {
    /// A checkpoint is due when nothing was stored within `idle`, or up to twice as long.
    pub(crate) fn start(
        database: Arc<Database>,
        applier: Arc<Mutex<Applier>>,
        idle: Duration,
    ) -> Result<IdleCheckpoints, Error> {
        let (stop, stopped) = channel();
        let look = move || {
            // Whether there was none since something was stored.
            let mut is_due = true;
            while stopped.recv_timeout(idle) == Err(RecvTimeoutError::Timeout) {
                let mut applier = applier.lock().unwrap_or_else(PoisonError::into_inner);
                if !applier.is_idle() {
                    is_due = true;
                } else if is_due {
                    when_idle(&database);
                    is_due = false;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(look)
            .map_err(Error::io("starting a thread"))?;
        Ok(IdleCheckpoints {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for IdleCheckpoints {
    fn drop(&mut self) {
        self.stop = None;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread of checkpoints ended by a panic");
        }
    }
}

/// Before a commit: a checkpoint if the log has become long.
///
/// The default of 64 MB holds two of DuckDB's row groups of CVAT-like events. Shorter logs do not
/// make shorter stops: DuckDB then merges incomplete row groups, and some stops take 0.6 s.
pub(crate) fn before_commit(database: &Arc<Database>) {
    if database.wal_bytes() >= database.config.wal_checkpoint_bytes {
        checkpoint(database);
    }
}

/// When nothing was stored for a while: a checkpoint keeps nothing waiting.
fn when_idle(database: &Arc<Database>) {
    if database.wal_bytes() >= SHORT_LOG {
        checkpoint(database);
    }
}

/// Writes a checkpoint if there is a log. A failure loses nothing: the log stays.
pub(crate) fn checkpoint(database: &Arc<Database>) {
    let wal_bytes = database.wal_bytes();
    if wal_bytes == 0 {
        return;
    }
    let started = clock::monotonic();
    let done = database.retry_without_queries("a checkpoint has to be written", || {
        write(database).inspect_err(|error| {
            // Memory that runs out within a checkpoint is fatal to DuckDB 1.5.6.
            if error.is_fatal() {
                database.give_up();
            }
        })
    });
    let duration_ms = (clock::monotonic() - started).as_millis() as u64;
    match done {
        Ok(()) => {
            Counters::add(&database.counters.checkpoints, 1);
            Counters::set(&database.counters.last_checkpoint_ms, duration_ms);
            database.wal_bytes();
            tracing::debug!(wal_bytes, duration_ms, "wrote a checkpoint");
        }
        Err(error) => {
            Counters::add(&database.counters.failed_checkpoints, 1);
            tracing::warn!(wal_bytes, duration_ms, %error, "a checkpoint failed; the log keeps everything");
        }
    }
}

fn write(database: &Arc<Database>) -> Result<(), Error> {
    let connection = database.connection(Purpose::Maintenance)?;
    Ok(connection.execute_batch("CHECKPOINT")?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use annoscope_store::{Backend, Position};
    use annoscope_test_support::backend_contract::entry;
    use annoscope_test_support::event;

    use super::*;
    use crate::DuckDbStore;
    use crate::tests::config;

    #[test]
    fn a_log_is_written_to_the_file_when_nothing_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let store = DuckDbStore::open(&config(dir.path())).unwrap();
        let database = Arc::clone(&store.database);
        let (often, applier) = (Duration::from_millis(1), Arc::clone(&store.applier));
        let idle = IdleCheckpoints::start(Arc::clone(&database), applier, often).unwrap();
        let n_checkpoints = || database.counters.checkpoints.load(Ordering::Relaxed);
        let n_events = 10_000;
        for round in 0..2 {
            let before = n_checkpoints();
            let events: Vec<_> = (0..n_events).map(|n| event(n, n)).collect();
            let from = round * n_events.cast_unsigned();
            let until = Position(from + n_events.cast_unsigned());
            store.apply(vec![entry(from, &events)], until).unwrap();
            while n_checkpoints() == before {
                std::thread::yield_now();
            }
        }
        drop(idle);
        assert_eq!(database.wal_bytes(), 0);
    }
}
