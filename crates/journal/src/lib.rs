//! A durable, ordered log of records of bytes, in segment files of one directory.
//!
//! It knows nothing of events, of HTTP and of async code.
//!
//! # Limits
//!
//! | what | limit |
//! | --- | --- |
//! | a segment | 64 KiB to 4 GiB, a multiple of 4 KiB; as large as its one record, if that needs more |
//! | the payload of a record | 2 GiB |
//! | items of a record | 1 to 2³² − 1 |
//! | segments that are not released | `max_bytes`, two at least; one more after a failure |
//! | spare files | eight, within `max_bytes`, for a minute; none once it was closed |
//! | memory | `queue_bytes` and 1 MiB for writing; a record and 64 KiB for each reader |
//! | a group on the disk | whole blocks of 4 KiB |
//!
//! # Files
//!
//! `NUMBER.segment` holds records, `NUMBER.spare` waits for its next use, `NUMBER.new` is being filled with zeros. Numbers
//! only grow. All files have the size of a segment from the begin, with every block written, so that the sync of a record
//! writes data and no metadata.
//!
//! ```text
//! segment    header (one block of 4,096 bytes) │ group │ group │ … │ zeros, or what an earlier use left
//!            each group begins at a block, and is written and synced at once
//! group      record │ record │ … │ zeros up to the next block
//!            each record begins at a multiple of 8 bytes
//!
//! header     0  magic "annojrnl"     16 number     32 base position   48 bytes of the file
//!            8  version (u32)        24 number of  40 salt            56 CRC-32 of bytes 0 to 55
//!            12 zero (u32)              the segment before
//!
//! record     0  magic "rec1"         16 position   40 items (u32)     52 bytes up to the next record (u32)
//!            4  CRC-32 of 8 to 55    24 synced     44 bytes of payload (u32)
//!            8  salt                 32 time, ms   48 CRC-32 of the payload
//!            56 payload
//! ```
//!
//! Numbers are little-endian, of 64 bits where nothing else is said.
//!
//! - *Salt*: random for each use of a file, and part of each record. What an earlier use left is never taken for a record of
//!   this one, and neither is a payload that looks like a record.
//! - *Base* of a segment: where the one before ends. Records of that one from there on were cut off.
//! - *Synced*: everything before this position was synced when the record was written. A bad place is a torn tail as long
//!   as no later record says that it was synced; otherwise it is damage.
//! - A record without items is a seal, written by a clean stop: it says that all before it was synced.
//!
//! # What holds
//!
//! - What was acknowledged is there after any stop, in order and once; what was not appended is never there.
//! - What was appended and not acknowledged is either there as a whole after opening, or it never comes back.
//! - No write touches a block that holds acknowledged records.
//! - After a failed write or sync nothing is taken until the files are read back ([`Journal::reopen`]).

mod check;
mod clock;
mod error;
mod journal;
mod layout;
mod log;
mod opening;
mod reader;
mod storage;
mod walk;

pub use check::{RecordInfo, Report, SegmentReport, check, records};
pub use error::{AppendError, Damage, OpenError, ReadError};
pub use journal::{Journal, Options, Stats};
pub use reader::{Reader, Record};
pub use walk::Fault;

#[cfg(test)]
mod tests;
