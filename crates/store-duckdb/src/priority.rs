//! What gets the cores when there are too few: events before queries.

/// As `nice 10`: a tenth of the time of a thread that stores events, while one wants to run.
/// Idle cores are used as before.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Puts the calling thread, and those that it will start, behind all others of the process.
#[cfg(target_os = "linux")]
pub(crate) fn step_back() {
    // On Linux a thread has a niceness of its own, and 0 is the calling one.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "queries keep the usual priority");
    }
}

/// Elsewhere niceness is the process's.
#[cfg(not(target_os = "linux"))]
pub(crate) fn step_back() {}
