//! This process: its memory and its end.

use rustix::param::page_size;
use rustix::process::{Signal, getpid, kill_process};

/// Ends this process at once. What was acknowledged is on the disk.
pub fn end(reason: &str) {
    tracing::error!(reason, "ending the process on purpose, nothing else helps");
    // Not by exit: other threads are within the database, which would be taken down under them.
    if let Err(error) = kill_process(getpid(), Signal::KILL) {
        tracing::error!(%error, "the process cannot end itself");
    }
}

/// Memory that this process has, in bytes; none where the system does not tell.
pub fn memory_bytes() -> Option<u64> {
    let sizes = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    Some(pages * page_size() as u64)
}
