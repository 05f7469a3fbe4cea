//! Tends the write-ahead log: moves it into the database file before it grows long.
//!
//! DuckDB 1.5 lets appends go on while it writes a checkpoint and stops them only at the end.
//! Small logs make short stops, so a checkpoint begins at `wal_checkpoint_bytes`, or when
//! nothing was appended for a while.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::database::{Database, Purpose};
use crate::error::{FailureKind, StoreError};
use crate::stats::Counters;

/// Quiet time after which even a short log is written to the file.
const IDLE: Duration = Duration::from_secs(5);

/// Logs below this size, in bytes, open in no time and may stay.
const SHORT_LOG: u64 = 1 << 20;

/// Pause after a failed checkpoint, so that a full disk is not hammered.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The thread that writes checkpoints.
pub(super) struct Checkpointer {
    wake: Sender<Wake>,
    thread: JoinHandle<()>,
    threshold_bytes: u64,
}

enum Wake {
    Committed,
    Checkpoint,
    Stop,
}

/// Lets the writer say what happened.
pub(super) struct CheckpointHandle {
    wake: Sender<Wake>,
    threshold_bytes: u64,
}

impl CheckpointHandle {
    /// Something was committed and the log is now `wal_bytes` long.
    pub(super) fn after_commit(&self, wal_bytes: u64) {
        let wake = if wal_bytes >= self.threshold_bytes {
            Wake::Checkpoint
        } else {
            Wake::Committed
        };
        // The thread ends after the writer, in `DuckDbStore::close`.
        let _ = self.wake.send(wake);
    }

    /// A checkpoint is wanted now.
    pub(super) fn ask(&self) {
        let _ = self.wake.send(Wake::Checkpoint);
    }
}

impl Checkpointer {
    pub(super) fn start(database: Arc<Database>) -> Result<Checkpointer, StoreError> {
        let (wake, woken) = channel();
        let threshold_bytes = database.config.wal_checkpoint_bytes;
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&database, &woken))
            .map_err(|source| StoreError::Io {
                doing: "starting a thread".to_owned(),
                source,
            })?;
        Ok(Checkpointer {
            wake,
            thread,
            threshold_bytes,
        })
    }

    pub(super) fn handle(&self) -> CheckpointHandle {
        CheckpointHandle {
            wake: self.wake.clone(),
            threshold_bytes: self.threshold_bytes,
        }
    }

    /// Writes the last checkpoint and ends the thread.
    pub(super) fn stop(self) {
        let _ = self.wake.send(Wake::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread ended by a panic");
        }
    }
}

fn run(database: &Arc<Database>, woken: &Receiver<Wake>) {
    let mut is_dirty = true;
    loop {
        let wake = match woken.recv_timeout(IDLE) {
            Ok(first) => latest(first, woken),
            Err(RecvTimeoutError::Timeout) if is_dirty => {
                is_dirty = false;
                if database.wal_bytes() < SHORT_LOG {
                    continue;
                }
                Wake::Checkpoint
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => Wake::Stop,
        };
        match wake {
            Wake::Committed => is_dirty = true,
            Wake::Checkpoint => {
                is_dirty = true;
                if !checkpoint(database) {
                    std::thread::park_timeout(AFTER_FAILURE);
                }
            }
            Wake::Stop => {
                checkpoint(database);
                return;
            }
        }
    }
}

/// Of what piled up during a checkpoint, only the last word counts: each checkpoint takes the
/// whole log.
fn latest(first: Wake, woken: &Receiver<Wake>) -> Wake {
    woken.try_iter().fold(first, |kept, next| {
        if matches!(kept, Wake::Stop) {
            kept
        } else {
            next
        }
    })
}

/// Writes a checkpoint; false when it failed, which loses nothing: the log stays.
fn checkpoint(database: &Arc<Database>) -> bool {
    let wal_bytes = database.wal_bytes();
    if wal_bytes == 0 {
        return true;
    }
    let started = crate::clock::monotonic();
    let done = database
        .lend(Purpose::Upkeep)
        .and_then(|lent| Ok(lent.connection().execute_batch("CHECKPOINT")?));
    let duration_ms = started.elapsed().as_millis() as u64;
    match done {
        Ok(()) => {
            Counters::add(&database.counters.checkpoints, 1);
            Counters::set(&database.counters.last_checkpoint_ms, duration_ms);
            database.wal_bytes();
            tracing::debug!(wal_bytes, duration_ms, "wrote a checkpoint");
            true
        }
        Err(error) => {
            Counters::add(&database.counters.failed_checkpoints, 1);
            if let StoreError::Database(error) = &error
                && FailureKind::of(error) == FailureKind::Fatal
            {
                database.give_up();
            }
            tracing::warn!(wal_bytes, duration_ms, %error, "a checkpoint failed; the log keeps everything");
            false
        }
    }
}
