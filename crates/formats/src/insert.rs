//! The rows of an INSERT, read from the bytes of its body as they come, cut anywhere.
//!
//! A [`RowReader`] holds at most one row, or one block of `Native`, of a size that its caller states. It says what
//! a row holds in the columns of the table: what other types a body names is converted where nothing is lost, and
//! refused where it would be. Whether the values are an event is not asked here. Errors have ClickHouse's codes.

mod arrow_stream;
mod binary;
mod cell;
mod csv;
mod error;
mod escapes;
mod fields;
mod json;
mod native;
mod native_column;
mod row_binary;
mod rows;
mod tab_separated;
mod target;
mod time_text;
mod values;
mod wire_type;

use annoscope_sql::DataType;

use crate::encoder::Header;

pub use error::{InsertError, InsertErrorCode};

use arrow_stream::ArrowStreamReader;
use native::NativeReader;
use row_binary::RowBinaryReader;
use rows::TextReader;
use target::Target;

/// A format that an INSERT may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertFormat {
    /// Objects one after another, or a list of them.
    JsonEachRow,
    /// Lists one after another.
    JsonCompactEachRow(Header),
    /// ClickHouse's blocks of columns.
    Native,
    /// Values one after another.
    RowBinary(Header),
    /// Fields between commas.
    Csv(Header),
    /// Fields between tabs.
    TabSeparated(Header),
    /// `(1, 'a'), (2, 'b')`.
    Values,
    /// Arrow's IPC stream, not compressed.
    ArrowStream,
}

/// Names, in lower case as they are compared, and what they mean.
const READ: &[(&[&str], InsertFormat)] = &[
    (
        &["jsoneachrow", "jsonlines", "jsonl", "ndjson"],
        InsertFormat::JsonEachRow,
    ),
    (
        &["jsoncompacteachrow"],
        InsertFormat::JsonCompactEachRow(Header::None),
    ),
    (
        &["jsoncompacteachrowwithnames"],
        InsertFormat::JsonCompactEachRow(Header::Names),
    ),
    (
        &["jsoncompacteachrowwithnamesandtypes"],
        InsertFormat::JsonCompactEachRow(Header::NamesAndTypes),
    ),
    (&["native"], InsertFormat::Native),
    (&["rowbinary"], InsertFormat::RowBinary(Header::None)),
    (
        &["rowbinarywithnames"],
        InsertFormat::RowBinary(Header::Names),
    ),
    (
        &["rowbinarywithnamesandtypes"],
        InsertFormat::RowBinary(Header::NamesAndTypes),
    ),
    (&["csv"], InsertFormat::Csv(Header::None)),
    (&["csvwithnames"], InsertFormat::Csv(Header::Names)),
    (
        &["csvwithnamesandtypes"],
        InsertFormat::Csv(Header::NamesAndTypes),
    ),
    (
        &["tabseparated", "tsv"],
        InsertFormat::TabSeparated(Header::None),
    ),
    (
        &["tabseparatedwithnames", "tsvwithnames"],
        InsertFormat::TabSeparated(Header::Names),
    ),
    (
        &["tabseparatedwithnamesandtypes", "tsvwithnamesandtypes"],
        InsertFormat::TabSeparated(Header::NamesAndTypes),
    ),
    (&["values"], InsertFormat::Values),
    (&["arrowstream"], InsertFormat::ArrowStream),
];

/// A column that the INSERT names, or of the whole table where it names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertColumn {
    /// As in the table.
    pub name: String,
    /// Of the table: integers, String, Bool, times, arrays of integers, each of which may be Nullable.
    pub data_type: DataType,
}

/// What a row has in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertValue {
    /// The row does not say, or says NULL where the column has none: the column's default.
    Default,
    /// NULL.
    Null,
    /// As sent: it may be more than the column's type holds, where ClickHouse would store another number.
    Integer(i128),
    /// Of a String. UTF-8, as the store holds no other text.
    Text(String),
    /// Ms since the epoch, UTC; what is finer is cut, as ClickHouse does.
    TimeMs(i64),
    /// Of a Bool.
    Bool(bool),
    /// Of an array.
    Integers(Vec<i64>),
}

/// A row: a value for each of the reader's columns, in their order.
pub type InsertRow = Vec<InsertValue>;

/// Takes the rows. An error of its own ends the reading.
pub type RowSink<'a> = dyn FnMut(InsertRow) -> Result<(), InsertError> + 'a;

/// Reads rows from pieces of a body. After an error it is not to be asked again.
pub trait RowReader: Send {
    /// Takes the next bytes, and gives the rows that are complete with them.
    fn push(&mut self, bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError>;

    /// The body is at its end: gives the last rows. What is left of a row is an error.
    fn finish(&mut self, rows: &mut RowSink<'_>) -> Result<(), InsertError>;
}

impl InsertFormat {
    /// The format of that name, in any case; `None` where an INSERT cannot come in it.
    pub fn named(name: &str) -> Option<InsertFormat> {
        let name = name.to_lowercase();
        let found = READ.iter().find(|(names, _)| names.contains(&&*name));
        found.map(|&(_, format)| format)
    }

    /// What reads rows of these columns. `max_bytes`: of a row, and of a block of `Native`; what is larger is
    /// refused.
    pub fn reader(
        self,
        columns: &[InsertColumn],
        max_bytes: usize,
    ) -> Result<Box<dyn RowReader>, InsertError> {
        let targets = columns.iter().map(Target::of);
        let targets = targets.collect::<Result<Vec<Target>, InsertError>>()?;
        Ok(match self {
            InsertFormat::JsonEachRow => text(json::Objects::new(targets), max_bytes),
            InsertFormat::JsonCompactEachRow(header) => {
                text(json::Lists::new(targets, header), max_bytes)
            }
            InsertFormat::Native => Box::new(NativeReader::new(targets, max_bytes)),
            InsertFormat::RowBinary(header) => {
                Box::new(RowBinaryReader::new(targets, header, max_bytes))
            }
            InsertFormat::Csv(header) => text(csv::Lines::new(targets, header), max_bytes),
            InsertFormat::TabSeparated(header) => {
                text(tab_separated::Lines::new(targets, header), max_bytes)
            }
            InsertFormat::Values => text(values::Tuples::new(targets), max_bytes),
            InsertFormat::ArrowStream => Box::new(ArrowStreamReader::new(targets, max_bytes)),
        })
    }
}

fn text(syntax: impl rows::Syntax + 'static, max_bytes: usize) -> Box<dyn RowReader> {
    Box::new(TextReader::new(syntax, max_bytes))
}

#[cfg(test)]
mod tests;
