//! Copies events between annoscope, a ClickHouse and files, and compares what it copied.
//!
//! A copy keeps no state. Time is cut into windows of some ten thousand rows; of each window the rows of both sides
//! are multisets, and what the source has more often is inserted. Whoever interrupts a copy begins it again; a target
//! that has some of the rows from elsewhere, such as live events during a move, gets the others. In the end each
//! window has been compared row by row.
//!
//! Both ends speak ClickHouse's HTTP interface, with Arrow for rows. Start reading at [`copy()`].

// The names of databases are no code.
#![allow(clippy::doc_markdown)]

mod builder;
mod claims;
mod clickhouse;
mod columns;
mod copy;
mod error;
mod place;
mod read_file;
mod rows;
mod set_aside;
mod spool;
mod window;
mod write_file;

pub use copy::{Month, Options, Progress, Summary, copy};
pub use error::CopyError;
pub use place::{FileKind, Place};
pub use rows::Checksum;
