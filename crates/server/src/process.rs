//! The end of this process.

use rustix::process::{Signal, getpid, kill_process};

/// Ends this process at once. What was acknowledged is on the disk.
pub fn end(reason: &str) {
    tracing::error!(reason, "ending the process on purpose, nothing else helps");
    // Not by exit: other threads are within the database, which would be taken down under them.
    if let Err(error) = kill_process(getpid(), Signal::KILL) {
        tracing::error!(%error, "the process cannot end itself");
    }
}
