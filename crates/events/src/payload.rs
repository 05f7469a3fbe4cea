//! Payloads: texts that hold JSON, as a rule.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::{
    InvalidJson, LoneSurrogate, MAX_DEPTH, Scanner, is_readable, overflows, push_ascii_char,
    unescape, unquote,
};

/// The text of a payload, and whether JSON functions can read it.
///
/// What a server sends is kept as it came, JSON or not. What a client sends is JSON, and is written in
/// the common form: as CVAT's server writes it, which is Python's `json.dumps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    text: String,
    is_json: bool,
}

impl Payload {
    /// The text as it came.
    pub fn as_sent(text: String) -> Payload {
        let is_json = is_readable(&text);
        Payload { text, is_json }
    }

    /// The text as it came, with its common form, where it has one.
    pub(crate) fn with_common_form(text: String) -> (Payload, Option<CommonForm>) {
        match common_form(&text) {
            Ok(form) => {
                let is_json = !form.has_overflow;
                (Payload { text, is_json }, Some(form))
            }
            Err(_) => (Payload::as_sent(text), None),
        }
    }

    /// Reads JSON text and writes it in the common form. `NaN` and `Infinity`, lone surrogates and
    /// `\u0000` are refused, and so is nesting deeper than 127 levels.
    pub fn parse(text: &str) -> Result<Payload, InvalidJson> {
        let form = common_form(text)?;
        Ok(Payload {
            is_json: !form.has_overflow,
            text: form.text,
        })
    }

    /// The payload that holds `value`. Fails where a text in it has a NUL character, or
    /// where it is nested too deeply.
    pub fn from_value(value: &serde_json::Value) -> Result<Payload, InvalidJson> {
        Payload::parse(&value.to_string())
    }

    /// `{}`: what CVAT stores where a client sends no payload.
    pub fn empty() -> Payload {
        Payload {
            text: "{}".to_owned(),
            is_json: true,
        }
    }

    /// With another spelling of some keys, which makes no JSON of what is none, and the reverse.
    pub(crate) fn rewritten(mut self, rewrite: impl Fn(&str) -> Cow<'_, str>) -> Payload {
        if let Cow::Owned(text) = rewrite(&self.text) {
            self.text = text;
        }
        self
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether ClickHouse's JSON functions find a value in the text: it is JSON by RFC 8259, its
    /// strings are texts, and its numbers are numbers. Of other text they give their defaults.
    pub fn is_json(&self) -> bool {
        self.is_json
    }
}

/// JSON text in the common form.
pub(crate) struct CommonForm {
    /// As Python's `json.dumps` writes it: `", "` and `": "` between items, everything but printable
    /// ASCII as `\uXXXX`. A number keeps the digits it was sent with. Of a key that occurs twice the last
    /// value stays, at the place of the first.
    ///
    /// The hash of a payload is of this form, stored as it came or not: so a repeat is known from
    /// before servers' payloads were kept as they came. It must not change.
    pub text: String,
    /// Whether a number in it is beyond all floats, for which ClickHouse takes none of it.
    has_overflow: bool,
}

/// Reads JSON text and writes it in the common form.
pub(crate) fn common_form(text: &str) -> Result<CommonForm, InvalidJson> {
    let mut form = CommonForm {
        // Separators gain a space each; most payloads have few of them.
        text: String::with_capacity(text.len() + text.len() / 8 + 8),
        has_overflow: false,
    };
    let mut scanner = Scanner::new(text);
    write_value(&mut scanner, &mut form, 0)?;
    scanner.finish()?;
    Ok(form)
}

/// Keys up to which comparing with each is faster than hashing.
const MAX_KEYS_TO_COMPARE: usize = 12;

/// The members of one object that have been written.
#[derive(Default)]
struct Members<'a> {
    keys: Vec<Cow<'a, str>>,
    /// For each key, where `out` has its text with the colon, and its value.
    written: Vec<Written>,
    /// Key to index, once there are too many to compare.
    index: HashMap<Cow<'a, str>, usize>,
    has_repeated_key: bool,
}

