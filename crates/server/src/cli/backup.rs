//! `annoscope backup` and `annoscope restore`.

use std::io::Write;
use std::path::PathBuf;

use annoscope_backup::{BackupError, Manifest, Place, SealKey, verify};
use clap::Args;

use super::progress::Line;
use super::{CliError, logging};
use crate::backup::{self, BackupCommandError};
use crate::config::Loaded;

/// What `backup` takes.
#[derive(Args)]
pub(super) struct BackupArgs {
    /// The directory of the backup: made if it is not there, gone on with if it has one
    #[arg(value_name = "DIR", required_unless_present = "to")]
    dir: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "dir",
        help = "A bucket in its place: s3://bucket/prefix (AWS_ACCESS_KEY_ID and the like count), or file:///directory"
    )]
    to: Option<String>,
    /// Make none: compare every byte of the one that is there with its checksum
    #[arg(long)]
    verify: bool,
    /// Put webhooks' secrets in, encrypted under the key in this file, which is not in the backup [default: leave them out]
    #[arg(long, value_name = "FILE", conflicts_with = "verify")]
    key_file: Option<PathBuf>,
}

/// What `restore` takes.
#[derive(Args)]
pub(super) struct RestoreArgs {
    /// The directory of the backup
    #[arg(value_name = "DIR", required_unless_present = "from")]
    dir: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "dir",
        help = "A bucket in its place: s3://bucket/prefix, or file:///directory"
    )]
    from: Option<String>,
    /// The key file that webhooks' secrets were encrypted under
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

fn open(dir: Option<String>, url: Option<String>) -> Result<Place, BackupCommandError> {
    // The command line has one of the two.
    let address = url.or(dir).unwrap_or_default();
    Ok(Place::open(&address)?)
}

fn read_key(path: Option<PathBuf>) -> Result<Option<SealKey>, BackupCommandError> {
    let key = path.map(|path| SealKey::read(&path)).transpose();
    Ok(key?)
}

/// Makes a backup of the data directory, or looks at one.
pub(super) fn run(args: BackupArgs, loaded: &Loaded, out: &mut dyn Write) -> Result<(), CliError> {
    logging::start(&loaded.config.log);
    let place = open(args.dir, args.to)?;
    if args.verify {
        return compare(&place, out);
    }
    let key = read_key(args.key_file)?;
    let mut line = Line::default();
    let written = backup::take(loaded, &place, key.as_ref(), |progress| {
        let doing = if progress.is_verifying {
            "comparing what was written"
        } else {
            "events written"
        };
        line.show(|| format!("{} {doing}", progress.n_events));
    })?;
    line.end();
    let manifest = &written.manifest;
    writeln!(
        out,
        "{place} has {} events, up to position {}: {} new ones in {} bytes, verified.",
        manifest.n_events, manifest.position, written.n_new_events, written.n_new_bytes
    )?;
    if !manifest.secrets.webhooks.is_empty() && !manifest.secrets.is_sealed {
        writeln!(
            out,
            "The secrets of webhooks are not in it (--key-file): {}.",
            manifest.secrets.webhooks.join(", ")
        )?;
    }
    Ok(())
}

fn compare(place: &Place, out: &mut dyn Write) -> Result<(), CliError> {
    let manifest = Manifest::require(place).map_err(BackupCommandError::from)?;
    let mut line = Line::default();
    let damages = verify(place, &manifest, |n_bytes| {
        line.show(|| format!("{n_bytes} bytes compared"));
    });
    line.end();
    let damages = damages.map_err(BackupCommandError::from)?;
    if !damages.is_empty() {
        return Err(BackupCommandError::from(BackupError::Damaged(damages)).into());
    }
    writeln!(
        out,
        "{place} is as it was written: {} events up to position {}, of {}, in {} files.",
        manifest.n_events,
        manifest.position,
        manifest.made_at,
        manifest.events.len() + manifest.files.len()
    )?;
    Ok(())
}

/// Brings a backup into the data directory, which has nothing yet.
pub(super) fn restore(
    args: RestoreArgs,
    loaded: &Loaded,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    logging::start(&loaded.config.log);
    let place = open(args.dir, args.from)?;
    let key = read_key(args.key_file)?;
    let mut line = Line::default();
    let restored = backup::restore(&loaded.config, &place, key.as_ref(), |progress| {
        line.show(|| {
            if progress.is_verifying {
                format!("{} bytes compared", progress.position)
            } else {
                format!("{} events brought back", progress.n_events)
            }
        });
    })?;
    line.end();
    let manifest = &restored.manifest;
    writeln!(
        out,
        "{} has the {} events up to position {}, as of {}.",
        loaded.config.data_dir.display(),
        manifest.n_events,
        manifest.position,
        manifest.made_at
    )?;
    if !restored.needs_secret.is_empty() {
        writeln!(
            out,
            "These webhooks need a new secret (annoscope webhook remove and add): {}.",
            restored.needs_secret.join(", ")
        )?;
    }
    if !manifest.settings.is_empty() {
        writeln!(
            out,
            "Settings that were not at their defaults: {}. Their values are not in a backup.",
            manifest.settings.join(", ")
        )?;
    }
    writeln!(
        out,
        "The dedup window is empty: what senders send again that they sent before the backup is stored again."
    )?;
    Ok(())
}
