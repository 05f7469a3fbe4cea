//! File descriptors of the process: as many as the system gives, and shared out so that files
//! can be opened whatever comes over the network.

/// What stays free for the store, exports, dashboards and accounts: none of them opens more than
/// a dozen at a time.
const RESERVE: usize = 256;

/// More than this is never of use: two ports with a quarter of it each.
const MOST: u64 = 1 << 16;

/// Raises the limit as far as the system lets the process; returns what is in force.
pub(crate) fn raise_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is no limit.
    let wanted = maximum.unwrap_or(MOST).min(MOST);
    let current = current.unwrap_or(MOST);
    if current >= wanted {
        return current as usize;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted as usize,
        Err(error) => {
            tracing::warn!(%error, current, wanted, "the limit of file descriptors cannot be raised");
            current as usize
        }
    }
}

/// Most connections of one port of so many: `wanted`, but with every connection's own file (the
/// result of an export) no more than what the limit leaves beside the reserve.
pub(crate) fn connections_of_a_port(wanted: usize, limit: usize, n_ports: usize) -> usize {
    let most = limit.saturating_sub(RESERVE.min(limit / 2)) / (2 * n_ports);
    wanted.min(most).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_ports_leave_descriptors_for_files() {
        for n_ports in [2, 3] {
            for limit in [20, 64, 256, 1024, 4096, 65_536, 1 << 20] {
                let n = connections_of_a_port(4096, limit, n_ports);
                // Each with a file of its own.
                let left = limit - (n_ports * 2 * n).min(limit);
                assert!(
                    left >= RESERVE.min(limit / 2) || n == 1,
                    "{limit}: {n} leave {left}"
                );
            }
        }
        assert_eq!(connections_of_a_port(4096, 65_536, 2), 4096);
        assert_eq!(connections_of_a_port(4096, 1024, 2), 192);
        assert_eq!(connections_of_a_port(4096, 1024, 3), 128);
    }

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
        let raised = raise_limit() as u64;
        assert!(
            raised >= hard.unwrap_or(MOST).min(MOST),
            "{raised} of {hard:?}"
        );
    }
}
