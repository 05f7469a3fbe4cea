//! The parent of the serving process: it holds the listening sockets and starts the server again when
//! that ends by itself.
//!
//! What a query holds that cannot be interrupted ends with its process alone, so the store ends the
//! process on purpose then ([`process::end`](crate::process::end)), as the system does when memory is used up. Senders wait in
//! the sockets' queues meanwhile, or send again.

use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::ExitStatus;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::clock;
use crate::sockets::Sockets;

/// The hidden flag of `serve` that names the parent by its process id.
pub const FLAG: &str = "--supervised-by";

/// The first descriptor that is handed over, as systemd has it.
const FIRST_FD: i32 = 3;

/// What ran for longer than this is started again at once.
const LONG: Duration = Duration::from_secs(10);

/// The longest pause before a start.
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// The system did not do its part.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct SupervisorError {
    /// What was being done.
    doing: String,
    /// The system's error.
    source: std::io::Error,
}

/// Keeps a server running until it is told to end or ends with an exit code of its own, which is
/// returned.
pub async fn run(sockets: &Sockets) -> Result<u8, SupervisorError> {
    let doing = "listening for signals";
    let mut terminate = signal(SignalKind::terminate()).map_err(io(doing))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io(doing))?;
    let mut pause = Duration::ZERO;
    loop {
        let started = clock::monotonic();
        let mut child = spawn(sockets)?;
        let mut is_told = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status.map_err(io("waiting for the server"))?,
                _ = terminate.recv() => pass_on(&child, Signal::TERM),
                _ = interrupt.recv() => pass_on(&child, Signal::INT),
            }
            is_told = true;
        };
        if is_told || status.code().is_some() {
            return Ok(exit_code(status));
        }
        pause = if clock::since(started) > LONG {
            Duration::ZERO
        } else {
            (2 * pause + Duration::from_millis(100)).min(MAX_PAUSE)
        };
        tracing::error!(
            signal = status.signal(),
            ?pause,
            "the serving process ended by itself; starting it again"
        );
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = terminate.recv() => return Ok(0),
            _ = interrupt.recv() => return Ok(0),
        }
    }
}

/// Starts the server: this program with the same arguments, the sockets as descriptors 3 and 4.
fn spawn(sockets: &Sockets) -> Result<Child, SupervisorError> {
    let failed = io("starting the serving process");
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    // On Linux also where the file has been replaced by that of a newer version meanwhile.
    let program = if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().map_err(&failed)?
    };
    let mut command = std::process::Command::new(program);
    command.arg0(name).args(arguments);
    command.args([FLAG, &std::process::id().to_string()]);
    command.env("LISTEN_FDS", "2").env_remove("LISTEN_PID");
    let mut mappings = Vec::new();
    for (child_fd, listener) in (FIRST_FD..).zip([&sockets.api, &sockets.ingest]) {
        mappings.push(FdMapping {
            parent_fd: OwnedFd::from(listener.try_clone().map_err(&failed)?),
            child_fd,
        });
    }
    let mapped = command.fd_mappings(mappings);
    mapped.expect("two descriptors have two numbers");
    Command::from(command).spawn().map_err(failed)
}

fn pass_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = rustix::process::kill_process(pid, signal)
    {
        tracing::debug!(%error, "the serving process has ended already");
    }
}

/// As a shell has it: 128 and the number of the signal that ended it.
fn exit_code(status: ExitStatus) -> u8 {
    let of_signal = || 128 + status.signal().unwrap_or(0);
    u8::try_from(status.code().unwrap_or_else(of_signal)).unwrap_or(1)
}

fn io(doing: &str) -> impl Fn(std::io::Error) -> SupervisorError {
    let doing = doing.to_owned();
    move |source| SupervisorError {
        doing: doing.clone(),
        source,
    }
}

/// Lets this process end with its parent, whose death frees nothing otherwise. Fails where the parent is
/// gone already.
pub fn end_with(parent: u32) -> Result<(), SupervisorError> {
    let failed = io("watching the parent process");
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| failed(error.into()))?;
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if now == i32::try_from(parent).ok() {
        Ok(())
    } else {
        Err(failed(std::io::ErrorKind::NotFound.into()))
    }
}
