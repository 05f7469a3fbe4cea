//! `annoscope serve`.

use std::io::Write;

use clap::Args;

use super::flags::SettingFlags;
use super::{CliError, logging, private_files};
use crate::config::{AuthKind, Config};
use crate::identity::Accounts;
use crate::server;
use crate::sockets::Sockets;

/// What `serve` takes.
#[derive(Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Runs the server until it is told to stop.
pub(super) fn run(config: Config, out: &mut dyn Write) -> Result<(), CliError> {
    logging::start(&config.log);
    take_small_pages();
    private_files::from_now_on();
    // Makes the directory, for its owner only, if this is the first start.
    let accounts = Accounts::open(&config.data_dir)?;
    let lock = server::lock(&config)?;
    private_files::warn_of_readers(&config.data_dir);
    // Where CVAT knows the users, that password would open nothing.
    if config.auth == AuthKind::Accounts {
        greet_first_start(&accounts, out)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    runtime.block_on(async {
        let sockets = Sockets::bind(&config).await?;
        Ok::<_, CliError>(server::run(config, accounts, lock, sockets).await?)
    })
}

/// Makes the first account and prints its password: on standard output and not through
/// the log, which is kept.
fn greet_first_start(accounts: &Accounts, out: &mut dyn Write) -> Result<(), CliError> {
    if let Some(password) = accounts.add_first_admin()? {
        writeln!(
            out,
            "First start. Log in as admin with the password {password} (shown only once)."
        )?;
        out.flush()?;
    }
    Ok(())
}

/// Takes memory from the system in small pages only. The allocator would ask for pages of 2 MB, and
/// many threads hold a part of one each: with twenty clients the process took 1,002 MB in place of
/// 389. The database's process inherits it.
#[cfg(target_os = "linux")]
fn take_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "the system goes on giving huge pages");
    }
}

/// Elsewhere the allocator does not ask for larger ones.
#[cfg(not(target_os = "linux"))]
fn take_small_pages() {}
