//! Backups: the events up to a position as Parquet by month, other files beside them, and one manifest that says
//! what is whole.
//!
//! ```text
//! manifest.json                      written last: what it does not name is no part of the backup
//! events/2026-11/FIRST-END.parquet   rows at positions from FIRST on, before END, of events of that month
//! files/NAME.CHECKSUM                accounts, dashboards, dead letters …
//! ```
//!
//! A piece never changes: a later backup to the same place adds pieces behind the last position. The crate knows
//! places and files, the rows of events and their positions; neither accounts nor a database nor HTTP.
//!
//! - `write.rs`: a backup, or what is new since the last one; `pieces.rs` cuts rows by month.
//! - `history.rs`: rows in the order of their positions again, from the pieces.
//! - `verify.rs`: every byte compared with its checksum.
//! - `place.rs`: a directory, or a bucket.

mod error;
mod files;
mod history;
mod manifest;
mod month;
mod pieces;
mod place;
mod seal;
#[cfg(test)]
mod tests;
mod verify;
mod write;

pub use error::BackupError;
pub use files::LocalFile;
pub use history::{Group, History};
pub use manifest::{FORMAT, File, MANIFEST, Manifest, Piece, Secrets};
pub use month::Month;
pub use place::Place;
pub use seal::{SEALED, SealKey};
pub use verify::{Damage, fetch, verify};
pub use write::{Contents, Progress, Written, write};
