//! Results and events as bytes, and the rows of an INSERT from bytes: JSON, CSV, `TabSeparated`, `Native`, `RowBinary`,
//! Arrow, Parquet.
//!
//! A [`Format`] has names, a media type and an [`Encoder`], which writes a result piece by piece. Values are
//! spelled by ClickHouse's rules (`value.rs`). Whole files of events are written by [`CsvWriter`] and
//! [`ParquetWriter`]. What an INSERT brings is read by a [`RowReader`] of an [`InsertFormat`].
//!
//! Knows the types of a result, and neither HTTP nor where rows come from and bytes go to. Start reading at
//! [`Encoder`]; a new format is a file beside `lines.rs` and its lines in `format.rs`.

mod arrow_stream;
mod compressed;
mod document;
mod encoder;
mod events;
mod format;
mod frame;
mod insert;
mod items;
mod json;
mod lines;
mod markdown;
mod native;
mod parquet;
mod pretty;
mod row_binary;
mod separated;
mod shown;
mod style;
mod text;
mod value;
mod values;
mod vertical;

pub use compressed::{CompressedReader, CompressedWriter, ContentSink};
pub use document::Rows;
pub use encoder::{Encoder, ErrorBody, FormatError, Header, PIECE_ROWS, Stats};
pub use events::{CsvWriter, FileError, ParquetWriter};
pub use format::Format;
pub use frame::Frame;
pub use insert::{
    InsertColumn, InsertError, InsertErrorCode, InsertFormat, InsertRow, InsertValue, RowReader,
    RowSink,
};
pub use items::Items;
pub use json::described;
pub use lines::Line;
pub use pretty::Rules;
pub use style::{CsvStart, Style, TimeFormat};
pub use value::{Column, Mismatch};
