//! `annoscope retention`: removes old events, or shows which it would.

use std::io::Write;
use std::sync::Arc;

use clap::Args;

use super::progress::Line;
use super::{CliError, logging};
use crate::config::Config;
use crate::control::Client;
use crate::dead_letter::DeadLetter;
use crate::dir_lock::DirLock;
use crate::retention::Retention;
use crate::server::{self, ServeError};
use crate::store;

/// What `retention` takes.
#[derive(Args)]
pub(super) struct RetentionArgs {
    /// Remove nothing: show what would go, by class and month, and the room that it needs
    #[arg(long)]
    dry_run: bool,
}

/// Lets the running server do it, by its own settings, or does it where none runs.
pub(super) fn run(
    args: &RetentionArgs,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let mut line = Line::default();
    let holder = DirLock::holder(&config.data_dir).map_err(ServeError::from)?;
    let text = if holder.is_some() {
        let client = Client::new(&config.data_dir);
        client.retention(args.dry_run, |step| line.show(|| step.to_owned()))?
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
        let retention = Retention {
            store: Arc::clone(&store),
            kind: config.store.kind,
            config: config.retention.clone(),
            running: Arc::default(),
            // What the command removes is on its standard output.
            ended: Arc::new(|_| {}),
        };
        let done = if args.dry_run {
            retention.dry_run()
        } else {
            retention.run(|step| line.show(|| step.to_owned()))
        };
        store.close();
        done?.to_string()
    };
    line.end();
    writeln!(out, "{text}")?;
    Ok(())
}
