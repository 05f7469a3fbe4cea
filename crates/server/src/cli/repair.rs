//! `annoscope repair`: after a disk or a power cut damaged the store's files.

use std::io::Write;

use super::CliError;
use crate::config::Config;
use crate::server::{self, ServeError};
use crate::store;

/// Sets aside what cannot be read, and says what is left. The server must be stopped.
pub(super) fn run(config: &Config, out: &mut dyn Write) -> Result<(), CliError> {
    let lock = server::lock(config)?;
    let (repair, n_lost) = store::repair(config).map_err(ServeError::Store)?;
    drop(lock);
    match &repair.set_aside {
        None => writeln!(
            out,
            "Nothing is damaged: {} events can be read.",
            repair.n_readable
        )?,
        Some(aside) => writeln!(
            out,
            "{} events can be read, of {} that were acknowledged. What was damaged is in {}: keep it, \
             a backup or a specialist may still get events out of it. The server starts again with what can be read.",
            repair.n_readable,
            repair.n_acknowledged,
            aside.display()
        )?,
    }
    if n_lost > 0 {
        writeln!(
            out,
            "The journal had given {n_lost} of the lost ones to the database and keeps them no more; what it still has comes with the next start."
        )?;
    }
    Ok(())
}
