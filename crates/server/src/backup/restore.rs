//! A data directory from a backup.
//!
//! While it is made the directory has a mark, with which no server starts. A restore that was interrupted goes on
//! where the database is; other files are written anew. The mark goes last.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use annoscope_backup::{
    BackupError, History, Manifest, Place, Progress, SEALED, SealKey, fetch, verify,
};
use annoscope_store::{Backend, Position};

use super::{BackupCommandError, snapshot};
use crate::backup_ledger::Ledger;
use crate::config::{CONFIG_FILE_NAME, Config};
use crate::dir_lock::LOCK_FILE;
use crate::server::{self, RESTORE_MARK as MARK};
use crate::{durable_file, store};

/// What a data directory may have before: its settings, its lock, and what a file system has by itself.
const MAY_BE_THERE: [&str; 3] = [CONFIG_FILE_NAME, LOCK_FILE, "lost+found"];

/// What was brought back.
pub struct Restored {
    /// Of which backup.
    pub manifest: Manifest,
    /// Webhooks whose secrets were not in it, or not under this key.
    pub needs_secret: Vec<String>,
}

/// Brings a backup into a data directory that has nothing yet. All checksums are compared first.
pub fn restore(
    config: &Config,
    place: &Place,
    key: Option<&SealKey>,
    mut progress: impl FnMut(Progress),
) -> Result<Restored, BackupCommandError> {
    let data_dir = &config.data_dir;
    let manifest = Manifest::require(place)?;
    for file in &manifest.files {
        check_name(&file.name)?;
    }
    let sealed = match key {
        Some(key) => open_secrets(place, &manifest, key)?,
        None => BTreeMap::new(),
    };
    check_target(config, &manifest)?;
    let told = |n_events, position, is_verifying| Progress {
        n_events,
        position,
        is_verifying,
    };
    let damages = verify(place, &manifest, |n_bytes| progress(told(0, n_bytes, true)))?;
    if !damages.is_empty() {
        return Err(BackupError::Damaged(damages).into());
    }
    let _lock = server::lock_for_restore(config)?;
    let mark = data_dir.join(MARK);
    durable_file::write(&mark, &manifest.to_bytes()).map_err(BackupCommandError::io(format!(
        "writing {}",
        mark.display()
    )))?;
    for file in &manifest.files {
        if file.name == SEALED {
            continue;
        }
        let to = data_dir.join(&file.name);
        if let Some(directory) = to.parent() {
            let doing = format!("making {}", directory.display());
            fs::create_dir_all(directory).map_err(BackupCommandError::io(doing))?;
        }
        fetch(place, file, &to)?;
    }
    if !sealed.is_empty() {
        snapshot::put_secrets(data_dir, &sealed)?;
    }
    let database = store::open_for_restore(config)?;
    let mut history = History::new(place, &manifest, database.applied()?);
    let mut n_events = database.stats().rows_total;
    while let Some(group) = history.next_group()? {
        if let Some(first) = group.entries.first() {
            // Positions before it have no rows.
            database.apply(Vec::new(), first.from)?;
        }
        database.apply(group.entries, group.until)?;
        n_events += group.n_events;
        progress(told(n_events, group.until.0, false));
    }
    database.apply(Vec::new(), Position(manifest.position))?;
    let n_events = database.stats().rows_total;
    database.close();
    if n_events != manifest.n_events {
        let text = format!(
            "the database has {n_events} events, and the backup {}",
            manifest.n_events
        );
        return Err(BackupError::NotOurs(text).into());
    }
    store::begin_behind(config, Position(manifest.position))?;
    // Later backups of this data directory go on with it.
    Ledger::default().note(data_dir, &place.to_string(), &manifest, None)?;
    durable_file::remove(&mark).map_err(BackupCommandError::io(format!(
        "removing {}",
        mark.display()
    )))?;
    let mut needs_secret = manifest.secrets.webhooks.clone();
    needs_secret.retain(|name| !sealed.contains_key(name));
    Ok(Restored {
        manifest,
        needs_secret,
    })
}

/// A name that leads out of the data directory is none of ours.
fn check_name(name: &str) -> Result<(), BackupCommandError> {
    let is_within = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if is_within && !name.is_empty() && name != MARK {
        return Ok(());
    }
    Err(BackupCommandError::BadName(name.to_owned()))
}

fn open_secrets(
    place: &Place,
    manifest: &Manifest,
    key: &SealKey,
) -> Result<BTreeMap<String, String>, BackupCommandError> {
    let Some(file) = manifest.files.iter().find(|file| file.name == SEALED) else {
        return Ok(BTreeMap::new());
    };
    let sealed = place.read(&file.path)?.ok_or(BackupError::WrongKey)?;
    let text = key.open(&sealed)?;
    serde_json::from_slice(&text).map_err(|_| BackupError::WrongKey.into())
}

/// The data directory and the journal's are empty, or have the begin of this restore.
fn check_target(config: &Config, manifest: &Manifest) -> Result<(), BackupCommandError> {
    let data_dir = &config.data_dir;
    fs::create_dir_all(data_dir).map_err(BackupCommandError::io(format!(
        "making {}",
        data_dir.display()
    )))?;
    if let Ok(mark) = fs::read(data_dir.join(MARK)) {
        if mark == manifest.to_bytes() {
            return Ok(());
        }
        return Err(BackupCommandError::OtherRestore(data_dir.clone()));
    }
    for dir in [data_dir, &config.journal_dir()] {
        let Ok(entries) = fs::read_dir(dir) else {
            continue;
        };
        for entry in entries.flatten() {
            let found = entry.file_name().to_string_lossy().into_owned();
            if !MAY_BE_THERE.contains(&found.as_str()) {
                return Err(BackupCommandError::NotEmpty {
                    dir: dir.clone(),
                    found,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_data_directory() {
        for name in ["state.sqlite", "dashboards/.versions/a/1.json"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "/etc/passwd", "../a", "a/../../b", "restore.json"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