struct Written {
    key: std::ops::Range<usize>,
    value: std::ops::Range<usize>,
}

impl<'a> Members<'a> {
    fn position(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            self.keys.iter().position(|known| known == key)
        } else {
            self.index.get(key).copied()
        }
    }

    fn insert(&mut self, key: Cow<'a, str>, written: Written) {
        if let Some(position) = self.position(&key) {
            self.written[position].value = written.value;
            self.has_repeated_key = true;
            return;
        }
        self.written.push(written);
        if !self.index.is_empty() {
            self.index.insert(key, self.written.len() - 1);
            return;
        }
        self.keys.push(key);
        if self.keys.len() > MAX_KEYS_TO_COMPARE {
            self.index = self.keys.drain(..).zip(0..).collect();
        }
    }
}

/// Recursive: `MAX_DEPTH` frames at most.
fn write_value(
    scanner: &mut Scanner<'_>,
    form: &mut CommonForm,
    depth: u32,
) -> Result<(), InvalidJson> {
    let out = &mut form.text;
    match scanner.peek() {
        Some(b'{' | b'[') if depth == MAX_DEPTH => scanner.fail("nested too deeply"),
        Some(b'{') => write_object(scanner, form, depth),
        Some(b'[') => {
            scanner.bump();
            out.push('[');
            let mut is_first = true;
            while scanner.next_element(is_first)? {
                if !is_first {
                    form.text.push_str(", ");
                }
                is_first = false;
                write_value(scanner, form, depth + 1)?;
            }
            form.text.push(']');
            Ok(())
        }
        Some(b'"') => {
            let start = scanner.offset();
            let raw = scanner.scalar()?;
            write_string(raw, start, out)
        }
        _ => {
            let scalar = scanner.scalar()?;
            out.push_str(scalar);
            form.has_overflow |= overflows(scalar);
            Ok(())
        }
    }
}

fn write_object(
    scanner: &mut Scanner<'_>,
    form: &mut CommonForm,
    depth: u32,
) -> Result<(), InvalidJson> {
    let mut out = &mut form.text;
    let start = out.len();
    scanner.bump();
    out.push('{');
    let mut members = Members::default();
    let mut is_first = true;
    loop {
        scanner.peek();
        let key_offset = scanner.offset();
        let Some(raw_key) = scanner.next_key(is_first)? else {
            break;
        };
        if !is_first {
            out.push_str(", ");
        }
        is_first = false;
        let key_start = out.len();
        write_string(raw_key, key_offset, out)?;
        out.push_str(": ");
        let value_start = out.len();
        write_value(scanner, form, depth + 1)?;
        out = &mut form.text;
        let written = Written {
            key: key_start..value_start,
            value: value_start..out.len(),
        };
        let key = unquote(raw_key).expect("write_string has refused lone surrogates");
        members.insert(key, written);
    }
    out.push('}');
    if members.has_repeated_key {
        // Once at the end of the object, however many keys repeat: linear in its length.
        let mut kept = String::with_capacity(out.len() - start);
        for written in &members.written {
            kept.push_str(if kept.is_empty() { "{" } else { ", " });
            kept.push_str(&out[written.key.clone()]);
            kept.push_str(&out[written.value.clone()]);
        }
        kept.push('}');
        out.truncate(start);
        out.push_str(&kept);
    }
    Ok(())
}

