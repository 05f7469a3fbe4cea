//! Opening files that a power cut or a failing disk has damaged.
//!
//! DuckDB 1.5.6 alone goes on without a word where the head of its log cannot be read, starts empty and
//! removes the log where the database is missing, and does not start at all where a power cut left
//! zeros at the log's end. Rows of an unfinished transaction at the log's end are visible if they came as whole row
//! groups, and gone at the next start. So what is there is looked at before it is opened, and what was opened is
//! compared with the number of acknowledged events.
//!
//! **Invariant:** nothing that is damaged is written over: it stays as it is, or is copied to `damaged/N` in
//! the data directory first (`what_is_damaged_is_named_and_kept` in `recovery/tests.rs`).

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use duckdb::Connection;

use crate::acknowledged::Acknowledged;
use crate::database::{self, FILE};
use annoscope_store::StoreError;

use crate::error::Error;
use crate::{StoreConfig, count_events, wal};

/// Holds what was set aside, a numbered directory for each time.
const DAMAGED: &str = "damaged";

/// What stands before the place of an entry of the log in DuckDB's messages.
const AT_BYTE: &str = "at byte position ";

/// What [`repair`] found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Events that were acknowledged, as far as is known.
    pub n_acknowledged: u64,
    /// Events that can be read.
    pub n_readable: u64,
    /// Where the damaged files are now; none if nothing was damaged.
    pub set_aside: Option<PathBuf>,
}

/// Opens the database, which must hold `n_acknowledged` events at least. An unfinished write at the log's end,
/// which was never acknowledged, is cut off.
pub(crate) fn open(config: &StoreConfig, n_acknowledged: u64) -> Result<Connection, Error> {
    let (database, log) = (config.dir.join(FILE), log_path(config));
    let has_log = log.metadata().is_ok_and(|metadata| metadata.len() > 0);
    if !database.exists() && (has_log || n_acknowledged > 0) {
        return Err(damaged(
            &database,
            format!("it is missing, and {n_acknowledged} events were acknowledged"),
        ));
    }
    let file = if has_log { &log } else { &database };
    match wal::unfinished_transaction(&log).map_err(at(&log))? {
        Some(end) => without_unfinished_transaction(config, &log, end, n_acknowledged),
        None => database::open(config, n_acknowledged).map_err(|error| named(error, file)),
    }
}

/// Sets aside what cannot be read, so that the store opens with what can. The directory must be locked by
/// the caller.
pub fn repair(config: &StoreConfig) -> Result<Repair, StoreError> {
    Ok(set_aside_damaged(config)?)
}

fn set_aside_damaged(config: &StoreConfig) -> Result<Repair, Error> {
    let acknowledged = Acknowledged::open(&config.dir).map_err(at(&config.dir))?;
    let n_acknowledged = acknowledged.get();
    let mut set_aside = None;
    let connection = match open(config, n_acknowledged) {
        Err(Error::Damaged { .. }) => {
            let aside = new_directory(&config.dir)?;
            let connection = open_what_can_be_read(config, &aside)?;
            set_aside = Some(aside);
            connection
        }
        opened => opened?,
    };
    let n_readable = count_events(&connection)?;
    // What was read of a damaged log is in the file from here on.
    connection.execute_batch("CHECKPOINT")?;
    acknowledged.set(n_readable);
    Ok(Repair {
        n_acknowledged,
        n_readable,
        set_aside,
    })
}

/// The database with the log as far as it can be read, without the log, or a new one.
fn open_what_can_be_read(config: &StoreConfig, aside: &Path) -> Result<Connection, Error> {
    let (database, log) = (config.dir.join(FILE), log_path(config));
    if !database.exists() {
        move_to(aside, &log)?;
        return database::open(config, 0);
    }
    if log.exists() {
        copy_to(aside, &log)?;
        if let Some(end) = wal::unfinished_transaction(&log).map_err(at(&log))? {
            cut(&log, end)?;
        }
        let mut opened = database::open(config, 0);
        if let Some(position) = opened.as_ref().err().and_then(entry_position) {
            cut(&log, position)?;
            opened = database::open(config, 0);
        }
        if let Ok(connection) = opened {
            connection.execute_batch("CHECKPOINT")?;
            drop(connection);
        }
        remove(&log)?;
    }
    database::open(config, 0).or_else(|_| {
        move_to(aside, &database)?;
        remove(&log)?;
        database::open(config, 0)
    })
}

