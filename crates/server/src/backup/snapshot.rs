//! The files beside the events, as of one moment.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use annoscope_backup::{LocalFile, SEALED, SealKey, Secrets};
use rusqlite::Connection;

use super::BackupCommandError;
use crate::identity::STATE_FILE;
use crate::identity::secret::new_webhook_secret;
use crate::{dead_letter, durable_file, webhooks};

/// The directory of dashboards.
const DASHBOARDS: &str = "dashboards";

/// What was taken.
pub(super) struct Snapshot {
    pub(super) files: Vec<LocalFile>,
    pub(super) secrets: Secrets,
}

/// Copies files into `to`, dashboards from where they are (`shared_dir`). Secrets of webhooks are sealed with the key, or left out.
pub(super) fn take(
    data_dir: &Path,
    shared_dir: &Path,
    to: &Path,
    key: Option<&SealKey>,
) -> Result<Snapshot, BackupCommandError> {
    let mut files = Vec::new();
    let mut secrets = Secrets::default();
    for file in [STATE_FILE, webhooks::FILE] {
        if data_dir.join(file).exists() {
            copy_database(data_dir, file, to)?;
            files.push(local(to, file));
        }
    }
    if data_dir.join(webhooks::FILE).exists() {
        let found = take_secrets(&to.join(webhooks::FILE))?;
        secrets.webhooks = found.keys().cloned().collect();
        secrets.is_sealed = key.is_some() && !found.is_empty();
        if let Some(key) = key.filter(|_| !found.is_empty()) {
            let text = serde_json::to_vec(&found).expect("they are texts");
            let sealed = key.seal(&text);
            fs::write(to.join(SEALED), sealed)
                .map_err(BackupCommandError::io("writing the sealed secrets"))?;
            files.push(local(to, SEALED));
        }
    }
    let letters = dead_letter::copy(
        &data_dir.join(dead_letter::FILE),
        &to.join(dead_letter::FILE),
    );
    if letters.map_err(BackupCommandError::io("copying the dead letters"))? {
        files.push(local(to, dead_letter::FILE));
    }
    copy_directory(shared_dir, Path::new(DASHBOARDS), to, &mut files)
        .map_err(BackupCommandError::io("copying dashboards"))?;
    Ok(Snapshot { files, secrets })
}

fn local(within: &Path, name: &str) -> LocalFile {
    LocalFile {
        name: name.to_owned(),
        path: within.join(name),
    }
}

/// A copy of a database that others may write to.
fn copy_database(data_dir: &Path, file: &'static str, to: &Path) -> Result<(), BackupCommandError> {
    let copy = || {
        let connection = Connection::open(data_dir.join(file))?;
        connection.busy_timeout(webhooks::BUSY_TIMEOUT)?;
        let path = to.join(file);
        connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])
    };
    copy().map(drop).map_err(BackupCommandError::sqlite(file))
}

/// The secrets by their webhooks' names. In the copy others stand for them, which nobody has ever known.
fn take_secrets(copy: &Path) -> Result<BTreeMap<String, String>, BackupCommandError> {
    let take = || {
        let connection = Connection::open(copy)?;
        connection.pragma_update(None, "secure_delete", true)?;
        let mut statement = connection.prepare("SELECT name, secret FROM sources")?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: BTreeMap<String, String> = found.collect::<Result<_, _>>()?;
        drop(statement);
        for name in found.keys() {
            let sql = "UPDATE sources SET secret = ?1 WHERE name = ?2";
            connection.execute(sql, [&new_webhook_secret(), name])?;
        }
        connection.execute_batch("VACUUM")?;
        Ok(found)
    };
    take().map_err(BackupCommandError::sqlite(webhooks::FILE))
}

/// Puts secrets back into a data directory.
pub(super) fn put_secrets(
    data_dir: &Path,
    secrets: &BTreeMap<String, String>,
) -> Result<(), BackupCommandError> {
    let put = || {
        let connection = Connection::open(data_dir.join(webhooks::FILE))?;
        for (name, secret) in secrets {
            let sql = "UPDATE sources SET secret = ?1 WHERE name = ?2";
            connection.execute(sql, [secret, name])?;
        }
        Ok(())
    };
    put().map_err(BackupCommandError::sqlite(webhooks::FILE))
}

/// Copies files, but for those that are being written: these have names that begin with a point.
fn copy_directory(
    from: &Path,
    within: &Path,
    to: &Path,
    files: &mut Vec<LocalFile>,
) -> io::Result<()> {
    let entries = match fs::read_dir(from.join(within)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut names: Vec<(PathBuf, bool)> = Vec::new();
    for entry in entries {
        let entry = entry?;
        names.push((within.join(entry.file_name()), entry.file_type()?.is_dir()));
    }
    names.sort_unstable();
    for (name, is_directory) in names {
        let is_hidden = name
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_directory {
            copy_directory(from, &name, to, files)?;
        } else if !is_hidden {
            let copy = to.join(&name);
            fs::create_dir_all(copy.parent().unwrap_or(to))?;
            match fs::copy(from.join(&name), &copy) {
                // Removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                copied => {
                    copied?;
                    files.push(local(to, &name.to_string_lossy()));
                }
            }
        }
    }
    Ok(())
}

/// A directory of its own for copies, for their owner alone; gone when it is dropped.
pub(super) fn directory(data_dir: &Path) -> Result<tempfile::TempDir, BackupCommandError> {
    durable_file::remove_leftovers(data_dir, PREFIX)
        .and_then(|()| tempfile::Builder::new().prefix(PREFIX).tempdir_in(data_dir))
        .map_err(BackupCommandError::io("making a directory for copies"))
}

/// What the names of directories for copies begin with.
const PREFIX: &str = ".backup-";