/// Writes a string that the scanner handed out; `offset` is where it starts.
fn write_string(raw: &str, offset: usize, out: &mut String) -> Result<(), InvalidJson> {
    let bytes = raw.as_bytes();
    out.push('"');
    let mut at = 1;
    let end = raw.len() - 1;
    while at < end {
        let n_plain = bytes[at..end]
            .iter()
            .position(|&byte| !matches!(byte, b' '..=b'~') || byte == b'\\')
            .unwrap_or(end - at);
        out.push_str(&raw[at..at + n_plain]);
        at += n_plain;
        if at == end {
            break;
        }
        let (character, n_bytes) = if bytes[at] == b'\\' {
            unescape(&raw[at..end]).map_err(|LoneSurrogate(_)| InvalidJson {
                reason: "lone surrogate",
                offset: offset + at,
            })?
        } else {
            let character = raw[at..].chars().next().expect("`at` is before the end");
            (character, character.len_utf8())
        };
        if character == '\0' {
            return Err(InvalidJson {
                reason: "null character",
                offset: offset + at,
            });
        }
        push_ascii_char(out, character);
        at += n_bytes;
    }
    out.push('"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_python_writes() {
        let cases = [
            ("{}", "{}"),
            (" [ ] ", "[]"),
            ("{\"a\":1,\"b\":[1,2]}", "{\"a\": 1, \"b\": [1, 2]}"),
            ("5", "5"),
            ("null", "null"),
            ("\"text\"", "\"text\""),
            (
                "{\"x\":1.50,\"y\":-0,\"z\":1E+5}",
                "{\"x\": 1.50, \"y\": -0, \"z\": 1E+5}",
            ),
            (
                "{\"n\":123456789012345678901234567890}",
                "{\"n\": 123456789012345678901234567890}",
            ),
            ("\"é\u{1f600}\u{7f}\"", "\"\\u00e9\\ud83d\\ude00\\u007f\""),
            ("\"\\u00E9\\uD83D\\uDE00\"", "\"\\u00e9\\ud83d\\ude00\""),
            (
                "\"\\u0041\\/\\b\\f\\n\\r\\t\\\"\\\\\\u001F\"",
                "\"A/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\"",
            ),
            (
                "{\"a\":1,\"b\":2,\"a\":{\"c\":3}}",
                "{\"a\": {\"c\": 3}, \"b\": 2}",
            ),
            ("{\"a\":1,\"\\u0061\":2}", "{\"a\": 2}"),
            (
                "[{\"a\":[],\"a\":{\"b\":1,\"b\":2}},7]",
                "[{\"a\": {\"b\": 2}}, 7]",
            ),
            (
                "{\"$serde_json::private::Number\":\"x\"}",
                "{\"$serde_json::private::Number\": \"x\"}",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Payload::parse(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_json_or_cannot_be_kept() {
        let cases = [
            ("", "expected a value, found the end of the text at byte 0"),
            ("{", "expected a key in quotes at byte 1"),
            ("{\"a\"}", "expected `:` at byte 4"),
            ("{\"a\":1,}", "expected a key in quotes at byte 7"),
            ("[1,]", "expected a value at byte 3"),
            ("[1 2]", "expected `,` or `]` at byte 3"),
            ("NaN", "expected a value at byte 0"),
            ("-Infinity", "invalid number at byte 1"),
            ("{\"a\":Infinity}", "expected a value at byte 5"),
            ("01", "unexpected text after the JSON value at byte 1"),
            ("1.", "invalid number at byte 2"),
            ("nul", "expected a value at byte 0"),
            ("{} {}", "unexpected text after the JSON value at byte 3"),
            ("\"\\u00zz\"", "invalid escape at byte 1"),
            ("\"a\nb\"", "control character in a string at byte 2"),
            ("\"abc", "unterminated string at byte 0"),
            ("\"ab\\ud800\"", "lone surrogate at byte 3"),
            ("\"\\ude00\\ud83d\"", "lone surrogate at byte 1"),
            ("{\"\\ud83d\\u0041\":1}", "lone surrogate at byte 2"),
            ("[\"a\\u0000\"]", "null character at byte 3"),
            ("'a'", "expected a value at byte 0"),
        ];
        for (text, expected) in cases {
            let error = Payload::parse(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Payload::parse(&nested(127)).is_ok());
        assert_eq!(
            Payload::parse(&nested(128)).unwrap_err().reason,
            "nested too deeply"
        );
        assert!(Payload::parse(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn many_keys_are_told_apart() {
        let members = |range: std::ops::Range<u32>, value: u32| {
            range
                .map(|key| format!("\"k{key}\": {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let text = format!("{{{}, {}}}", members(0..500, 1), members(100..500, 2));
        let expected = format!("{{{}, {}}}", members(0..100, 1), members(100..500, 2));
        assert_eq!(Payload::parse(&text).unwrap().as_str(), expected);
    }
}
