//! ClickHouse's `TabSeparated`: fields between tabs, with escapes, `\N` for NULL.

use super::InsertRow;
use super::error::{InsertError, InsertErrorCode};
use super::escapes::unescaped;
use super::fields::{FieldValue, Fields};
use super::rows::Syntax;
use super::target::Target;
use crate::encoder::Header;

/// Lines.
pub(super) struct Lines {
    fields: Fields,
    /// Whether the byte before began an escape.
    is_escaped: bool,
}

impl Lines {
    pub(super) fn new(targets: Vec<Target>, header: Header) -> Lines {
        Lines {
            fields: Fields::detecting(targets, header),
            is_escaped: false,
        }
    }
}

impl Syntax for Lines {
    fn is_end(&mut self, byte: u8) -> bool {
        let was_escaped = std::mem::take(&mut self.is_escaped);
        self.is_escaped = byte == b'\\' && !was_escaped;
        byte == b'\n' && !was_escaped
    }

    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError> {
        if is_last && text.is_empty() {
            return Ok(None);
        }
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        if line.ends_with(b"\r") {
            let message = "A carriage return at the end of a row: lines end with a line feed alone";
            return Err(InsertError::new(InsertErrorCode::IncorrectData, message));
        }
        self.fields.take(&split(line)?)
    }
}

fn split<'a>(line: &'a [u8]) -> Result<Vec<FieldValue<'a>>, InsertError> {
    let mut is_escaped = false;
    let fields = line.split(move |&byte| {
        let was_escaped = std::mem::take(&mut is_escaped);
        is_escaped = byte == b'\\' && !was_escaped;
        byte == b'\t' && !was_escaped
    });
    let value = |field: &'a [u8]| match field {
        b"\\N" => Ok(FieldValue::Null),
        field => unescaped(field).map(FieldValue::Text).ok_or_else(|| {
            let message = "Cannot parse escape sequence";
            InsertError::new(InsertErrorCode::CannotParseEscapeSequence, message)
        }),
    };
    fields.map(value).collect()
}
