//! What is wrong with the body of an INSERT, by ClickHouse's codes.

use std::fmt;

/// Why rows cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", Place(*.row, .column.as_deref()))]
pub struct InsertError {
    /// ClickHouse's code.
    pub code: InsertErrorCode,
    /// What is wrong.
    pub message: String,
    /// In which row, from 1.
    pub row: Option<u64>,
    /// In which column.
    pub column: Option<String>,
}

impl InsertError {
    /// An error that is in no row and no column.
    pub fn new(code: InsertErrorCode, message: impl Into<String>) -> InsertError {
        InsertError {
            code,
            message: message.into(),
            row: None,
            column: None,
        }
    }

    /// The same in a column, where it does not name one.
    pub(super) fn in_column(mut self, name: &str) -> InsertError {
        self.column.get_or_insert_with(|| name.to_owned());
        self
    }

    /// The same in a row, counted from 1, where it does not name one.
    pub(super) fn in_row(mut self, row: u64) -> InsertError {
        self.row.get_or_insert(row);
        self
    }
}

struct Place<'a>(Option<u64>, Option<&'a str>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Place(Some(row), Some(column)) => write!(f, ": (at row {row}, column {column})"),
            Place(Some(row), None) => write!(f, ": (at row {row})"),
            Place(None, Some(column)) => write!(f, ": (column {column})"),
            Place(None, None) => Ok(()),
        }
    }
}

/// ClickHouse's codes for what is wrong with a body (its `ErrorCodes.cpp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are ClickHouse's")]
pub enum InsertErrorCode {
    CannotParseText,
    IncorrectNumberOfColumns,
    DuplicateColumn,
    NoSuchColumnInTable,
    CannotParseEscapeSequence,
    CannotParseQuotedString,
    CannotParseInputAssertionFailed,
    AttemptToReadAfterEof,
    CannotReadAllData,
    ChecksumDoesntMatch,
    CannotParseDatetime,
    UnknownType,
    TypeMismatch,
    CannotParseNumber,
    UnknownCompressionMethod,
    TooLargeSizeCompressed,
    IncorrectData,
    TooLargeArraySize,
    TooLargeStringSize,
    CannotDecompress,
    CannotParseBool,
}

impl InsertErrorCode {
    /// As ClickHouse writes it behind a message.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// As ClickHouse writes it before a message, and in `X-ClickHouse-Exception-Code`.
    pub fn number(self) -> u16 {
        self.entry().0
    }

    #[rustfmt::skip]
    fn entry(self) -> (u16, &'static str) {
        match self {
            InsertErrorCode::CannotParseText => (6, "CANNOT_PARSE_TEXT"),
            InsertErrorCode::IncorrectNumberOfColumns => (7, "INCORRECT_NUMBER_OF_COLUMNS"),
            InsertErrorCode::DuplicateColumn => (15, "DUPLICATE_COLUMN"),
            InsertErrorCode::NoSuchColumnInTable => (16, "NO_SUCH_COLUMN_IN_TABLE"),
            InsertErrorCode::CannotParseEscapeSequence => (25, "CANNOT_PARSE_ESCAPE_SEQUENCE"),
            InsertErrorCode::CannotParseQuotedString => (26, "CANNOT_PARSE_QUOTED_STRING"),
            InsertErrorCode::CannotParseInputAssertionFailed => (27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED"),
            InsertErrorCode::AttemptToReadAfterEof => (32, "ATTEMPT_TO_READ_AFTER_EOF"),
            InsertErrorCode::CannotReadAllData => (33, "CANNOT_READ_ALL_DATA"),
            InsertErrorCode::ChecksumDoesntMatch => (40, "CHECKSUM_DOESNT_MATCH"),
            InsertErrorCode::CannotParseDatetime => (41, "CANNOT_PARSE_DATETIME"),
            InsertErrorCode::UnknownType => (50, "UNKNOWN_TYPE"),
            InsertErrorCode::TypeMismatch => (53, "TYPE_MISMATCH"),
            InsertErrorCode::CannotParseNumber => (72, "CANNOT_PARSE_NUMBER"),
            InsertErrorCode::UnknownCompressionMethod => (89, "UNKNOWN_COMPRESSION_METHOD"),
            InsertErrorCode::TooLargeSizeCompressed => (106, "TOO_LARGE_SIZE_COMPRESSED"),
            InsertErrorCode::IncorrectData => (117, "INCORRECT_DATA"),
            InsertErrorCode::TooLargeArraySize => (128, "TOO_LARGE_ARRAY_SIZE"),
            InsertErrorCode::TooLargeStringSize => (131, "TOO_LARGE_STRING_SIZE"),
            InsertErrorCode::CannotDecompress => (271, "CANNOT_DECOMPRESS"),
            InsertErrorCode::CannotParseBool => (467, "CANNOT_PARSE_BOOL"),
        }
    }
}
