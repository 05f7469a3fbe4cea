//! Takes a person out of a data directory.
//!
//! The server is stopped meanwhile: a journal that is written to has what was sent a moment ago. Each step may be done
//! again, so a run that was killed is just run again.
//!
//! **Invariant:** no file of the data directory has the person's names then, but for those that the outcome lists
//! (`tests/keeping/test_erase.py`).

mod sqlite;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annoscope_backup::BackupError;
use annoscope_store::{Backend, StoreError};
use annoscope_store_duckdb::Person;

use crate::backup_ledger::Ledger;
use crate::config::Config;
use crate::dead_letter::{self, DeadLetter, Letter};
use crate::server::{self, ServeError};
use crate::store;

/// Why a person is still there, in part or as a whole.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The data directory is in use, or cannot be opened.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The store does not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Accounts or webhooks cannot be changed.
    #[error("{file}: {source}")]
    Sqlite {
        /// Name of the file.
        file: &'static str,
        /// What it failed with.
        source: rusqlite::Error,
    },
    /// The list of backups cannot be read.
    #[error(transparent)]
    Backups(#[from] BackupError),
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
}

/// What was done.
#[derive(Debug, Default)]
pub struct Erased {
    /// What stands for the person.
    pub pseudonym: String,
    /// Rows that were changed.
    pub n_rows: u64,
    /// Whether there was an account.
    pub had_account: bool,
    /// Dead letters that were removed.
    pub n_letters: usize,
    /// Files of exports that were removed.
    pub n_exports: usize,
    /// Backups, and what was set aside, which are not touched.
    pub still_in: Vec<String>,
}

/// Takes the person out. Blocks.
pub fn erase(config: &Config, user_id: i64) -> Result<Erased, EraseError> {
    let data_dir = &config.data_dir;
    let lock = server::lock(config)?;
    // All that was acknowledged is in the database then.
    store::mend_journal(config)?;
    let dead_letters = DeadLetter::open(data_dir, config.ingest.dead_letter_max_bytes)
        .map_err(io("opening the dead letters"))?;
    store::settle(config, Arc::new(dead_letters), &lock.0)?;
    let database = store::open_for_restore(config)?;
    let mut person = Person {
        user_id,
        names: database.names_of(user_id)?,
        common_names: Vec::new(),
    };
    let account = sqlite::names(data_dir, user_id)?;
    let had_account = account.is_some();
    if let Some(account) = account {
        person.names.extend(account.names);
        person.common_names.extend(account.common_names);
    }
    let pseudonym = person.pseudonym();
    // Names of a letter or two stand for anything.
    person
        .names
        .retain(|name| name.chars().count() > 2 && *name != pseudonym);
    person
        .names
        .sort_by_key(|name| std::cmp::Reverse(name.len()));
    person.names.dedup();
    person.common_names.retain(|name| name.chars().count() > 2);
    let n_rows = database.erase(&person)?;
    database.close();
    store::begin_journal_anew(config)?;
    sqlite::erase(data_dir, &person)?;
    let n_letters = erase_letters(data_dir, &person)?;
    let n_exports = remove_exports(data_dir)?;
    drop(lock);
    let ledger = Ledger::read(data_dir)?;
    let backups = ledger.backups.iter().rev();
    let backups =
        backups.map(|backup| format!("the backup {} of {}", backup.place, backup.made_at));
    let still_in = backups.chain(set_aside(config)).collect();
    Ok(Erased {
        pseudonym,
        n_rows,
        had_account,
        n_letters,
        n_exports,
        still_in,
    })
}

/// Removes the lines that are of the person or name them.
fn erase_letters(data_dir: &Path, person: &Person) -> Result<usize, EraseError> {
    let path = data_dir.join(dead_letter::FILE);
    let letters = dead_letter::read(&path).map_err(io("reading the dead letters"))?;
    let is_theirs = |letter: &Letter| {
        let text = String::from_utf8_lossy(&letter.text);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let event = &line["event"];
        let ids = [&event["user_id"], &event["user"]["id"]];
        person.is_in(&text) || ids.iter().any(|id| id.as_i64() == Some(person.user_id))
    };
    let letters: Vec<Letter> = letters.into_iter().filter(is_theirs).collect();
    if !letters.is_empty() {
        dead_letter::remove(&path, &letters).map_err(io("removing dead letters"))?;
    }
    Ok(letters.len())
}

/// Any export may have rows of anybody: all go, an hour before they would by themselves.
fn remove_exports(data_dir: &Path) -> Result<usize, EraseError> {
    let mut n_removed = 0;
    for directory in ["exports", "tmp"] {
        let Ok(entries) = fs::read_dir(data_dir.join(directory)) else {
            continue;
        };
        for entry in entries.flatten() {
            fs::remove_file(entry.path()).map_err(io("removing the results of exports"))?;
            n_removed += usize::from(directory == "exports");
        }
    }
    Ok(n_removed)
}

/// What a repair or a power cut has set aside.
fn set_aside(config: &Config) -> Vec<String> {
    let damaged = config.data_dir.join("damaged");
    let journal = config.journal_dir();
    let beside: Vec<PathBuf> = journal
        .parent()
        .and_then(|parent| fs::read_dir(parent).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(".set-aside"))
        .collect();
    let found = beside.into_iter().chain(std::iter::once(damaged));
    found
        .filter(|path| path.exists())
        .map(|path| format!("what was set aside in {}", path.display()))
        .collect()
}

fn io(doing: &str) -> impl FnOnce(io::Error) -> EraseError {
    let doing = doing.to_owned();
    move |source| EraseError::Io { doing, source }
}
