//! `annoscope erase`: takes a person out of the data directory.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;

use super::{CliError, logging};
use crate::config::Config;
use crate::erase;

/// What `erase` takes.
#[derive(Args)]
pub(super) struct EraseArgs {
    /// Id of the user, as events have it
    #[arg(long, value_name = "ID")]
    user: i64,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Does it, once the person at the terminal has said so.
pub(super) fn run(args: &EraseArgs, config: &Config, out: &mut dyn Write) -> Result<(), CliError> {
    logging::start(&config.log);
    let id = args.user;
    if !args.yes && !is_confirmed(id, out)? {
        writeln!(out, "Nothing was changed.")?;
        return Ok(());
    }
    let erased = erase::erase(config, id)?;
    let (pseudonym, n_rows) = (&erased.pseudonym, erased.n_rows);
    writeln!(
        out,
        "User {id} is {pseudonym} in {n_rows} places of events: names, addresses and what payloads said are gone, hours stay."
    )?;
    if erased.had_account {
        writeln!(out, "The account was removed, with its tokens and logins.")?;
    }
    writeln!(
        out,
        "Removed: {} dead letters, {} files of exports; the journal began anew.",
        erased.n_letters, erased.n_exports
    )?;
    for place in &erased.still_in {
        writeln!(out, "Still in: {place}.")?;
    }
    Ok(())
}

fn is_confirmed(id: i64, out: &mut dyn Write) -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::NotConfirmed);
    }
    write!(
        out,
        "This takes user {id} out of all events for good. Their hours stay, under a pseudonym. Go on? [y/N] "
    )?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
}
