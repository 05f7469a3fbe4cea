//! `annoscope webhook …`: webhooks of other tools on the command line.

use std::io::Write;
use std::path::Path;

use annoscope_webhooks::Tool;
use clap::Subcommand;

use super::CliError;
use crate::clock;
use crate::webhooks::Webhooks;

/// What to do with webhooks.
#[derive(Subcommand)]
pub(super) enum WebhookCommand {
    /// Add one and print its secret
    Add {
        /// Its name in the address: 1 to 32 letters, digits, - and _
        name: String,
        /// Which tool delivers: cvat or label-studio
        #[arg(long)]
        kind: Tool,
    },
    /// List them, with the time of the last delivery
    List,
    /// Remove one; its events stay
    Remove {
        /// Its name
        name: String,
    },
}

/// Does it, in the data directory.
pub(super) fn run(
    command: WebhookCommand,
    data_dir: &Path,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let webhooks = Webhooks::open(data_dir)?;
    match command {
        WebhookCommand::Add { name, kind } => {
            let secret = webhooks.add(&name, kind, clock::now())?;
            writeln!(out, "{secret}")?;
            let proof = match kind {
                Tool::Cvat => "with this secret",
                Tool::LabelStudio => "with the header Authorization: Bearer and this secret",
            };
            let title = kind.title();
            writeln!(
                out,
                "let {title} deliver to /api/webhooks/{name} of this server, {proof}"
            )?;
        }
        WebhookCommand::List => {
            for source in webhooks.sources()? {
                let delivered = source.delivered.map(|time| time.to_string());
                let delivered = delivered.as_deref().unwrap_or("never");
                writeln!(
                    out,
                    "{}  {}  last delivery: {delivered}",
                    source.name, source.tool
                )?;
            }
        }
        WebhookCommand::Remove { name } => {
            webhooks.remove(&name)?;
            writeln!(out, "removed {name}")?;
        }
    }
    Ok(())
}
