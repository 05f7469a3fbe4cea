//! Makes a backup.

use std::fs::{File, TryLockError};
use std::path::Path;

use annoscope_backup::{BackupError, Contents, Manifest, Place, Progress, SealKey, Written, write};
use annoscope_store::Position;
use uuid::Uuid;

use super::source::Source;
use super::{BackupCommandError, snapshot};
use crate::backup_ledger::Ledger;
use crate::clock;
use crate::config::Loaded;

/// Held while a backup is made, by its process.
const LOCK: &str = "backups.lock";

/// Writes a backup of a data directory to a place, or what is new since the last one there.
pub fn take(
    loaded: &Loaded,
    place: &Place,
    key: Option<&SealKey>,
    progress: impl FnMut(Progress),
) -> Result<Written, BackupCommandError> {
    let data_dir = &loaded.config.data_dir;
    let _lock = lock(data_dir)?;
    let mut ledger = Ledger::read(data_dir)?;
    let previous = Manifest::read(place)?;
    if let Some(manifest) = &previous {
        ledger.check(&place.to_string(), manifest)?;
    }
    let source = Source::open(&loaded.config)?;
    let copies = snapshot::directory(data_dir)?;
    let held = source.hold()?;
    let taken = snapshot::take(data_dir, loaded.config.shared_dir(), copies.path(), key)?;
    let position = held.position();
    drop(held);
    let from = Position(previous.as_ref().map_or(0, |manifest| manifest.position));
    if from > position {
        let text = format!(
            "{place} has the events up to position {}, and the store those up to {}: it lost some, or is an older one. \
             Choose another place",
            from.0, position.0
        );
        return Err(BackupError::NotOurs(text).into());
    }
    let rows = source.rows(from, position)?;
    let settings = loaded.settings.iter();
    let settings =
        settings.filter(|setting| setting.origin != "default" && setting.key.path != "data_dir");
    let contents = Contents {
        previous: previous.clone(),
        id: Uuid::new_v4(),
        position,
        made_at: clock::now().to_string(),
        files: taken.files,
        settings: settings
            .map(|setting| setting.key.path.to_owned())
            .collect(),
        secrets: taken.secrets,
    };
    let written = write(place, contents, rows, progress, |manifest| {
        ledger.note(data_dir, &place.to_string(), manifest, previous.as_ref())
    })?;
    Ok(written)
}

fn lock(data_dir: &Path) -> Result<File, BackupCommandError> {
    let path = data_dir.join(LOCK);
    let doing = || format!("locking {}", path.display());
    let file = File::create(&path).map_err(BackupCommandError::io(doing()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BackupCommandError::Busy(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(BackupCommandError::io(doing())(error)),
    }
}
