//! What a store's process does for itself before it opens the store.

use rustix::process::{Resource, Rlimit, setrlimit};

/// The highest value of `oom_score_adj`.
const DIE_FIRST: &str = "1000";

/// As `nice 5`: where the cores are too few, a third of the time of the server, which takes events into the journal
/// meanwhile. Queries are further behind.
const NICENESS: i32 = 5;

/// Lets the system end this process with the thread that started it, and before all others when memory
/// runs out. Where the system refuses, the log says so: these are second lines.
///
/// `data_bytes` is the most that it may map, touched or not: beyond it an allocation fails.
pub fn settle_in(data_bytes: u64) {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
    {
        tracing::warn!(%error, "the store's process may outlive a server that is killed");
    }
    // On Linux a thread has a niceness of its own, which those inherit that it starts.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "the store's process keeps the usual priority");
    }
    if let Err(error) = std::fs::write("/proc/self/oom_score_adj", DIE_FIRST) {
        tracing::debug!(%error, "the system may end another process when memory runs out");
    }
    let most = Rlimit {
        current: Some(data_bytes),
        maximum: Some(data_bytes),
    };
    if let Err(error) = setrlimit(Resource::Data, most) {
        tracing::warn!(%error, "the memory of the store's process is watched only");
    }
}
