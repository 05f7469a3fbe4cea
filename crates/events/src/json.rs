//! A scanner for JSON text: RFC 8259, nothing more.
//!
//! It checks every byte and hands out slices of the text, so a request is read in one
//! pass and without a tree. `serde_json::Value` is not used for what others send: with
//! `arbitrary_precision` and `raw_value` it gives keys like
//! `$serde_json::private::Number` a meaning.

use std::borrow::Cow;

mod python;
mod readable;

pub(crate) use python::{python_number, with_python_numbers};
pub(crate) use readable::{is_readable, overflows};

/// Deepest nesting of arrays and objects that is read: what `serde_json` reads, too.
pub(crate) const MAX_DEPTH: u32 = 127;

/// Why deeper nesting is refused.
pub(crate) const TOO_DEEP: &str = "nested too deeply";

/// Deepest nesting of a payload that ClickHouse's JSON functions read.
const MAX_PAYLOAD_DEPTH: u32 = 1024;

/// Text that is not JSON by RFC 8259, or that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct InvalidJson {
    /// What is wrong.
    pub reason: &'static str,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

/// A place in a JSON text. All before it is valid.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    max_depth: u32,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text,
            at: 0,
            max_depth: MAX_DEPTH,
        }
    }

    /// For the text of a payload, which may be nested more deeply than a body.
    pub fn of_payload(text: &'a str) -> Scanner<'a> {
        Scanner {
            max_depth: MAX_PAYLOAD_DEPTH,
            ..Scanner::new(text)
        }
    }

    /// The first byte of the next token; `None` at the end of the text.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes the byte that [`Scanner::peek`] showed.
    pub fn bump(&mut self) {
        self.at += 1;
    }

    /// Refuses anything but white space up to the end of the text.
    pub fn finish(&mut self) -> Result<(), InvalidJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail("unexpected text after the JSON value"),
        }
    }

    /// In an object, after `{` or a value: the text of the next key with its quotes, or
    /// `None` at the end of the object.
    pub fn next_key(&mut self, is_first: bool) -> Result<Option<&'a str>, InvalidJson> {
        match self.peek() {
            Some(b'}') => {
                self.bump();
                return Ok(None);
            }
            Some(b',') if !is_first => self.bump(),
            _ if is_first => {}
            _ => return self.fail("expected `,` or `}`"),
        }
        if self.peek() != Some(b'"') {
            return self.fail("expected a key in quotes");
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return self.fail("expected `:`");
        }
        self.bump();
        Ok(Some(key))
    }

    /// In an array, after `[` or a value: whether another element follows; otherwise the
    /// end of the array is passed.
    pub fn next_element(&mut self, is_first: bool) -> Result<bool, InvalidJson> {
        match self.peek() {
            Some(b']') => {
                self.bump();
                Ok(false)
            }
            Some(b',') if !is_first => {
                self.bump();
                Ok(true)
            }
            _ if is_first => Ok(true),
            _ => self.fail("expected `,` or `]`"),
        }
    }

    /// Passes one value and hands out its text. Iterative, so no depth overflows.
    pub fn value(&mut self) -> Result<&'a str, InvalidJson> {
        if !matches!(self.peek(), Some(b'{' | b'[')) {
            return self.scalar();
        }
        let start = self.at;
        // One bit a level: whether it is an object.
        let mut objects = [0_u64; MAX_PAYLOAD_DEPTH as usize / 64];
        let mut depth = 0_u32;
        loop {
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == self.max_depth {
                        return self.fail(TOO_DEEP);
                    }
                    self.bump();
                    let (word, bit) = (depth as usize / 64, depth % 64);
                    objects[word] &= !(1 << bit);
                    objects[word] |= u64::from(open == b'{') << bit;
                    depth += 1;
                    let goes_on = if open == b'{' {
                        self.next_key(true)?.is_some()
                    } else {
                        self.next_element(true)?
                    };
                    if goes_on {
                        continue;
                    }
                    depth -= 1;
                }
                _ => {
                    self.scalar()?;
                }
            }
            loop {
                if depth == 0 {
                    return Ok(&self.text[start..self.at]);
                }
                let innermost = depth - 1;
                let is_object = objects[innermost as usize / 64] >> (innermost % 64) & 1 == 1;
                let goes_on = if is_object {
                    self.next_key(false)?.is_some()
                } else {
                    self.next_element(false)?
                };
                if goes_on {
                    break;
                }
                depth = innermost;
            }
        }
    }

    /// Passes a string, a number or a literal and hands out its text.
    pub fn scalar(&mut self) -> Result<&'a str, InvalidJson> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(_) => self.fail("expected a value"),
            None => self.fail("expected a value, found the end of the text"),
        }
    }

    /// Passes a string; escapes are checked for their form only, so a lone surrogate is
    /// found by [`unquote`] where the text is used.
    fn string(&mut self) -> Result<&'a str, InvalidJson> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let n_bytes = match bytes.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u')
                            if bytes.len() >= at + 6
                                && bytes[at + 2..at + 6].iter().all(u8::is_ascii_hexdigit) =>
                        {
                            6
                        }
                        _ => {
                            self.at = at;
                            return self.fail("invalid escape");
                        }
                    };
                    at += n_bytes;
                }
                Some(0x20..) => at += 1,
                Some(_) => {
                    self.at = at;
                    return self.fail("control character in a string");
                }
                None => return self.fail("unterminated string"),
            }
        }
        self.at = at + 1;
        Ok(&self.text[start..self.at])
    }

    fn number(&mut self) -> Result<&'a str, InvalidJson> {
        let start = self.at;
        self.skip_if(|byte| byte == b'-');
        let has_leading_zero = self.skip_if(|byte| byte == b'0');
        if !has_leading_zero {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), InvalidJson> {
        if !self.skip_if(|byte| byte.is_ascii_digit()) {
            return self.fail("invalid number");
        }
        while self.skip_if(|byte| byte.is_ascii_digit()) {}
        Ok(())
    }

    fn skip_if(&mut self, accepted: impl Fn(u8) -> bool) -> bool {
        let is_next = self
            .text
            .as_bytes()
            .get(self.at)
            .is_some_and(|&byte| accepted(byte));
        self.at += usize::from(is_next);
        is_next
    }

    fn literal(&mut self, literal: &'static str) -> Result<&'a str, InvalidJson> {
        if !self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            return self.fail("expected a value");
        }
        self.at += literal.len();
        Ok(literal)
    }

    /// Passes `text` if it is what comes next.
    pub fn skip(&mut self, text: &str) -> bool {
        let is_next = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Bytes passed so far; after [`Scanner::peek`], where the next token starts.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The text from `start`, an offset, up to the current place.
    pub fn text_since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// An error at the current place.
    pub fn fail<T>(&self, reason: &'static str) -> Result<T, InvalidJson> {
        Err(InvalidJson {
            reason,
            offset: self.at,
        })
    }
}

