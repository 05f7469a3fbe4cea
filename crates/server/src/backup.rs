//! Backups of a data directory, and a data directory from a backup.
//!
//! A command does it, in its own process: of the running server it gets the rows of events alone (`control`), and
//! reads the other files itself. It writes as who calls it, to where that one may write, with that one's keys.
//!
//! - `source.rs`: the events, of the running server or of files that nobody uses.
//! - `snapshot.rs`: accounts, webhooks, dashboards, dead letters as of one moment.
//! - `backup_ledger.rs` beside: which backups this data directory has, so that a later one goes on where it ended.
//! - `restore.rs`: the way back.
//!
//! **Invariant:** a backup has exactly the events before its position, and every audit event of its accounts once: in
//! the events, or on its way in `state.sqlite` (`tests/keeping/test_backup.py`).

mod error;
mod restore;
mod snapshot;
mod source;
mod take;

pub use error::BackupCommandError;
pub use restore::restore;
pub use take::take;
