//! `annoscope doctor`: what is wrong and what to do, for a person and for monitoring.

use std::io::Write;

use clap::Args;

use super::CliError;
use crate::config::Config;
use crate::control::Client;
use crate::dir_lock::{DirLock, LockError};
use crate::doctor::{self, Finding, Level};

/// What `doctor` takes.
#[derive(Args)]
pub(super) struct DoctorArgs {
    /// As JSON, one finding a line
    #[arg(long)]
    json: bool,
}

/// Why there is no diagnosis, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The lock of the data directory cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nothing can be looked at from here.
    #[error("cannot look around")]
    Runtime(#[source] std::io::Error),
    /// Something is to be done.
    #[error("{n} of {n_parts} parts need to be looked at")]
    NotFine {
        /// Their number.
        n: usize,
        /// The number of all.
        n_parts: usize,
    },
}

/// Prints the findings, the worst first; fails where there is one to look at.
pub(super) fn run(args: &DoctorArgs, config: &Config, out: &mut dyn Write) -> Result<(), CliError> {
    let found = examine(config)?;
    for finding in &found {
        print(finding, args.json, out)?;
    }
    let n_parts = found.len();
    let not_fine = found.iter().filter(|found| found.level != Level::Fine);
    match not_fine.count() {
        0 => Ok(()),
        n => Err(DoctorError::NotFine { n, n_parts }.into()),
    }
}

fn print(finding: &Finding, json: bool, out: &mut dyn Write) -> Result<(), CliError> {
    if json {
        let line = serde_json::to_string(finding).expect("a finding is plain data");
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let level = match finding.level {
        Level::Fine => "fine",
        Level::Warning => "WARNING",
        Level::Failure => "FAILURE",
    };
    writeln!(out, "{level:8} {}: {}", finding.part, finding.text)?;
    if !finding.advice.is_empty() {
        writeln!(out, "         {}", finding.advice)?;
    }
    Ok(())
}

/// Of the running server; where none answers, what can be seen without it.
fn examine(config: &Config) -> Result<Vec<Finding>, DoctorError> {
    let dir = &config.data_dir;
    let server = match DirLock::holder(dir)? {
        None => Finding {
            part: "server".to_owned(),
            level: Level::Failure,
            text: format!("none runs on {}", dir.display()),
            advice: "Start it: well-behaved senders keep their events meanwhile. Its log says why it ended.".to_owned(),
        },
        Some(_) => match Client::new(dir).examine() {
            Ok(found) => return Ok(found),
            Err(error) => Finding {
                part: "server".to_owned(),
                level: Level::Failure,
                text: error.to_string(),
                advice: "If it has just started, ask again; otherwise its log says what holds it up.".to_owned(),
            },
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DoctorError::Runtime)?;
    let mut found = runtime.block_on(doctor::examine_place(config));
    found.push(server);
    doctor::sort(&mut found);
    Ok(found)
}