/// What a JSON text is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// The kind of a value that the scanner handed out.
pub(crate) fn kind(raw: &str) -> Kind {
    match raw.as_bytes()[0] {
        b'n' => Kind::Null,
        b't' | b'f' => Kind::Bool,
        b'"' => Kind::String,
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        _ => Kind::Number,
    }
}

/// A `\uXXXX` escape that is half of a pair: no character, and no database takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoneSurrogate(pub u32);

/// The text of a string that the scanner handed out, quotes included.
pub(crate) fn unquote(raw: &str) -> Result<Cow<'_, str>, LoneSurrogate> {
    let inner = &raw[1..raw.len() - 1];
    let Some(first_escape) = inner.bytes().position(|byte| byte == b'\\') else {
        return Ok(Cow::Borrowed(inner));
    };
    let mut text = String::with_capacity(inner.len());
    text.push_str(&inner[..first_escape]);
    let mut rest = &inner[first_escape..];
    while !rest.is_empty() {
        let (character, n_bytes) = unescape(rest)?;
        text.push(character);
        rest = &rest[n_bytes..];
        let n_plain = rest.bytes().position(|byte| byte == b'\\');
        let (plain, escaped) = rest.split_at(n_plain.unwrap_or(rest.len()));
        text.push_str(plain);
        rest = escaped;
    }
    Ok(Cow::Owned(text))
}

/// The text of a string with U+FFFD in the place of each lone surrogate, and whether there was
/// one.
pub(crate) fn unquote_mended(raw: &str) -> (Cow<'_, str>, bool) {
    if let Ok(text) = unquote(raw) {
        return (text, false);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = &raw[1..raw.len() - 1];
    while !rest.is_empty() {
        let n_plain = rest.bytes().position(|byte| byte == b'\\');
        let (plain, escaped) = rest.split_at(n_plain.unwrap_or(rest.len()));
        text.push_str(plain);
        rest = escaped;
        if !rest.is_empty() {
            let (character, n_bytes) =
                unescape(rest).unwrap_or((char::REPLACEMENT_CHARACTER, "\\uXXXX".len()));
            text.push(character);
            rest = &rest[n_bytes..];
        }
    }
    (Cow::Owned(text), true)
}

/// The character of the escape that `text` starts with, and the length of the escape.
/// The form of the escape was checked by the scanner.
pub(crate) fn unescape(text: &str) -> Result<(char, usize), LoneSurrogate> {
    let bytes = text.as_bytes();
    let character = match bytes[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex(&bytes[2..6]);
            if let Some(character) = char::from_u32(unit) {
                return Ok((character, 6));
            }
            let second = match bytes.get(6..12) {
                Some([b'\\', b'u', digits @ ..]) => hex(digits),
                _ => return Err(LoneSurrogate(unit)),
            };
            if unit > 0xdbff || !(0xdc00..=0xdfff).contains(&second) {
                return Err(LoneSurrogate(unit));
            }
            let code_point = 0x1_0000 + ((unit - 0xd800) << 10 | (second - 0xdc00));
            let character = char::from_u32(code_point).expect("pairs cover 10000 to 10FFFF");
            return Ok((character, 12));
        }
        other => char::from(other), // `"`, `\` and `/` stand for themselves.
    };
    Ok((character, 2))
}

/// Four hexadecimal digits as a number.
fn hex(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, &digit| {
        value << 4
            | char::from(digit)
                .to_digit(16)
                .expect("checked by the scanner")
    })
}

/// Appends `text` as a JSON string in the form of Python's `json.dumps`: ASCII only.
pub(crate) fn push_ascii_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let n_plain = rest
            .bytes()
            .position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))
            .unwrap_or(rest.len());
        let (plain, special) = rest.split_at(n_plain);
        out.push_str(plain);
        let mut characters = special.chars();
        let Some(character) = characters.next() else {
            break;
        };
        push_ascii_char(out, character);
        rest = characters.as_str();
    }
    out.push('"');
}

/// Appends one character of a JSON string as Python's `json.dumps` writes it.
pub(crate) fn push_ascii_char(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        ' '..='~' => out.push(character),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let digit = u32::from(*unit >> shift & 0xf);
                    out.push(char::from_digit(digit, 16).expect("four bits are one digit"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
