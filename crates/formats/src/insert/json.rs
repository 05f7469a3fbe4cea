//! ClickHouse's `JSONEachRow` and `JSONCompactEachRow`: objects or lists, one after another.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{InsertError, InsertErrorCode};
use super::fields::{FieldValue, Fields};
use super::rows::Syntax;
use super::target::{Place, Places, Target};
use super::{InsertRow, InsertValue};
use crate::encoder::Header;

/// Objects, which may stand in a list.
pub(super) struct Objects {
    targets: Vec<Target>,
    depth: Depth,
    /// What may come next beside an object.
    list: List,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// Nothing came yet.
    Unknown,
    None,
    Open,
}

impl Objects {
    pub(super) fn new(targets: Vec<Target>) -> Objects {
        Objects {
            targets,
            depth: Depth::of(b'{'),
            list: List::Unknown,
        }
    }

    fn row(&self, object: &[u8]) -> Result<InsertRow, InsertError> {
        let Members(members) = serde_json::from_slice(object).map_err(|error| invalid(&error))?;
        let mut row = Target::defaults(&self.targets);
        let mut places = Places::of(&self.targets);
        for (name, raw) in members {
            if let Place::Target(index) = places.place(&name)? {
                row[index] = value(raw, &self.targets[index])?;
            }
        }
        Ok(row)
    }
}

impl Syntax for Objects {
    fn is_end(&mut self, byte: u8) -> bool {
        self.depth.is_end(byte)
    }

    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError> {
        let mut text = text.trim_ascii();
        match (self.list, text) {
            (List::Unknown, [b'[', rest @ ..]) => {
                self.list = List::Open;
                text = rest.trim_ascii_start();
            }
            (List::Unknown, _) => self.list = List::None,
            // Between objects of no list, too.
            (_, [b',', rest @ ..]) => text = rest.trim_ascii_start(),
            _ => {}
        }
        match (is_last, self.list, text) {
            (true, List::Open, b"]") | (true, List::None | List::Unknown, b"") => Ok(None),
            (true, List::Open, b"") => Err(unexpected("]", text)),
            _ if text.starts_with(b"{") => self.row(text).map(Some),
            _ => Err(unexpected("{", text)),
        }
    }
}

/// Lists.
pub(super) struct Lists {
    fields: Fields,
    depth: Depth,
    has_rows: bool,
}

impl Lists {
    pub(super) fn new(targets: Vec<Target>, header: Header) -> Lists {
        Lists {
            fields: Fields::new(targets, header),
            depth: Depth::of(b'['),
            has_rows: false,
        }
    }
}

impl Syntax for Lists {
    fn is_end(&mut self, byte: u8) -> bool {
        self.depth.is_end(byte)
    }

    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError> {
        let mut text = text.trim_ascii();
        if is_last && text.is_empty() {
            return Ok(None);
        }
        if let (true, [b',', rest @ ..]) = (self.has_rows, text) {
            text = rest.trim_ascii_start();
        }
        self.has_rows = true;
        if !text.starts_with(b"[") {
            return Err(unexpected("[", text));
        }
        let items: Vec<&RawValue> =
            serde_json::from_slice(text).map_err(|error| invalid(&error))?;
        let fields = items.into_iter().map(field);
        self.fields.take(&fields.collect::<Result<Vec<_>, _>>()?)
    }
}

/// Finds where values end that begin with a certain bracket.
struct Depth {
    opening: u8,
    n_open: usize,
    is_quoted: bool,
    is_escaped: bool,
}

impl Depth {
    fn of(opening: u8) -> Depth {
        Depth {
            opening,
            n_open: 0,
            is_quoted: false,
            is_escaped: false,
        }
    }

    fn is_end(&mut self, byte: u8) -> bool {
        if self.is_quoted {
            let was_escaped = std::mem::take(&mut self.is_escaped);
            self.is_escaped = byte == b'\\' && !was_escaped;
            self.is_quoted = byte != b'"' || was_escaped;
            return false;
        }
        if self.n_open == 0 {
            self.n_open = usize::from(byte == self.opening);
            return false;
        }
        match byte {
            b'"' => self.is_quoted = true,
            b'{' | b'[' => self.n_open += 1,
            b'}' | b']' => self.n_open -= 1,
            _ => {}
        }
        self.n_open == 0
    }
}

/// The members of an object as they stand in it, repeated ones too.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// A name, which is borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn value(raw: &RawValue, target: &Target) -> Result<InsertValue, InsertError> {
    let value = field(raw).and_then(|field| field.for_column(target));
    value.map_err(|error| error.in_column(&target.name))
}

/// A text as it is meant; of anything else its JSON, which is what a String has of it.
fn field(raw: &RawValue) -> Result<FieldValue<'_>, InsertError> {
    let json = raw.get();
    Ok(match json.as_bytes() {
        b"null" => FieldValue::Null,
        [b'"', ..] => FieldValue::Text(unquoted(json)?),
        json => FieldValue::Text(Cow::Borrowed(json)),
    })
}

/// The text of a JSON string. Of half a pair of surrogates, which is no text, there is U+FFFD.
fn unquoted(json: &str) -> Result<Cow<'_, [u8]>, InsertError> {
    let inner = &json[1..json.len() - 1];
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner.as_bytes()));
    }
    let Bytes(mut text) = serde_json::from_str(json).map_err(|error| invalid(&error))?;
    // Halves are three bytes, as is what stands for them.
    let mut start = 0;
    while let Some(at) = text[start..].windows(3).position(is_surrogate) {
        text[start + at..start + at + 3].copy_from_slice("\u{fffd}".as_bytes());
        start += at + 3;
    }
    Ok(Cow::Owned(text))
}

/// A string whose halves of pairs are kept.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Read)
    }
}

fn is_surrogate(bytes: &[u8]) -> bool {
    matches!(bytes, [0xed, 0xa0..=0xbf, 0x80..=0xbf])
}

fn invalid(error: &serde_json::Error) -> InsertError {
    let message = format!("Cannot parse JSON: {error}");
    InsertError::new(InsertErrorCode::IncorrectData, message)
}

fn unexpected(expected: &str, found: &[u8]) -> InsertError {
    let shown = String::from_utf8_lossy(&found[..found.len().min(50)]);
    let message = format!("Cannot parse input: expected '{expected}' before: '{shown}'");
    InsertError::new(InsertErrorCode::CannotParseInputAssertionFailed, message)
}
