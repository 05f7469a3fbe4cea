//! ClickHouse's `Values`: `(1, 'a', NULL), (2, 'b', DEFAULT)`. Literals alone, and no expressions.

use std::borrow::Cow;

use super::InsertRow;
use super::error::{InsertError, InsertErrorCode};
use super::escapes::unescaped;
use super::fields::{FieldValue, Fields};
use super::rows::Syntax;
use super::target::Target;
use crate::encoder::Header;

/// Tuples.
pub(super) struct Tuples {
    fields: Fields,
    depth: usize,
    is_quoted: bool,
    is_escaped: bool,
    has_rows: bool,
}

impl Tuples {
    pub(super) fn new(targets: Vec<Target>) -> Tuples {
        Tuples {
            fields: Fields::new(targets, Header::None),
            depth: 0,
            is_quoted: false,
            is_escaped: false,
            has_rows: false,
        }
    }
}

impl Syntax for Tuples {
    fn is_end(&mut self, byte: u8) -> bool {
        if self.is_quoted {
            let was_escaped = std::mem::take(&mut self.is_escaped);
            self.is_escaped = byte == b'\\' && !was_escaped;
            // Of two quotes that stand for one, the second begins a text anew.
            self.is_quoted = byte != b'\'' || was_escaped;
            return false;
        }
        match byte {
            b'\'' => self.is_quoted = true,
            b'(' => self.depth += 1,
            b')' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError> {
        let mut text = text.trim_ascii();
        if is_last && matches!(text, b"" | b";") {
            return Ok(None);
        }
        if self.has_rows {
            text = text.strip_prefix(b",").unwrap_or(text).trim_ascii_start();
        }
        self.has_rows = true;
        let inner = text
            .strip_prefix(b"(")
            .and_then(|text| text.strip_suffix(b")"));
        let inner = inner.ok_or_else(|| unexpected("(", text))?;
        self.fields.take(&split(inner)?)
    }
}

fn split(tuple: &[u8]) -> Result<Vec<FieldValue<'_>>, InsertError> {
    let mut fields = Vec::new();
    let mut rest = tuple.trim_ascii();
    loop {
        let (value, behind) = literal(rest)?;
        fields.push(value);
        match behind.trim_ascii_start() {
            [] => return Ok(fields),
            [b',', behind @ ..] => rest = behind.trim_ascii_start(),
            behind => return Err(unexpected(",", behind)),
        }
    }
}

fn literal(text: &[u8]) -> Result<(FieldValue<'_>, &[u8]), InsertError> {
    if let Some(quoted) = text.strip_prefix(b"'") {
        let end = quote_end(quoted).ok_or_else(|| {
            let message = "Cannot parse quoted string: expected closing quote '''";
            InsertError::new(InsertErrorCode::CannotParseQuotedString, message)
        })?;
        let found = text_of(&quoted[..end]).ok_or_else(|| {
            let message = "Cannot parse escape sequence";
            InsertError::new(InsertErrorCode::CannotParseEscapeSequence, message)
        })?;
        return Ok((FieldValue::Text(found), &quoted[end + 1..]));
    }
    let end = match text {
        [b'[', ..] => text
            .iter()
            .position(|&byte| byte == b']')
            .map(|end| end + 1),
        _ => text.iter().position(|&byte| byte == b','),
    };
    let (word, behind) = text.split_at(end.unwrap_or(text.len()));
    let word = word.trim_ascii();
    let value = match word {
        b"" => return Err(unexpected("a value", behind)),
        _ if word.eq_ignore_ascii_case(b"NULL") => FieldValue::Null,
        _ if word.eq_ignore_ascii_case(b"DEFAULT") => FieldValue::Default,
        _ if word.iter().any(|byte| matches!(byte, b'(' | b'\'')) => {
            return Err(unexpected("a literal, and no expression", word));
        }
        _ => FieldValue::Text(Cow::Borrowed(word)),
    };
    Ok((value, behind))
}

/// Where the quote is that ends a text.
fn quote_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'\'' if text.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return Some(at),
            _ => at += 1,
        }
    }
}

/// The bytes that stand between quotes; `None` where they end within an escape.
fn text_of(between: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !between.windows(2).any(|pair| pair == b"''") {
        return unescaped(between);
    }
    let mut doubled_gone = Vec::with_capacity(between.len());
    let mut bytes = between.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => doubled_gone.extend([byte, *bytes.next()?]),
            b'\'' => {
                bytes.next();
                doubled_gone.push(byte);
            }
            _ => doubled_gone.push(byte),
        }
    }
    unescaped(&doubled_gone).map(|text| Cow::Owned(text.into_owned()))
}

fn unexpected(expected: &str, found: &[u8]) -> InsertError {
    let shown = String::from_utf8_lossy(&found[..found.len().min(50)]);
    let message = format!("Cannot parse input: expected {expected} before: '{shown}'");
    InsertError::new(InsertErrorCode::CannotParseInputAssertionFailed, message)
}
