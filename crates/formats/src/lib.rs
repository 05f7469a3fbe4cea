//! Results and events as bytes: JSON, CSV, `TabSeparated`, Arrow, Parquet.
//!
//! A [`Format`] has names, a media type and an [`Encoder`], which writes a result piece by piece. Values are
//! spelled by ClickHouse's rules (`value.rs`). Whole files of events are written by [`CsvWriter`] and
//! [`ParquetWriter`].
//!
//! Knows the types of a result, and neither HTTP nor where rows come from and bytes go to. Start reading at
//! [`Encoder`]; a new format is a file beside `lines.rs` and its lines in `format.rs`.

mod arrow_stream;
mod document;
mod encoder;
mod events;
mod format;
mod frame;
mod insert;
mod json;
mod lines;
mod separated;
mod style;
mod text;
mod value;

pub use document::Rows;
pub use encoder::{Encoder, ErrorBody, FormatError, Header, Stats};
pub use events::{CsvWriter, FileError, ParquetWriter};
pub use format::Format;
pub use frame::Frame;
pub use insert::{
    InsertColumn, InsertError, InsertErrorCode, InsertFormat, InsertRow, InsertValue, RowReader,
    RowSink,
};
pub use json::described;
pub use lines::Line;
pub use style::{CsvStart, Style, TimeFormat};
pub use value::{Column, Mismatch};