/// Cuts the log at `end`. Puts it back if the database does not hold what was acknowledged then.
fn without_unfinished_transaction(
    config: &StoreConfig,
    log: &Path,
    end: u64,
    n_acknowledged: u64,
) -> Result<Connection, Error> {
    let aside = new_directory(&config.dir)?;
    let copy = copy_to(&aside, log)?;
    cut(log, end)?;
    let opened = database::open(config, n_acknowledged);
    if opened.is_ok() {
        // Nobody was told that it is stored: the journal has it.
        remove(&copy)?;
        tracing::info!(log = %log.display(), "cut off an unfinished transaction");
    } else {
        std::fs::rename(&copy, log).map_err(at(log))?;
    }
    // A directory that stays does no harm.
    let _ = std::fs::remove_dir(&aside);
    opened.map_err(|error| named(error, log))
}

/// Where the log's entry begins that DuckDB could not read, by its message.
fn entry_position(error: &Error) -> Option<u64> {
    let text = error.to_string();
    let (_, position) = text.split_once(AT_BYTE)?;
    let digits = position.split(|c: char| !c.is_ascii_digit()).next()?;
    // The place lies behind the entry's own length and checksum.
    digits.parse::<u64>().ok()?.checked_sub(wal::FRAME_HEADER)
}

/// What DuckDB says of a file that it cannot read, by its own words (1.5.6).
fn named(error: Error, file: &Path) -> Error {
    const SIGNS: [&str; 6] = [
        "Corrupt",
        "corrupt",
        "replaying WAL",
        "not a valid DuckDB database",
        "Serialization Error",
        "checksum",
    ];
    match error {
        // A log that finds no memory cannot be replayed either, and is not damaged.
        error if error.is_memory() => error,
        Error::DuckDb(error) if SIGNS.iter().any(|sign| error.to_string().contains(sign)) => {
            damaged(file, error.to_string())
        }
        Error::Damaged { reason, .. } => damaged(file, reason),
        error => error,
    }
}

fn damaged(file: &Path, reason: String) -> Error {
    Error::Damaged {
        file: file.display().to_string(),
        reason,
    }
}

fn log_path(config: &StoreConfig) -> PathBuf {
    config.dir.join(format!("{FILE}.wal"))
}

/// The next free directory below [`DAMAGED`].
fn new_directory(dir: &Path) -> Result<PathBuf, Error> {
    let parent = dir.join(DAMAGED);
    std::fs::create_dir_all(&parent).map_err(at(&parent))?;
    for number in 1_u32.. {
        let aside = parent.join(number.to_string());
        match std::fs::create_dir(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| aside.clone()).map_err(at(&aside)),
        }
    }
    Err(StoreError::NotOpen.into())
}

fn copy_to(aside: &Path, file: &Path) -> Result<PathBuf, Error> {
    let copy = aside.join(file.file_name().unwrap_or_default());
    std::fs::copy(file, &copy).map_err(at(&copy))?;
    let synced = File::open(&copy).and_then(|file| file.sync_all());
    synced.map_err(at(&copy))?;
    Ok(copy)
}

fn move_to(aside: &Path, file: &Path) -> Result<(), Error> {
    if file.exists() {
        let to = aside.join(file.file_name().unwrap_or_default());
        std::fs::rename(file, to).map_err(at(file))?;
    }
    Ok(())
}

fn remove(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(file)(error)),
        _ => Ok(()),
    }
}

fn cut(log: &Path, end: u64) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).open(log).map_err(at(log))?;
    file.set_len(end)
        .and_then(|()| file.sync_all())
        .map_err(at(log))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    Error::io(format!("reading or writing {}", path.display()))
}

#[cfg(test)]
mod tests;
