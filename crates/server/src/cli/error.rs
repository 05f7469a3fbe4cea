//! Why a command failed, and with which exit code.

use std::io;

use super::copy::CopyCommandError;
use super::dead_letter::DeadLetterCommandError;
use super::demo::DemoError;
use super::doctor::DoctorError;
use super::health::HealthError;
use super::journal::JournalCommandError;
use crate::backup::BackupCommandError;
use crate::config::ConfigError;
use crate::control::ControlError;
use crate::erase::EraseError;
use crate::identity::AccountsError;
use crate::retention::RetentionError;
use crate::server::ServeError;
use crate::sockets::SocketError;
use crate::webhooks::WebhookError;

/// The failure of a command. The texts are for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Flags, variables or the file say something that does not work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An account cannot be read or changed.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A webhook cannot be read or changed.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The server did not start or ended badly.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The ports cannot be listened on.
    #[error(transparent)]
    Sockets(#[from] SocketError),
    /// The database's process did not start or ended badly.
    #[error(transparent)]
    Store(#[from] annoscope_store_process::ServeError),
    /// The dead letters cannot be read, sent or changed.
    #[error(transparent)]
    DeadLetter(#[from] DeadLetterCommandError),
    /// The journal cannot be read, or is damaged.
    #[error(transparent)]
    Journal(#[from] JournalCommandError),
    /// Events were not copied, or not all.
    #[error(transparent)]
    Copy(#[from] CopyCommandError),
    /// The server is not healthy.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// Something is wrong, or cannot be looked at.
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    /// A backup is not made, not sound or not brought back.
    #[error(transparent)]
    Backup(#[from] BackupCommandError),
    /// The running server does not do it.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Old events are not removed.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// A person is not taken out.
    #[error(transparent)]
    Erase(#[from] EraseError),
    /// There is no terminal to ask at.
    #[error("there is no terminal to ask at: use --yes")]
    NotConfirmed,
    /// The demo failed.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The threads of the server cannot be started.
    #[error("cannot start the server's threads")]
    Runtime(#[source] io::Error),
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
    /// The password cannot be read from standard input.
    #[error("cannot read the password from standard input")]
    PasswordInput(#[source] io::Error),
    /// There is no terminal to ask at.
    #[error("there is no terminal to ask for the password at: use --password-stdin")]
    NoTerminal(#[source] io::Error),
    /// Typed twice, differently.
    #[error("the two passwords differ")]
    PasswordsDiffer,
    /// Nothing to revoke.
    #[error("{name:?} has no token named {label:?}")]
    NoSuchToken {
        /// The user.
        name: String,
        /// The label.
        label: String,
    },
}

impl CliError {
    /// 2 if the command line or the configuration is wrong, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            CliError::Config(_) => 2,
            CliError::Accounts(_)
            | CliError::Webhooks(_)
            | CliError::Serve(_)
            | CliError::Sockets(_)
            | CliError::Store(_)
            | CliError::DeadLetter(_)
            | CliError::Journal(_)
            | CliError::Copy(_)
            | CliError::Health(_)
            | CliError::Doctor(_)
            | CliError::Backup(_)
            | CliError::Control(_)
            | CliError::Retention(_)
            | CliError::Erase(_)
            | CliError::NotConfirmed
            | CliError::Demo(_)
            | CliError::Runtime(_)
            | CliError::Output(_)
            | CliError::PasswordInput(_)
            | CliError::NoTerminal(_)
            | CliError::PasswordsDiffer
            | CliError::NoSuchToken { .. } => 1,
        }
    }

    /// Whether the reader of our output has gone, as `head` does: no one is left to tell.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}
