//! Payloads: texts that hold JSON, as a rule.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::{
    InvalidJson, LoneSurrogate, MAX_DEPTH, Scanner, TOO_DEEP, is_readable, overflows,
    push_ascii_char, unescape, unquote,
};
use crate::mend::{Mend, Mends};

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

    /// Reads JSON text of a client as Python's `json.loads` does: with lone surrogates and NUL,
    /// which become U+FFFD here, and with `NaN`, `Infinity` and `-Infinity`, which become null.
    pub(crate) fn parse_mending(text: &str) -> Result<MendedPayload, InvalidJson> {
        if let Ok(payload) = Payload::parse(text) {
            return Ok(MendedPayload {
                payload,
                as_sent: None,
            });
        }
        let mended = form_by_rule(text, OddRule::Mend)?;
        let as_sent = form_by_rule(text, OddRule::Keep)?;
        Ok(MendedPayload {
            payload: Payload {
                is_json: !mended.has_overflow,
                text: mended.text,
            },
            as_sent: Some((as_sent.text, mended.mends)),
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

    /// Spells some keys in another way, which makes no JSON of what is none, and the reverse.
    /// Whether it changed anything.
    pub(crate) fn rewrite(&mut self, rewrite: fn(&str) -> Cow<'_, str>) -> bool {
        let Cow::Owned(text) = rewrite(&self.text) else {
            return false;
        };
        self.text = text;
        true
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
    /// What is done about a value that Python reads and a payload cannot have.
    odd: OddRule,
    /// Which of them there were.
    mends: Mends,
}

/// A payload of a client, mended where it has to be.
pub(crate) struct MendedPayload {
    pub payload: Payload,
    /// What Python's `json.dumps` writes of what was sent, and what of it was mended.
    pub as_sent: Option<(String, Mends)>,
}

/// What is done about a value that Python reads and a payload cannot have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OddRule {
    Refuse,
    /// Write it as Python does.
    Keep,
    Mend,
}

impl CommonForm {
    /// `NaN` and the like, where they come next and are not refused.
    fn not_a_number(&mut self, scanner: &mut Scanner<'_>) -> Option<&'static str> {
        if self.odd == OddRule::Refuse {
            return None;
        }
        let mut names = ["NaN", "Infinity", "-Infinity"].into_iter();
        let name = names.find(|name| scanner.skip(name))?;
        self.mends.add(Mend::NotANumber);
        Some(if self.odd == OddRule::Mend {
            "null"
        } else {
            name
        })
    }

    /// Writes a lone surrogate or NUL of a string.
    fn push_unit(&mut self, unit: u32) {
        use std::fmt::Write;

        self.mends.add(if unit == 0 {
            Mend::NullCharacter
        } else {
            Mend::LoneSurrogate
        });
        let unit = if self.odd == OddRule::Mend {
            u32::from(char::REPLACEMENT_CHARACTER)
        } else {
            unit
        };
        write!(self.text, "\\u{unit:04x}").expect("writing to memory does not fail");
    }
}

/// Reads JSON text and writes it in the common form.
pub(crate) fn common_form(text: &str) -> Result<CommonForm, InvalidJson> {
    form_by_rule(text, OddRule::Refuse)
}

fn form_by_rule(text: &str, odd: OddRule) -> Result<CommonForm, InvalidJson> {
    let mut form = CommonForm {
        // Separators gain a space each; most payloads have few of them.
        text: String::with_capacity(text.len() + text.len() / 8 + 8),
        has_overflow: false,
        odd,
        mends: Mends::default(),
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
    match scanner.peek() {
        Some(b'{' | b'[') if depth == MAX_DEPTH => scanner.fail(TOO_DEEP),
        Some(b'{') => write_object(scanner, form, depth),
        Some(b'[') => {
            scanner.bump();
            form.text.push('[');
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
            write_string(raw, start, form)
        }
        _ => {
            if let Some(name) = form.not_a_number(scanner) {
                form.text.push_str(name);
                return Ok(());
            }
            let scalar = scanner.scalar()?;
            form.text.push_str(scalar);
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
    let start = form.text.len();
    scanner.bump();
    form.text.push('{');
    let mut members = Members::default();
    let mut is_first = true;
    loop {
        scanner.peek();
        let key_offset = scanner.offset();
        let Some(raw_key) = scanner.next_key(is_first)? else {
            break;
        };
        if !is_first {
            form.text.push_str(", ");
        }
        is_first = false;
        let key_start = form.text.len();
        write_string(raw_key, key_offset, form)?;
        form.text.push_str(": ");
        let value_start = form.text.len();
        write_value(scanner, form, depth + 1)?;
        let written = Written {
            key: key_start..value_start,
            value: value_start..form.text.len(),
        };
        let key = match form.odd {
            OddRule::Refuse => unquote(raw_key).expect("write_string has refused lone surrogates"),
            // As it is written: a key has one form only.
            OddRule::Keep | OddRule::Mend => {
                Cow::Owned(form.text[key_start..value_start].to_owned())
            }
        };
        members.insert(key, written);
    }
    let out = &mut form.text;
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
fn write_string(raw: &str, offset: usize, form: &mut CommonForm) -> Result<(), InvalidJson> {
    let bytes = raw.as_bytes();
    let refuse = |reason, at| {
        Err(InvalidJson {
            reason,
            offset: offset + at,
        })
    };
    form.text.push('"');
    let mut at = 1;
    let end = raw.len() - 1;
    while at < end {
        let n_plain = bytes[at..end]
            .iter()
            .position(|&byte| !matches!(byte, b' '..=b'~') || byte == b'\\')
            .unwrap_or(end - at);
        form.text.push_str(&raw[at..at + n_plain]);
        at += n_plain;
        if at == end {
            break;
        }
        let is_kept = form.odd != OddRule::Refuse;
        let (character, n_bytes) = if bytes[at] == b'\\' {
            match unescape(&raw[at..end]) {
                Ok(unescaped) => unescaped,
                Err(LoneSurrogate(unit)) if is_kept => {
                    form.push_unit(unit);
                    at += "\\u0000".len();
                    continue;
                }
                Err(LoneSurrogate(_)) => return refuse("lone surrogate", at),
            }
        } else {
            let character = raw[at..].chars().next().expect("`at` is before the end");
            (character, character.len_utf8())
        };
        match character {
            '\0' if is_kept => form.push_unit(0),
            '\0' => return refuse("null character", at),
            _ => push_ascii_char(&mut form.text, character),
        }
        at += n_bytes;
    }
    form.text.push('"');
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
    fn what_python_reads_is_mended() {
        let cases = [
            // (text, mended, as Python writes it)
            (
                r#"{"a":"x\ud83d y"}"#,
                r#"{"a": "x\ufffd y"}"#,
                r#"{"a": "x\ud83d y"}"#,
            ),
            (
                r#"["\uDE00\uD83D"]"#,
                r#"["\ufffd\ufffd"]"#,
                r#"["\ude00\ud83d"]"#,
            ),
            (
                r#"{"\u0000":"a\u0000b"}"#,
                r#"{"\ufffd": "a\ufffdb"}"#,
                r#"{"\u0000": "a\u0000b"}"#,
            ),
            (
                "[NaN,-Infinity,Infinity]",
                "[null, null, null]",
                "[NaN, -Infinity, Infinity]",
            ),
            (r#"{"a":NaN,"a":1}"#, r#"{"a": 1}"#, r#"{"a": 1}"#),
        ];
        for (text, mended, as_sent) in cases {
            let parsed = Payload::parse_mending(text).unwrap();
            assert_eq!(parsed.payload.as_str(), mended);
            assert_eq!(parsed.as_sent.unwrap().0, as_sent);
            assert!(Payload::parse(mended).is_ok());
        }
        let sound = Payload::parse_mending("{\"a\":1}").unwrap();
        assert!(sound.as_sent.is_none());
        for text in [
            "",
            "{",
            "NaNa",
            "[NaN",
            "Inf",
            "--Infinity",
            "\"a\nb\"",
            "nan",
        ] {
            assert!(Payload::parse_mending(text).is_err(), "{text}");
        }
        let deep = format!("[{}", "[".repeat(127));
        let reason = Payload::parse_mending(&deep)
            .map(|_| ())
            .unwrap_err()
            .reason;
        assert_eq!(reason, TOO_DEEP);
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
