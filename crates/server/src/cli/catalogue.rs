//! `annoscope catalogue rebuild`.

use std::io::Write;
use std::sync::Arc;

use clap::Subcommand;

use super::{CliError, logging};
use crate::catalogue;
use crate::config::Config;
use crate::control::Client;
use crate::dead_letter::DeadLetter;
use crate::dir_lock::DirLock;
use crate::server::{self, ServeError};
use crate::store;

/// What `catalogue` does.
#[derive(Subcommand)]
pub(super) enum CatalogueCommand {
    /// Make it anew from all events, by the running server or where none runs
    Rebuild,
}

pub(super) fn run(
    command: &CatalogueCommand,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let CatalogueCommand::Rebuild = command;
    let holder = DirLock::holder(&config.data_dir).map_err(ServeError::from)?;
    let text = if holder.is_some() {
        Client::new(&config.data_dir).rebuild_catalogue()?
    } else {
        logging::start(&config.log);
        let lock = server::lock(config)?;
        let io = |source| ServeError::Io {
            doing: "opening the dead letters".to_owned(),
            source,
        };
        let dead_letters = DeadLetter::open(&config.data_dir, config.ingest.dead_letter_max_bytes);
        let dead_letters = Arc::new(dead_letters.map_err(io)?);
        let store = store::open(config, dead_letters, &lock.0).map_err(ServeError::from)?;
        let done = catalogue::rebuild(&*store);
        store.close();
        done.map_err(ServeError::from)?
    };
    writeln!(out, "{text}")?;
    Ok(())
}
