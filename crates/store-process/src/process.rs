//! The store's process, as its parent sees it.

use std::fmt;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, WaitStatus, kill_process,
    waitid, waitpid,
};

/// A running process that serves a store.
pub trait Process: Send + Sync + 'static {
    /// Blocks until it has ended. One that is stopped is ended: it would answer nobody.
    fn wait(&self) -> End;

    /// Ends it at once.
    fn kill(&self);
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was stopped before.
    pub was_stopped: bool,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            _ if self.was_stopped => f.write_str("it was stopped, and so ended"),
            (Some(code), _) => write!(f, "it ended with code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal} ended it"),
            (None, None) => f.write_str("it ended"),
        }
    }
}

/// A child of this process.
#[derive(Debug)]
pub struct ChildProcess {
    pid: Pid,
    /// From then on its id may be that of another process.
    is_reaped: Mutex<bool>,
}

impl From<Child> for ChildProcess {
    fn from(child: Child) -> ChildProcess {
        ChildProcess {
            pid: Pid::from_child(&child),
            is_reaped: Mutex::new(false),
        }
    }
}

impl ChildProcess {
    /// Its state: none where it cannot be asked. Stays a zombie when it has ended.
    fn look(&self, options: WaitIdOptions) -> Option<WaitIdStatus> {
        let look = || waitid(WaitId::Pid(self.pid), options | WaitIdOptions::NOWAIT);
        rustix::io::retry_on_intr(look).ok().flatten()
    }
}

impl Process for ChildProcess {
    fn wait(&self) -> End {
        let either = WaitIdOptions::EXITED | WaitIdOptions::STOPPED;
        let was_stopped = self.look(either).is_some_and(|status| status.stopped());
        if was_stopped {
            self.kill();
            self.look(WaitIdOptions::EXITED);
        }
        let mut is_reaped = self
            .is_reaped
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let reap = || waitpid(Some(self.pid), WaitOptions::empty());
        let status = rustix::io::retry_on_intr(reap).ok().flatten();
        *is_reaped = true;
        let status = status.map(|(_, status)| status);
        End {
            code: status.and_then(WaitStatus::exit_status),
            signal: status.and_then(WaitStatus::terminating_signal),
            was_stopped,
        }
    }

    fn kill(&self) {
        let is_reaped = self
            .is_reaped
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !*is_reaped && let Err(error) = kill_process(self.pid, Signal::KILL) {
            tracing::error!(%error, "the store's process cannot be ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn start(program: &str, argument: &str) -> ChildProcess {
        let child = Command::new(program).arg(argument).spawn();
        child.unwrap().into()
    }

    const KILLED: End = End {
        code: None,
        signal: Some(9),
        was_stopped: false,
    };

    #[test]
    fn the_end_of_a_child_is_told() {
        let ended = start("false", "");
        let code = Some(1);
        assert_eq!(
            ended.wait(),
            End {
                code,
                ..End::default()
            }
        );
        // Its id may be another's by now.
        ended.kill();
        let killed = start("sleep", "600");
        killed.kill();
        assert_eq!(killed.wait(), KILLED);
    }

    #[test]
    fn a_child_that_is_stopped_is_ended() {
        let stopped = start("sleep", "600");
        kill_process(stopped.pid, Signal::STOP).unwrap();
        let was_stopped = true;
        assert_eq!(
            stopped.wait(),
            End {
                was_stopped,
                ..KILLED
            }
        );
    }
}
