//! `annoscope store`: the database's process. `serve` starts it; people have no use for it.

use clap::Args;

use super::{CliError, logging};
use crate::store::child::{self, Settings};

/// What `store` takes.
#[derive(Args)]
pub(super) struct StoreArgs {
    /// The settings, as `serve` has them: a file may say something else by now.
    #[arg(value_parser = settings)]
    settings: Settings,
}

fn settings(json: &str) -> Result<Settings, serde_json::Error> {
    serde_json::from_str(json)
}

/// Serves the database on standard input until `serve` closes that.
pub(super) fn run(args: StoreArgs) -> Result<(), CliError> {
    logging::start(&args.settings.log);
    Ok(child::serve(args.settings)?)
}
