//! ClickHouse's CSV: fields between commas, in quotes where they have to be, `\N` for NULL.

use std::borrow::Cow;

use super::InsertRow;
use super::error::{InsertError, InsertErrorCode};
use super::fields::{FieldValue, Fields};
use super::rows::Syntax;
use super::target::Target;
use crate::encoder::Header;

/// Lines.
pub(super) struct Lines {
    fields: Fields,
    state: State,
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Field,
    Quoted,
    /// Behind a quote that ends the text or is the first of two.
    QuoteWithin,
}

impl Lines {
    pub(super) fn new(targets: Vec<Target>, header: Header) -> Lines {
        Lines {
            fields: Fields::detecting(targets, header),
            state: State::FieldStart,
        }
    }
}

impl Syntax for Lines {
    fn is_end(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::QuoteWithin,
            (State::Quoted, _) => State::Quoted,
            (State::FieldStart | State::QuoteWithin, b'"') => State::Quoted,
            (_, b'\n') => {
                self.state = State::FieldStart;
                return true;
            }
            (_, b',') => State::FieldStart,
            (State::FieldStart, b' ' | b'\t') => State::FieldStart,
            _ => State::Field,
        };
        false
    }

    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError> {
        if is_last && text.is_empty() {
            return Ok(None);
        }
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut fields = split(line)?;
        // As ClickHouse: some programs put a comma behind the last field.
        if fields.len() == self.fields.n_columns() + 1 && fields.ends_with(&[FieldValue::Default]) {
            fields.pop();
        }
        self.fields.take(&fields)
    }
}

fn split(line: &[u8]) -> Result<Vec<FieldValue<'_>>, InsertError> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = trimmed_start(rest);
        let value = if let Some(quoted) = rest.strip_prefix(b"\"") {
            let (text, behind) = quoted_text(quoted)?;
            rest = trimmed_start(behind);
            FieldValue::Text(text)
        } else {
            let end = rest.iter().position(|&byte| byte == b',');
            let (field, behind) = rest.split_at(end.unwrap_or(rest.len()));
            rest = behind;
            match field.trim_ascii_end() {
                b"" => FieldValue::Default,
                b"\\N" => FieldValue::Null,
                field => FieldValue::Text(Cow::Borrowed(field)),
            }
        };
        fields.push(value);
        match rest {
            [] => return Ok(fields),
            [b',', behind @ ..] => rest = behind,
            _ => {
                let shown = String::from_utf8_lossy(&rest[..rest.len().min(50)]);
                let message = format!("Cannot parse input: expected ',' before: '{shown}'");
                let code = InsertErrorCode::CannotParseInputAssertionFailed;
                return Err(InsertError::new(code, message));
            }
        }
    }
}

/// The text up to the quote that ends it, and what is behind that.
fn quoted_text(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), InsertError> {
    let mut found = Cow::Borrowed(&text[..0]);
    let mut rest = text;
    loop {
        let Some(end) = rest.iter().position(|&byte| byte == b'"') else {
            let message = "Cannot parse quoted string: expected closing quote '\"'";
            return Err(InsertError::new(
                InsertErrorCode::CannotParseQuotedString,
                message,
            ));
        };
        let (part, behind) = (&rest[..end], &rest[end + 1..]);
        if found.is_empty() {
            found = Cow::Borrowed(part);
        } else {
            found.to_mut().extend_from_slice(part);
        }
        match behind.strip_prefix(b"\"") {
            Some(behind) => {
                found.to_mut().push(b'"');
                rest = behind;
            }
            None => return Ok((found, behind)),
        }
    }
}

fn trimmed_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    &text[start.unwrap_or(text.len())..]
}
