//! `annoscope serve`.

use std::io::Write;

use super::{CliError, logging};
use crate::config::{AuthKind, Config};
use crate::identity::Accounts;
use crate::server;

/// Runs the server until it is told to stop.
pub(super) fn run(config: Config, out: &mut dyn Write) -> Result<(), CliError> {
    logging::start(&config.log);
    // Makes the directory, for its owner only, if this is the first start.
    let accounts = Accounts::open(&config.data_dir)?;
    let lock = server::lock(&config)?;
    // Where CVAT knows the users, that password would open nothing.
    if config.auth == AuthKind::Accounts {
        greet_first_start(&accounts, out)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    runtime.block_on(server::run(config, accounts, lock))?;
    Ok(())
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
